"""What each module of a model got and gave in a run. The model stays as it was."""

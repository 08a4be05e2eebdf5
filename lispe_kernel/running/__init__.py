"""Running a text for a person: history, reports of errors, interrupts, neighbours, the screen. No Jupyter."""

"""Views of trainings: runs side by side."""

"""The special forms, one file a family."""

"""Runs of trainings as numbers: what was measured at which step; event files of TensorBoard and CSV."""

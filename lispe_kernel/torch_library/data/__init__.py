"""Data to train on: sets of samples, files of them, batches in an order that a resume goes on with."""

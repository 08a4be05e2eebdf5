"""Checkpoints: a training in one file, resumed exactly, listed and pruned in folders."""

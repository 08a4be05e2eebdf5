"""Tensors: made, computed with, reshaped, taken apart, printed."""

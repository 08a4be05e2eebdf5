"""Functions on numbers: mathematics, small numbers, random numbers and distributions."""

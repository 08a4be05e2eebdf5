"""Encodings of positions beside each other, and ALiBi, which has no table of its own."""

"""Dictionaries, sets, heaps and matrices."""

"""Typed lists: numbers of one kind in one block of memory, parts of such memory, their arithmetic."""

"""Calls of library functions that are written as plain Python."""

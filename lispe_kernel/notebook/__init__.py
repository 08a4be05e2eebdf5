"""Notebooks as programs and as tests: run, check, convert, and compare numbers as numbers.

Nothing here knows LispE's values; a notebook is text, outputs are what the kernel sent. nbformat and nbclient
are imported by the files that need them, when they are called.
"""

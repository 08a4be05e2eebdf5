"""The border to Python: what a Python value is in LispE, and what a LispE value is in Python."""

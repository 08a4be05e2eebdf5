"""The same programs twice: NAME.lisp in LispE and NAME.py in idiomatic Python, each with a `run`."""

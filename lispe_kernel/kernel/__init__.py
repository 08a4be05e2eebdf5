"""Floor 5: Jupyter's protocol. One file for each service that a front end asks for; `kernel.py` only wires them.

Importing this package imports nothing: the command line uses some of these services without Jupyter.
"""

"""Floor 5: Jupyter's protocol. One file for each service a front end asks for; `kernel.py` wires them.

Importing this package imports nothing: the command line uses some of these services without Jupyter.
"""

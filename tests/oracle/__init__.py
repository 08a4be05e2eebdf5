"""The oracle: a second, naive LispE against which the compiler is compared. Nothing here imports the
compiler.
"""

"""Explorers: ipywidgets applications on a live value, and the still pictures that outlive them.

Only `(explore ...)` imports this package; it is the one place that needs ipywidgets.
"""

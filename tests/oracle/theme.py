"""What a theme of random programs is: definitions and statements around one corner of the language.

A theme is a generator of lines; a line `show E` puts E into the list that ends the program, `;cell`
starts the next text of the session. This module never runs LispE.
"""

THEMES = {}
QUOTE = "'"


def theme(make):
    """Register a theme under its name."""
    THEMES[make.__name__] = make
    return make


def local(grammar, **variables):
    """The scope inside a function: its parameters and the globals."""
    return grammar.inside(**variables)

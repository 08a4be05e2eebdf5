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


def made_up(rng, letters) -> str:
    """A short text of these letters."""
    return "".join(rng.choice(letters) for _ in range(rng.randint(0, 8))).replace(" b", " c")

"""LispE's built-in functions, one file a family. `load()` registers them all."""

from importlib import import_module

FAMILIES = (
    "operators",
    "printing",
    "types",
    "containers",
    "evaluation",
    "patterns",
    "threads",
    "kinds",
    "access",
    "sequences",
    "editing",
    "searching",
    "ordering",
    "mapping",
    "composing",
    "apl",
    "products",
    "matrices",
    "sets",
    "totals",
    "dictionaries",
    "conversions",
    "strings",
    "characters",
    "formatting",
    "extract",
    "regex",
    "maths",
    "scalars",
    "randomness",
    "distributions",
    "json_text",
    "files",
    "streams",
    "dates",
    "system",
    "tokenizing",
    "indenting",
    "sockets",
    "ontologies",
)


def load() -> None:
    """Import every family; each registers its functions when it is imported."""
    for family in FAMILIES:
        import_module(f"{__name__}.{family}")

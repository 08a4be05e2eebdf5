"""The oracle as one import: all forms and functions loaded, `Oracle` is a session."""

from tests.oracle import (  # noqa: F401 (each fills the registry)
    arithmetic,
    classes,
    comparison,
    concepts,
    dictionaries,
    exchange,
    family,
    forms_binding,
    forms_control,
    forms_loops,
    grids,
    heaps,
    linear,
    lists,
    matrices,
    patterns,
    places,
    ranges,
    reductions,
    regexes,
    scalars,
    searching,
    sequences,
    shapes,
    spaces,
    strings,
    threads,
    tokenizers,
)
from tests.oracle.interpreter import Interpreter as Oracle
from tests.oracle.printer import to_text

__all__ = ["Oracle", "to_text"]

"""The oracle as one import: all forms and functions loaded, `Oracle` is a session."""

from tests.oracle import (  # noqa: F401 (each fills the registry)
    arithmetic,
    classes,
    comparison,
    dictionaries,
    exchange,
    family,
    forms_binding,
    forms_control,
    forms_loops,
    lists,
    patterns,
    places,
    reductions,
    searching,
    sequences,
    strings,
)
from tests.oracle.interpreter import Interpreter as Oracle
from tests.oracle.printer import to_text

__all__ = ["Oracle", "to_text"]

"""What a function made from LispE carries beside its code, declared once: attributes of the Python function.

The session and the record types write them when they make a function; help, printer and patterns read them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def note(function: Callable[..., Any], **carried: Any) -> None:
    """Let a function carry `source`, `signature` or `record`, as the functions below tell them."""
    function.__dict__.update({f"lispe_{name}": value for name, value in carried.items()})


def source_of(function: Any) -> list[Any] | None:
    """The definition as LispE data: `(defun name (x) ...)`."""
    return getattr(function, "lispe_source", None)


def signature_of(function: Any) -> Any:
    """The compiler's `Signature`: parameters with their defaults, and the clauses of a `defpat`."""
    return getattr(function, "lispe_signature", None)


def record_of(function: Any) -> Any:
    """The `RecordType` whose values the function makes."""
    return getattr(function, "lispe_record", None)

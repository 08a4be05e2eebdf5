"""What file functions share: paths from arguments, and LispE errors from the system's."""

from __future__ import annotations

import os
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import quoted, wrong_argument
from lispe_kernel.language.values.bytestrings import ByteString


def path_argument(function: str, position: int, value: Any) -> str:
    """An argument that is a path; `~` stands for the user's folder."""
    if isinstance(value, ByteString):
        value = value.text()
    if not isinstance(value, str) or not value or "\0" in value:
        raise wrong_argument(function, position, "a path (a string)", value)
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        raise wrong_argument(function, position, "a path that the system can write", value) from None
    return os.path.expanduser(value)


def system_error(function: str, path: str, error: Exception) -> LispeError:
    """The LispE error for what the system answered."""
    reason = getattr(error, "strerror", None) or str(error)
    return LispeError(f"Error: {function}: {quoted(path)}: {reason}")

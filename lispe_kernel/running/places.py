"""Where Python code stands, for people: `cell 3, line 2` instead of a file that changes from run to run.

Warnings and the frames of errors ask here. Files of libraries are named from where Python finds them; a
warning of a library names the line of LispE that called it.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
import warnings
from types import FrameType
from typing import Any

from lispe_kernel.language import runtime
from lispe_kernel.language.source import Source

_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")

# The file name of a cell -> the name that people know.
_names: dict[str, str] = {}
# How many names there are before those of forgotten texts are looked for.
_MANY = 1000
_full = [_MANY]


def name_file(file: str, name: str) -> None:
    """From now on a file is shown by this name, as long as Python's tools know its text."""
    if len(_names) >= _full[0]:
        for other in [each for each in _names if each not in linecache.cache]:
            del _names[other]
        _full[0] = len(_names) + _MANY
    _names[file] = name


def shown(file: str) -> str:
    """A file as it is shown: a cell's name, or the path of a library below its folder."""
    if file in _names:
        return _names[file]
    folders = sorted((os.path.join(path, "") for path in sys.path if path), key=len, reverse=True)
    return next((file[len(folder) :] for folder in folders if file.startswith(folder)), file)


def is_cell(file: str) -> bool:
    return file in _names


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    said, caller = _ORIGIN.sub("", str(message)), _caller(filename)
    text = (linecache.getline(filename, lineno) if line is None else line).strip()
    where, number = shown(filename), lineno
    if caller is not None:
        source, number = caller
        where, text = source.name, source.line(number).strip()
    return f"{where}, line {number}: {category.__name__}: {said}\n" + (f"  {text}\n" if text else "")


# Where in PyTorch's C++ a warning arose.
_ORIGIN = re.compile(r"\s*\(Triggered internally at [^)]*\)")


def _caller(filename: str) -> tuple[Source, int] | None:
    """The text and the line of LispE that called a library which warns; None where no LispE runs.

    The library's own line says nothing to whoever wrote the call; a file of the user's own does.
    """
    if not runtime.is_running() or not _is_library(filename):
        return None
    session: Any = runtime.current()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        source = session.sources.get(frame.f_code.co_filename)
        if source is not None:
            return source, frame.f_lineno
        frame = frame.f_back
    return None


def _is_library(filename: str) -> bool:
    """Whether a file is this package's or an installed one's."""
    return "site-packages" in filename or filename.startswith(_PACKAGE)


def tell_warnings() -> None:
    """Have Python's warnings written in this way."""
    warnings.formatwarning = _warning

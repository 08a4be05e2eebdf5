"""Where Python code stands, for people: `cell 3, line 2` instead of a file that changes from run to run.

Warnings and the frames of errors ask here. Files of libraries are named from where Python finds them.
"""

from __future__ import annotations

import linecache
import os
import sys
import warnings

# The file name of a cell -> the name that people know.
_names: dict[str, str] = {}


def name_file(file: str, name: str) -> None:
    """From now on a file is shown by this name."""
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
    text = (linecache.getline(filename, lineno) if line is None else line).strip()
    where = f"{shown(filename)}, line {lineno}"
    return f"{where}: {category.__name__}: {message}\n" + (f"  {text}\n" if text else "")


def tell_warnings() -> None:
    """Have Python's warnings written in this way."""
    warnings.formatwarning = _warning

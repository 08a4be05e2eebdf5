"""In which cell a Python class was made, for `inspect.getsource`.

Python finds a function's file in its code object; a class has none, so Python reads the file of its module,
and `__main__` has no file. The methods of a class know theirs; of a class without methods the newest cell
that declares its name is taken.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from lispe_kernel.running.main_module import Main

# The files of Python cells, the newest last.
_files: dict[str, None] = {}
_python_getfile = inspect.getfile


def know(file: str, text: str) -> None:
    """Have Python's tools find the text of a cell by its file, and by the classes that it makes."""
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    _files.pop(file, None)
    _files[file] = None
    inspect.getfile = _getfile


def _getfile(object: Any) -> str:  # noqa: A002 - Python's own name, which callers may write
    if isinstance(object, type) and object.__module__ == "__main__" and not _is_programs_own(object):
        file = next(_candidates(object), None)
        if file is not None:
            return file
    return _python_getfile(object)


def _is_programs_own(made: type) -> bool:
    """Whether the program in which sessions run holds this class; it then stands in the program's file."""
    main = sys.modules.get("__main__")
    if main is None or isinstance(main, Main):
        return False
    found: Any = vars(main).get(made.__qualname__.partition(".")[0])
    for name in made.__qualname__.split(".")[1:]:
        found = getattr(found, name, None)
    return found is made


def _candidates(made: type) -> Iterator[str]:
    """The files in which a class may have been made, the likeliest first."""
    codes = (each.__code__ for each in vars(made).values() if isinstance(each, FunctionType))
    of_methods = [code.co_filename for code in codes if code.co_filename in _files]
    for file in (*of_methods, *reversed(_files)):
        text = "".join(linecache.getlines(file))
        # Most texts do not hold the name: they are not parsed.
        if made.__name__ in text and made.__qualname__ in _classes(text):
            yield file


def _classes(text: str) -> set[str]:
    """The qualified names of the classes that a text declares."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return set()
    found = set()
    left: list[tuple[ast.AST, str]] = [(tree, "")]
    while left:
        node, outer = left.pop()
        inner = outer
        if isinstance(node, ast.ClassDef):
            found.add(outer + node.name)
            inner = f"{outer}{node.name}."
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = f"{outer}{node.name}.<locals>."
        left.extend((child, inner) for child in ast.iter_child_nodes(node))
    return found

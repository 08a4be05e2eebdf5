"""Whole files, and files as C opens them: read, written, appended, byte by byte.

An error of the system is a LispE error with the path in it. Files are closed with their element.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, BinaryIO, cast
from weakref import finalize

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.paths import path_argument, system_error
from lispe_kernel.language.printer import register_kind, to_text, wrong_argument
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.typed.lists import Shorts, TypedList


def as_bytes(value: Any) -> bytes:
    """What a value writes: the bytes of a byte string, the UTF-8 of any other value's text."""
    return (value if isinstance(value, ByteString) else ByteString.of(to_text(value))).raw()


def _with_file(name: str, path: str, mode: str, use: Callable[[Any], Any]) -> Any:
    try:
        with open(path, mode) as stream:
            return use(stream)
    except OSError as error:
        raise system_error(name, path, error) from None


@function("fread", keyword=True)
def fread(path: Any) -> ByteString:
    """The content of a file as a byte string.

    Example: (block (fwrite "/tmp/lispe_file.txt" "abc") (fread "/tmp/lispe_file.txt")) => abc
    Errors: for a file that cannot be read.
    """
    return ByteString(_with_file("fread", path_argument("fread", 1, path), "rb", lambda f: f.read()))


@function("fwrite", keyword=True)
def fwrite(path: Any, data: Any) -> Atom:
    """Write the text of a value into a file, in the place of what it held.

    Example: (fwrite "/tmp/lispe_file.txt" '(1 2)) => true
    Errors: for a file that cannot be written.
    """
    _with_file("fwrite", path_argument("fwrite", 1, path), "wb", lambda f: f.write(as_bytes(data)))
    return TRUE


@function("fappend", keyword=True)
def fappend(path: Any, data: Any) -> Atom:
    """Write the text of a value at the end of a file.

    Example: (fappend "/tmp/lispe_file.txt" "more") => true
    Errors: for a file that cannot be written.
    """
    _with_file("fappend", path_argument("fappend", 1, path), "ab", lambda f: f.write(as_bytes(data)))
    return TRUE


@function("bytes", keyword=True)
def bytes_(s: Any) -> TypedList:
    """The UTF-8 bytes of a text as `shorts`.

    Example: (bytes "aé") => (97 195 169)
    """
    if not isinstance(s, str):
        raise wrong_argument("bytes", 1, "a string", s)
    return Shorts(list(as_bytes(s)))


@function("bread", keyword=True)
def bread(path: Any) -> TypedList:
    """The bytes of a file as `shorts`.

    Example: (block (bwrite "/tmp/lispe_file.bin" '(1 255)) (bread "/tmp/lispe_file.bin")) => (1 255)
    Errors: for a file that cannot be read.
    """
    return Shorts(list(_with_file("bread", path_argument("bread", 1, path), "rb", lambda f: f.read())))


def _byte_values(name: str, values: Any) -> bytes:
    if not isinstance(values, (list, TypedList)):
        raise wrong_argument(name, 2, "a list of bytes", values)
    try:
        return bytes(list(values))
    except (TypeError, ValueError):
        raise wrong_argument(name, 2, "a list of integers from 0 to 255", values) from None


@function("bwrite", keyword=True)
def bwrite(path: Any, l_: Any) -> Atom:
    """Write a list of bytes into a file, in the place of what it held.

    Example: (bwrite "/tmp/lispe_file.bin" '(65 66)) => true
    Errors: for a list of anything but integers from 0 to 255.
    """
    target, data = path_argument("bwrite", 1, path), _byte_values("bwrite", l_)
    _with_file("bwrite", target, "wb", lambda f: f.write(data))
    return TRUE


@function("bappend", keyword=True)
def bappend(path: Any, l_: Any) -> Atom:
    """Write a list of bytes at the end of a file.

    Example: (bappend "/tmp/lispe_file.bin" '(65 66)) => true
    Errors: for a list of anything but integers from 0 to 255.
    """
    target, data = path_argument("bappend", 1, path), _byte_values("bappend", l_)
    _with_file("bappend", target, "ab", lambda f: f.write(data))
    return TRUE


# -- file elements ------------------------------------------------------------------------------------

_MODES = ("r", "w", "a")


class FileElement:
    """A file opened by `fopen`."""

    def __init__(self, path: str, mode: str) -> None:
        self.path, self.mode = path, mode
        try:
            self.stream = cast(BinaryIO, open(path, mode + "b"))  # noqa: SIM115 - closed by fclose or with its element
        except OSError as error:
            raise system_error("fopen", path, error) from None
        finalize(self, self.stream.close)


register_kind(
    FileElement, "file_element_", lambda value, show: f"(fopen {show(value.path)} {show(value.mode)})"
)


def _opened(name: str, value: Any) -> FileElement:
    if not isinstance(value, FileElement):
        raise LispeError(f"Error: {name}: Not a file element: {to_text(value)}")
    if value.stream.closed:
        raise LispeError(f"Error: {name}: the file {to_text(value.path)} is closed")
    return value


@function("fopen", keyword=True)
def fopen(path: Any, mode: Any = "r") -> FileElement:
    """Open a file: "r" to read, "w" to write it anew, "a" to append.

    Example: (block (setq f (fopen "/tmp/lispe_file.txt" "w")) (fputchars f "ab") (fclose f)) => true
    Errors: for another mode, and for a file that cannot be opened.
    """
    letter = to_text(mode) if isinstance(mode, (str, Atom)) else ""
    if letter not in _MODES:
        raise wrong_argument("fopen", 2, 'one of "r", "w" and "a"', mode)
    return FileElement(path_argument("fopen", 1, path), letter)


@function("fclose", keyword=True)
def fclose(f: Any) -> Atom:
    """Close a file.

    Example: (fclose (fopen "/tmp/lispe_file.txt" "w")) => true
    Errors: `Not a file element`.
    """
    _opened("fclose", f).stream.close()
    return TRUE


@function("fgetchars", keyword=True)
def fgetchars(f: Any, n: Any) -> ByteString:
    """The next bytes of a file as a byte string, fewer at its end.

    Example: (block (fwrite "/tmp/lispe_file.txt" "abc") (fgetchars (fopen "/tmp/lispe_file.txt") 2)) => ab
    Errors: `Not a file element`, and for a file that was opened to write.
    """
    element, count = _opened("fgetchars", f), integer_argument("fgetchars", 2, n)
    if element.mode != "r":
        raise LispeError(f"Error: fgetchars: the file {to_text(element.path)} is open for writing")
    return ByteString(element.stream.read(max(0, count)))


@function("fputchars", keyword=True)
def fputchars(f: Any, str_: Any) -> Atom | None:
    """Write the text of a value; nil when the file was opened to read.

    Example: (fputchars (fopen "/tmp/lispe_file.txt" "w") "ab") => true
    Errors: `Not a file element`.
    """
    element = _opened("fputchars", f)
    if element.mode == "r":
        return None
    element.stream.write(as_bytes(str_))
    element.stream.flush()
    return TRUE


@function("fseek", keyword=True)
def fseek(f: Any, pos: Any) -> Atom:
    """Go to a position, counted in bytes from the beginning.

    Example: (fseek (fopen "/tmp/lispe_file.txt" "w") 0) => true
    Errors: `Not a file element`, and for a negative position.
    """
    element, position = _opened("fseek", f), integer_argument("fseek", 2, pos)
    if position < 0:
        raise wrong_argument("fseek", 2, "an integer of 0 or more", pos)
    element.stream.seek(position)
    return TRUE


@function("ftell", keyword=True, returns="number")
def ftell(f: Any) -> int:
    """The position in a file, in bytes.

    Example: (ftell (fopen "/tmp/lispe_file.txt" "w")) => 0
    Errors: `Not a file element`.
    """
    return _opened("ftell", f).stream.tell()


@function("fsize", keyword=True, returns="number")
def fsize(f: Any) -> int:
    """The size of a file in bytes, by its element or its path; -1 when there is none.

    Example: (fsize "/no/such/file") => -1
    """
    if isinstance(f, FileElement):
        path = f.path
        if not f.stream.closed and f.mode != "r":
            f.stream.flush()
    else:
        path = path_argument("fsize", 1, f)
    return os.path.getsize(path) if os.path.exists(path) else -1

"""Text streams: a file read line by line, character by character or block by block, or written.

Reading passes over a byte order mark. A stream is closed with its value at the latest.
"""

from __future__ import annotations

from typing import Any, TextIO, cast
from weakref import finalize

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument, text_argument
from lispe_kernel.language.library.shared.paths import path_argument, system_error
from lispe_kernel.language.library.text.formatting import balanced
from lispe_kernel.language.printer import register_kind, to_text, wrong_argument
from lispe_kernel.language.values.atoms import TRUE, Atom, truth
from lispe_kernel.language.values.lists import Strings

_MODES = {"r": ("r", "utf-8-sig"), "w": ("w", "utf-8"), "a": ("a", "utf-8")}


class Stream:
    """A file opened by `file`; `ahead` is text that was read and not yet given."""

    def __init__(self, path: str, mode: str) -> None:
        self.path, self.mode, self.ahead = path, mode, ""
        opened, encoding = _MODES[mode]
        errors = "replace" if mode == "r" else "surrogatepass"
        try:
            self.text = cast(TextIO, open(path, opened, encoding=encoding, errors=errors, newline=""))  # noqa: SIM115
        except (OSError, ValueError) as error:
            raise system_error("file", path, error) from None
        finalize(self, self.text.close)

    def read(self, count: int = -1) -> str:
        """So many characters, or the rest."""
        if 0 <= count <= len(self.ahead):
            taken, self.ahead = self.ahead[:count], self.ahead[count:]
            return taken
        taken, self.ahead = self.ahead, ""
        return taken + self.text.read(-1 if count < 0 else count - len(taken))

    def line(self) -> str:
        """The next line with its end, "" at the end."""
        if "\n" in self.ahead:
            end = self.ahead.index("\n") + 1
            taken, self.ahead = self.ahead[:end], self.ahead[end:]
            return taken
        taken, self.ahead = self.ahead, ""
        return taken + self.text.readline()

    def at_end(self) -> bool:
        """Whether nothing is left to read."""
        if not self.ahead:
            self.ahead = self.text.read(1)
        return not self.ahead


register_kind(Stream, "file_", lambda value, show: f"(file {show(value.path)} '{value.mode})")


def _stream(name: str, value: Any, writing: bool = False) -> Stream:
    if not isinstance(value, Stream):
        raise wrong_argument(name, 1, "a stream made by file", value)
    if value.text.closed:
        raise LispeError(f"Error: {name}: the file {to_text(value.path)} is closed")
    if writing == (value.mode == "r"):
        how = "reading" if value.mode == "r" else "writing"
        raise LispeError(f"Error: {name}: the file {to_text(value.path)} is open for {how}")
    return value


_READ = Atom("r")


@function("file")
def file(path: Any, mode: Any = _READ) -> Stream:
    """Open a file as a stream of text: 'r to read, 'w to write it anew, 'a to append.

    Example: (file_close (file "/tmp/x.txt" 'w)) => true
    Errors: for another mode, and for a file that cannot be opened.
    """
    letter = to_text(mode) if isinstance(mode, (str, Atom)) else ""
    if letter not in _MODES:
        raise wrong_argument("file", 2, "one of the atoms r, w and a", mode)
    return Stream(path_argument("file", 1, path), letter)


@function("file_read", returns="text")
def file_read(s: Any, nb: Any = -1) -> str:
    """So many characters of a stream, or all that is left: its lines, a line end after each of them.

    A text that already ends its last line gets one more line end, as in LispE. Reading all closes the stream.

    Example: (block (fwrite "/tmp/x.txt" "ab") (file_read (file "/tmp/x.txt") 1)) => a
    Errors: in a stream for writing, or closed.
    """
    stream, count = _stream("file_read", s), integer_argument("file_read", 2, nb)
    if count >= 0:
        return stream.read(count)
    text = stream.read()
    stream.text.close()
    return text + "\n"


@function("file_readline", returns="text")
def file_readline(s: Any) -> str:
    """The next line of a stream with its line end, "" at the end.

    Example: (block (fwrite "/tmp/x.txt" "ab") (file_readline (file "/tmp/x.txt"))) => ab
    Errors: in a stream for writing, or closed.
    """
    return _stream("file_readline", s).line()


@function("file_readlist")
def file_readlist(s: Any) -> Strings:
    """The lines that are left, without their ends, as `strings`; closes the stream.

    A line end at the end of the file gives a last empty line.

    Example: (block (fwrite "/tmp/x.txt" "ab") (file_readlist (file "/tmp/x.txt"))) => ("ab")
    Errors: in a stream for writing, or closed.
    """
    stream = _stream("file_readlist", s)
    lines = stream.read().split("\n")
    stream.text.close()
    return Strings(lines)


@function("file_getchar", returns="text")
def file_getchar(s: Any) -> str:
    """The next character of a stream, "" at the end.

    Example: (block (fwrite "/tmp/x.txt" "é") (file_getchar (file "/tmp/x.txt"))) => é
    Errors: in a stream for writing, or closed.
    """
    return _stream("file_getchar", s).read(1)


@function("file_getstruct")
def file_getstruct(s: Any, open_: Any, close: Any) -> str | None:
    """The next balanced block of a stream, nil when none is left.

    Example: (block (fwrite "/tmp/x.txt" "a(b)c") (file_getstruct (file "/tmp/x.txt") "(" ")")) => (b)
    Errors: in a stream for writing, or closed.
    """
    stream = _stream("file_getstruct", s)
    first = text_argument("file_getstruct", 2, open_)[:1]
    last = text_argument("file_getstruct", 3, close)[:1]
    if not first or not last:
        raise wrong_argument("file_getstruct", 2 if not first else 3, "a character", "")
    text = stream.read()
    found = balanced(text, first, last)
    stream.ahead = "" if found is None else text[found[1] :]
    return None if found is None else text[found[0] : found[1]]


@function("file_write")
def file_write(s: Any, str_: Any) -> Atom:
    """Write the text of a value into a stream.

    Example: (file_write (file "/tmp/x.txt" 'w) "ab") => true
    Errors: in a stream for reading, or closed.
    """
    _write("file_write", s, to_text(str_))
    return TRUE


@function("file_writeln")
def file_writeln(s: Any, str_: Any) -> Atom:
    """Write the text of a value and a line end into a stream.

    Example: (file_writeln (file "/tmp/x.txt" 'w) "ab") => true
    Errors: in a stream for reading, or closed.
    """
    _write("file_writeln", s, to_text(str_) + "\n")
    return TRUE


def _write(name: str, stream: Any, text: str) -> None:
    opened = _stream(name, stream, writing=True)
    try:
        opened.text.write(text)
        opened.text.flush()
    except OSError as error:
        raise system_error(name, opened.path, error) from None


@function("file_eof", returns="boolean")
def file_eof(s: Any) -> Atom | None:
    """Whether a stream is at its end; a stream for writing always is.

    Example: (file_eof (file "/tmp/x.txt" 'w)) => true
    """
    if not isinstance(s, Stream):
        raise wrong_argument("file_eof", 1, "a stream made by file", s)
    return truth(s.text.closed or s.mode != "r" or s.at_end())


@function("file_close", returns="boolean")
def file_close(s: Any) -> Atom | None:
    """Close a stream; nil when it is already closed.

    Example: (file_close (file "/tmp/x.txt" 'w)) => true
    """
    if not isinstance(s, Stream):
        raise wrong_argument("file_close", 1, "a stream made by file", s)
    if s.text.closed:
        return None
    s.text.close()
    return TRUE

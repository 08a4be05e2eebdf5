"""Files of one sample a line (text, JSON lines) or a row (CSV): read through once, then by place.

The first reading checks every line and remembers where each begins; a sample is read again when it is asked
for, so a file may be larger than memory. A file that changes is refused.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from abc import abstractmethod
from array import array
from collections.abc import Iterator
from typing import Any

from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.data.samples import Samples
from lispe_kernel.torch_library.files.bytes import FileBytes
from lispe_kernel.torch_library.files.errors import BadFile, reading

PREFIX = "Error reading data: "
# A line beyond this is no line of a data file.
LONGEST = 1 << 26
_MARK = b"\xef\xbb\xbf"
_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[+-]?((0|[1-9]\d*)(\.\d*)?([eE][+-]?\d{1,3})|(0|[1-9]\d*)?\.\d+|(0|[1-9]\d*)\.)")
_NUMBERS = {"integer": int, "number": float}


class InFile(Samples):
    """What all such files share: the places of their samples, and reading between two of them."""

    def __init__(self, path: str) -> None:
        self.path, self.origin = path, os.path.basename(path)
        with reading(PREFIX, path):
            self.file = FileBytes(path, lease=False)
            self.starts, self.ends = array("q"), array("q")
            self.first_line = array("q")
            self._look_through()

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, place: int) -> Any:
        with reading(PREFIX, self.path):
            if self.file.changed:
                raise BadFile("another program wrote to it since the data set was made; make it again")
            start = self.starts[place]
            found = os.pread(self.file.descriptor, self.ends[place] - start, start)
            return self.sample(found, self.first_line[place])

    def __del__(self) -> None:
        file = self.__dict__.pop("file", None)
        if file is not None:
            file.close()

    def _keep(self, start: int, end: int, line: int) -> None:
        self.starts.append(start)
        self.ends.append(end)
        self.first_line.append(line)

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Each line with its number and its place; a mark of UTF-8 at the beginning is left out."""
        with open(os.dup(self.file.descriptor), "rb") as stream:
            stream.seek(0)
            start = number = 0
            while line := stream.readline(LONGEST + 1):
                number += 1
                if len(line) > LONGEST:
                    raise BadFile(f"line {number} is longer than {LONGEST >> 20} MiB")
                skipped = len(_MARK) if number == 1 and line.startswith(_MARK) else 0
                yield number, start + skipped, line[skipped:]
                start += len(line)

    def _look_through(self) -> None:
        """Check every line and remember where samples are."""
        for number, start, line in self.lines():
            if self.counts(line):
                self.sample(line, number)
                self._keep(start, start + len(line), number)

    def counts(self, line: bytes) -> bool:
        """Whether a line is a sample."""
        return bool(line.strip())

    @abstractmethod
    def sample(self, line: bytes, number: int) -> Any:
        """The sample of a line. Errors: BadFile that names the line."""


def text_of(line: bytes, number: int) -> str:
    """The text of a line without its end. Errors: BadFile for bytes that are not UTF-8."""
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadFile(f"line {number} is not UTF-8 (byte {error.start + 1} of it)") from error


class TextLines(InFile):
    """Each line of a text file is a sample, empty ones too."""

    def counts(self, line: bytes) -> bool:  # noqa: ARG002 - every line counts
        return True

    def sample(self, line: bytes, number: int) -> str:
        return text_of(line, number)


class JsonLines(InFile):
    """Each line of a file is a value of JSON; empty lines are passed by."""

    def sample(self, line: bytes, number: int) -> Any:
        return json_value(text_of(line, number), f"line {number}")


def json_value(text: str, place: str) -> Any:
    """A value of JSON as LispE has it. Errors: BadFile that names the place."""
    try:
        return _settled(
            json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_number)
        )
    except RecursionError as error:
        raise BadFile(f"{place} has lists inside each other too deep") from error
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise BadFile(f"{place} is not JSON: {reason}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _number(text: str) -> float:
    found = float(text)
    if math.isinf(found):
        raise ValueError(f"{text} is larger than any number")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _settled(value: Any) -> Any:
    if isinstance(value, bool):
        return TRUE if value else None
    if isinstance(value, list):
        return List(map(_settled, value))
    if isinstance(value, dict):
        made = Dictionary()
        made.update((key, _settled(item)) for key, item in value.items())
        return made
    return value


class CsvRows(InFile):
    """Each row is a dictionary by the names of the header, or a list without one.

    A column is numbers when every cell of it is one; integers with more digits than 18 or zeros in front are
    texts, as any other column.
    """

    def __init__(self, path: str, separator: str, header: bool) -> None:
        self.separator, self.header = separator, header
        self.names: list[str] = []
        self.kinds: list[str] = []
        super().__init__(path)

    def _look_through(self) -> None:
        width = 0
        # Where a column has a number that none can hold, by its place: no fault in a column of texts.
        large: dict[int, str] = {}
        for row, start, end, line in self._rows():
            if not row:
                continue
            if not width:
                width = len(row)
                self.kinds = ["integer"] * width
                if self.header:
                    self.names = self._names(row)
                    continue
            if len(row) != width:
                raise BadFile(f"line {line} has {len(row)} cells, not {width}")
            self.kinds = [_common(kind, cell) for kind, cell in zip(self.kinds, row, strict=True)]
            for place, cell in enumerate(row):
                if self.kinds[place] == "number" and math.isinf(float(cell)):
                    large.setdefault(place, f"line {line}, column {self._column(place)}: {cell}")
            self._keep(start, end, line)
        for place, found in large.items():
            if self.kinds[place] != "text":
                raise BadFile(f"{found} is larger than any number")

    def _column(self, place: int) -> str:
        return self.names[place] if self.names else str(place)

    def _names(self, row: list[str]) -> list[str]:
        if "" in row or len(set(row)) < len(row):
            raise BadFile(
                "its header has an empty name, or one name twice; (? header nil) reads rows as lists"
            )
        return row

    def _rows(self) -> Iterator[tuple[list[str], int, int, int]]:
        """Rows with their places; a cell between quotes may go over several lines."""
        state = {"end": 0, "line": 0, "start": 0}

        def texts() -> Iterator[str]:
            for number, start, line in self.lines():
                if number == 1:
                    state["start"] = start
                state["end"], state["line"] = start + len(line), number
                text_of(line, number)
                yield line.decode("utf-8")

        reader = csv.reader(texts(), delimiter=self.separator, strict=True)
        while True:
            start, first = state["end"] or state["start"], state["line"] + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise BadFile(f"line {state['line']}: {_said(error)}") from error
            yield row, (start if first > 1 else state["start"]), state["end"], first

    def sample(self, line: bytes, number: int) -> Any:  # noqa: ARG002 - it was read before
        text = io.StringIO(line.decode("utf-8"), newline="")
        row = next(csv.reader(text, delimiter=self.separator, strict=True))
        cells = [_NUMBERS.get(kind, str)(cell) for kind, cell in zip(self.kinds, row, strict=True)]
        if not self.header:
            return List(cells)
        made = Dictionary()
        made.update(zip(self.names, cells, strict=True))
        return made


# What Python's reader says, where only a Python programmer knows what is meant.
_SAID = {
    "new-line character seen": "a carriage return stands alone; lines end with LF or CRLF",
    "field larger than": f"a cell is longer than {csv.field_size_limit()} characters",
}


def _said(error: csv.Error) -> str:
    return next((text for start, text in _SAID.items() if str(error).startswith(start)), str(error))


def _common(kind: str, cell: str) -> str:
    """What a column is when this cell is in it, too."""
    if kind == "text":
        return kind
    if _INTEGER.fullmatch(cell):
        return kind
    return "number" if _DECIMAL.fullmatch(cell) else "text"

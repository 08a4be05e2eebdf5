"""The values that stand where they are used: numbers, texts, atoms. Each reads back as exactly what it was.

JSON's own numbers and texts are LispE's; what JSON lacks is an object with one key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from lispe_kernel.language.keeping import Broken
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.scalars import Short, Single

# Beyond so many digits an integer is written in hexadecimal digits, which are read in linear time.
_LONG = 4000
_HEXADECIMAL = r"-?0x[0-9a-f]+"


def _number(value: float) -> Any:
    return value if math.isfinite(value) else {"number": repr(value)}


def _integer(value: int) -> Any:
    return value if value.bit_length() < 3 * _LONG else {"integer": hex(value)}


_WRITE: dict[type, Callable[[Any], Any]] = {
    type(None): lambda _nil: None,
    str: lambda value: value,
    int: _integer,
    float: _number,
    bool: lambda value: {"python": "True" if value else "False"},
    Atom: lambda value: True if value is TRUE else {"atom": value.name},
    complex: lambda value: {"complex": [_number(value.real), _number(value.imag)]},
    ByteString: lambda value: {"stringbyte": str(value)},
    Single: lambda value: {"float": _number(float(value))},
    Short: lambda value: {"short": int(value)},
}
# The torch library's numbers that remember a tensor.
_WITH_TENSOR = frozenset({"TrackedNumber", "TensorNumber"})


def writer(cls: type) -> Callable[[Any], Any] | None:
    """What writes the scalars of a class as JSON; None for a class of other values."""
    return _WRITE.get(cls) or (_plain_number if cls.__name__ in _WITH_TENSOR else None)


def stays(cls: type) -> bool:
    """Whether values of a class are scalars that never change and keep nothing alive."""
    return cls in _WRITE or (writer(cls) is not None and not remembers(cls))


def remembers(cls: type) -> bool:
    """Whether a scalar of a class keeps a tensor alive."""
    return cls.__name__ in _WITH_TENSOR


def _plain_number(value: Any) -> Any:
    return _number(float(value))


def is_scalar(value: Any) -> bool:
    """Whether a value is written where it stands. A number that remembers its tensor is a number."""
    return writer(type(value)) is not None


def _read_number(data: Any) -> float:
    if isinstance(data, dict):
        return float({"nan": "nan", "inf": "inf", "-inf": "-inf"}[data["number"]])
    return float(data) if type(data) in (int, float) else _refuse()


def _read_integer(data: Any) -> int:
    return int(data, 16) if re.fullmatch(_HEXADECIMAL, data) else _refuse()


def _read_complex(data: Any) -> complex:
    real, imaginary = data
    return complex(_read_number(real), _read_number(imaginary))


def _refuse() -> Any:
    raise Broken("holds a number that is none")


_READ: dict[str, Callable[[Any], Any]] = {
    "number": lambda data: _read_number({"number": data}),
    "integer": _read_integer,
    "python": lambda data: {"True": True, "False": False}[data],
    "atom": lambda data: Atom(text(data)),
    "complex": _read_complex,
    "stringbyte": lambda data: ByteString(text(data)),
    "float": lambda data: Single(_read_number(data)),
    "short": lambda data: Short(data) if type(data) is int else _refuse(),
}


def text(data: Any) -> str:
    """A text in the data. Errors: Broken for anything else."""
    if not isinstance(data, str):
        raise Broken("is malformed where a text belongs")
    return data


def reads(name: str) -> bool:
    """Whether an object with this key is a scalar."""
    return name in _READ


def read_plain(data: Any) -> Any:
    """A number, text, nil or `true` of JSON."""
    return TRUE if data is True else data


def read(name: str, data: Any) -> Any:
    """The scalar that an object with one key stands for."""
    return _READ[name](data)

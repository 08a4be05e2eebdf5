"""What can be wrong with a file, as one exception that carries a sentence without the file's name.

The functions of LispE put their prefix and the path in front (`Error loading model: PATH ...`).
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.files.atomic import CannotWrite, reason
from lispe_kernel.torch_library.support.wording import readable


class BadFile(Exception):
    """The file is damaged, foreign, or holds what it may not hold. Reads as `it ...`."""


class OtherContent(BadFile):
    """The file is whole, and holds objects of classes that are not read here."""


class Misfit(BadFile):
    """The file is whole, and its tensors are not those of the model. Reads as `does not fit ...`."""


# What the libraries under us raise for bytes that they do not understand.
BROKEN = (
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    AttributeError,
    AssertionError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)

# What reading a zip file's directory and small records raises when they are damaged.
DAMAGED_ZIP = (
    zipfile.BadZipFile,
    ValueError,
    EOFError,
    NotImplementedError,
    RecursionError,
    struct.error,
    zlib.error,
)

# What the libraries under us say of bytes that they do not understand, in our words; other words of theirs
# speak of their insides and are left out.
_SAID = (
    (re.compile(r"CRC-?32 for file '[^/']*/?([^']+)'"), r"the bytes of its record \1 are damaged"),
    (re.compile(r"not a zip file|central directory"), "its end, where its table of contents is, is missing"),
    (re.compile(r"unexpected EOF|[Rr]an out of input|^EOFError|requires a buffer"), "it ends too early"),
    (re.compile(r"it has \w+ (?:bytes, .*|than .*)"), r"\g<0>"),
)

_MISSING = {
    FileNotFoundError: "there is no such file",
    IsADirectoryError: "it is a folder, not a file",
    PermissionError: "the file may not be read",
}


@contextmanager
def reading(prefix: str, path: str) -> Iterator[None]:
    """Errors of reading become LispE errors `PREFIX PATH: what is wrong`."""
    try:
        yield
    except Misfit as error:
        raise LispeError(f"{prefix}{path} {error}") from error
    except BadFile as error:
        raise LispeError(f"{prefix}{path}: {error}") from error
    except OSError as error:
        raise LispeError(f"{prefix}{path}: {_plain(error)}") from error


@contextmanager
def writing(prefix: str, path: str) -> Iterator[None]:
    """Errors of writing become LispE errors with the prefix."""
    try:
        yield
    except CannotWrite as error:
        raise LispeError(f"{prefix}{error}") from error
    except BadFile as error:
        raise LispeError(f"{prefix}{path}: {error}") from error
    except RuntimeError as error:
        raise LispeError(
            f"{prefix}cannot write {path}: {readable(error)}; the old file is as it was"
        ) from error


def what_is_damaged(error: BaseException) -> str:
    """What an error of the libraries under us says of a file, in brackets; empty where that helps nobody."""
    said = " ".join(str(error).split()) or type(error).__name__
    for pattern, words in _SAID:
        found = pattern.search(said)
        if found is not None:
            return f" ({found.expand(words)[:120]})"
    return ""


def _plain(error: OSError) -> str:
    for kind, text in _MISSING.items():
        if isinstance(error, kind):
            return text
    return reason(error)

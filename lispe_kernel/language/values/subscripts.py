"""Python's own subscript for classes that inherit it, at Python's own speed.

CPython reads `x[i]` through a slot of the class. A class that is written in Python and inherits from `list`
or `dict` gets one that looks for the method `__getitem__` each time and calls it, which is the very
function that the slot of `list` holds, at a multiple of what an element costs. (`x[i] = v` is inherited as
it is.) Here such a class gets the slot of its base. What it does stays the same: a class that writes a
`__getitem__`, or is given one later, keeps it; and where the memory is not as expected nothing is done.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TypeVar

# Where `PyTypeObject` keeps its mapping functions, in words, and where the subscript is among them. It is so
# in the versions of Python that are named here.
_MAPPINGS, _SUBSCRIPT = 14, 1
_KNOWN = sys.implementation.name == "cpython" and (3, 11) <= sys.version_info[:2] <= (3, 13)
# The number by which `PyType_GetSlot` knows the subscript, and the flag of classes made at run time.
_SLOT, _MADE = 5, 1 << 9
_WORD = ctypes.sizeof(ctypes.c_void_p)
_METHOD = "__getitem__"
_ask = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_int)(
    ("PyType_GetSlot", ctypes.pythonapi)
)

Class = TypeVar("Class", bound=type)


def inherit_subscript(cls: Class) -> Class:
    """Give a class that inherits `__getitem__` from `list` or `dict` that class's own way to it."""
    base = next(each for each in cls.__mro__ if not each.__flags__ & _MADE)
    inherits = base in (list, dict) and getattr(cls, _METHOD) is getattr(base, _METHOD)
    if inherits and _KNOWN and object.__basicsize__ == 2 * _WORD:
        mine, theirs = slot_of(cls), slot_of(base)
        if mine is not None and theirs is not None:
            mine.value = theirs.value
    return cls


def slot_of(cls: type) -> ctypes.c_void_p | None:
    """The place of the subscript in a class; None unless Python says that what is there is the subscript."""
    mappings = ctypes.c_void_p.from_address(id(cls) + _MAPPINGS * _WORD).value
    if mappings is None:
        return None
    place = ctypes.c_void_p.from_address(mappings + _SUBSCRIPT * _WORD)
    return place if place.value is not None and place.value == _ask(cls, _SLOT) else None

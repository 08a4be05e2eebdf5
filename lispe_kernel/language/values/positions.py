"""Indices: which element a number means, the error for one that is not there, and Python's own way to it.

CPython reads `x[i]` through a slot of the class. A class that is written in Python and inherits from `list`
or `dict` gets one that looks for the method `__getitem__` each time and calls it, which is the very
function that the slot of `list` holds, at a multiple of what an element costs. (`x[i] = v` is inherited as
it is.) Here such a class gets the slot of its base. What it does stays the same: a class that writes a
`__getitem__`, or is given one later, keeps it; and where the memory is not as expected nothing is done.
In the same way `cls(values)` of a class that inherits its making from `list` or `dict` costs twice what
theirs does, since a class written in Python has no quick way to be called; here it gets that of its base.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, TypeVar

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe, show, to_text

OUT_OF_BOUNDS = "Error: index out of bounds"

# A shape of more elements is refused rather than computed, and no index goes further.
MOST_ELEMENTS = 1 << 30


def index(key: Any) -> int:
    """A list index from a LispE number. Errors when it is none."""
    if type(key) is int:
        return key
    if isinstance(key, (int, float)) and key == key and abs(key) != float("inf"):
        return int(key)
    hint = "; (@@ list from to) takes a part" if isinstance(key, slice) else ""
    raise LispeError(f"{OUT_OF_BOUNDS}: {describe(key)} is no index{hint}")


def position(key: Any, size: int) -> int:
    """An index into `size` elements; negative from the end. Errors when it is none or outside."""
    found = index(key)
    if not -size <= found < size:
        raise LispeError(f"{OUT_OF_BOUNDS}: {found} in {size} elements")
    return found


def out_of_bounds(container: Any, key: Any) -> LispeError:
    """The error for an index or key that a container does not have."""
    if isinstance(container, dict):
        return LispeError(f"{OUT_OF_BOUNDS}: the dictionary has no key {show(key)}")
    return LispeError(f"{OUT_OF_BOUNDS}: {to_text(key)} in {len(container)} elements")


def element_by_index(container: Any, key: Any) -> Any:
    """The element of a sequence under a LispE index."""
    try:
        return container[key if type(key) is int else index(key)]
    except (IndexError, KeyError, TypeError):
        raise out_of_bounds(container, key) from None


def put_by_index(container: Any, key: Any, value: Any) -> None:
    """Store into a list; an index beyond the end appends, one before the start is an error."""
    place, size = index(key), len(container)
    if place >= size:
        container.append(value)
    elif place < -size:
        raise out_of_bounds(container, key)
    else:
        container[place] = value


def push_at_end(container: Any, added: tuple[Any, ...]) -> Any:
    """Append values to a list, in place."""
    container.extend(added)
    return container


def first_element(container: Any) -> Any:
    """The first element of a sequence, nil when there is none."""
    return container[0] if len(container) else None


def as_it_is(container: Any) -> Any:
    """What a loop goes through is the container itself."""
    return container


def has_elements(container: Any) -> bool:
    """Whether there is an element: the truth of a container whose class has none in Python."""
    return len(container) > 0


# -- Python's subscript -------------------------------------------------------------------------------

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

# Where a class keeps the function that is called for `cls(...)`, in words, and Python's word for it.
_CALL = 50
_quick = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object)(("PyVectorcall_Function", ctypes.pythonapi))

Class = TypeVar("Class", bound=type)


def inherit_subscript(cls: Class) -> Class:
    """Give a class that inherits `__getitem__` from `list` or `dict` that class's own way to it."""
    base = _base_in_c(cls)
    if base is not None and getattr(cls, _METHOD) is getattr(base, _METHOD):
        mine, theirs = slot_of(cls), slot_of(base)
        if mine is not None and theirs is not None:
            mine.value = theirs.value
    return cls


def inherit_making(cls: Class) -> Class:
    """Give a class that is made and begun by `list` or `dict` that class's own quick way to be called."""
    base = _base_in_c(cls)
    if base is not None and cls.__new__ is base.__new__ and cls.__init__ is base.__init__:  # type: ignore[misc]
        mine, theirs = call_of(cls), call_of(base)
        unused = mine.value is None and _quick(cls) is None and type(cls) is type
        if unused and theirs.value is not None and theirs.value == _quick(base):
            mine.value = theirs.value
    return cls


def _base_in_c(cls: type) -> Any:
    """`list` or `dict`, if a class inherits from it and the memory of classes is known; else None."""
    base = next(each for each in cls.__mro__ if not each.__flags__ & _MADE)
    return base if base in (list, dict) and _KNOWN and object.__basicsize__ == 2 * _WORD else None


def slot_of(cls: type) -> ctypes.c_void_p | None:
    """The place of the subscript in a class; None unless Python says that what is there is the subscript."""
    mappings = ctypes.c_void_p.from_address(id(cls) + _MAPPINGS * _WORD).value
    if mappings is None:
        return None
    place = ctypes.c_void_p.from_address(mappings + _SUBSCRIPT * _WORD)
    return place if place.value is not None and place.value == _ask(cls, _SLOT) else None


def call_of(cls: type) -> ctypes.c_void_p:
    """The place of the quick way to call a class."""
    return ctypes.c_void_p.from_address(id(cls) + _CALL * _WORD)


def shape_text(shape: tuple[int, ...]) -> str:
    """Dimensions as a program writes them."""
    return "(" + " ".join(map(str, shape)) + ")"

"""Indices: which element a number means, and the error for one that is not there."""

from __future__ import annotations

from typing import Any

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

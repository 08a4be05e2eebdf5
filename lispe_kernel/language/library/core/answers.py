"""How linked lists, matrices, sets, heaps and lazy sequences print, and how they answer general functions.

Nothing is registered as a function here; the values themselves are in `values/`.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.language import array_arithmetic
from lispe_kernel.language.arithmetic import equal
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import Show, describe, register_kind
from lispe_kernel.language.protocols import Access, register_access
from lispe_kernel.language.values.dictionaries import (
    Dictionary,
    IntegerTree,
    NumberTree,
    TextTree,
)
from lispe_kernel.language.values.heaps import Heap
from lispe_kernel.language.values.lazy import Lazy
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.matrices import MOST_ELEMENTS, Matrix, leaves_of, part
from lispe_kernel.language.values.sets import IntegerSet, NumberSet, Set, StringSet, combined
from lispe_kernel.language.values.typed import TypedList
from lispe_kernel.language.values.views import View

OUT_OF_BOUNDS = "Error: index out of bounds"

_SEQUENCES = (list, TypedList, LinkedList, Matrix)


def _index(key: Any, size: int) -> int:
    """An index into `size` elements; negative from the end. Errors when it is none."""
    if not isinstance(key, int | float) or key != key or abs(key) == float("inf"):
        raise LispeError(f"{OUT_OF_BOUNDS}: {describe(key)} is no index")
    index = int(key)
    if not -size <= index < size:
        raise LispeError(f"{OUT_OF_BOUNDS}: {index} in {size} elements")
    return index


def _deeper(value: Any, keys: tuple[Any, ...]) -> Any:
    from lispe_kernel.language.library.core.containers import at

    return at(value, *keys) if keys else value


# -- linked lists -------------------------------------------------------------------------------------


def _write_linked(value: LinkedList, show: Show) -> str:
    parts = list(map(show, value))
    if value.loops_to is not None:
        parts.append("...")
    elif value.tail is not None:
        parts += [".", show(value.tail)]
    return "(" + " ".join(parts) + ")"


def _linked_at(value: LinkedList, keys: tuple[Any, ...]) -> Any:
    return _deeper(value[_index(keys[0], len(value))], keys[1:])


def _linked_store(value: LinkedList, keys: tuple[Any, ...], stored: Any) -> Any:
    from lispe_kernel.language.library.core.containers import store

    if len(keys) > 1:
        store(_linked_at(value, keys[:-1]), keys[-1], stored)
    elif isinstance(keys[0], int) and keys[0] >= len(value):
        value.append(stored)
    else:
        value[_index(keys[0], len(value))] = stored
    return value


def _linked_cdr(value: LinkedList) -> Any:
    if len(value) == 1 and value.tail is not None:
        return value.tail
    made = LinkedList(value[1:], value.tail)
    if value.loops_to is not None:
        made.append(value[0])
        made.loops_to = value.loops_to
    return made


def _same_elements(a: Any, b: Any) -> bool:
    if not len(a):
        return b is None or (isinstance(b, _SEQUENCES) and not len(b))
    if not isinstance(b, _SEQUENCES) or len(a) != len(b):
        return False
    return all(equal(x, y) for x, y in zip(a, b, strict=True))


register_kind(View, "list_", lambda value, show: "(" + " ".join(map(show, value)) + ")")
register_kind(LinkedList, "llist_", _write_linked)
register_access(
    LinkedList,
    Access(
        at=_linked_at,
        store=_linked_store,
        size=len,
        car=lambda value: value[0] if value else None,
        cdr=_linked_cdr,
        iterate=lambda value: value.turns() if value.loops_to is not None else list(value),
        flatten=list,
        equal=_same_elements,
        operate=array_arithmetic.on_linked_lists,
        truth=bool,
    ),
)

# -- matrices -----------------------------------------------------------------------------------------


def _keys(value: Matrix, keys: tuple[Any, ...]) -> tuple[int, ...]:
    shape = value.shape
    if len(keys) > len(shape):
        raise LispeError(f"{OUT_OF_BOUNDS}: {len(keys)} indices for {len(shape)} dimensions")
    return tuple(_index(key, size) for key, size in zip(keys, shape, strict=False))


def _matrix_at(value: Matrix, keys: tuple[Any, ...]) -> Any:
    return part(value.array[_keys(value, keys)], value.kind)


def _matrix_store(value: Matrix, keys: tuple[Any, ...], stored: Any) -> Any:
    value.store(_keys(value, keys), stored)
    return value


def _write_rows(value: Matrix, show: Show) -> str:
    return "(" + " ".join(map(show, value)) + ")"


register_kind(Matrix, "matrix_", _write_rows)
register_access(
    Matrix,
    Access(
        at=_matrix_at,
        store=_matrix_store,
        size=len,
        car=lambda value: value[0] if len(value) else None,
        cdr=lambda value: Matrix(value.array[1:], value.kind),
        iterate=iter,
        flatten=lambda value: list(leaves_of(value)),
        equal=lambda a, b: a == b,
        operate=array_arithmetic.on_matrices,
        truth=lambda value: len(value) > 0,
    ),
)

# -- sets and heaps -----------------------------------------------------------------------------------


def _write_set(value: Set, show: Show) -> str:
    return "{" + " ".join(map(show, value)) + "}"


def _set_at(value: Set, keys: tuple[Any, ...]) -> Any:
    try:
        found = value.find(keys[0])
    except KeyError:
        raise LispeError(f"{OUT_OF_BOUNDS}: {describe(keys[0])} is not in the set") from None
    return _deeper(found, keys[1:])


for _cls, _atom in (
    (Set, "set_"),
    (StringSet, "set_s_"),
    (IntegerSet, "set_i_"),
    (NumberSet, "set_n_"),
):
    register_kind(_cls, _atom, _write_set)

register_access(
    Set,
    Access(
        at=_set_at,
        size=len,
        car=lambda value: next(iter(value), None),
        iterate=iter,
        flatten=list,
        equal=lambda a, b: a == b,
        operate=combined,
        truth=lambda value: len(value) > 0,
    ),
)

register_kind(Heap, "heap_", lambda value, show: "(" + " ".join(map(show, value)) + ")")
register_access(
    Heap,
    Access(
        at=lambda value, keys: _deeper(value[_index(keys[0], len(value))], keys[1:]),
        size=len,
        car=lambda value: value[0] if len(value) else None,
        iterate=iter,
        flatten=list,
        equal=lambda a, b: a == b,
        truth=lambda value: len(value) > 0,
    ),
)

# -- lazy sequences -----------------------------------------------------------------------------------


def _lazy_size(value: Lazy) -> int:
    if value.endless:
        raise LispeError(f"Error: size: {describe(value)} has no end")
    return sum(1 for _ in value)


def _lazy_at(value: Lazy, keys: tuple[Any, ...]) -> Any:
    from itertools import islice

    if isinstance(keys[0], int) and 0 <= keys[0] < MOST_ELEMENTS:
        for found in islice(value, keys[0], None):
            return _deeper(found, keys[1:])
    raise LispeError(f"{OUT_OF_BOUNDS}: {describe(keys[0])} in a lazy sequence")


def _lazy_rest(value: Lazy) -> Lazy:
    from itertools import islice

    from lispe_kernel.language.values.atoms import Atom

    return Lazy([Atom("cdr"), value], lambda: islice(value, 1, None), value.endless)


register_kind(Lazy, "lazy_", lambda value, show: "(" + " ".join(map(show, value.form)) + ")")
register_access(
    Lazy,
    Access(
        at=_lazy_at,
        size=_lazy_size,
        car=lambda value: next(iter(value), None),
        cdr=_lazy_rest,
        iterate=iter,
        flatten=lambda value: list(value) if not value.endless else [value],
        equal=lambda a, b: a is b,
    ),
)

# -- sorted dictionaries ------------------------------------------------------------------------------


def _write_pairs(value: Dictionary, show: Show) -> str:
    return "{" + " ".join(f"{show(k)}:{show(v)}" for k, v in value.items()) + "}"


for _tree, _atom in (
    (TextTree, "dictionarytree_"),
    (IntegerTree, "dictionarytree_i_"),
    (NumberTree, "dictionarytree_n_"),
):
    register_kind(_tree, _atom, _write_pairs)

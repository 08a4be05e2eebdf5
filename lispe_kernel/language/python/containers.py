"""Python's lists, tuples and dictionaries as LispE sees them: views that hold nothing of their own.

What is read through a view is seen as LispE's, what is stored through it is given as Python's, and both sides
see every change at once. As in `values/views.py`, the inherited storage stays empty, so every method that
would look into it is written here. The view of one container is one object while anybody holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from lispe_kernel.language.errors import LispeError, MissingKeyError
from lispe_kernel.language.forms import Form
from lispe_kernel.language.printer import describe, register_kind, show, write_elements, write_pairs
from lispe_kernel.language.protocols import answers_of, extend_answers, register_answers
from lispe_kernel.language.python.border import given_as, seen_as, to_lispe, to_python
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.equality import both_empty
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.positions import element_by_index
from lispe_kernel.language.values.views import rest_of

_seen: WeakValueDictionary[int, Any] = WeakValueDictionary()


class _Seen:
    """How the elements of a list and the keys of a dictionary are counted and gone through."""

    __slots__ = ()
    base: Any

    def __len__(self) -> int:
        return len(self.base)

    def __iter__(self) -> Iterator[Any]:
        return map(to_lispe, self.base)

    def __reversed__(self) -> Iterator[Any]:
        return map(to_lispe, reversed(self.base))


class PythonList(_Seen, List):
    """A list of Python's. `PythonList(items)` gives a LispE list: views are made by `seen` alone."""

    __slots__ = ("__weakref__", "base")
    __hash__ = None
    base: Any

    def __new__(cls, items: Iterable[Any] = ()) -> Any:
        return List(items)

    def _open(self) -> list[Any]:
        """The list, to be changed."""
        return self.base  # type: ignore[no-any-return]

    def __getitem__(self, key: Any) -> Any:
        found = self.base[key]
        return List(map(to_lispe, found)) if type(key) is slice else to_lispe(found)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._open()[key] = [to_python(item) for item in value] if type(key) is slice else to_python(value)

    def __delitem__(self, key: Any) -> None:
        del self._open()[key]

    def __contains__(self, value: object) -> bool:
        return to_python(value) in self.base

    def __eq__(self, other: object) -> bool:
        return self is other or list(self) == (list(other) if isinstance(other, List) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return list(self) < list(other)

    def __le__(self, other: Any) -> bool:
        return list(self) <= list(other)

    def __gt__(self, other: Any) -> bool:
        return list(self) > list(other)

    def __ge__(self, other: Any) -> bool:
        return list(self) >= list(other)

    def __iadd__(self, values: Iterable[Any]) -> PythonList:  # type: ignore[misc]  # as list's
        self.extend(values)
        return self

    def __repr__(self) -> str:
        return repr(self.base)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return type(self.base), (list(self.base),)

    def append(self, value: Any) -> None:
        self._open().append(to_python(value))

    def extend(self, values: Iterable[Any]) -> None:
        self._open().extend([to_python(value) for value in values])

    def insert(self, index: Any, value: Any) -> None:
        self._open().insert(index, to_python(value))

    def pop(self, index: Any = -1) -> Any:
        return to_lispe(self._open().pop(index))

    def remove(self, value: Any) -> None:
        self._open().remove(to_python(value))

    def clear(self) -> None:
        self._open().clear()

    def reverse(self) -> None:
        self._open().reverse()

    def sort(self, **how: Any) -> None:
        self._open()[:] = [to_python(item) for item in sorted(self, **how)]

    def index(self, value: Any, *bounds: Any) -> int:
        return self.base.index(to_python(value), *bounds)  # type: ignore[no-any-return]

    def count(self, value: Any) -> int:
        return self.base.count(to_python(value))  # type: ignore[no-any-return]

    def copy(self) -> List:
        return List(self)


class PythonTuple(PythonList):
    """A tuple of Python's: it is read like a list and cannot be changed."""

    __slots__ = ()
    __hash__ = None

    def _open(self) -> list[Any]:
        raise LispeError(
            f"Error: {describe(self)} is a tuple of Python's, which cannot be changed ('clone' gives a list)"
        )


class PythonDictionary(_Seen, Dictionary):
    """A dictionary of Python's, with any keys; an atom stands for its name."""

    __slots__ = ("__weakref__", "base")
    __hash__ = None
    base: dict[Any, Any]

    @staticmethod
    def key(value: Any) -> Any:
        return value.name if type(value) is Atom else to_python(value)

    def __getitem__(self, key: Any) -> Any:
        try:
            return to_lispe(self.base[self.key(key)])
        except (KeyError, TypeError):
            raise MissingKeyError(
                f"Error: index out of bounds: the dictionary has no key {show(key)}"
            ) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        self.base[self.key(key)] = to_python(value)

    def __delitem__(self, key: Any) -> None:
        del self.base[self.key(key)]

    def __contains__(self, key: object) -> bool:
        return self.key(key) in self.base

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, dict) and dict(self.items()) == dict(other.items()))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        return repr(self.base)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return type(self.base), (dict(self.base),)

    def keys(self) -> Any:
        return [to_lispe(key) for key in self.base]

    def values(self) -> Any:
        return [to_lispe(value) for value in self.base.values()]

    def items(self) -> Any:
        return [(to_lispe(key), to_lispe(value)) for key, value in self.base.items()]

    def get(self, key: Any, default: Any = None) -> Any:
        key = self.key(key)
        return to_lispe(self.base[key]) if key in self.base else default

    def setdefault(self, key: Any, default: Any = None) -> Any:
        return to_lispe(self.base.setdefault(self.key(key), to_python(default)))

    def pop(self, key: Any, *default: Any) -> Any:
        return to_lispe(self.base.pop(self.key(key), *default))

    def popitem(self) -> tuple[Any, Any]:
        key, value = self.base.popitem()
        return to_lispe(key), to_lispe(value)

    def update(self, *tables: Any, **more: Any) -> None:
        for key, value in dict(*tables, **more).items():
            self[key] = value

    def clear(self) -> None:
        self.base.clear()

    def copy(self) -> PythonDictionary:
        return seen(PythonDictionary, dict(self.base))  # type: ignore[no-any-return]


def seen(cls: Any, base: Any) -> Any:
    """The view of one of Python's containers."""
    found = _seen.get(id(base))
    if found is not None and found.base is base:
        return found
    made = List.__new__(cls) if issubclass(cls, List) else dict.__new__(cls)
    made.base = base
    _seen[id(base)] = made
    return made


def _view_of_list(value: list[Any]) -> Any:
    # LispE's own lists, and its code, are lists of Python's as well.
    return value if isinstance(value, (List, Form)) else seen(PythonList, value)


def _view_of_dict(value: dict[Any, Any]) -> Any:
    # Classes of other people (an ordered one of tensors, a counter) are themselves on both sides.
    return seen(PythonDictionary, value) if type(value) is dict else value


def _same(a: Any, b: Any) -> bool:
    return a.base is getattr(b, "base", a) or both_empty(a, b)


def _element_of_tuple(items: PythonTuple, key: Any) -> Any:
    """An element by index; one that has a name, as in what `max` of a tensor gives, by its name as well."""
    if type(key) is Atom and hasattr(items.base, key.name):
        return to_lispe(getattr(items.base, key.name))
    return element_by_index(items, key)


seen_as(list, _view_of_list)
seen_as(tuple, lambda value: seen(PythonTuple, value))
seen_as(dict, _view_of_dict)
for _cls in (PythonList, PythonTuple, PythonDictionary):
    given_as(_cls, lambda view: view.base)

for _list in (PythonList, PythonTuple):
    register_kind(_list, "list_", write_elements, nests=True)
    register_answers(_list, replace(answers_of(List()), cdr=rest_of, same=_same))
extend_answers(PythonTuple, element=_element_of_tuple)
register_kind(PythonDictionary, "dictionary_", write_pairs, nests=True)
register_answers(PythonDictionary, replace(answers_of(Dictionary()), same=_same))

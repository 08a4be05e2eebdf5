"""How the language's own containers are kept: lists, dictionaries, sets, heaps, records, instances, views."""

from __future__ import annotations

from itertools import chain
from types import BuiltinFunctionType, FunctionType
from typing import Any

from lispe_kernel.language.errors import Caught
from lispe_kernel.language.keeping import Broken, Into, Keeper, Out, Unkept, register_keeper
from lispe_kernel.language.library.collections.sets import heap
from lispe_kernel.language.library.machine.dates import Date
from lispe_kernel.language.python.border import to_lispe
from lispe_kernel.language.python.containers import PythonDictionary, PythonList, PythonTuple
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.bytestrings import StringBytes
from lispe_kernel.language.values.dictionaries import (
    Dictionary,
    IntegerDictionary,
    IntegerTree,
    NumberDictionary,
    NumberTree,
    TextTree,
)
from lispe_kernel.language.values.heaps import Heap
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.records import Record
from lispe_kernel.language.values.sets import IntegerSet, NumberSet, Set, StringSet
from lispe_kernel.language.values.views import View
from lispe_kernel.sittings.scalars import is_scalar, text


def items(data: Any) -> list[Any]:
    """A list in the data. Errors: Broken for anything else."""
    if not isinstance(data, list):
        raise Broken("is malformed where a list belongs")
    return data


def fields(data: Any, *names: str) -> list[Any]:
    """The fields of an object, which has these and no others. Errors: Broken."""
    if not isinstance(data, dict) or data.keys() != set(names):
        raise Broken(f"is malformed where {', '.join(names)} belong")
    return [data[name] for name in names]


def list_holds(value: Any) -> list[Any]:
    """What a list is made of."""
    return [*list.__iter__(value)]


def pairs_hold(value: Any) -> list[Any]:
    """What a dictionary is made of."""
    return [*chain.from_iterable(dict.items(value))]


def _list_like(name: str, cls: Any) -> None:
    def write(value: Any, out: Out) -> Any:
        return list(map(out.value, list.__iter__(value)))

    def fill(value: Any, data: Any, into: Into) -> None:
        list.extend(value, map(into.value, items(data)))

    register_keeper(Keeper(name, cls, write, lambda _data, _into: cls(), fill, holds=list_holds))


_kind: Any
for _name, _kind in (
    ("list", List),
    ("strings", Strings),
    ("stringbytes", StringBytes),
    ("record", Record),
    ("python list", list),
):
    _list_like(_name, _kind)


def _write_pairs(value: Any, out: Out) -> Any:
    for key in dict.keys(value):
        if not is_scalar(key):
            raise Unkept(f"a key of a dictionary that is a {type(key).__name__} cannot be kept")
    return [[out.value(key), out.value(item)] for key, item in dict.items(value)]


def _fill_pairs(value: Any, data: Any, into: Into) -> None:
    for key, item in map(items, items(data)):
        dict.__setitem__(value, into.value(key), into.value(item))


def _dictionary(name: str, cls: Any) -> None:
    register_keeper(
        Keeper(name, cls, _write_pairs, lambda _data, _into: cls(), _fill_pairs, holds=pairs_hold)
    )


for _name, _kind in (
    ("dictionary", Dictionary),
    ("dictionaryi", IntegerDictionary),
    ("dictionaryn", NumberDictionary),
    ("dictionarytree", TextTree),
    ("dictionarytreei", IntegerTree),
    ("dictionarytreen", NumberTree),
    ("python dict", dict),
):
    _dictionary(_name, _kind)


def _sorted_set(name: str, cls: Any) -> None:
    def fill(value: Any, data: Any, into: Into) -> None:
        for item in items(data):
            value.add(into.value(item))

    register_keeper(
        Keeper(name, cls, lambda value, out: list(map(out.value, value)), lambda _data, _into: cls(), fill)
    )


for _name, _kind in (("sets", StringSet), ("seti", IntegerSet), ("setn", NumberSet)):
    _sorted_set(_name, _kind)


def _fill_set(value: Set, data: Any, into: Into) -> None:
    # What a member prints as is known when all of it is there.
    value._members = dict(enumerate(map(into.value, items(data))))


def _finish_set(value: Set) -> None:
    members, value._members = value._members, {}
    for number, member in members.items():
        key = Set._key(member)
        value._members[key if key not in value._members else (key, number)] = member


register_keeper(
    Keeper(
        "set",
        Set,
        lambda value, out: list(map(out.value, value)),
        lambda _data, _into: Set(),
        _fill_set,
        _finish_set,
    )
)

# A tuple cannot be filled later: what it holds is there before.
register_keeper(
    Keeper(
        "python tuple",
        tuple,
        lambda value, out: list(map(out.value, value)),
        lambda data, into: tuple(map(into.value, items(data))),
        holds=lambda value: [*value],
    )
)


def _bytes(name: str, cls: Any) -> None:
    def make(data: Any, _into: Into) -> Any:
        try:
            return cls(bytes.fromhex(text(data)))
        except ValueError:
            raise Broken("holds bytes that are none") from None

    register_keeper(Keeper(name, cls, lambda value, _out: value.hex(), make))


for _name, _kind in (("python bytes", bytes), ("python bytearray", bytearray)):
    _bytes(_name, _kind)


def _write_members(value: Any, out: Out) -> Any:
    members = list(value)
    if not all(is_scalar(member) and member == member for member in members):
        raise Unkept("a set of Python's whose members are no numbers and texts cannot be kept")
    # Their order is that of this process alone.
    return [out.value(member) for member in sorted(members, key=lambda each: (str(type(each)), repr(each)))]


def _set_of_scalars(name: str, cls: Any) -> None:
    def make(data: Any, into: Into) -> Any:
        return cls(map(into.value, items(data)))

    register_keeper(Keeper(name, cls, _write_members, make))


for _name, _kind in (("python set", set), ("python frozenset", frozenset)):
    _set_of_scalars(_name, _kind)


register_keeper(
    Keeper(
        "python range",
        range,
        lambda value, _out: [value.start, value.stop, value.step],
        lambda data, _into: range(*map(_whole, items(data))),
    )
)


def _seen(name: str, cls: Any) -> None:
    register_keeper(
        Keeper(
            name,
            cls,
            lambda value, out: out.value(value.base),
            lambda data, into: to_lispe(into.value(data)),
        )
    )


for _name, _kind in (
    ("python list seen", PythonList),
    ("python tuple seen", PythonTuple),
    ("python dict seen", PythonDictionary),
):
    _seen(_name, _kind)


# -- views, linked lists, heaps -----------------------------------------------------------------------


def _fill_view(value: Any, data: Any, into: Into) -> None:
    base, start = fields(data, "of", "start")
    value.base, value.start = into.value(base), _count(start)
    if not isinstance(value.base, list):
        raise Broken("holds a view of something that is no list")


def _count(data: Any) -> int:
    if type(data) is not int or data < 0:
        raise Broken("holds a place that is none")
    return data


register_keeper(
    Keeper(
        "rest of list",
        View,
        lambda value, out: {"of": out.value(value.base), "start": value.start},
        lambda _data, _into: View(),
        _fill_view,
    )
)


def _write_linked(value: LinkedList, out: Out) -> Any:
    return {
        "items": list(map(out.value, list(value))),
        "tail": out.value(value.tail),
        "loops_to": value.loops_to,
    }


def _fill_linked(value: LinkedList, data: Any, into: Into) -> None:
    found, tail, loops_to = fields(data, "items", "tail", "loops_to")
    value.extend(map(into.value, items(found)))
    value.tail = into.value(tail)
    if loops_to is not None and _count(loops_to) >= len(value):
        raise Broken("holds a linked list that leads outside of itself")
    value.loops_to = loops_to


register_keeper(Keeper("llist", LinkedList, _write_linked, lambda _data, _into: LinkedList(), _fill_linked))


def _write_heap(value: Heap, out: Out) -> Any:
    if isinstance(value.comparator, list):
        raise Unkept("a heap whose order is a list (a partial call) cannot be kept; a lambda can")
    return {"order": out.value(value.comparator), "items": list(map(out.value, list(value)))}


def _make_heap(data: Any, into: Into) -> Heap:
    comparator = into.value(fields(data, "order", "items")[0])
    # Code as data would be evaluated here.
    if comparator is not None and not isinstance(comparator, Atom) and not is_function(comparator):
        raise Broken("holds a heap whose order is no function")
    return heap(comparator)


def is_function(value: Any) -> bool:
    """Whether a value is a function and nothing that only can be called."""
    return isinstance(value, FunctionType | BuiltinFunctionType)


def _fill_heap(value: Heap, data: Any, into: Into) -> None:
    # They lie in their order: nothing is compared, so no function of the folder is called.
    value._items.extend(map(into.value, items(data["items"])))


register_keeper(Keeper("heap", Heap, _write_heap, _make_heap, _fill_heap))


# -- small things -------------------------------------------------------------------------------------

register_keeper(Keeper("date", Date, lambda value, _out: value.epoch, lambda data, _into: Date(_whole(data))))
register_keeper(
    Keeper("caught", Caught, lambda value, out: out.value(value.text), lambda data, _into: Caught(text(data)))
)


def _whole(data: Any) -> int:
    if type(data) is not int:
        raise Broken("holds a number that is none")
    return data


def field_name(data: Any) -> str:
    """A name of a field as programs write it. Errors: Broken for any other, such as those of destructors."""
    if not isinstance(data, str) or not data or any(character.isspace() for character in data):
        raise Broken("holds a field whose name is none")
    return Atom(data).name

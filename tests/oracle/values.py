"""The values of LispE as the oracle holds them.

Plain Python: an integer is an `int`, a number a `float`, a string a `str`. The rest are the small classes
below. `nil` and `true` are the atoms of these names. Program text is never a value: forms are Python
lists (forms.py), and `quote` makes a fresh `List` of them each time, which is what "a literal is copied
when it is stored" means.

This module never evaluates a program.
"""

import weakref
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.errors import Undetermined


class Atom:
    """An interned name: the same name is the same object."""

    _known: dict[str, "Atom"] = {}  # noqa: RUF012 (names, not user data)

    def __new__(cls, name: str):
        found = cls._known.get(name)
        if found is None:
            found = cls._known[name] = super().__new__(cls)
            found.name = name
        return found

    name: str

    def __repr__(self):
        return self.name


NIL = Atom("nil")
TRUE = Atom("true")


def answer(condition: bool) -> Atom:
    """`true` or `nil`."""
    return TRUE if condition else NIL


class Store:
    """The elements of a list and every list that looks at them: a list and its `cdr` share one store."""

    def __init__(self, elements):
        self.elements = elements
        self.sharers = weakref.WeakSet()


class List:
    """An array list: the elements of a store from `start` on. `cdr` gives a view of the same store."""

    kind = "list"

    def __init__(self, elements=(), store=None, start=0):
        self.store = store or Store(list(elements))
        self.start = start
        self.unknown = False
        self.store.sharers.add(self)

    @property
    def items(self) -> list:
        """The elements, as a list that may be read only."""
        self.refuse_unknown()
        return self.store.elements[self.start :] if self.start else self.store.elements

    def refuse_unknown(self) -> None:
        """Stop a program that looks at a view after its elements were moved."""
        if self.unknown:
            raise Undetermined("a view of a list whose elements were moved")

    def put(self, index: int, value) -> None:
        """Replace one element, in every list that shares it."""
        self.store.elements[self.start + index] = value

    def append(self, value) -> None:
        """Add at the end, seen in every view."""
        if self.start and len(self.store.sharers) > 1:
            self._forget_the_others()
        self.refuse_unknown()
        self.store.elements.append(value)

    def become(self, elements) -> None:
        """Replace all elements. The other lists on the same store are not fixed by the reference any more."""
        elements = list(elements)
        self._forget_the_others()
        self.store, self.start = Store(elements), 0
        self.store.sharers.add(self)

    def lose(self, elements) -> None:
        """Keep only these elements. A view becomes a list of its own, and nobody else sees it (dialect)."""
        elements = list(elements)
        if not self.start:
            self._forget_the_others()
        self.store, self.start = Store(elements), 0
        self.store.sharers.add(self)

    def forget(self) -> None:
        """Neither this list nor another one on its store is fixed by the reference any more."""
        self._forget_the_others()
        self.unknown = True

    def _forget_the_others(self):
        for other in list(self.store.sharers):
            if other is not self:
                other.unknown = True

    def view(self, start: int) -> "List":
        """The list without its first `start` elements, sharing what is left."""
        return type(self)._viewing(self, start)

    @classmethod
    def _viewing(cls, original, start):
        return List(store=original.store, start=original.start + start)

    def same_kind(self, elements) -> "List":
        """A new list of this kind."""
        return List(elements)


class TypedList(List):
    """`integers`, `numbers`, `floats`, `shorts`, `strings`: the kind is the name of the constructor."""

    def __init__(self, kind: str, elements=(), store=None, start=0):
        super().__init__(elements, store, start)
        self.kind = kind

    @classmethod
    def _viewing(cls, original, start):
        return TypedList(original.kind, store=original.store, start=original.start + start)

    def same_kind(self, elements):
        return TypedList(self.kind, elements)


class LinkedList(List):
    """A linked list; `push` and `pop` act at the front, `cdr` copies."""

    kind = "llist"

    def same_kind(self, elements):
        return LinkedList(elements)


class Record(List):
    """An instance of a `data@` structure: a list that starts with the record's name."""

    kind = "data"


class Dictionary:
    """`dictionary`, `dictionaryi`, `dictionaryn` (keys: s, i, n) in the order of insertion; trees sorted."""

    def __init__(self, keys="s", tree=False, pairs=()):
        self.keys = keys
        self.tree = tree
        self.pairs = dict(pairs)

    def items(self):
        return sorted(self.pairs.items()) if self.tree else list(self.pairs.items())


class SetValue:
    """`sets`, `seti`, `setn` (sorted) and `set` (kind o, in the order of insertion, equal by their text)."""

    def __init__(self, keys, elements=()):
        self.keys = keys
        self.elements = dict(elements)  # key -> element

    def items(self):
        return list(self.elements.values()) if self.keys == "o" else sorted(self.elements.values())


class Heap:
    """The elements in the order of a comparator."""

    def __init__(self, compare, interpreter, elements=()):
        self.compare = compare
        self.interpreter = interpreter
        self.elements = list(elements)


@dataclass(eq=False)
class Array:
    """A matrix or a tensor: its shape and its cells row by row; `kind` of them, as a typed list names it."""

    shape: tuple
    cells: list
    kind: str


@dataclass(eq=False)
class ErrorValue:
    """What `catch` makes of an error."""

    text: str


@dataclass(eq=False)
class Lazy:
    """A source that may have no end: `make()` gives a fresh Python iterator; `text` is what it prints."""

    make: Any
    text: str
    endless: bool


@dataclass(eq=False)
class Parameter:
    """One parameter: `rest` gathers what is left; `default` is a form, `nil` for `(x)`."""

    name: str
    optional: bool = False
    default: Any = NIL
    rest: bool = False


@dataclass(eq=False)
class Function:
    """A `defun`, a method or a lambda. `scope` is where a lambda was written (None for a defun)."""

    name: str
    parameters: list[Parameter]
    body: list
    source: list
    scope: Any = None
    is_lambda: bool = False
    space: str | None = None

    def least(self) -> int:
        """How many arguments a call must give."""
        return sum(not (p.optional or p.rest) for p in self.parameters)


@dataclass(eq=False)
class PatternFunction:
    """The clauses of a `defpat`, `defpred` or `defprol`, as (pattern forms, body forms, source)."""

    name: str
    kind: str = "defpat"
    clauses: list = field(default_factory=list)


@dataclass(eq=False)
class Clause:
    """One clause of a `defpat`."""

    patterns: list
    body: list


@dataclass(eq=False)
class RecordType:
    """One record of a `data@`: its name, the descriptions of its slots and its group."""

    name: str
    slots: list
    group: str | None


@dataclass(eq=False)
class ClassType:
    """A `class@`. fields: what its instances are made of, own ones first, then the parent's.

    made: the `(setqi field value)` of the class, as (name, form). built_on: the parent's fields when it was
    declared.
    """

    name: str
    fields: list[Parameter]
    methods: dict[str, Function]
    parent: "ClassType | None" = None
    made: list = field(default_factory=list)
    built_on: list = field(default_factory=list)

    def all_names(self) -> set[str]:
        """The names of its fields and of those that its `setqi` and its parents' make."""
        above = self.parent.all_names() if self.parent is not None else set()
        return above | {f.name for f in self.fields} | {name for name, _ in self.made}

    def method(self, name: str):
        """The method of that name, the parent's where this class has none."""
        found = self.methods.get(name)
        return found if found is not None or self.parent is None else self.parent.method(name)


@dataclass(eq=False)
class Instance:
    """An instance: its class and its fields in order."""

    of: ClassType
    fields: dict
    made_by: Any = None
    making: bool = True
    mixed: bool = False

    def __post_init__(self):
        self.made_by = self.of.methods

    def has(self, name: str) -> bool:
        """Whether it has a field of that name. One that its class has and it has not, yet, is no evidence."""
        if name not in self.fields and (self.later or self.making) and name in self.of.all_names():
            raise Undetermined("a field that is not set yet")
        return name in self.fields

    @property
    def later(self) -> bool:
        """Whether its class was declared again since it was made."""
        return self.made_by is not self.of.methods

    def in_order(self) -> dict:
        """The fields, where their order is known."""
        if self.mixed:
            raise Undetermined("the order of fields that a class and its methods make")
        if self.later and [f.name for f in self.of.fields] != list(self.fields)[: len(self.of.fields)]:
            raise Undetermined("the order of fields when a class is declared again")
        return self.fields


@dataclass(eq=False)
class Bound:
    """A method of an instance in the place of a function."""

    method: Function
    instance: Instance


@dataclass(eq=False)
class Partial:
    """A partial call written without a quote, as forms: `(< 3)` in the place of a function.

    `short`: a call of a function of the program that lacks its last argument.
    """

    items: list
    short: bool = False


@dataclass(eq=False)
class Builtin:
    """A function of the library by its name, or an operator that evaluates to itself."""

    name: str


class Single(float):
    """A number of 32 bits (`float`). What Python computes with one is a plain number."""


class Short(int):
    """An integer of 16 bits (`int16_t`)."""


@dataclass(frozen=True)
class Complex:
    """A complex number."""

    value: complex


class Bytes(str):
    """A byte string, as the text that its UTF-8 writes: only its size counts bytes (tests/conformance)."""

    __slots__ = ()


def is_number(value) -> bool:
    """Whether it is an integer or a number of LispE."""
    return isinstance(value, (int, float))


def is_true(value) -> bool:
    """The truth of a value (core 2.8)."""
    if isinstance(value, SetValue) and not value.elements:
        raise Undetermined("truth of an empty set")
    if isinstance(value, (ErrorValue, Array, Complex)) or (isinstance(value, Heap) and not value.elements):
        raise Undetermined("truth of an error value, a matrix or an empty heap")
    if isinstance(value, List):
        return bool(value.items)
    if isinstance(value, Dictionary):
        return bool(value.pairs)
    return (
        not (value is NIL or value == 0 or value == "") if not isinstance(value, Atom) else value is not NIL
    )


TYPES = {
    "list": "list_", "llist": "llist_", "data": "data_", "integers": "integers_", "numbers": "numbers_",
    "floats": "floats_", "shorts": "shorts_", "strings": "strings_",
}  # fmt: skip
# The narrow kinds are Python's numbers and texts, too: they come first.
SCALARS = {
    Single: "float_", Short: "short_", Complex: "complex_", Bytes: "stringbyte_",
    int: "integer_", float: "number_", str: "string_",
}  # fmt: skip


def type_name(value) -> str:
    """The name that `(type v)` gives, without the atom."""
    for kind, name in SCALARS.items():
        if isinstance(value, kind):
            return name
    if isinstance(value, Atom):
        if value is NIL:
            raise Undetermined("type of nil")
        return "atom_"
    return container_type(value)


def container_type(value) -> str:
    """... of what is no scalar."""
    if isinstance(value, List):
        return TYPES[value.kind]
    if isinstance(value, Dictionary):
        tree = "tree" if value.tree else ""
        return f"dictionary{tree}_" if value.keys == "s" else f"dictionary{tree}_{value.keys}_"
    if isinstance(value, SetValue):
        return "set_" if value.keys == "o" else f"set_{value.keys}_"
    if isinstance(value, Heap):
        return "heap_"
    if isinstance(value, Array) and len(value.shape) > 1:
        return f"{'matrix' if len(value.shape) == 2 else 'tensor'}_{value.kind[:-1]}_"
    if isinstance(value, Instance):
        return value.of.name
    if isinstance(value, ErrorValue):
        return "maybe_"
    raise Undetermined(f"type of {value!r}")

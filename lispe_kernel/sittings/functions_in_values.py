"""Functions, classes and instances as values: by their names, and lambdas by their text and what they keep.

A lambda comes back as the function that its text makes, with the variables that it shared with others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import chain
from types import BuiltinFunctionType, CellType, CodeType, FunctionType
from typing import Any

from lispe_kernel.language.compiler.program import compile_program
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.forms import LAMBDA, Form, head
from lispe_kernel.language.functions import registry
from lispe_kernel.language.keeping import (
    Broken,
    Into,
    Keeper,
    Out,
    Unkept,
    keeper_named,
    refusal_of,
    register_keeper,
)
from lispe_kernel.language.made import signature_of, source_of
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.python.border import to_python
from lispe_kernel.language.python.functions import own_of
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.instances import Instance
from lispe_kernel.session import Session
from lispe_kernel.sittings.definitions import Definitions
from lispe_kernel.sittings.kinds import field_name, fields, is_function, items
from lispe_kernel.sittings.scalars import text
from lispe_kernel.sittings.text import Sources, Written

# What the compiler adds to the name of a variable that is bound inside of another's reach.
_NUMBERED = r"(?P<name>\S+)(?: \d+)?"
_ITSELF = "λ"
# The kind of an instance that is a module, and what the torch library calls what it holds.
MODULE, HELD_BY_MODULE = "torch instance", "torch fields of an instance"
# A function that was defined anew since, and one of LispE's as Python was given it.
EARLIER, GIVEN = "earlier function", "function seen by python"
# What of a session's values is written by the names that its definitions have.
KINDS = frozenset({"function", EARLIER, GIVEN, "library", "class", "instance", MODULE, "lambda"})


def _fill_cell(cell: CellType, data: Any, into: Into) -> None:
    if data is not False:
        cell.cell_contents = into.value(data)


def _write_cell(cell: CellType, out: Out) -> Any:
    try:
        return out.value(cell.cell_contents)
    except ValueError:  # never assigned
        return False


register_keeper(Keeper("variable", CellType, _write_cell, lambda _data, _into: CellType(), _fill_cell))


class FunctionsOut:
    """How the functions, classes and instances of a session are written."""

    def __init__(self, session: Session, definitions: Definitions, sources: Sources) -> None:
        self._session, self._definitions, self._sources = session, definitions, sources
        # All that the data of such a value is made of, in order; None where that is not told. Who keeps this
        # keeps nothing of one time.
        self.holds = partial(_holds, definitions)
        # Variables that the compiler put into boxes, as the cells that they would be; kept alive by both.
        self._boxes: dict[int, tuple[Any, CellType]] = {}

    def __call__(self, value: Any) -> tuple[str, Callable[[Out], Any]] | None:
        """The kind of a value, and what writes it; None for a value that is no function and no class."""
        if isinstance(value, FunctionType | BuiltinFunctionType):
            return self._function(value)
        if isinstance(value, type):
            return "class", lambda _out: self._class(value)
        if isinstance(value, Instance) and type(value).lispe_taken:
            return MODULE, lambda out: self._module(value, out)
        if isinstance(value, Instance):
            return "instance", lambda out: self._instance(value, out)
        return None

    def _function(self, value: Any) -> tuple[str, Callable[[Out], Any]]:
        if id(value) in self._definitions.named:
            return "function", lambda _out: self._definitions.named[id(value)]
        entry = registry.named(value)
        if entry is not None:
            return "library", lambda _out: entry.name
        own = own_of(value)
        if own is not None:
            return GIVEN, lambda out: out.value(own)
        if getattr(value, "__globals__", None) is not self._session.namespace:
            return "", _unkept(f"{to_text(value)}, a function of Python's")
        if source_of(value) is not None or signature_of(value) is not None:
            return EARLIER, lambda _out: self._definitions.earlier(value).split("\n")
        return "lambda", lambda out: self._lambda(value, out)

    def _class(self, cls: type) -> str:
        if not issubclass(cls, Instance):
            raise Unkept(f"{cls.__name__}, a class of Python's")
        return self._definitions.name_of(cls)

    def _instance(self, value: Instance, out: Out) -> Any:
        name = self._class(type(value))
        found = [[key, out.value(item)] for key, item in value.__dict__.items() if not key.startswith(" ")]
        if " clean" in value.__dict__:
            out.note("its destructor (toclean)")
        return {"of": name, "fields": found}

    def _module(self, value: Any, out: Out) -> Any:
        """An instance that is a module of PyTorch, too: the torch library says what it holds."""
        refused = refusal_of(value)
        if refused:
            raise Unkept(refused)
        return {"of": self._class(type(value)), "holds": keeper_named(HELD_BY_MODULE).write(value, out)}

    # -- lambdas ---------------------------------------------------------------------------------------

    def _lambda(self, value: FunctionType, out: Out) -> Any:
        written = self._text(value)
        shared = {}
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            found = re.fullmatch(_NUMBERED, name)
            if found is None or found["name"] in shared:
                raise Unkept("a lambda whose variables have no names of their own")
            shared[found["name"]] = out.value(self._unboxed(cell))
        try:
            made = lambda_of(self._session, Source(written.text, "lambda"), list(shared))
        except Broken as problem:
            raise Unkept(f"a lambda that would not come back: it {problem}") from problem
        if _space_names(made.__code__) != _space_names(value.__code__):
            raise Unkept("a lambda that was written in a space")
        return {"text": written.text.split("\n"), "shared": shared}

    def _text(self, value: FunctionType) -> Written:
        code = value.__code__
        found = self._sources.lambdas(code.co_filename, code.co_firstlineno)
        fitting = [form for form in found if to_text(form.data) == value.__doc__]
        if not fitting or any(form.text != fitting[0].text for form in fitting):
            raise Unkept("a lambda whose text is not known")
        return fitting[0]

    def _unboxed(self, cell: CellType) -> CellType:
        """The variable itself, where the compiler keeps it in a box: a list of Python's with one element."""
        try:
            box = cell.cell_contents
        except ValueError:
            return cell
        if type(box) is not list or len(box) != 1:
            return cell
        return self._boxes.setdefault(id(box), (box, CellType(box[0])))[1]


def _holds(definitions: Definitions, value: Any) -> list[Any] | None:
    if own_of(value) is not None:
        return [own_of(value)]
    if isinstance(value, FunctionType | BuiltinFunctionType):
        name = definitions.named.get(id(value))
        if name is not None:
            return ["function", name]
        is_whole = getattr(value, "__closure__", ()) is None
        return ["lambda", value.__code__, value.__doc__] if is_whole else None  # type: ignore[union-attr]
    if isinstance(value, Instance) and not type(value).lispe_taken:
        name = definitions.named.get(id(type(value)))
        held = [*chain.from_iterable(value.__dict__.items())]
        return None if name is None or any(key.startswith(" ") for key in held[::2]) else [name, *held]
    return None


def _unkept(text: str) -> Callable[[Out], Any]:
    def write(_out: Out) -> Any:
        raise Unkept(text)

    return write


def _space_names(code: CodeType) -> set[str]:
    """The functions of spaces and threads that code names."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    own = {name for name in code.co_names if " " in name.strip() and not name.startswith(" ")}
    return own.union(*map(_space_names, inner))


def lambda_of(session: Any, source: Source, shared: list[str]) -> FunctionType:
    """The function that the text of a lambda makes; nothing of it runs. Errors: Broken for any other text."""
    try:
        forms = read(source, session.canonical)
        if len(forms) != 1 or head(forms[0]) is not LAMBDA:
            raise Broken("holds a lambda that is none")
        names = [Atom(name) for name in shared if name != _ITSELF]
        outer = Form([LAMBDA, Form(names, forms.span), forms[0]], forms.span)
        program = compile_program(session, source, Form([outer], forms.span))
    except LispeError as error:
        raise Broken(f"holds a lambda that does not compile ({error})") from error
    code = getattr(program.steps[0], "code", None)
    if code is None or len(program.steps) != 1:
        raise Broken("holds a lambda that is none")
    # What runs here is "make a function", twice.
    made: FunctionType = FunctionType(code, session.namespace)()(*[None] * len(names))
    if program.definitions:
        raise Broken("holds a lambda that defines functions")
    return made


# -- reading --------------------------------------------------------------------------------------------


class FunctionsInto:
    """How functions, classes and instances come back: those that the folder defines, and the library's."""

    def __init__(
        self,
        session: Any,
        functions: dict[str, Any],
        classes: dict[str, Any],
        earlier: Callable[[str], FunctionType],
    ) -> None:
        """earlier: the function that the text of a definition makes, bound to no name."""
        self._session, self._functions, self._classes = session, functions, classes
        self._earlier = earlier

    def keepers(self) -> dict[str, Keeper]:
        """The kinds by name."""
        found = (
            Keeper("function", FunctionType, _never, lambda data, _into: self._function(data)),
            Keeper(EARLIER, FunctionType, _never, lambda data, _into: self._earlier("\n".join(_lines(data)))),
            Keeper(GIVEN, FunctionType, _never, _given),
            Keeper("library", BuiltinFunctionType, _never, lambda data, _into: self._library(data)),
            Keeper("class", type, _never, lambda data, _into: self._class(data)),
            Keeper("instance", Instance, _never, self._instance, _fill_instance),
            Keeper(MODULE, Instance, _never, self._module, _fill_module),
            Keeper("lambda", FunctionType, _never, self._lambda),
        )
        return {keeper.name: keeper for keeper in found}

    def _function(self, name: Any) -> Any:
        if text(name) not in self._functions:
            raise Broken(f"names a function that it does not define: {name[:80]}")
        return self._functions[name]

    def _library(self, name: Any) -> Any:
        entry = self._session.library(text(name))
        if entry is None or not is_function(entry.call):
            raise Broken(f"names a function that is not in the library: {name[:80]}")
        return entry.call

    def _class(self, name: Any) -> Any:
        if text(name) not in self._classes:
            raise Broken(f"names a class that it does not define: {name[:80]}")
        return self._classes[name]

    def _instance(self, data: Any, _into: Into) -> Any:
        cls = self._class(fields(data, "of", "fields")[0])
        return cls.__new__(cls)

    def _module(self, data: Any, into: Into) -> Any:
        cls = self._class(fields(data, "of", "holds")[0])
        return keeper_named(HELD_BY_MODULE).make(cls, into)

    def _lambda(self, data: Any, into: Into) -> Any:
        written, shared = fields(data, "text", "shared")
        if not isinstance(shared, dict):
            raise Broken("holds a lambda that is none")
        source = self._session.source("\n".join(_lines(written)))
        made = lambda_of(self._session, source, [field_name(name) for name in shared])
        cells = {name: into.value(cell) for name, cell in shared.items()}
        wanted = [re.fullmatch(_NUMBERED, name) for name in made.__code__.co_freevars]
        closure: Any = tuple(cells.get(found["name"]) if found else None for found in wanted)
        if len(closure) != len(cells) or not all(isinstance(cell, CellType) for cell in closure):
            raise Broken("holds a lambda whose variables are not those of its text")
        whole = FunctionType(made.__code__, made.__globals__, made.__name__, made.__defaults__, closure)
        whole.__doc__ = made.__doc__
        return whole


def _given(data: Any, into: Into) -> Any:
    function = into.value(data)
    if not is_function(function):
        raise Broken("holds a function that is none")
    return to_python(function)


def _lines(data: Any) -> list[str]:
    """The lines of a text in the data. Errors: Broken for anything else."""
    return [*map(text, items(data))]


def _fill_instance(value: Any, data: Any, into: Into) -> None:
    for name, item in map(items, items(data["fields"])):
        value.__dict__[field_name(name)] = into.value(item)


def _fill_module(value: Any, data: Any, into: Into) -> None:
    keeper = keeper_named(HELD_BY_MODULE)
    assert keeper.fill is not None
    keeper.fill(value, data["holds"], into)


def _never(_value: Any, _out: Out) -> Any:
    raise Unkept("is written in another way")

"""The registry of functions: the one place where a LispE function gets its name.

A decorator on a Python function gives the LispE name and aliases; the signature gives the parameters,
the docstring the help. Arity checks, error texts, completion, help and the pages under `docs/functions`
read this entry. Calls made by compiled code go straight to the Python function: the registry costs nothing
then.

What a docstring holds (meaning, examples, errors, source) is said in `docstrings.py`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

from lispe_kernel.language.docstrings import Documented

# The words of `returns=` for what answers a question.
ANSWERS = frozenset({"boolean", "answer"})

# Types, what makes them, and the words that every Lisp has.
_RESERVED = re.compile(
    r"(c[ad]+r|cons|not|in|eq|neq|nullp|zerop|atoms?|complex|dictionary\w*|floats?|heap|u?int16_t|integers?|l?list"
    r"|matrix_\w+|numbers?|set|sets|set[in]|shorts?|strings?|stringbytes?|tensor_\w+|to_\w+)$"
)
_SIGN = re.compile(r"(set)?@+")

F = TypeVar("F", bound=Callable[..., Any])


class Parameter(NamedTuple):
    """One parameter as LispE shows it: `x`, `(x default)` or `(() x)`."""

    name: str
    optional: bool = False
    rest: bool = False
    default: Any = None

    def __str__(self) -> str:
        if self.rest:
            return f"(() {self.name})"
        if not self.optional:
            return self.name
        if self.default is None:
            return f"({self.name})"
        shown = f'"{self.default}"' if isinstance(self.default, str) else self.default
        shown = str(shown).lower() if isinstance(shown, bool) else shown
        return f"({self.name} {shown})"


@dataclass(frozen=True)
class Function(Documented):
    """One registered function with all that anybody asks about it."""

    name: str
    call: Callable[..., Any]
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    family: str = ""
    # An instruction of the language: no function of the program may have its name, which is evaluated only as
    # a head.
    keyword: bool = False
    # A notebook shows no result when such a call is the last form of a cell.
    silent: bool = False
    # What every result is, for the compiler: "boolean" (true or nil), "answer" (that, or a mask of tensors),
    # "number", "natural" (an int, 0 or more), "text" (a str), "list" (exactly a List), "integers" (exactly
    # those), "numbers" (any typed list), "dictionary", "keyed" and "other" as in `compiler/kinds.py`; empty
    # when it depends.
    returns: str = ""

    @property
    def explained(self) -> Callable[..., Any]:  # type: ignore[override]
        """What has the docstring."""
        return self.call

    @cached_property
    def foreign(self) -> bool:
        """Whether another library than the language's brings it."""
        return not self.call.__module__.startswith("lispe_kernel.language")

    @property
    def kind(self) -> str:
        """The kind of every result; of what may be a mask nothing is known."""
        return "" if self.returns == "answer" else self.returns

    @cached_property
    def signed(self) -> bool:
        """Whether a sign means it, which the reader makes its name: `@` is `at`, `@@` is `extract`."""
        return self.keyword and any(map(_SIGN.fullmatch, self.aliases))

    @cached_property
    def reserved(self) -> bool:
        """Whether no variable may have its name: an instruction that is a sign, a type or very old."""
        if not self.keyword:
            return False
        return self.signed or (
            not (self.name.isascii() and self.name.isidentifier()) or _RESERVED.match(self.name) is not None
        )

    @cached_property
    def least(self) -> int:
        return sum(1 for p in self.parameters if not (p.optional or p.rest))

    @cached_property
    def most(self) -> int | None:
        return None if any(p.rest for p in self.parameters) else len(self.parameters)

    def accepts(self, count: int) -> bool:
        """Whether a call with so many positional arguments has the right arity."""
        return count >= self.least and (self.most is None or count <= self.most)

    @property
    def signature(self) -> str:
        """The call as LispE writes it: `(upper str)`, `(find container element (position 0))`."""
        return "(" + " ".join([self.name, *map(str, self.parameters)]) + ")"


class Registry:
    """Functions by name and alias. A library may replace a function of another one, never its own."""

    def __init__(self) -> None:
        self._by_name: dict[str, Function] = {}
        self._by_call: dict[int, Function] = {}
        self._aliases: dict[str, str] = {}
        # By every name: the compiler asks for each name that it meets, several times.
        self._found: dict[str, Function] = {}
        # Rises with each registration, so that a session knows when to look again.
        self.version = 0

    def add(self, entry: Function) -> None:
        """Register a function. A module may do so again; two modules of one library must not."""
        known = self._by_name.get(entry.name)
        for name in (entry.name, *entry.aliases):
            other = self.get(name)
            if other is not None and _are_rivals(other.call.__module__, entry.call.__module__):
                raise ValueError(f"two functions are called '{name}'")
        self._by_name[entry.name] = entry
        if self.named(entry.call) is None:
            self._by_call[id(entry.call)] = entry
        for alias in entry.aliases:
            self._aliases[alias] = entry.name
        replaced = [a for a, name in self._aliases.items() if name == entry.name] if known else []
        for name in (entry.name, *entry.aliases, *replaced):
            # An alias of what was replaced means what stands under the name now.
            if self._aliases.get(name, name) == entry.name:
                self._found[name] = entry
        self.version += 1

    def get(self, name: str) -> Function | None:
        return self._found.get(name)

    def named(self, call: Any) -> Function | None:
        """The entry of a Python function that is registered."""
        entry = self._by_call.get(id(call))
        is_its = entry is not None and entry.call is call and self._by_name.get(entry.name) is entry
        return entry if is_its else None

    def canonical(self, name: str) -> str:
        """The name under which an alias is registered, or the name itself."""
        return self._aliases.get(name, name)

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[Function]:
        return iter(list(self._by_name.values()))

    def names(self) -> Iterator[tuple[str, Function]]:
        """Every name under which a function can be called, aliases included."""
        return iter(list(self._found.items()))


def _are_rivals(one: str, other: str) -> bool:
    """Whether two modules belong to one library."""
    return one != other and one.split(".")[:2] == other.split(".")[:2]


registry = Registry()


def parameters_of(call: Callable[..., Any]) -> tuple[Parameter, ...]:
    """LispE parameters from a Python signature; a trailing underscore of a name is dropped."""
    if type(call) is FunctionType and not hasattr(call, "__wrapped__"):
        return _plain_parameters(call)
    found = []
    for p in inspect.signature(call).parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            found.append(Parameter(p.name.rstrip("_"), rest=True))
        elif p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            optional = p.default is not p.empty
            found.append(Parameter(p.name.rstrip("_"), optional, False, p.default if optional else None))
    return tuple(found)


def _plain_parameters(call: FunctionType) -> tuple[Parameter, ...]:
    # As `inspect.signature` would say, at a tenth of its time: hundreds of functions register at each start.
    code, defaults = call.__code__, call.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    first = len(names) - len(defaults)
    found = [Parameter(name.rstrip("_")) for name in names[:first]]
    for name, default in zip(names[first:], defaults, strict=True):
        found.append(Parameter(name.rstrip("_"), True, False, default))
    if code.co_flags & inspect.CO_VARARGS:
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        found.append(Parameter(rest.rstrip("_"), rest=True))
    return tuple(found)


def _family(module: str) -> str:
    """Room and file of a function, in words: `lists searching`, `tensors maths`."""
    return module.rpartition("library.")[2].removeprefix("lispe_kernel.").replace(".", " ").replace("_", " ")


def function(
    name: str,
    *aliases: str,
    keyword: bool = False,
    silent: bool = False,
    returns: str = "",
    parameters: tuple[Parameter, ...] | None = None,
    into: Registry = registry,
) -> Callable[[F], F]:
    """Register the decorated Python function as the LispE function `name`.

    The Python function is returned unchanged. `keyword` marks an instruction of the language,
    `silent` a call whose value a notebook does not show, `returns` a known kind of result.
    """

    def register(call: F) -> F:
        if "<locals>" in call.__qualname__:
            # Python's message of a call that does not fit names the function by this.
            call.__qualname__ = name
        into.add(
            Function(
                name=name,
                call=call,
                aliases=aliases,
                parameters=parameters_of(call) if parameters is None else parameters,
                family=_family(call.__module__),
                keyword=keyword,
                silent=silent,
                returns=returns,
            )
        )
        return call

    return register

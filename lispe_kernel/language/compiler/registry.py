"""The registries of special forms and of inline functions.

A special form is one function under `@special`: its name, aliases and grammar are declared there and its
docstring is its help. An inline function is a registered library function which the compiler can write
as plain Python (`(+ a b)`, `(< a b)`); `@inline` adds that to its entry's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast

    from lispe_kernel.language.compiler.core import Compiler
    from lispe_kernel.language.compiler.destinations import Destination
    from lispe_kernel.language.forms import Form

    Compile = Callable[[Compiler, Form, Destination], ast.expr | None]
    Inline = Callable[[Compiler, Form, Destination], Any]
    Test = Callable[[Compiler, Form], ast.expr]

# What an inline function answers when it leaves a call to the ordinary way.
NOT_INLINE = object()


@dataclass(frozen=True)
class SpecialForm:
    """A form with its own rule of evaluation."""

    name: str
    grammar: str
    compile: Compile
    aliases: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None
    silent: bool = False
    # Indices of sub-forms (from the end if negative) whose silence makes the whole form silent.
    result: tuple[int, ...] = ()
    doc: str = field(default="", repr=False)

    @property
    def signature(self) -> str:
        return f"({self.name} {self.grammar})" if self.grammar else f"({self.name})"

    def accepts(self, count: int) -> bool:
        return count >= self.least and (self.most is None or count <= self.most)


class SpecialForms:
    """Special forms by name and alias."""

    def __init__(self) -> None:
        self._by_name: dict[str, SpecialForm] = {}
        self._aliases: dict[str, str] = {}

    def add(self, form: SpecialForm) -> None:
        self._by_name[form.name] = form
        for alias in form.aliases:
            self._aliases[alias] = form.name

    def get(self, name: str) -> SpecialForm | None:
        return self._by_name.get(self._aliases.get(name, name))

    def canonical(self, name: str) -> str:
        return self._aliases.get(name, name)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[SpecialForm]:
        return iter(self._by_name.values())

    def names(self) -> Iterator[tuple[str, SpecialForm]]:
        for form in self._by_name.values():
            yield form.name, form
            for alias in form.aliases:
                yield alias, form


special_forms = SpecialForms()
inline_functions: dict[str, Inline] = {}
tests: dict[str, Test] = {}


def special(
    name: str,
    grammar: str = "",
    *,
    aliases: tuple[str, ...] = (),
    least: int = 0,
    most: int | None = None,
    silent: bool = False,
    result: tuple[int, ...] = (),
) -> Callable[[Compile], Compile]:
    """Register a special form. `least` and `most` count its arguments; `most=None` means any number."""

    def register(compile_form: Compile) -> Compile:
        special_forms.add(
            SpecialForm(
                name, grammar, compile_form, aliases, least, most, silent, result, compile_form.__doc__ or ""
            )
        )
        return compile_form

    return register


def inline(*names: str) -> Callable[[Inline], Inline]:
    """Let the compiler write calls of these library functions as plain Python.

    The decorated function may answer NOT_INLINE; then the ordinary call is compiled.
    """

    def register(compile_call: Inline) -> Inline:
        for name in names:
            inline_functions[name] = compile_call
        return compile_call

    return register


def test(*names: str) -> Callable[[Test], Test]:
    """Let the compiler write these questions as bare Python conditions where only their truth is wanted."""

    def register(compile_test: Test) -> Test:
        for name in names:
            tests[name] = compile_test
        return compile_test

    return register

"""The registries of special forms, of inline functions and of questions.

A special form is one function under `@special`, which says everything that anybody asks about the form:

    grammar     what may be written, in the notation of `grammar.py`: arity, the shapes of its parts and the
                variables that it sets come from it, errors print it. `errors` gives texts of its own for
                what does not fit one of its parts
    aliases     its other names
    defines     what it defines while a text is compiled, under its first part; nothing of it is left to run
    binds       the part that names variables which are the form's own
    value       the part whose value its variable takes; `operator`: the function by which it changes
    returns     what is known of every value of it (see `kinds.py`)
    silent      a notebook shows no value; `result`: parts whose silence makes the whole form silent
    docstring   its help, its examples, its source (see `docstrings.py`)

An inline function is a library function which the compiler can write as plain Python (`(+ a b)`, `(< a b)`);
`@inline` adds that to its entry's name, `@test` to a question's name the condition that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.grammar import Grammar, parse
from lispe_kernel.language.docstrings import Documented
from lispe_kernel.language.forms import head

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
class SpecialForm(Documented):
    """A form with its own rule of evaluation."""

    name: str
    grammar: str
    compile: Compile
    aliases: tuple[str, ...] = ()
    # "function", "thread", "macro", "class", "record", "space" or "name"; empty for a form that is run.
    defines: str = ""
    # The part (an index in the form) with the form's own variables; 0 for none.
    binds: int = 0
    # The part whose value the variable takes; 0 where that cannot be said.
    value: int = 0
    # The function that computes the variable's new value from the old one and the other parts.
    operator: str = ""
    returns: str = ""
    silent: bool = False
    # Indices of sub-forms (from the end if negative) whose silence makes the whole form silent.
    result: tuple[int, ...] = ()
    # Any atom in it may be a variable that it sets (a pattern).
    sets_anywhere: bool = False
    # It means something only in the function that is written round it (`return`), or keeps that (a lambda).
    needs_function: bool = False
    # The shapes of its parts are its own to judge: when it runs, or in words that the reference gives.
    judges_parts: bool = False
    # Its own errors for what does not fit a part, by the text of the part in the grammar.
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def explained(self) -> Compile:  # type: ignore[override]
        """What has the docstring."""
        return self.compile

    @cached_property
    def rule(self) -> Grammar:
        """The grammar as data."""
        return parse(self.grammar)

    @property
    def signature(self) -> str:
        """The form as it is written: `(setq variable value) or (setq (variable...) value)`."""
        ways = (" ".join([self.name, *(part.text for part in parts)]) for parts in self.rule.alternatives)
        return " or ".join(f"({way})" for way in ways)

    @property
    def least(self) -> int:
        return self.rule.least

    @property
    def most(self) -> int | None:
        return self.rule.most

    def accepts(self, count: int) -> bool:
        """Whether it may have so many arguments."""
        return self.rule.accepts(count)

    def misfit(self, form: Form) -> str:
        """The error for a form that does not fit the grammar, which it prints; empty for one that fits."""
        if not self.accepts(len(form) - 1):
            return f"Error: Wrong number of arguments for: '{self.name}' (use {self.signature})"
        wrong = self.rule.misfit(form) if not self.judges_parts else None
        return f"{wrong.text(self.name, self.errors)} (use {self.signature})" if wrong is not None else ""

    @cached_property
    def sets(self) -> frozenset[tuple[int, bool]]:
        """Where variables stand that it sets: (index in the form, whether in a list there)."""
        return self.rule.assigned()

    def may_set(self, form: list[Any], variable: Any) -> bool:
        """Whether a form with this head sets a variable by itself, not by a form inside it."""
        if self.sets_anywhere:
            return _mentions(form[1:], variable)
        return any(
            form[index] is variable or (in_list and isinstance(form[index], list) and variable in form[index])
            for index, in_list in self.sets
            if index < len(form)
        )


def _mentions(items: list[Any], atom: Any) -> bool:
    return any(item is atom or (isinstance(item, list) and _mentions(item, atom)) for item in items)


class SpecialForms:
    """Special forms by name and alias."""

    def __init__(self) -> None:
        self._by_name: dict[str, SpecialForm] = {}
        self._aliases: dict[str, str] = {}

    def add(self, form: SpecialForm) -> None:
        """Register a form. A name that another module gave to another form is refused."""
        for name in (form.name, *form.aliases):
            known = self.get(name)
            if known is not None and known.compile.__module__ != form.compile.__module__:
                raise ValueError(f"two special forms are called '{name}'")
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
        """Every name of every form, aliases included."""
        for form in self._by_name.values():
            yield form.name, form
            for alias in form.aliases:
                yield alias, form


special_forms = SpecialForms()


def is_definition(form: Any, kind: str = "") -> bool:
    """Whether a form defines something while it is compiled: anything, or what the kind says."""
    name = head(form)
    found = special_forms.get(name.name) if name is not None else None
    return found is not None and bool(found.defines) and found.defines == (kind or found.defines)


inline_functions: dict[str, Inline] = {}
tests: dict[str, Test] = {}


def special(
    name: str,
    grammar: str = "",
    *,
    aliases: tuple[str, ...] = (),
    defines: str = "",
    binds: int = 0,
    value: int = 0,
    operator: str = "",
    returns: str = "",
    silent: bool = False,
    result: tuple[int, ...] = (),
    sets_anywhere: bool = False,
    needs_function: bool = False,
    judges_parts: bool = False,
    errors: Mapping[str, str] | None = None,
) -> Callable[[Compile], Compile]:
    """Register a special form; what each fact says is said above. A definition is silent."""

    def register(compile_form: Compile) -> Compile:
        special_forms.add(
            SpecialForm(
                name=name,
                grammar=grammar,
                compile=compile_form,
                aliases=aliases,
                defines=defines,
                binds=binds,
                value=value,
                operator=operator,
                returns=returns,
                silent=silent or bool(defines),
                result=result,
                sets_anywhere=sets_anywhere,
                needs_function=needs_function,
                judges_parts=judges_parts,
                errors=errors or {},
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

"""The registry of special forms.

A special form is one function under `@special`, which says everything that anybody asks about the form:

    grammar     what may be written, in the notation of `grammar.py`: arity, the shapes of its parts and the
                variables that it sets come from it, errors print it. `errors` gives texts of its own for
                what does not fit one of its parts
    aliases     its other names
    defines     what it defines while a text is compiled, under its first part; nothing of it is left to run
    when_reached  a part that does not fit is an error when it is reached, not when the text is compiled
    returns     what every value is, as `returns=` of a function says it
    hidden      a variable of the program may have its name, and hides it
    silent      a notebook shows no value; `result`: parts whose silence makes the whole form silent
    docstring   its help, its examples, its source (see `docstrings.py`)

The function makes a node of the tree (`tree.py`) from a form. Inline functions have a registry of their own
(`inlines.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.docstrings import Documented
from lispe_kernel.language.forms import head
from lispe_kernel.language.special_forms.grammar import Grammar, parse

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.compiler.tree import Node
    from lispe_kernel.language.errors import Span
    from lispe_kernel.language.forms import Form

    Resolve = Callable[[Resolver, Form], Node]


@dataclass(frozen=True)
class SpecialForm(Documented):
    """A form with its own rule of evaluation."""

    name: str
    grammar: str
    resolve: Resolve
    aliases: tuple[str, ...] = ()
    # "function", "thread", "macro", "class", "record", "space" or "name"; empty for a form that is run.
    defines: str = ""
    silent: bool = False
    # As `returns=` of a function.
    returns: str = ""
    # Indices of sub-forms (from the end if negative) whose silence makes the whole form silent.
    result: tuple[int, ...] = ()
    # It means something only in the function that is written round it (`return`), or keeps that (a lambda).
    needs_function: bool = False
    # A part that does not fit is an error when it is reached, not before.
    when_reached: bool = False
    # A variable of the program may have its name, and hides it.
    hidden: bool = False
    # Its own errors for what does not fit a part, by the text of the part in the grammar.
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def explained(self) -> Resolve:  # type: ignore[override]
        """What has the docstring."""
        return self.resolve

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

    def misfit(self, form: list[Any]) -> tuple[str, Span | None]:
        """The error for a form that does not fit the grammar, and where; empty for one that does."""
        if not self.accepts(len(form) - 1):
            return wrong_number(self.name, self.signature), None
        return ("", None) if self.when_reached else self.wrong_part(form)

    def wrong_part(self, form: list[Any]) -> tuple[str, Span | None]:
        """The error for parts that do not fit the grammar, which it prints, and where; empty for none."""
        wrong = self.rule.misfit(form)
        if wrong is None:
            return "", None
        return f"{wrong.text(self.name, self.errors)} (use {self.signature})", wrong.span(form)


class SpecialForms:
    """Special forms by name and alias."""

    def __init__(self) -> None:
        self._by_name: dict[str, SpecialForm] = {}
        self._aliases: dict[str, str] = {}
        # By every name: the compiler asks for each name that it meets, several times.
        self._found: dict[str, SpecialForm] = {}

    def add(self, form: SpecialForm) -> None:
        """Register a form. A name that another module gave to another form is refused."""
        for name in (form.name, *form.aliases):
            known = self.get(name)
            if known is not None and known.resolve.__module__ != form.resolve.__module__:
                raise ValueError(f"two special forms are called '{name}'")
        self._by_name[form.name] = form
        for alias in form.aliases:
            self._aliases[alias] = form.name
        for name in (form.name, *form.aliases):
            self._found[name] = form

    def get(self, name: str) -> SpecialForm | None:
        return self._found.get(name)

    def __getitem__(self, name: str) -> SpecialForm:
        return self._by_name[self.canonical(name)]

    def canonical(self, name: str) -> str:
        return self._aliases.get(name, name)

    def __contains__(self, name: str) -> bool:
        return name in self._found

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


def special(
    name: str,
    grammar: str = "",
    *,
    aliases: tuple[str, ...] = (),
    defines: str = "",
    silent: bool = False,
    returns: str = "",
    result: tuple[int, ...] = (),
    needs_function: bool = False,
    when_reached: bool = False,
    hidden: bool = False,
    errors: Mapping[str, str] | None = None,
) -> Callable[[Resolve], Resolve]:
    """Register a special form; what each fact says is said above. A definition is silent."""

    def register(resolve: Resolve) -> Resolve:
        special_forms.add(
            SpecialForm(
                name=name,
                grammar=grammar,
                resolve=resolve,
                aliases=aliases,
                defines=defines,
                silent=silent or bool(defines),
                returns=returns,
                result=result,
                needs_function=needs_function,
                when_reached=when_reached,
                hidden=hidden,
                errors=errors or {},
            )
        )
        return resolve

    return register

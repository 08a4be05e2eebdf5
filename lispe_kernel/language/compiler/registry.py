"""The registry of special forms.

A special form is one function under `@special`: its name, aliases and grammar are declared there and its
docstring is its help. The function makes a node of the tree from a form. Inline functions have a registry of
their own (`inlines.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.compiler.tree import Node
    from lispe_kernel.language.forms import Form

    Resolve = Callable[[Resolver, Form], Node]


@dataclass(frozen=True)
class SpecialForm:
    """A form with its own rule of evaluation."""

    name: str
    grammar: str
    resolve: Resolve
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


def special(
    name: str,
    grammar: str = "",
    *,
    aliases: tuple[str, ...] = (),
    least: int = 0,
    most: int | None = None,
    silent: bool = False,
    result: tuple[int, ...] = (),
) -> Callable[[Resolve], Resolve]:
    """Register a special form. `least` and `most` count its arguments; `most=None` means any number."""

    def register(resolve: Resolve) -> Resolve:
        special_forms.add(
            SpecialForm(name, grammar, resolve, aliases, least, most, silent, result, resolve.__doc__ or "")
        )
        return resolve

    return register


def defining_forms() -> frozenset[str]:
    """The forms that define a name while the text is compiled, and leave nothing to run."""
    return _DEFINING


_DEFINING = frozenset(
    {
        "defun",
        "defmacro",
        "link",
        "defpat",
        "defpred",
        "defprol",
        "data@",
        "class@",
        "defspace",
        "dethread",
    }
)

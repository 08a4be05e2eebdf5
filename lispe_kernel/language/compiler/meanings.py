"""Whose a name is: the program's, by what was met so far, or the language's. Nothing here makes a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.reader import NIL_NAMES
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.context import Context
    from lispe_kernel.language.compiler.instances import InstanceScope
    from lispe_kernel.language.compiler.macro_calls import Macro
    from lispe_kernel.language.compiler.variables import Function, Signature, Variable


def linked(data: Any, links: dict[str, str]) -> Any:
    """Quoted data with the names that the text has linked: an alias is what it stands for."""
    if not links:
        return data
    if isinstance(data, Atom):
        name = links.get(data.name)
        return data if name is None else None if name in NIL_NAMES else Atom(name)
    return type(data)(linked(item, links) for item in data) if isinstance(data, list) else data


class Meanings:
    """What the resolver knows of names; it fills these tables."""

    context: Context
    function: Function
    scope: dict[str, Variable]
    signatures: dict[str, Signature]
    declarations: dict[str, Any]
    macros: dict[str, Macro]
    classes: dict[str, Any]
    globals_here: set[str]
    announced: set[str]
    instance: InstanceScope | None
    space: str
    thread: str

    def declared(self, name: str) -> Any:
        """The record maker, record group or class that a name means, or whatever else is global."""
        return self.declarations[name] if name in self.declarations else self.context.declared(name)

    def macro(self, name: str) -> Macro | None:
        return self.macros.get(name) or self.context.macros.get(name)

    def is_keyword(self, name: str) -> bool:
        """Whether a name belongs to the language: no function of the program may have it."""
        return name in special_forms or ((entry := self.context.library(name)) is not None and entry.keyword)

    def is_reserved(self, name: str) -> bool:
        """Whether no variable may have a name, either."""
        form, entry = special_forms.get(name), self.context.library(name)
        return (form is not None and not form.hidden) or (entry is not None and entry.reserved)

    def is_own(self, name: str) -> bool:
        """Whether a name in head position means a variable, a field or a method of the program."""
        if name in self.scope or self.user_defined(name) or name in self.globals_here:
            return True
        return self.instance is not None and (self.instance.holds(name) or self.instance.calls(name))

    def user_defined(self, name: str) -> bool:
        """Whether a name in head position means something of the user's, not of the library."""
        if name in self.signatures or name == self.function.frame.name:
            return True
        frame = self.function.frame
        if self.context.defined(name):
            # What Python calls `at` is not meant by `(@ l 0)`: the reader makes one name of both.
            return (entry := self.context.library(name)) is None or not entry.signed
        if frame.kind == "defun" and name in frame.variables:
            return True
        return name in self.globals_here and self.context.library(name) is not None

    def is_around(self, name: str) -> bool:
        """Whether a name is a variable, local or global, whatever instance is current."""
        known = name in self.scope or name in self.function.frame.variables or name in self.globals_here
        return known or self.context.defined(name)

    def is_function(self, name: str) -> bool:
        """Whether a function has a name, which then need not be a method's or a field's."""
        return name in self.signatures or self.context.defined(name) or self.context.library(name) is not None

    def means_something(self, name: str, instance: InstanceScope | None) -> bool:
        """Whether a name is a variable, a function or a word around a call of an instance."""
        if self.is_around(name) or name in special_forms or self.is_function(name):
            return True
        return instance is not None and (instance.holds(name) or instance.calls(name))

    def may_hold_instance(self, name: str) -> bool:
        """Whether a name is a variable: no function, macro, class or instruction."""
        local = name in self.scope or name in self.function.frame.variables
        if local or (self.instance is not None and name in self.instance.fields):
            return True
        if self.instance is not None and self.instance.calls(name):
            return False
        if name in special_forms:
            return self.is_own(name)
        if name in self.signatures or self.context.signature(name) is not None:
            return False
        if self.macro(name) is not None or name in self.classes or name in self.context.classes:
            return False
        return self.context.defined(name) or self.context.library(name) is None

    def signature(self, name: str) -> Signature | None:
        return self.signatures.get(name) or self.context.signature(name)

    def found_in_space(self, name: str) -> str:
        """The global name that a function's name means in the current space: its own, or the main one."""
        if self.thread == name:
            return f"thread {name}"
        own = f"{self.space} {name}" if self.space else name
        known = own in self.announced or own in self.signatures or self.context.defined(own)
        return own if known else name

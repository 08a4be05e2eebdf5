"""What the compiler knows of values before they exist, so that Python's operation can be used as it is.

Kinds: `natural`, `integer`, `number`; `text`; `boolean` (true or nil); `list` and `dictionary` (exactly our
List, our Dictionary); `numbers` (a typed list of numbers); `solid` (anything but text). Knowledge of a
local variable comes from what was assigned to it, or from an operation that would have failed otherwise:
after `(- n 1)`, n is no text. It ends where the variable is assigned again, at the end of a branch, and at
a loop that assigns it something else.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.registry import special_forms
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.scopes import Binding, PythonFunction

INTEGERS = frozenset({"natural", "integer"})
NUMBERS = INTEGERS | {"number"}
NOT_TEXT = NUMBERS | {"solid", "boolean", "list", "dictionary", "numbers"}
# Kinds whose truth in Python is their truth in LispE.
PLAIN_TRUTH = NUMBERS | {"text", "boolean", "list", "dictionary", "numbers"}


def arithmetic_kind(operator: str, a: str, b: str) -> str:
    """The kind of a result of + - * / % from the kinds of the operands."""
    if a not in NUMBERS or b not in NUMBERS:
        return "solid"
    if operator in "+*" and a == b == "natural":
        return "natural"
    return "integer" if operator in "+-*" and a in INTEGERS and b in INTEGERS else "number"


def may_assign(forms: list[Any], name: str, macros: tuple[dict[str, Any], ...]) -> bool:
    """Whether some form could assign the local variable: its name stands in an assigning special form."""
    atom = Atom(name)
    pending: list[Any] = list(forms)
    while pending:
        item = pending.pop()
        if not isinstance(item, list) or not item:
            continue
        pending.extend(item)
        head = item[0]
        if not isinstance(head, Atom):
            continue
        if any(head.name in known for known in macros):
            return True
        form = special_forms.get(head.name)
        if form is not None and form.may_set(item, atom):
            return True
    return False


class Kinds:
    """The part of the compiler that knows kinds."""

    function: PythonFunction
    bindings: dict[str, Binding]
    definite: set[str]
    _kinds: dict[str, str]
    # Local variables that some lambda assigns: nothing is known of them.
    shared: set[str]

    def kind(self, expression: ast.expr) -> str:
        """What is known of an expression's value; empty when nothing is."""
        if isinstance(expression, ast.Constant):
            return _constant_kind(expression.value)
        if isinstance(expression, ast.Name):
            return self._kinds.get(expression.id, "")
        return getattr(expression, "lispe_kind", "")

    def known(self, expression: ast.expr, kind: str) -> ast.expr:
        """Note what is known of an expression's value."""
        if kind:
            expression.lispe_kind = kind  # type: ignore[attr-defined]
        return expression

    def assume(self, name: str, kind: str) -> None:
        """Note what a Python variable holds from here on."""
        self._kinds[name] = kind

    def forget(self, name: str) -> None:
        self._kinds.pop(name, None)

    def learn(self, expression: ast.expr, kind: str) -> None:
        """Note what the value of a variable must be, or the code just compiled would have failed."""
        if isinstance(expression, ast.Name) and not self.kind(expression) and self.is_private(expression.id):
            self._kinds[expression.id] = kind

    def assigned_kind(self, statements: list[ast.stmt]) -> str:
        """What is known of the value that the last of some statements assigned."""
        last = statements[-1] if statements else None
        return self.kind(last.value) if isinstance(last, ast.Assign) else ""

    def is_private(self, name: str) -> bool:
        """A variable of this Python function that nothing called from here can change."""
        if name in self.shared or name in self.function.nonlocals or name in self.function.globals:
            return False
        if name.startswith(" "):
            return True
        binding = next((b for b in self.bindings.values() if b.name == name), None)
        if binding is not None:
            return binding.owner is self.function
        return self.function.kind == "defun" and name in self.definite


def _constant_kind(value: Any) -> str:
    if type(value) is int:
        return "natural" if value >= 0 else "integer"
    if type(value) in (float, complex):
        return "number"
    return "text" if type(value) is str else ""

"""Function arguments: an atom, a lambda or a quoted partial call as something Python can call.

`(maplist 'car l)`, `(maplist '(+ 1) l)`, `(maplist (λ (x) ...) l)` all pass through `callable_of`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.forms import LAMBDA, QUOTE
from lispe_kernel.language.printer import describe
from lispe_kernel.language.python.functions import across
from lispe_kernel.language.runtime import current, function_of_atom
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import List


def callable_of(value: Any, *, element_first: bool = False) -> Callable[..., Any]:
    """The Python callable for a LispE function argument.

    An atom is looked up in the session, a list is a lambda or a partial call `'(op v)`: the element goes
    where `_` stands, else last, or first when `element_first` (the composing family).

    Errors: `Unknown function call: 'name'` for an atom that names none, `Error: wrong function call: ... is
    not a function` for a value that cannot be called.
    """
    if isinstance(value, Atom):
        return _of_form(value) or across(function_of_atom(value))
    if isinstance(value, list):
        return _from_list(value, element_first)
    if callable(value):
        return across(value)  # type: ignore[no-any-return]
    raise LispeError(f"Error: wrong function call: {describe(value)} is not a function")


def _of_form(name: Atom) -> Callable[..., Any] | None:
    """`'or`, `'and`, `'if`: a form of which any values can be the parts, as a function of these.

    None for names of functions, and for forms that are not computed from values.
    """
    form = special_forms.get(name.name)
    if form is None or form.defines or form.needs_function or form.name == QUOTE.name:
        return None
    if form.rule.begins_with_variable is not False or current().function_named(name.name) is not None:
        return None
    made: dict[int, Callable[..., Any]] = {}

    def called(*values: Any) -> Any:
        function = made.get(len(values))
        if function is None:
            parts = List(Atom(f"part {index}") for index in range(len(values)))
            function = current().evaluate_form(List([LAMBDA, parts, List([name, *parts])]))
            made[len(values)] = function
        return function(*values)

    return called


def is_lambda(head: Any) -> bool:
    """Whether the head of a list made by a program, where aliases stand as written, makes it a lambda."""
    return isinstance(head, Atom) and special_forms.canonical(head.name) == LAMBDA.name


def _from_list(code: list[Any], element_first: bool) -> Callable[..., Any]:
    if not code:
        raise LispeError("Error: wrong function call: () is not a function")
    head = code[0]
    if is_lambda(head):
        return current().evaluate_form(code)  # type: ignore[no-any-return]
    if element_first and len(code) == 2 and not isinstance(head, Atom) and isinstance(code[1], Atom):
        # `'(v op)` computes (op v x)
        function, fixed = callable_of(code[1]), fixed_argument(head)
        return lambda element: function(fixed, element)
    function = callable_of(head)
    if isinstance(function, list):
        _check_end(function, code)
    fixed_arguments = [fixed_argument(item) for item in code[1:]]
    if None in fixed_arguments:
        slot = fixed_arguments.index(None)
        before, after = fixed_arguments[:slot], fixed_arguments[slot + 1 :]
        return lambda element: function(*before, element, *after)
    if element_first:
        return lambda element: function(element, *fixed_arguments)
    return lambda *elements: function(*fixed_arguments, *elements)


def fixed_argument(item: Any) -> Any:
    """The value of a fixed argument of a partial call that a program made: it is code, as in a call.

    Names of functions and lists that cannot be calls are themselves.
    """
    if isinstance(item, Atom):
        is_value = item is not TRUE and current().function_named(item.name) is None
        return current().evaluate_form(item) if is_value else item
    is_call = isinstance(item, list) and item and isinstance(item[0], Atom) and not is_lambda(item[0])
    return current().evaluate_form(item) if is_call else item


def _check_end(function: Any, code: list[Any]) -> None:
    """Errors when a list that names a list as its function comes back to itself."""
    seen = {id(code)}
    while isinstance(function, list):
        if id(function) in seen:
            raise LispeError(f"Error: wrong function call: {describe(code)} calls itself")
        seen.add(id(function))
        head = function[0] if function else None
        function = function_of_atom(head) if isinstance(head, Atom) and not is_lambda(head) else head

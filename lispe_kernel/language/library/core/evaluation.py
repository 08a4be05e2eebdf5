"""Calling and loading: `apply`, `load`, `loadcode`, `sleep`."""

from __future__ import annotations

import time
from typing import Any

from lispe_kernel.language.calling import callable_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.forms import QUOTE
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.paths import path_argument
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.runtime import current
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import TypedList


@function("apply", keyword=True)
def apply(function_: Any, arguments: Any) -> Any:
    """Call a function with the elements of a list as arguments.

    Example: (apply '+ '(1 2 3)) => 6
    Errors: `Error: arguments to 'apply' should be given as a list`.
    """
    if arguments is None:
        arguments = List()
    if not isinstance(arguments, (list, TypedList, LinkedList)):
        raise LispeError("Error: arguments to 'apply' should be given as a list")
    if isinstance(function_, Atom) and function_.name in special_forms:
        return _apply_form(function_, list(arguments))
    return callable_of(function_)(*arguments)


def _apply_form(name: Atom, arguments: list[Any]) -> Any:
    """`(apply 'if ...)`: the form with values in the place of its parts, a variable of its own as it is."""
    form = special_forms.get(name.name)
    variable = None if form is None or form.defines else form.rule.begins_with_variable
    if variable is None:
        raise LispeError(f"Error: apply: '{name.name}' is no function: it must be written as a form")
    written = [List([QUOTE, item]) if isinstance(item, (list, Atom)) else item for item in arguments]
    return current().evaluate_form(List([name, *arguments[:variable], *written[variable:]]))


def _space(name: str, space: Any) -> str:
    if space is None:
        return ""
    if not isinstance(space, Atom):
        raise wrong_argument(name, 2, "the name of a space", space)
    return space.name


@function("load", keyword=True)
def load(file: str, space: Any = None) -> Any:
    """Run a LispE file and return its last value. A file that was loaded before is not run again.

    A relative path is looked for beside the program, then in the current folder.

    Example: (maybe (load "no such file.lisp") "missing") => missing
    Errors: `Unknown file: PATH`, and the errors of the file itself.
    """
    return current().load_file(path_argument("load", 1, file), _space("load", space))


@function("loadcode", keyword=True)
def loadcode(text: str, space: Any = None) -> Any:
    """Compile and run a text; its last value.

    Example: (loadcode "(+ 1 2)") => 3
    """
    if not isinstance(text, str):
        raise wrong_argument("loadcode", 1, "a text", text)
    name = _space("loadcode", space)
    if name:
        return current().evaluate_in_space(text, "loadcode", name)
    return current().evaluate(text, "loadcode")


@function("sleep", keyword=True)
def sleep(milliseconds: Any) -> Atom:
    """Pause for so many milliseconds.

    Example: (sleep 1) => true
    """
    if not isinstance(milliseconds, (int, float)) or not 0 <= milliseconds < float("inf"):
        raise wrong_argument("sleep", 1, "a number of milliseconds, 0 or more", milliseconds)
    time.sleep(milliseconds / 1000)
    return TRUE


_SLOTS = 16


def _slot(name: str, index: Any) -> int:
    if type(index) is not int or not 0 <= index < _SLOTS:
        raise wrong_argument(name, 1, f"a slot from 0 to {_SLOTS - 1}", index)
    return index


@function("setfast", keyword=True, silent=True)
def setfast(slot: Any, value: Any) -> Atom:
    """Keep a value in one of the session's sixteen slots.

    Example: (setfast 3 "kept") => true
    """
    current().slots[_slot("setfast", slot)] = value
    return TRUE


@function("getfast", keyword=True)
def getfast(slot: Any) -> Any:
    """The value kept in a slot, nil when there is none.

    Example: (getfast 15) => nil
    """
    return current().slots.get(_slot("getfast", slot))

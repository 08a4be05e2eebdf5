"""Objects of Python's in LispE's own forms: modules, attributes, methods, what `loop` goes through.

An object is whatever is neither a value of LispE's own nor seen as one: a module, a tensor, an instance of
any class of Python's. What comes out of one is seen as LispE's (`border.py`), what goes in is given as
Python's.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from lispe_kernel.language.errors import LispeError, said_by
from lispe_kernel.language.printer import describe, kind_of, plainly, register_kind
from lispe_kernel.language.python import containers as _containers  # noqa: F401 - what crosses is registered there
from lispe_kernel.language.python.border import given, to_lispe, to_python
from lispe_kernel.language.python.functions import PythonFunction, names_of
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.instances import Instance
from lispe_kernel.language.values.views import View

_OWN = "lispe_kernel.language"


def is_object(value: Any) -> bool:
    """Whether a value is an object of Python's, whose attributes `@` reads under an atom."""
    if isinstance(value, (PythonFunction, ModuleType)):
        return True
    module = type(value).__module__
    if module == "builtins":
        return kind_of(value) is None
    return not (module.startswith(_OWN) or isinstance(value, Instance))


def imported(name: str) -> ModuleType:
    """The Python module of a name. Errors when there is none, or when it cannot be imported."""
    try:
        found = importlib.import_module(name)
        current().meet_python()
        return found
    except ModuleNotFoundError as error:
        missing = error.name or name
        if missing == name or name.startswith(missing + "."):
            raise LispeError(
                f"Error: import: there is no Python module '{name}'{_near(missing, sys.modules)}"
            ) from error
        raise LispeError(
            f"Error: import: '{name}' needs the module '{missing}', which is not there"
        ) from error
    except Exception as error:
        raise LispeError(f"Error: import: '{name}' could not be imported: {error}") from error


def element(value: Any, key: Any) -> Any:
    """`(@ object 'name)` is an attribute, `(@ object key)` what stands under a key."""
    base = to_python(value)
    if type(key) is Atom:
        return to_lispe(_attribute(base, key.name, "@"))
    try:
        return to_lispe(base[to_python(key)])
    except (IndexError, KeyError):
        raise LispeError(f"Error: index out of bounds: {describe(value)} has no {describe(key)}") from None
    except TypeError as error:
        raise LispeError(
            f"Error: @: {describe(value)} cannot be indexed by {describe(key)}: {said_by(error)}"
        ) from error


def part(value: Any, keys: tuple[Any, ...]) -> Any:
    """`(@ object (: 1 3) 0)`: what stands under several keys at once, ranges among them."""
    try:
        return to_lispe(to_python(value)[_together(keys)])
    except Exception as error:
        raise LispeError(
            f"Error: @: {describe(value)} cannot be indexed by these keys: {said_by(error)}"
        ) from error


def store_part(value: Any, keys: tuple[Any, ...], stored: Any) -> None:
    """`(set@ object (: 1 3) 0 stored)`."""
    try:
        to_python(value)[_together(keys)] = given(stored)
    except Exception as error:
        raise LispeError(f"Error: set@: {describe(value)} does not take these keys: {error}") from error


def _together(keys: tuple[Any, ...]) -> Any:
    found = tuple(map(given, keys))
    return found if len(found) > 1 else found[0]


def store(value: Any, key: Any, stored: Any) -> None:
    """`(set@ object 'name stored)` and `(set@ object key stored)`."""
    base = to_python(value)
    if _is_ours(type(base)) or (type(key) is not Atom and not hasattr(type(base), "__setitem__")):
        what = "nothing" if type(key) is Atom else "no places"
        raise LispeError(f"Error: set@: {describe(value)} has {what} that can be set")
    try:
        if type(key) is Atom:
            setattr(base, key.name, to_python(stored))
        else:
            base[to_python(key)] = to_python(stored)
    except Exception as error:
        raise LispeError(
            f"Error: set@: {describe(value)} does not take {describe(key)}: {said_by(error)}"
        ) from error


def _is_ours(cls: type) -> bool:
    """Whether a class is the kernel's own, and its attributes its own business (a module's are not)."""
    own_way: Any = cls.__setattr__
    return cls.__module__.startswith("lispe_kernel.") and own_way is object.__setattr__


def method(value: Any, name: str) -> Any:
    """What `(->name object ...)` calls. Errors with near names when the object has no such method."""
    # A view of LispE's is itself: a method may change it.
    found = _attribute(value if type(value) is View else to_python(value), name, f"->{name}")
    if not callable(found):
        raise LispeError(
            f"Error: ->{name}: '{name}' of {describe(value)} is no method but a value: (@ object '{name})"
        )
    return PythonFunction(found)


def elements(value: Iterable[Any]) -> Iterator[Any]:
    """What `loop` goes through."""
    return map(to_lispe, to_python(value))


def _attribute(base: Any, name: str, form: str) -> Any:
    try:
        return getattr(base, name)
    except AttributeError as error:
        for other in names_of(name):
            if hasattr(base, other):
                return getattr(base, other)
        if getattr(error, "name", name) != name:
            raise LispeError(f"Error: {form}: {error}") from error
        known = [known for known in dir(base) if not known.startswith("_")]
        raise LispeError(f"Error: {form}: {_called(base)} has no '{name}'{_near(name, known)}") from None


def _called(base: Any) -> str:
    if isinstance(base, ModuleType):
        return f"the module {base.__name__}"
    if isinstance(base, type):
        return f"the class {base.__name__}"
    name = type(base).__name__
    return f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name} of Python's"


def _near(name: str, names: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - start-up: only an unknown name needs it

    found = difflib.get_close_matches(name, list(names), n=3, cutoff=0.7)
    return f" (did you mean {' or '.join(repr(other) for other in found)}?)" if found else ""


register_kind(ModuleType, "python_module_", plainly(lambda module: module.__name__))

HELPERS: dict[str, Any] = {" method": method, " imported": imported}

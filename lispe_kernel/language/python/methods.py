"""Methods of LispE's classes under their own names, for Python's code: `model.merged(x)`.

LispE keeps a method under its name with a blank before it, so that no field hides it. Python's code finds it
without: called so, it runs in the session of its class, in the caller's own thread, with values as each side
has them. A name that is a field's, or that the class has from Python already, stays what it is.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.language import runtime
from lispe_kernel.language.python.border import to_lispe, to_python
from lispe_kernel.language.values.instances import Instance


class _Bound:
    """A method of an instance for Python's code."""

    def __init__(self, instance: Instance, name: str) -> None:
        self.__self__ = instance
        self.__name__ = name

    def __call__(self, *values: Any, **named: Any) -> Any:
        instance = self.__self__
        function = type(instance).lispe_method(self.__name__)
        session = function.__globals__["__builtins__"][" session"]
        token = None if runtime.is_running() else runtime.enter(session)
        try:
            given = {name: to_lispe(value) for name, value in named.items()}
            answer = function(instance, *map(to_lispe, values), **given)
        except Exception as error:
            if token is None:
                raise
            raise session.explained(error) from error
        finally:
            if token is not None:
                runtime.leave(token)
        return to_python(answer)

    def __repr__(self) -> str:
        return f"<method {self.__name__} of {type(self.__self__).__name__}>"


class _Method:
    """What a class has under the name of a method."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Instance | None, _owner: type) -> Any:
        if instance is None:
            return self
        # A field that only this instance has may lie where Python looks later.
        return (
            instance.lispe_values()[self.name]
            if instance.lispe_has(self.name)
            else _Bound(instance, self.name)
        )


def define(cls: type[Instance], name: str, function: Any) -> None:
    """Give a class a method, whose name begins with a blank, or its `__init__`."""
    cls.lispe_define(name, function)
    plain = name[1:]
    held = plain in (*cls.lispe_fields, *cls.lispe_extras)
    if name[:1] == " " and name[:3] != " __" and not held and not hasattr(cls, plain):
        setattr(cls, plain, _Method(plain))


def drop(cls: type[Instance], name: str) -> None:
    """Take a method from the class that declares it."""
    cls.lispe_drop(name)
    if isinstance(vars(cls).get(name[1:]), _Method):
        delattr(cls, name[1:])

"""Instances of the classes that `class@` declares.

A LispE class is a Python class: its methods are the class's functions under their name with a blank
before it, the fields are the attributes of the instance. So a field or a method costs what it costs in
Python, and no field can hide a method.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.runtime import function_of_atom
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.equality import equal, equal_inside
from lispe_kernel.language.values.lists import List, deep_copy
from lispe_kernel.language.values.positions import OUT_OF_BOUNDS


class Instance:
    """The base of all LispE classes; what the compiler makes of a `class@` it writes into these."""

    __hash__ = object.__hash__
    lispe_fields: ClassVar[tuple[str, ...]] = ()
    # The fields with their defaults, in order, as forms.
    lispe_defaults: ClassVar[dict[str, Any]] = {}
    # What each new instance sets itself: forms with their places.
    lispe_initial: ClassVar[dict[str, tuple[Any, Any]]] = {}
    # The error text for a wrong number of arguments.
    lispe_mismatch: ClassVar[str] = ""
    # Fields that methods may add with setqi.
    lispe_extras: ClassVar[frozenset[str]] = frozenset()
    # Fields that methods assign.
    lispe_assigned: ClassVar[frozenset[str]] = frozenset()
    lispe_methods: ClassVar[frozenset[str]] = frozenset()
    lispe_parent: ClassVar[type | None] = None
    lispe_type: ClassVar[Atom]
    # Names that no field may have where the class is more than LispE's (`faces.py`).
    lispe_taken: ClassVar[frozenset[str]] = frozenset()
    # The method that runs when Python calls an instance; without one a call is the value of its last form.
    lispe_called: ClassVar[str] = ""
    # The methods for which libraries make instances callable, and the classes of their own objects that are
    # called in the same way.
    lispe_callers: ClassVar[set[str]] = set()
    lispe_called_classes: ClassVar[list[tuple[str, type]]] = []
    # The declaration, as data.
    lispe_source: ClassVar[Any] = None

    def lispe_begin(self) -> None:
        """Make ready what must be there before the first field."""

    def lispe_values(self) -> dict[str, Any]:
        """The fields that are set, by name."""
        return {name: value for name, value in self.__dict__.items() if name[:1] != " "}

    @staticmethod
    def lispe_plain(value: Any) -> Any:
        """What a field holds without what the class made of it."""
        return value

    def lispe_has(self, name: str) -> bool:
        """Whether a field is set."""
        return name in self.__dict__

    @classmethod
    def lispe_define(cls, name: str, function: Any) -> None:
        """Take a method, whose name begins with a blank, or the class's `__init__`."""
        setattr(cls, name, function)

    @classmethod
    def lispe_drop(cls, name: str) -> None:
        """Forget a method that the class itself declares."""
        delattr(cls, name)

    @classmethod
    def lispe_own(cls) -> dict[str, Any]:
        """The methods of the class itself, as `lispe_define` took them."""
        return {name: value for name, value in vars(cls).items() if name[:1] == " "}

    @classmethod
    def lispe_method(cls, name: str) -> Any:
        """The function that the class or a parent declares for a method; a call may do more."""
        return getattr(cls, f" {name}")

    def __call__(self, *values: Any) -> Any:
        """Forms that could be evaluated without the instance: the value of the last."""
        _refuse_half(self)
        return values[-1] if values else None

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and equal_inside(self, other, _same_fields))

    def lispe_clean(self) -> None:
        """Run the destructor that `toclean` named; its errors are nobody's."""
        name = self.__dict__.get(" clean")
        if name is None:
            return
        try:
            getattr(self, f" {name}")()
        except Exception as error:
            self.__dict__[" clean error"] = error


def pairs(instance: Instance) -> list[tuple[str, Any]]:
    """Fields with their values: the declared ones in order, then those added to this instance."""
    values, declared = instance.lispe_values(), type(instance).lispe_fields
    added = [name for name in values if name not in declared]
    return [(name, values.get(name)) for name in (*declared, *added)]


def _same_fields(a: Instance, b: Instance) -> bool:
    names, others = pairs(a), pairs(b)
    return len(names) == len(others) and all(
        name == other and equal(value, stored)
        for (name, value), (other, stored) in zip(names, others, strict=True)
    )


def field_values(instance: Instance) -> list[Any]:
    return [value for _, value in pairs(instance)]


def _name(instance: Instance, key: Any) -> str:
    names = [name for name, _ in pairs(instance)]
    if isinstance(key, Atom):
        key = key.name
    if isinstance(key, str) and key in names:
        return key
    if type(key) is int and -len(names) <= key < len(names):
        return names[key]
    raise LispeError(f"{OUT_OF_BOUNDS}: {instance.lispe_type.name} has the fields {' '.join(names)}")


def _element(instance: Instance, key: Any) -> Any:
    name = key.name if type(key) is Atom else key
    if type(name) is not str or name[:1] == " " or not instance.lispe_has(name):
        name = _name(instance, key)
    return getattr(instance, name) if instance.lispe_has(name) else None


def _put(instance: Instance, key: Any, value: Any) -> None:
    name = key.name if type(key) is Atom else key
    if type(name) is not str or name[:1] == " " or not instance.lispe_has(name):
        name = _name(instance, key)
    setattr(instance, name, value)


def _copy(instance: Instance) -> Instance:
    made = type(instance).__new__(type(instance))
    for name, value in instance.__dict__.items():
        made.__dict__[name] = deep_copy(value)
    return made


def _write(instance: Instance, show: Any) -> str:
    parts = (f'"{name}":{show(value)}' for name, value in pairs(instance))
    return f"({' '.join([instance.lispe_type.name, *parts])})"


# What an instance answers; a face of its own may say more.
ANSWERS = Answers(
    element=_element,
    put=_put,
    size=lambda instance: len(pairs(instance)),
    iterate=field_values,
    flatten=field_values,
    keys=lambda instance: List(name for name, _ in pairs(instance)),
    copy=_copy,
    truth=lambda _instance: True,
)
register_kind(Instance, "instance_", _write, nests=True, atom_of=lambda instance: instance.lispe_type)
register_answers(Instance, ANSWERS)


def has_field(instance: Instance, name: str) -> bool:
    return instance.lispe_has(name)


def field_or(instance: Instance, name: str, unset: Any) -> Any:
    """What a field holds that a method may have set before the instance was initialized."""
    return getattr(instance, name) if instance.lispe_has(name) else unset


def parent_method(cls: type[Instance], name: str) -> Any:
    """What `(from@ Parent (name ...))` calls."""
    return cls.lispe_method(name)


def _refuse_half(instance: Instance) -> None:
    """Errors for an instance that has the method by which others are called and cannot be called itself."""
    asked = next((method for method in Instance.lispe_callers if method in instance.lispe_methods), "")
    if asked:
        raise LispeError(
            f"Error: an instance of {type(instance).__name__} cannot be called: it has the method {asked}, "
            f"and fields that such an instance cannot have; (instance ({asked} ...)) calls the method"
        )


def goes_inside(value: Any, names: str, methods: str) -> bool:
    """Whether forms are evaluated inside a value; else they are arguments of its call.

    methods: what the forms call that is a method of some class and a function, too. names: fields of the
    instance that they speak of. Errors: for an instance that can be called, and has no such method, when
    they do; whether its fields or variables around are meant, the form does not say.
    """
    if not isinstance(value, Instance):
        return False
    called = value.lispe_called
    if methods and (not called or any(hasattr(type(value), " " + name) for name in methods.split())):
        return True
    if not called:
        _refuse_half(value)
    if called and names:
        raise LispeError(
            f"Error: is {names} the field or the variable? (instance ({called} ...)) calls the instance, "
            f"(@ instance '{names.split()[0]}) is its field"
        )
    return not called


def has_method(value: Any, names: str) -> bool:
    """Whether forms that call what may be methods are evaluated inside a value; else they are its arguments.

    An instance that can be called goes inside for its own methods alone: `(layer (norm x))` calls the layer.
    """
    if not isinstance(value, Instance):
        return False
    return not value.lispe_called or any(hasattr(type(value), " " + name) for name in names.split())


def new_instance(cls: Any) -> Any:
    """An instance whose fields are still to be set."""
    return cls.__new__(cls)


def check_class(instance: Any, cls: type) -> None:
    """Errors when a value is not an instance of exactly this class."""
    if type(instance) is not cls:
        raise LispeError("Error: mismatch between class instance and class definition")


def to_clean(instance: Instance, method: Any) -> None:
    """Remember the method that runs when the instance is deleted."""
    instance.__dict__[" clean"] = method.name if isinstance(method, Atom) else str(method)


def is_called_by(value: Any, method: str) -> bool:
    """Whether an object of a library's own is called by `(object (method ...))`."""
    return any(method == known and isinstance(value, cls) for known, cls in Instance.lispe_called_classes)


def field_or_function(value: Any, name: str) -> Any:
    """What a field holds, if it is a function or another object that is called; else the function."""
    return value if callable(value) and not isinstance(value, (list, Atom)) else function_of_atom(Atom(name))


def method_or_function(instance: Any, name: str) -> Any:
    """A method of the instance, else the function of the program with that name, else what a field holds."""
    found = getattr(instance, " " + name, None)
    if found is not None:
        return found
    try:
        return function_of_atom(Atom(name))
    except LispeError:
        field = getattr(instance, name) if instance.lispe_has(name) else None
        if not callable(field) or isinstance(field, (list, Atom)):
            raise
        return field


HELPERS: dict[str, Any] = {
    " field values": field_values,
    " has field": has_field,
    " field or": field_or,
    " goes inside": goes_inside,
    " has method": has_method,
    " new instance": new_instance,
    " parent method": parent_method,
    " check class": check_class,
    " to clean": to_clean,
    " is called by": is_called_by,
    " field or function": field_or_function,
    " method or function": method_or_function,
}

"""Classes that change while their instances live: declared again, or given a further base by a library.

A library may say what the instances of classes with a certain method are besides: it gives a *face*, a base
class made of `Instance` and a class of Python's. Classes with that method have it from their making; those
made before the library was there get it when it comes. An instance keeps its fields through every change:
it is asked for them before and given them after. Nothing here knows what a face is good for.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable
from typing import Any

from lispe_kernel.language.python.methods import define, drop
from lispe_kernel.language.values.instances import Instance

# The faces by the method that asks for them; every class that was made.
_faces: dict[str, type[Instance]] = {}
_classes: weakref.WeakSet[type[Instance]] = weakref.WeakSet()


def register_face(method: str, face: type[Instance], like: type) -> None:
    """Give the face to all classes with the method whose fields have no names that are the face's own.

    like: the class of the library's own objects that are called by that method.
    """
    _faces[method] = face
    Instance.lispe_callers.add(method)
    Instance.lispe_called_classes.append((method, like))
    # Parents first: what they get their heirs have.
    for cls in sorted(_classes, key=lambda cls: len(cls.__mro__)):
        if not issubclass(cls, face) and _wants(face, method, cls.lispe_methods, cls.lispe_fields, cls):
            change(cls, (face, *cls.__bases__))


def made_class(name: str, parent: type[Instance], content: dict[str, Any]) -> type[Instance]:
    """A new class of LispE with the faces that its methods ask for."""
    fields: tuple[str, ...] = content["lispe_fields"]
    names = (*fields, *content["lispe_extras"])
    more = [
        face
        for method, face in _faces.items()
        if not issubclass(parent, face) and _wants(face, method, content["lispe_methods"], names, parent)
    ]
    made: type[Instance] = type(name, (*more, parent), content | {"__module__": "lispe"})
    _classes.add(made)
    return made


def _wants(
    face: type[Instance], method: str, methods: Iterable[str], names: Iterable[str], parent: type
) -> bool:
    extras: Iterable[str] = getattr(parent, "lispe_extras", ())
    return method in methods and not face.lispe_taken.intersection((*names, *extras))


def worn(instance: Instance, method: str) -> bool:
    """Give the class of an instance the face of a method that it lacks; whether its names leave it that."""
    face, cls = _faces[method], type(instance)
    if face.lispe_taken.intersection((*cls.lispe_fields, *cls.lispe_extras)):
        return False
    change(cls, (face, *cls.__bases__))
    return True


def lacking(cls: type[Instance]) -> tuple[str, list[str]]:
    """Why a class has no face: the method that it lacks, or the fields whose names are the face's."""
    for method, face in _faces.items():
        if method not in cls.lispe_methods:
            return method, []
        return method, sorted(face.lispe_taken.intersection((*cls.lispe_fields, *cls.lispe_extras)))
    return "", []


def take_over(old: type[Instance], new: type[Instance]) -> None:
    """A class is declared again: its instances, and the classes that inherit from it, are the new one's."""
    for heir in old.__subclasses__():
        _follow(heir, new, tuple(new if base is old else base for base in heir.__bases__))
    for instance in _instances(old):
        _move(instance, new)


def _follow(cls: type[Instance], parent: type[Instance], bases: tuple[type, ...]) -> None:
    """Give an heir its parent's methods as they are now, and the faces that its own methods ask for."""
    cls.lispe_methods = frozenset(name[1:] for name in cls.lispe_own()) | parent.lispe_methods
    cls.lispe_parent = parent
    more = [
        face
        for method, face in _faces.items()
        if not any(issubclass(base, face) for base in bases)
        and _wants(face, method, cls.lispe_methods, cls.lispe_fields, cls)
    ]
    change(cls, (*more, *bases))
    for heir in cls.__subclasses__():
        _follow(heir, cls, heir.__bases__)


def change(cls: type[Instance], bases: tuple[type, ...]) -> None:
    """Give a class other bases; the instances of it and of its heirs keep their fields."""
    concerned = [cls, *_heirs(cls)]
    kept = [(instance, instance.lispe_values()) for each in concerned for instance in _instances(each)]
    before = {each: _face_of(each) for each in concerned}
    methods = {each: each.lispe_own() for each in concerned}
    for each, own in methods.items():
        for name in own:
            drop(each, name)
    if "__new__" in vars(cls):
        del cls.__new__
    cls.__bases__ = tuple(base for base in bases if not _is_above(base, bases))
    if before[cls] is not None and _face_of(cls) is None:
        # Python would still make its instances as if the lost base were there.
        cls.__new__ = staticmethod(_plain)  # type: ignore[assignment]
    for each, own in methods.items():
        for name, function in own.items():
            define(each, name, function)
    for instance, values in kept:
        if _face_of(type(instance)) is not before[type(instance)]:
            _begin_anew(instance, values, before[type(instance)])


def _plain(cls: type[Instance], *_values: Any, **_named: Any) -> Instance:
    return object.__new__(cls)


def _is_above(base: type, bases: tuple[type, ...]) -> bool:
    """Whether a base is there through another one, which must then stand alone."""
    return any(other is not base and issubclass(other, base) for other in bases)


def _heirs(cls: type[Instance]) -> list[type[Instance]]:
    return [heir for child in cls.__subclasses__() for heir in (child, *_heirs(child))]


def _face_of(cls: type[Instance]) -> type[Instance] | None:
    return next((face for face in _faces.values() if issubclass(cls, face)), None)


def _instances(cls: type[Instance]) -> list[Instance]:
    """All instances of exactly this class. Python's collector knows them: nothing is kept for it."""
    return [found for found in gc.get_referrers(cls) if type(found) is cls]


def _move(instance: Instance, cls: type[Instance]) -> None:
    if _face_of(type(instance)) is _face_of(cls):
        instance.__class__ = cls
        return
    values, before = instance.lispe_values(), _face_of(type(instance))
    instance.__class__ = cls
    _begin_anew(instance, values, before)


def _begin_anew(instance: Instance, values: dict[str, Any], before: type[Instance] | None) -> None:
    """Make an instance what its class is now, with the fields that it had under another face."""
    hidden = {name: value for name, value in instance.__dict__.items() if name.startswith(" ")}
    instance.__dict__.clear()
    instance.lispe_begin()
    instance.__dict__.update(hidden)
    for name, value in values.items():
        setattr(instance, name, value if before is None else before.lispe_plain(value))

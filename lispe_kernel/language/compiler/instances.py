"""Instances: what a name means inside one, `(Class value...)`, `(obj (method a...)...)`.

In a method, and in the forms of a call of an instance, names may be fields or methods of the current one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.macro_calls import as_seen
from lispe_kernel.language.compiler.statements import Assign, Raise, Target, ToField, ToVariable
from lispe_kernel.language.compiler.tree import (
    Block,
    Call,
    Constant,
    Field,
    Global,
    If,
    Node,
    Python,
    Read,
    SelfCall,
)
from lispe_kernel.language.compiler.variables import Variable, python_name
from lispe_kernel.language.errors import CompileError
from lispe_kernel.language.forms import Form, head, heads, is_list, speaks_of, targets
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.special_forms.free_names import called_names, free_names
from lispe_kernel.language.values.atoms import EMPTY, Atom
from lispe_kernel.language.values.instances import Instance

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

SETQ, SETQI, NAMED, THIS = Atom("setq"), Atom("setqi"), Atom("?"), Atom("this")
# The kind of a value that surely is an instance of some class.
INSTANCE = "instance"


class InstanceScope:
    """The instance that is current where a form is resolved.

    variable: what holds it. classes: the classes it may be of. inside: whether the form stands in a method
    of the (one) class, so that its fields are surely there. parent: the name of the class whose methods are
    called whatever the instance's own are (`from@`). outer: the instance that is current around. guessed:
    names that a class of a later text may have for methods.
    """

    def __init__(
        self,
        variable: Variable,
        classes: list[Any],
        *,
        inside: bool,
        parent: str = "",
        outer: InstanceScope | None = None,
        guessed: Iterable[str] = (),
    ) -> None:
        self.variable, self.inside, self.parent, self.outer = variable, inside, parent, outer
        self.fields = frozenset(f for cls in classes for f in cls.lispe_fields)
        self.extras = frozenset(f for cls in classes for f in cls.lispe_extras)
        known = frozenset(m for cls in classes for m in cls.lispe_methods)
        self.guessed, self.methods = frozenset(guessed) - known, known.union(guessed)

    def variable_node(self, r: Resolver, name: str) -> Node | None:
        """A name as a field; None when it is none."""
        if self.inside and name in self.fields:
            r.function.uses(self.variable)
            field = Field(r.place, self.variable, name, certain=True)
            return r.pending(name, field)
        if name not in self.fields and name not in self.extras:
            return self.outer.variable_node(r, name) if self.outer is not None else None
        r.function.uses(self.variable)
        with self.set_aside(r):
            try:
                otherwise = r.name(Atom(name))
            except CompileError:  # a function of the language, which is no value
                return Field(r.place, self.variable, name, certain=True)
        if self.inside:
            # A local variable of the method wins over a field that another method may add.
            return r.pending(name, Field(r.place, self.variable, name, certain=False, otherwise=otherwise))
        return Field(r.place, self.variable, name, certain=False, otherwise=otherwise, outside=True)

    @contextmanager
    def set_aside(self, r: Resolver) -> Iterator[None]:
        """Resolve with the instance around this one current."""
        kept, r.instance = r.instance, self.outer
        try:
            yield
        finally:
            r.instance = kept

    def target(self, r: Resolver, name: str) -> Target | None:
        """A field as the target of an in-place operator; None when the name is no field."""
        if name in self.fields or name in self.extras:
            if not self.inside and r.means_something(name, self.outer):
                return None
            r.function.uses(self.variable)
            return ToField(self.variable, name)
        return self.outer.target(r, name) if self.outer is not None and not self.inside else None

    def around(self) -> dict[str, Variable]:
        """The instances that are current here, outermost first, by names that say what `standing_in` asks."""
        found = self.outer.around() if self.outer is not None else {}
        words = [f" {len(found):03}", "method" if self.inside else "call", self.parent]
        return {**found, " ".join(words).rstrip(): self.variable}

    def calls(self, name: str) -> bool:
        """Whether a name in head position is a method here."""
        return name in self.methods or (self.outer is not None and self.outer.calls(name))

    def holds(self, name: str) -> bool:
        """Whether a name in head position is a field of the object whose method this is."""
        if self.inside and (name in self.fields or name in self.extras):
            return True
        return self.outer is not None and self.outer.holds(name)

    def knows(self, name: str) -> bool:
        """Whether a name may be a field here, if it means nothing else."""
        if name in self.fields or name in self.extras:
            return True
        return self.outer is not None and self.outer.knows(name)

    def call(self, r: Resolver, form: Form) -> Node:
        """A call of a method of the instance."""
        name = form[0].name
        if name not in self.methods:
            assert self.outer is not None
            return self.outer.call(r, form)
        arguments = r.arguments(form)
        instance = r.read(self.variable)
        method = Constant(r.place, " " + name)
        if self.parent:
            parent = Global(r.place, python_name(self.parent))
            found: Node = r.helper(" parent method", parent, Constant(r.place, name))
            return Call(r.place, found, [instance, *arguments])
        if name in self.guessed or (not self.inside and r.is_function(name)):
            found = r.helper(" method or function", instance, Constant(r.place, name))
            return Call(r.place, found, arguments)
        called = Call(r.place, Python(r.place, ".", instance, method), arguments)
        return self._own_turn(r, name, instance, arguments, called)

    def _own_turn(self, r: Resolver, name: str, instance: Node, arguments: list[Node], called: Call) -> Node:
        """A method that calls itself: a turn, where the instance's method is this very one."""
        function = r.function
        own = function.owner is not None and function.name == name and self.inside
        if not own or self.variable is not function.instance.variable or function.rest is not None:
            return called
        given, most = len(arguments) + 1, len(function.parameters)
        if not most - len(function.defaults) <= given <= most:
            return called
        function.calls_itself = True
        is_own = Python(r.place, "is", Python(r.place, " type", instance), Constant(r.place, function.owner))
        return SelfCall(r.place, function, [instance, *arguments], called, is_own)


# -- instances made -----------------------------------------------------------------------------------


def create(r: Resolver, cls: Any, form: Form) -> Node:
    """A new instance; argument forms that speak of its methods or fields are evaluated inside it."""
    positional, named = _split(r, cls, form)
    python = python_name(cls.__name__)
    called, spoken_of = {SETQI.name, *cls.lispe_methods}, {SETQI.name, *cls.lispe_fields}
    if not any(speaks_of(v, called, spoken_of) for v in (*positional[1:], *(v for _, v in named))):
        arguments = r.arguments(positional)
        keywords = [(python_name(n), r.node(v)) for n, v in named]
        return Call(r.place, Global(r.place, python), arguments, keywords, INSTANCE)
    made = r.temporary()
    nodes: list[Node] = [r.bind(made, r.helper(" new instance", Global(r.place, python)))]
    outer = r.instance
    r.instance = InstanceScope(made, [cls], inside=False, outer=outer)
    given: list[Node] = []
    keywords = []
    try:
        for index in range(1, len(positional)):
            value = r.temporary()
            argument = r.node(positional[index], positional.spans[index])
            nodes += [r.bind(value, argument), without_empty(r, value)]
            given.append(r.read(value))
            if index <= len(cls.lispe_defaults):
                nodes.append(Assign(r.place, ToField(made, cls.lispe_fields[index - 1]), r.read(value)))
        for name, item in named:
            value = r.temporary()
            nodes.append(r.bind(value, r.node(item)))
            keywords.append((python_name(name), r.read(value)))
    finally:
        r.instance = outer
    # What a method that made a value has set is neither lost to an argument nor to a default.
    for index, name in enumerate(cls.lispe_defaults):
        if name in cls.lispe_assigned and name not in dict(named):
            field, unset = r.constant(python_name(name)), Global(r.place, " unset")
            if index < len(given):
                given[index] = r.helper(" field or", r.read(made), field, given[index])
            else:
                keywords.append((python_name(name), r.helper(" field or", r.read(made), field, unset)))
    start = Python(r.place, ".", r.read(made), r.constant("__init__"))
    return Block(r.place, [*nodes, Call(r.place, start, given, keywords), r.read(made)])


def without_empty(r: Resolver, given: Variable) -> Node:
    """Nil where the empty atom is given, which `println` gives: no field holds it."""
    is_empty = Python(r.place, "is", Read(r.place, given), r.constant(EMPTY))
    return If(r.place, is_empty, r.assign(ToVariable(given), r.nil()), r.nil())


def _split(r: Resolver, cls: Any, form: Form) -> tuple[Form, list[tuple[str, Any]]]:
    """Values by position, and those given as (setqi field value) or (? field value)."""
    items, spans = [form[0]], [form.spans[0]]
    named: list[tuple[str, Any]] = []
    for item, span in zip(form[1:], form.spans[1:], strict=True):
        name = head(item)
        if name is SETQ:
            raise r.error("Error: Uses 'setqi' instead of 'setq' in a class instantiation", span)
        if name in (SETQI, NAMED) and len(item) == 3 and isinstance(item[1], Atom):
            if item[1].name not in cls.lispe_defaults:
                raise r.error(f"Error: the class '{cls.__name__}' has no field '{item[1].name}'", span)
            named.append((item[1].name, item[2]))
        else:
            items.append(item)
            spans.append(span)
    return Form(items, form.span, spans), named


# -- calls of an instance -----------------------------------------------------------------------------


def instance_call(r: Resolver, form: Form) -> Node | None:
    """`(obj (m a...)...)`; None for a form that cannot be one."""
    if not _may_be_one(r, form):
        return None
    seen = as_seen(r, form)
    classes, start, exact = _classes_of(r, seen)
    if not classes:
        return _guess(r, form, seen)
    subject, bound = _named(r, r.node(form[0], form.spans[0]))
    # A method of a class that is known may stand in an argument of one that comes later.
    later = () if exact else [m for m in _guessed(r, seen) if not r.means_something(m, r.instance)]
    scope = InstanceScope(subject, classes, inside=False, outer=r.instance, guessed=later)
    scope.extras |= set(targets(seen.rest(start), (SETQI.name,))) - scope.fields
    if exact is None:  # fields of a class that comes later may stand beside those of one that is known
        scope.extras |= _unknown(r, seen)[1] - scope.fields
    else:
        check = r.helper(" check class", r.read(subject), Global(r.place, python_name(exact.__name__)))
        return Block(r.place, [bound, check, _inside(r, scope, form, start)])
    inside = _inside(r, scope, form, start)
    is_one: Node = Python(r.place, " is instance", r.read(subject))
    methods = {SETQI.name}.union(*(cls.lispe_methods for cls in classes))
    called = {name.name for name in map(head, seen[start:]) if name is not None and name.name in methods}
    if all(r.is_function(name) for name in called):
        fields = {SETQI.name}.union(*(cls.lispe_fields for cls in classes))
        names = fields.intersection(free_names(seen[start:]))
        told = [r.constant(" ".join(sorted(words))) for words in (names, called)]
        is_one = r.helper(" goes inside", r.read(subject), *told)
    return Block(r.place, [bound, If(r.place, is_one, inside, _ordinary(r, subject, form))])


def _named(r: Resolver, value: Node) -> tuple[Variable, Node]:
    """A variable for a value in what follows in the block, and the node that gives it the value."""
    variable = r.temporary()
    return variable, Assign(r.place, ToVariable(variable, binds=True, names=True), value)


# A guess writes its forms twice: of one in another and so on, this many are made.
_GUESSES = 3


def _guess(r: Resolver, form: Form, seen: Form) -> Node | None:
    """`(obj (m a...)...)` where a later text may bring the class: the call finds out."""
    methods, fields = _unknown(r, seen)
    guessed = frozenset([*_guessed(r, seen), *methods])
    evaluates = "eval" in heads(seen[1:]) and _calls_variable(r, seen)
    if not (guessed or fields or evaluates) or r.guesses == _GUESSES:
        return None
    subject, bound = _named(r, r.node(form[0], form.spans[0]))
    r.guesses += 1
    try:
        scope = InstanceScope(subject, [], inside=False, outer=r.instance, guessed=guessed)
        scope.extras |= fields
        inside = _inside(r, scope, form, 1)
        otherwise = _ordinary(r, subject, form)
    finally:
        r.guesses -= 1
    is_one = r.helper(" has method", r.read(subject), r.constant(" ".join(sorted(guessed))))
    return Block(r.place, [bound, If(r.place, is_one, inside, otherwise)])


# The methods by which libraries that are not there yet will call objects.
_CALLERS = frozenset({"forward"})


def _ordinary(r: Resolver, subject: Variable, form: Form) -> Node:
    """The call of what turns out to be no instance; its arguments may make sense inside one only."""
    kept = set(r.globals_here), set(r.perhaps)
    try:
        called: Node = Call(r.place, r.read(subject), r.arguments(form), foreign=True)
    except CompileError as error:
        called = Raise(r.place, r.helper(" error", r.constant(error.text)))
    method, (r.globals_here, r.perhaps) = head(form[1]) if len(form) == 2 else None, kept  # fields are none
    if method is None or method.name not in _CALLERS | Instance.lispe_callers:
        return called
    # What a library calls by that method has it, too: `(layer (forward x))`.
    try:
        direct = Call(r.place, r.read(subject), r.arguments(form[1]), foreign=True)
    except CompileError:
        return called
    is_called = r.helper(" is called by", r.read(subject), r.constant(method.name))
    return If(r.place, is_called, direct, called)


def _inside(r: Resolver, scope: InstanceScope, form: Form, start: int) -> Node:
    r.instance = scope
    try:
        return r.sequence(form, start)
    finally:
        r.instance = scope.outer


def _may_be_one(r: Resolver, form: Form) -> bool:
    """Whether a call may be one of an instance, by its head and its shape."""
    if len(form) < 2 or NAMED in map(head, form[1:]):  # a named argument is a function's
        return False
    return r.may_hold_instance(form[0].name) if isinstance(form[0], Atom) else head(form[0]) not in _CODE


def _classes_of(r: Resolver, form: Form) -> tuple[list[Any], int, Any]:
    """The classes that the instance may have, where the forms begin, and the class that it must have."""
    start = 1 if (named := known_class(r, form[1])) is None else 2
    known = list({**r.context.classes, **r.classes}.values())
    nameless = set(_without_meaning(r, form[start:])) if known else set()
    if named is not None:
        return [named], start, named
    inside = any(is_list(item) or (isinstance(item, Atom) and item.name in nameless) for item in form[1:])
    if r.with_class is not None and inside:
        return [r.with_class], start, r.with_class
    called = set(heads(form[1:])) if known else set()
    # Fields are assigned, and the instance is named, inside one only: that needs no method to say so. What
    # code says that is evaluated, nobody knows.
    speaks = "eval" in called or any(head(item) in (SETQI, THIS) for item in form[1:])
    classes = [
        cls
        for cls in known
        if speaks or called & cls.lispe_methods or nameless.intersection(cls.lispe_fields)
    ]
    is_global = isinstance(form[0], Atom) and form[0].name not in r.scope
    held = r.context.declared(form[0].name) if is_global else None
    if isinstance(held, Instance) and type(held) not in classes:
        classes.append(type(held))
    return classes, start, None


def _without_meaning(r: Resolver, forms: Sequence[Any]) -> Iterator[str]:
    """Names that mean nothing around a call: perhaps fields."""
    for name in free_names(forms):
        if name in r.perhaps or not r.means_something(name, r.instance):
            yield name


def _unknown(r: Resolver, form: Form) -> tuple[set[str], set[str]]:
    """Names in the call of a variable that mean nothing yet: called ones, and others."""
    if not _calls_variable(r, form):
        return set(), set()
    names, called = set(_without_meaning(r, form[1:])), set(called_names(form[1:]))
    return names & called, names - called


def _guessed(r: Resolver, form: Form) -> Iterator[str]:
    """What may be methods in the call of a variable: no words of the language."""
    if not _calls_variable(r, form):
        return
    for name in map(head, form[1:]):
        if name is None or name.name in r.scope or name.name in r.function.frame.variables:
            continue
        if r.instance is not None and (r.instance.holds(name.name) or r.instance.calls(name.name)):
            continue
        word = name.name in special_forms or r.context.library(name.name) is not None
        if not word and r.macro(name.name) is None:
            yield name.name


def _calls_variable(r: Resolver, form: Form) -> bool:
    """Whether the head of a call, which may hold an instance, is no name of a function to come."""
    if not isinstance(form[0], Atom):
        return True
    name = form[0].name
    return r.is_around(name) or (r.instance is not None and name in r.instance.fields)


# Lists in head position that are code, or surely make a function.
_CODE = frozenset(map(Atom, ("quote", "λ")))


def known_class(r: Resolver, name: Any) -> Any:
    """The class that an atom names, or None."""
    name = name.name if isinstance(name, Atom) else ""
    return r.classes.get(name) or r.context.classes.get(name)

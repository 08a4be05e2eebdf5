"""`class@` and what belongs to it: methods, `setqi`, `from@`, `this`, `toclean`, `withclass`.

The class is made while its text is compiled; its methods enter it when the text is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.forms.binding import IN_PLACE, assignment, resolve_setg
from lispe_kernel.language.compiler.forms.definitions import (
    Definition,
    ParameterList,
    check_free,
    parse_parameters,
    reserved,
    resolve_function,
)
from lispe_kernel.language.compiler.instances import InstanceScope, known_class, without_empty
from lispe_kernel.language.compiler.statements import Raise, ToField, ToVariable
from lispe_kernel.language.compiler.tree import Block, Global, If, Node, Python, Read
from lispe_kernel.language.compiler.variables import Function, Signature, Variable, python_name
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import Form, as_data, head, is_list, mentions, targets
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.python.faces import made_class
from lispe_kernel.language.special_forms import special, special_forms
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.instances import Instance

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

THIS = " this"
METHODS = "[(defun name ([parameter...]) [body...])...]"
GRAMMAR = f"Name [([slot...])] [(from@ Parent)] [(setqi field value)...] {METHODS}"
# What assigns a field in a method.
ASSIGNING = frozenset({"setqi", "setq=", *IN_PLACE})
FROM, DEFUN, SETQI, TOCLEAN = Atom("from@"), Atom("defun"), Atom("setqi"), Atom("toclean")


@special(
    "class@",
    GRAMMAR,
    defines="class",
    errors={
        "Name": "Error: wrong class name: '{}'",
        METHODS: "Error: a class contains methods: (defun name (parameters) body...); "
        "all fields stand in one list before them: (x (y 3))",
    },
)
def resolve_class(r: Resolver, form: Form) -> Node:
    """Declare a class: fields f, (f) or (f default), a parent to inherit from, methods by defun.

    `(Name value...)` makes an instance, `(obj (method a...)...)` calls its methods. The fields are variables
    in the methods; `setqi` changes them. `(setqi field value)` in the class is done for each new instance,
    after its fields are set: what it makes itself. Declared again, a class keeps its instances. With the
    method `forward` an instance is a module of PyTorch.

    Example: (class@ Point (x (y 3)) (defun total () (+ x y))) (setq p (Point 4)) (p (total)) => 7
    Example: (class@ Disc (r) (setqi width (* 2 r)) (defun wide () width)) ((Disc 4) (wide)) => 8
    Example: (class@ Scaled (by) (defun forward (x) (* by x))) (setq m (Scaled 3)) (m (forward 2)) => 6
    """
    name = check_free(r, form[1], form.spans[1])
    if name == "thread":
        raise r.error("Error: wrong class name: 'thread'", form.spans[1])
    fields, parent, start = _header(r, form)
    methods, initial = _body(r, form.rest(start))
    initial = {**_inherited(parent, fields), **initial}
    r.context.meet_python()
    cls = _make_class(name, fields, parent, methods, initial)
    cls.lispe_source = as_data(form)
    r.declare(name, cls, Signature(name, ("field...",), rest=True))
    r.classes[name] = cls
    _initializer(r, cls, fields)
    for method, span in zip(methods, methods.spans, strict=True):
        r.place = span
        _method(r, cls, method)
    return Global(r.place, python_name(name))


def _inherited(parent: Any, fields: ParameterList) -> dict[str, Any]:
    """What each new instance sets itself as the parent's do; what the class is given it does not make."""
    made: dict[str, Any] = parent.lispe_initial
    return {
        name: how for name, how in made.items() if name not in fields.names or name in parent.lispe_defaults
    }


def _body(r: Resolver, body: Form) -> tuple[Form, dict[str, Any]]:
    """The methods, and what each new instance sets itself."""
    methods: list[Any] = []
    spans: list[Any] = []
    initial: dict[str, Any] = {}
    for item, span in zip(body, body.spans, strict=True):
        if head(item) is SETQI:
            initial[r.check_variable(item[1], item.spans[1])] = (item[2], item.spans[2])
        else:
            methods.append(item)
            spans.append(span)
    return Form(methods, body.span, spans), initial


def _header(r: Resolver, form: Form) -> tuple[ParameterList, Any, int]:
    """The fields, the parent class and where the methods begin."""
    start, fields = 2, ParameterList()
    if len(form) > start and is_list(form[start]) and head(form[start]) not in (FROM, DEFUN, SETQI):
        fields = _fields(r, form[start])
        start += 1
    parent: Any = Instance
    if len(form) > start and head(form[start]) is FROM:
        name = form[start][1].name
        parent = r.classes.get(name) or r.context.classes.get(name)
        if parent is None:
            raise r.unknown(f"Error: Unknown class: '{to_text(as_data(form[start]))}'", form.spans[start])
        start += 1
    made = _made_alone(form.rest(start))
    for field in fields.names:
        if field in made:
            text = f"the field '{field}' is given: what is given would be lost"
            raise r.error(f"Error: setqi: {text}; ({field} value) gives a field its first value", made[field])
    inherited: dict[str, Any] = getattr(parent, "lispe_defaults", {})
    for field, default in inherited.items():
        if field not in fields.names and field not in made:
            fields.names.append(field)
            fields.spans[field] = form.spans[0]
            if default is not _MANDATORY:
                fields.optional[field] = default
    return fields, parent, start


def _made_alone(body: Form) -> dict[str, Span]:
    """The fields that each new instance sets itself without a look at what it was given for them."""
    found: dict[str, Span] = {}
    for item, span in zip(body, body.spans, strict=True):
        alone = head(item) is SETQI and len(item) == 3 and isinstance(item[1], Atom)
        if alone and not mentions(item[2], item[1]):
            found[item[1].name] = span
    return found


_MANDATORY = object()


def _fields(r: Resolver, form: Form) -> ParameterList:
    """Fields look like parameters, but a mandatory one may follow one with a default."""
    found = ParameterList()
    for item, place in zip(form, form.spans, strict=True):
        name = r.check_variable(item[0] if is_list(item) else item, place)
        if name in found.names or name.startswith("__"):
            raise r.error(f"Error: Wrong parameter description: '{name}'", place)
        found.names.append(name)
        found.spans[name] = place
        if is_list(item):
            found.optional[name] = item[1] if len(item) == 2 else None
    return found


def _make_class(name: str, fields: ParameterList, parent: Any, methods: Form, initial: dict[str, Any]) -> Any:
    names = {method[1].name for method in methods}
    all_fields = tuple(dict.fromkeys((*fields.names, *initial)))
    content: dict[str, Any] = {
        "lispe_type": Atom(name),
        "lispe_parent": parent,
        "lispe_fields": all_fields,
        "lispe_initial": initial,
        "lispe_defaults": {n: fields.optional.get(n, _MANDATORY) for n in fields.names},
        "lispe_methods": frozenset(names) | parent.lispe_methods,
        "lispe_extras": parent.lispe_extras
        | frozenset(targets(methods, (SETQI.name,))) - frozenset(all_fields),
        "lispe_assigned": parent.lispe_assigned | frozenset(targets(methods, ASSIGNING)),
        "lispe_mismatch": "Error: Missing arguments"
        if fields.optional
        else "Error: argument list mismatch with the parameter list",
    }
    if mentions(methods, TOCLEAN):
        content["__del__"] = Instance.lispe_clean
    return made_class(name, parent, content)


# -- methods ------------------------------------------------------------------------------------------


def _function(r: Resolver, cls: Any, name: str) -> Function:
    """A method, with the instance as its first parameter."""
    function = Function("defun", name, r.place)
    this = Variable("", THIS, function, parameter=True)
    function.parameters.append(this)
    function.owner = cls
    function.instance = InstanceScope(this, [cls], inside=True)
    return function


def _method(r: Resolver, cls: Any, form: Form) -> None:
    name = form[1].name
    if name in special_forms:
        raise reserved(r, form[1], form.spans[1])
    parameters = parse_parameters(r, form[2])
    signature = parameters.signature(name)
    start, doc = (4, form[3]) if len(form) > 4 and isinstance(form[3], str) else (3, "")
    function = resolve_function(r, _function(r, cls, name), parameters, form, start)
    function.python = f"{cls.__name__}.{name}"
    r.definitions.append(Definition(f" {name}", function, signature, as_data(form), doc, cls))


def _initializer(r: Resolver, cls: Any, fields: ParameterList) -> None:
    """The class's `__init__`: values by position or name, then the defaults, inside the new instance."""
    function = _function(r, cls, "__init__")
    this = function.parameters[0]
    nodes: list[Node] = []
    with r.inside(function):
        for name in fields.names:
            r.place = fields.spans[name]
            given = Variable(name, python_name(name), function, parameter=True)
            function.parameters.append(given)
            function.defaults[given] = Global(r.place, " unset")
            if name in fields.optional:
                default = r.node(fields.optional[name], r.place)
            else:
                default = _misfit(r, cls, f"nothing is given for {name}")
            is_missing = Python(r.place, "is", Read(r.place, given), Global(r.place, " unset"))
            made = r.assign(ToVariable(given), default)
            nodes.append(If(r.place, is_missing, made, without_empty(r, given)))
            nodes.append(r.assign(ToField(this, name), Read(r.place, given)))
        others = Variable("", " others", function, parameter=True)
        function.parameters.append(others)
        function.rest = others
        surplus = _misfit(r, cls, f"it takes {len(fields.names)}, more are given")
        nodes.append(If(r.place, Read(r.place, others, "test"), surplus, r.nil()))
        for name, (value, place) in cls.lispe_initial.items():
            r.place = place
            nodes.append(r.assign(ToField(this, name), r.node(value, place)))
        nodes.append(r.nil())
        function.body = Block(r.place, nodes)
    function.python = f"{cls.__name__}.__init__"
    r.definitions.append(Definition("__init__", function, Signature(cls.__name__, ()), None, "", cls))


def _misfit(r: Resolver, cls: Any, why: str) -> Node:
    return Raise(r.place, r.helper(" call error", r.constant(f"{cls.lispe_mismatch} ({why})")))


# -- inside an instance -------------------------------------------------------------------------------


@special("setqi", "field value")
def resolve_setqi(r: Resolver, form: Form) -> Node:
    """Assign a field of the current instance, adding it if need be; gives the value.

    Outside an instance it assigns a variable, as setqv does.

    Example: (class@ Tally ((n 0)) (defun add () (setqi n (+ n 1)))) (setq c (Tally)) (c (add) (add)) => 2
    """
    scope = r.instance
    if scope is None:
        return assignment(r, form, gives=True)
    name = r.check_variable(form[1], form.spans[1])
    value = r.node(form[2], form.spans[2])
    r.function.uses(scope.variable)
    return r.assign(ToField(scope.variable, name), value, gives=True)


@special("setq=", "variable value", silent=True)
def resolve_setq_where_it_is(r: Resolver, form: Form) -> Node:
    """Assign what has the name: a field of the current instance, else a global variable, else a local one.

    Example: (setq= total 5) (* total 2) => 10
    """
    name = r.check_variable(form[1], form.spans[1])
    if r.instance is not None and name in r.instance.fields:
        return resolve_setqi(r, form)
    is_global = r.context.defined(name) or name in r.globals_here
    if name not in r.scope and name not in r.function.frame.variables and is_global:
        return resolve_setg(r, form)
    return assignment(r, form, gives=False)


@special("this")
def resolve_this(r: Resolver, _form: Form) -> Node:
    """The current instance, nil outside of one.

    Example: (class@ Named (n) (defun me () (this))) (setq one (Named "a")) (eq one (one (me))) => true
    """
    return r.read(r.instance.variable) if r.instance is not None else r.nil()


def _instance(r: Resolver) -> InstanceScope:
    """The instance whose method this place is in."""
    if r.instance is None:
        raise r.error("Error: cannot execute this method out of an instance")
    return r.instance


@special("from@", "Parent [form...]", result=(-1,))
def resolve_from(r: Resolver, form: Form) -> Node:
    """Inside a method: evaluate the forms with the methods of a parent class, on the same instance.

    Example: (class@ A () (defun f () 1)) (class@ B (from@ A) (defun f () (+ 2 (from@ A (f))))) ((B) (f)) => 3
    """
    cls, outer = known_class(r, form[1]), _instance(r)
    if cls is None:
        raise r.unknown(f"Error: Unknown class: '{to_text(as_data(form))}'", form.spans[1])
    r.instance = InstanceScope(
        outer.variable, [cls], inside=outer.inside, parent=cls.__name__, outer=outer.outer
    )
    r.instance.fields |= outer.fields
    try:
        return r.sequence(form, 2)
    finally:
        r.instance = outer


@special("toclean", "method", silent=True)
def resolve_toclean(r: Resolver, form: Form) -> Node:
    """Inside a method: name the method that runs when the instance is deleted.

    Example: (class@ Door () (defun open () (toclean 'shut)) (defun shut () nil)) ((Door) (open)) => true
    """
    instance = _instance(r)
    value = r.node(form[1], form.spans[1])
    return Block(r.place, [r.helper(" to clean", r.read(instance.variable), value), r.true()])


@special("withclass", "Class [form...]", result=(-1,))
def resolve_withclass(r: Resolver, form: Form) -> Node:
    """Evaluate the forms; calls `(x (method a...))` in them are calls of instances of exactly this class.

    Example: (class@ Box (v) (defun held () v)) (setq b (Box 5)) (withclass Box (b (held))) => 5
    """
    cls = known_class(r, form[1])
    if cls is None:
        raise r.unknown("Error: Unknown class", form.spans[1])
    outer, r.with_class = r.with_class, cls
    try:
        return r.sequence(form, 2)
    finally:
        r.with_class = outer

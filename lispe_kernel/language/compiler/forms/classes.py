"""`class@` and what belongs to it: methods, `setqi`, `from@`, `this`, `toclean`, `withclass`.

The class is made while its text is compiled; its methods enter it when the text is run.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.emit import UNSET
from lispe_kernel.language.compiler.forms.binding import compile_setg, compile_setq, compile_setqv
from lispe_kernel.language.compiler.function_bodies import Definition, build_function, new_function, place_of
from lispe_kernel.language.compiler.instances import InstanceScope
from lispe_kernel.language.compiler.parameters import ParameterList, parse_parameters
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.scopes import THREAD, PythonFunction, Signature, python_name
from lispe_kernel.language.compiler.settling import settle
from lispe_kernel.language.errors import Span
from lispe_kernel.language.forms import Form, as_data, head, is_list
from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.instances import Instance

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

THIS = " this"
FROM, DEFUN, SETQI, TOCLEAN = Atom("from@"), Atom("defun"), Atom("setqi"), Atom("toclean")


METHODS = "[(defun name ([parameter...]) [body...])...]"


@special(
    "class@",
    f"Name [([slot...])] [(from@ Parent)] {METHODS}",
    defines="class",
    errors={
        "Name": "Error: wrong class name: '{}'",
        METHODS: "Error: a class contains methods: (defun name (parameters) body...)",
    },
)
def compile_class(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Declare a class: fields f, (f) or (f default), a parent to inherit from, methods by defun.

    `(Name value...)` makes an instance, `(obj (method a...)...)` calls its methods. The fields are variables
    in the methods; `setqi` changes them.

    Example: (class@ Point (x (y 3)) (defun total () (+ x y))) (setq p (Point 4)) (p (total)) => 7
    """
    name = c.new_name(form[1], form.spans[1])
    if name == THREAD:
        raise c.error(f"Error: wrong class name: '{name}'", form.spans[1])
    fields, parent, start = _header(c, form)
    methods = form.rest(start)
    cls = _make_class(name, fields, parent, methods)
    c.declare(name, cls, Signature(name, ("field...",), rest=True))
    c.classes[name] = cls
    _initializer(c, cls, fields)
    for method, span in zip(methods, methods.spans, strict=True):
        c.place = span
        _method(c, cls, method)
    return None if destination is EFFECT else c.deliver(c.name(python_name(name)), destination)


def _header(c: Compiler, form: Form) -> tuple[ParameterList, Any, int]:
    """The fields, the parent class and where the methods begin."""
    start, fields = 2, ParameterList()
    if len(form) > start and is_list(form[start]) and head(form[start]) not in (FROM, DEFUN):
        fields = _fields(c, form[start], form.spans[start])
        start += 1
    parent: Any = Instance
    if len(form) > start and head(form[start]) is FROM:
        shown = to_text(as_data(form[start]))
        parent = c.known_class(form[start][1])
        if parent is None:
            raise c.error(f"Error: Unknown class: '{shown}'", form.spans[start])
        start += 1
    inherited: dict[str, Any] = getattr(parent, "lispe_defaults", {})
    for field, default in inherited.items():
        if field not in fields.names:
            fields.names.append(field)
            fields.spans[field] = form.spans[0]
            if default is not _MANDATORY:
                fields.optional[field] = default
    return fields, parent, start


_MANDATORY = object()


def _fields(c: Compiler, form: Any, span: Span) -> ParameterList:
    """Fields look like parameters, but a mandatory one may follow one with a default."""
    found, placed = ParameterList(), form if isinstance(form, Form) else Form(form, span)
    for item, place in zip(placed, placed.spans, strict=True):
        if is_list(item) and len(item) not in (1, 2):
            raise c.error("Error: Wrong parameter description", place)
        name = c.check_variable(item[0] if is_list(item) else item, place)
        if name in found.names or name.startswith("__"):
            raise c.error(f"Error: Wrong parameter description: '{name}'", place)
        found.names.append(name)
        found.spans[name] = place
        if is_list(item):
            found.optional[name] = item[1] if len(item) == 2 else None
    return found


def _make_class(name: str, fields: ParameterList, parent: Any, methods: Form) -> Any:
    names = {method[1].name for method in methods}
    content: dict[str, Any] = {
        "lispe_type": Atom(name),
        "lispe_parent": parent,
        "lispe_fields": tuple(fields.names),
        "lispe_defaults": {n: fields.optional.get(n, _MANDATORY) for n in fields.names},
        "lispe_methods": frozenset(names) | parent.lispe_methods,
        "lispe_extras": parent.lispe_extras | frozenset(_added(methods)) - frozenset(fields.names),
        "lispe_mismatch": "Error: Missing arguments"
        if fields.optional
        else "Error: argument list mismatch with the parameter list",
    }
    if _mentions(methods, TOCLEAN):
        content["__del__"] = Instance.lispe_clean
    return type(name, (parent,), content)


def _added(form: Any) -> list[str]:
    """The names that some setqi assigns."""
    if not is_list(form):
        return []
    found = [name for item in form for name in _added(item)]
    if len(form) == 3 and form[0] is SETQI and isinstance(form[1], Atom):
        found.append(form[1].name)
    return found


def _mentions(form: Any, atom: Atom) -> bool:
    return form is atom or (is_list(form) and any(_mentions(item, atom) for item in form))


# -- methods ------------------------------------------------------------------------------------------


def _function(c: Compiler, cls: Any, name: str) -> PythonFunction:
    function = PythonFunction("defun", f"{cls.__name__}.{name}")
    function.instance = InstanceScope(THIS, [cls], inside=True)
    return function


def _method(c: Compiler, cls: Any, form: Form) -> None:
    name = c.new_name(form[1], form.spans[1])
    parameters = parse_parameters(c, form[2], form.spans[2])
    signature = parameters.signature(name)
    parameters.names.insert(0, THIS)
    start, doc = (4, form[3]) if len(form) > 4 and isinstance(form[3], str) else (3, "")
    tree = build_function(c, _function(c, cls, name), parameters, form, start, "")
    c.definitions.append(Definition(f" {name}", tree, signature, as_data(form), doc, cls))


def _initializer(c: Compiler, cls: Any, fields: ParameterList) -> None:
    """The class's `__init__`: values by position or name, then the defaults, inside the new instance."""
    function, others = _function(c, cls, "__init__"), " others"
    names = [python_name(name) for name in fields.names]
    with new_function(c, function), c.nested_block() as statements:
        for name, python in zip(fields.names, names, strict=True):
            c.place = fields.spans[name]
            with c.nested_block() as missing:
                if name in fields.optional:
                    c.assign(python, c.value(fields.optional[name], c.place))
                else:
                    c.raise_(c.call(" error", c.constant(cls.lispe_mismatch)))
            c.if_(c.is_unset(c.name(python)), missing, [])
            c.assign(_stored(c, THIS, name), c.name(python))
        with c.nested_block() as surplus:
            c.raise_(c.call(" error", c.constant(cls.lispe_mismatch)))
        c.if_(c.name(others), surplus, [])
        statements = settle(c, function, statements)
    defaults: list[ast.expr] = [c.name(UNSET) for _ in names]
    given = [c.argument(name) for name in (THIS, *names)]
    arguments = ast.arguments([], given, c.argument(others), [], [], None, defaults)
    tree = c.function_definition("__init__", arguments, [*function.declarations(place_of(c)), *statements])
    c.definitions.append(Definition("__init__", tree, Signature(cls.__name__, ()), None, "", cls))


def _stored(c: Compiler, instance: str, field: str) -> ast.expr:
    """A field as the target of an assignment."""
    node = ast.Attribute(c.name(instance), python_name(field), ast.Store())
    return ast.copy_location(node, c.nil())


# -- inside an instance -------------------------------------------------------------------------------


@special("setqi", "field value")
def compile_setqi(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Assign a field of the current instance, adding it if need be; gives the value.

    Outside an instance it assigns a variable, as setqv does.

    Example: (class@ Tally ((n 0)) (defun add () (setqi n (+ n 1)))) (setq c (Tally)) (c (add) (add)) => 2
    """
    scope = c.instance
    if scope is None:
        return compile_setqv(c, form, destination)
    name = c.check_variable(form[1], form.spans[1])
    value = c.value(form[2], form.spans[2])
    if destination is not EFFECT:
        value = c.simple(value)
    c.assign(_stored(c, scope.name, name), value)
    return c.deliver(value, destination)


@special("setq=", "variable value", silent=True)
def compile_setq_where_it_is(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Assign what has the name: a field of the current instance, else a global variable, else a local one.

    Example: (setq= total 5) (* total 2) => 10
    """
    name = c.check_variable(form[1], form.spans[1])
    if c.instance is not None and name in c.instance.fields:
        return compile_setqi(c, form, destination)
    if name not in c.bindings and name not in c.definite and c.context.defined(name):
        return compile_setg(c, form, destination)
    return compile_setq(c, form, destination)


@special("this")
def compile_this(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """The current instance, nil outside of one.

    Example: (class@ Named (n) (defun me () (this))) (setq one (Named "a")) (eq one (one (me))) => true
    """
    return c.deliver(c.name(c.instance.name) if c.instance is not None else c.nil(), destination)


@special("from@", "Parent [form...]", result=(-1,))
def compile_from(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Inside a method: evaluate the forms with the methods of a parent class, on the same instance.

    Example: (class@ A () (defun f () 1)) (class@ B (from@ A) (defun f () (+ 2 (from@ A (f))))) ((B) (f)) => 3
    """
    cls = c.known_class(form[1])
    outer = c.instance
    if outer is None:
        raise c.error("Error: cannot execute this method out of an instance")
    if cls is None:
        raise c.error(f"Error: Unknown class: '{to_text(as_data(form))}'", form.spans[1])
    c.instance = InstanceScope(outer.name, [cls], inside=outer.inside, parent=cls.__name__)
    c.instance.fields |= outer.fields
    try:
        return c.sequence(form, 2, destination)
    finally:
        c.instance = outer


@special("toclean", "method", silent=True)
def compile_toclean(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Inside a method: name the method that runs when the instance is deleted.

    Example: (class@ Door () (defun open () (toclean 'shut)) (defun shut () nil)) ((Door) (open)) => true
    """
    if c.instance is None:
        raise c.error("Error: cannot execute this method out of an instance")
    value = c.value(form[1], form.spans[1])
    c.evaluate(c.call(" to clean", c.name(c.instance.name), value))
    return c.deliver(c.true(), destination)


@special("withclass", "Class [form...]", result=(-1,))
def compile_withclass(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Evaluate the forms; calls `(x (method a...))` in them are calls of instances of exactly this class.

    Example: (class@ Box (v) (defun held () v)) (setq b (Box 5)) (withclass Box (b (held))) => 5
    """
    cls = c.known_class(form[1])
    if cls is None:
        raise c.error("Error: Unknown class", form.spans[1])
    outer, c.with_class = c.with_class, cls
    try:
        return c.sequence(form, 2, destination)
    finally:
        c.with_class = outer

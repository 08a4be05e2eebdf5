"""Functions: `defun`, lambdas, parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.calls import self_call
from lispe_kernel.language.compiler.instances import InstanceScope
from lispe_kernel.language.compiler.statements import Lambda
from lispe_kernel.language.compiler.tree import Global, Node
from lispe_kernel.language.compiler.variables import Function, Signature, Variable, python_name
from lispe_kernel.language.errors import CompileError, Span
from lispe_kernel.language.forms import DOT, Form, as_data, is_list
from lispe_kernel.language.printer import show, to_text, write_items
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


# The errors for what a definition must not lack, by the part of its grammar.
DECLARATION = {
    "name": "Error: Missing name in the declaration of a function",
    "([parameter...])": "Error: List of missing parameters in a function declaration",
    "([pattern...])": "Error: List of missing parameters in a function declaration",
}


@dataclass
class ParameterList:
    """A parsed parameter list; `optional` maps a name to its default form."""

    names: list[str] = field(default_factory=list)
    optional: dict[str, Any] = field(default_factory=dict)
    rest: str | None = None
    spans: dict[str, Span] = field(default_factory=dict)

    def signature(self, name: str) -> Signature:
        shown = [n for n in self.names if n not in self.optional and n != self.rest]
        shown += [f"({n})" if d is None else f"({n} {to_text(d)})" for n, d in self.optional.items()]
        if self.rest is not None:
            shown.append(f"(() {self.rest})")
        return Signature(name, tuple(shown), len(self.optional), self.rest is not None)


def parse_parameters(r: Resolver, form: Form) -> ParameterList:
    """Read `(x (y) (z 10) (() rest))`: the shapes are the grammar's, the order is judged here."""
    found = ParameterList()
    for item, place in zip(form, form.spans, strict=True):
        if found.rest is not None:
            raise r.error("Error: Wrong parameter description: the rest parameter must be the last", place)
        if is_list(item):
            _optional_parameter(r, found, item, place)
        else:
            name = r.check_variable(item, place)
            if found.optional:
                raise r.error(
                    "Error: default values should always be at the end of the parameter list", place
                )
            _add_name(r, found, name, place)
    return found


def _optional_parameter(r: Resolver, found: ParameterList, item: list[Any], place: Span) -> None:
    if len(item) == 2 and (item[0] is None or item[0] == []):
        name = r.check_variable(item[1], item.spans[1] if isinstance(item, Form) else place)
        found.rest = name
    else:
        name = r.check_variable(item[0], item.spans[0] if isinstance(item, Form) else place)
        found.optional[name] = item[1] if len(item) == 2 else None
    _add_name(r, found, name, place)


def _add_name(r: Resolver, found: ParameterList, name: str, place: Span) -> None:
    if name in found.names:
        raise r.error(f"Error: Wrong parameter description: '{name}' appears twice", place)
    found.names.append(name)
    found.spans[name] = place


def resolve_function(
    r: Resolver, function: Function, parameters: ParameterList, body: Form, start: int
) -> Function:
    """Complete a function with its parameters and its body (the elements of a form from `start` on)."""
    with r.inside(function):
        named = {}
        for name in parameters.names:
            variable = Variable(name, python_name(name), function, parameter=True)
            function.parameters.append(variable)
            named[name] = variable
        if parameters.rest is not None:
            function.rest = named[parameters.rest]
        with r.scoped(named):
            if r.evaluated and function.kind == "lambda" and r.instance is None:
                r.instance = standing_in(r, named, r.evaluated)
            for name, default in parameters.optional.items():
                # A method's first parameter is its instance.
                later = function.parameters[function.parameters.index(named[name]) :]
                with r.without(later):
                    function.defaults[named[name]] = r.node(default, parameters.spans[name])
            function.body = r.sequence(body, start)
    return function


def standing_in(
    r: Resolver, variables: dict[str, Variable], values: Mapping[str, Any]
) -> InstanceScope | None:
    """What is current in code that `eval` runs: `around` gave the names of the variables that hold it."""
    found = None
    for name in sorted(name for name in variables if name in values and name[:2] == " 0"):
        _, place, *parents = name.split()
        parent = r.context.declared(parents[0]) if parents else None
        outer, cls = found, type(values[name])
        found = InstanceScope(
            variables[name], [parent or cls], inside=place == "method", parent="".join(parents), outer=outer
        )
        found.fields |= frozenset(cls.lispe_fields)
    return found


@dataclass
class Definition:
    """A function that is made when its text is run."""

    name: str
    function: Function
    signature: Signature
    source: Any
    doc: str
    # The class or space whose function it is; None for a global one.
    owner: Any = None


def reserved(r: Resolver, name: Atom, span: Span) -> CompileError:
    """The error for a definition under a name of the language."""
    return r.error(f"Error: '{r.source.written(name.name, span)}' is a reserved keyword.", span)


def check_free(r: Resolver, name: Atom, span: Span) -> str:
    """The name that a definition takes; one of the language is refused."""
    if r.is_keyword(name.name):
        raise reserved(r, name, span)
    return name.name


def defined_name(r: Resolver, form: Form) -> str:
    """The name that a definition gives to its function."""
    name = check_free(r, form[1], form.spans[1])
    return f"{r.space} {name}" if r.space else name


@special("defun", "name ([parameter...]) [body...]", defines="function", errors=DECLARATION)
def resolve_defun(r: Resolver, form: Form) -> Node:
    """Define a global function. A leading string in a longer body is its documentation.

    Parameters: x, optional (x) or (x default), and (() rest) for all remaining arguments. The definition
    is made before anything of the text runs, wherever it stands; defining a name again replaces it.

    Example: (defun area (w (h 2)) "The area of a rectangle." (* w h)) (list (area 3) (area 3 4)) => (6 12)
    """
    name = defined_name(r, form)
    parameters = parse_parameters(r, form[2])
    signature = parameters.signature(name)
    r.signatures[name] = signature
    start, doc = (4, form[3]) if len(form) > 4 and isinstance(form[3], str) else (3, "")
    function = resolve_function(r, Function("defun", name, r.place), parameters, form, start)
    source = r.sources[name] = as_data(form)
    r.definitions.append(Definition(name, function, signature, source, doc))
    return Global(r.place, python_name(name))


def _text(r: Resolver, form: Any) -> str:
    """A form of code as printing shows it. A lambda in it is written already: each once, however deep."""
    if not is_list(form) or any(part is DOT for part in form):
        return show(as_data(form))
    known = r.texts.get(id(form))
    return known[1] if known is not None else write_items(form, lambda part: _text(r, part))


@special("self", "[argument...]", needs_function=True)
def resolve_self(r: Resolver, form: Form) -> Node:
    """Calls the running function or lambda again. In tail position this is a loop.

    Example: ((λ (n) (if (< n 2) 1 (* n (self (- n 1))))) 5) => 120
    """
    return self_call(r, form)


@special(
    "λ",
    "([parameter...]) body...",
    aliases=("lambda", "\\"),
    needs_function=True,
    errors={"([parameter...])": "Error: Missing parameter list in a lambda declaration"},
)
def resolve_lambda(r: Resolver, form: Form) -> Node:
    """An anonymous function. It shares the variables of the function in which it is written.

    Example: ((λ (x) (* x x)) 5) => 25
    Example: (maplist (\\ (x) (+ x 1)) '(1 2 3)) => (2 3 4)
    """
    parameters = parse_parameters(r, form[1])
    # The name by which `self` calls it.
    python = r.binding("λ").python
    function = Function("lambda", "λ", r.place, r.function, python)
    resolve_function(r, function, parameters, form, 2)
    # Written after its body: of forms that are refused nothing is written.
    function.doc = _text(r, form)
    r.texts[id(form)] = form, function.doc
    if not function.calls_itself:
        function.python = "λ"
    return Lambda(r.place, function)

"""Calls: what a name in head position means, arity where it is known, named arguments, calls of oneself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.arity import wrong_number, wrong_number_in_call
from lispe_kernel.language.compiler.expand import expanded
from lispe_kernel.language.compiler.inlines import inline_functions, syntaxes
from lispe_kernel.language.compiler.instances import create, instance_call
from lispe_kernel.language.compiler.macro_calls import replacement
from lispe_kernel.language.compiler.partial_calls import own_functions, with_lambda
from lispe_kernel.language.compiler.tree import Block, Call, Global, If, Node, Primitive, Python, SelfCall
from lispe_kernel.language.compiler.variables import Function, Signature, python_name
from lispe_kernel.language.explain import unknown_argument
from lispe_kernel.language.forms import Form, head, is_list
from lispe_kernel.language.functions import Function as LibraryFunction
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

NAMED = Atom("?")


def named_call(r: Resolver, name: str, form: Form) -> Node:
    """A call whose head is a name: of an instance, a variable, a method, a class, a macro, a function."""
    found = instance_call(r, form)
    if found is not None:
        return _or_method(r, name, form, found)
    if name in r.scope:
        return computed_call(r, form)
    if r.space or r.thread:
        name = r.found_in_space(name)
    if r.instance is not None and r.instance.calls(name):
        return r.instance.call(r, form)
    if r.instance is not None and r.instance.holds(name):
        return _field_call(r, name, form)
    cls = r.classes.get(name) or r.context.classes.get(name)
    if cls is not None:
        return create(r, cls, form)
    macro = r.macro(name)
    if macro is not None:
        return r.node(expanded(r, replacement(r, macro, form)))
    if r.user_defined(name):
        return function_call(r, name, form)
    if r.instance is not None and r.instance.knows(name) and r.context.library(name) is None:
        return _field_call(r, name, form)
    return _library_call(r, name, form)


def _or_method(r: Resolver, name: str, form: Form, of_field: Node) -> Node:
    """A call of what a field holds, or of the method that another class has by that name."""
    current = r.instance
    if current is None or current.inside or name in r.scope or name not in current.methods & current.fields:
        return of_field
    has_field = r.helper(" has field", r.read(current.variable), r.constant(name))
    return If(r.place, has_field, of_field, current.call(r, form))


_SUBSCRIPTS = frozenset({"at", "set@"})
# Operators that are written for two operands: of more, each is combined before the next one is evaluated.
_IN_PAIRS = frozenset({"%", "^^", "&", "|", "^", "&~", "<<", ">>"})


def _library_call(r: Resolver, name: str, form: Form) -> Node:
    entry = r.context.library(name)
    if r.instance is not None or r.space:
        bound, variables, form = own_functions(r, entry, form)
        if bound:
            with r.scoped(variables):
                return Block(r.place, [*bound, _library_call(r, name, form)])
    form = with_lambda(r, name, form)
    read = syntaxes.get(name)
    if read is not None:
        found = read(r, form)
        if found is not None:
            return found
    if entry is not None and not entry.accepts(len(form) - 1):
        # A class that the text loads may have a method of this name.
        raise r.unknown(_misfit(r, name, form, entry))
    if name in _IN_PAIRS and len(form) > 3 and not _first_named(form):
        pair = Form(form[:-1], form.span, form.spans[:-1])
        form = Form([form[0], pair, form[-1]], form.span, [form.spans[0], form.span, form.spans[-1]])
    inline = inline_functions.get(name)
    written = inline is not None and entry is not None and inline.accepts(len(form) - 1)
    if inline is not None and written and not _first_named(form):
        named = [_function(r, name, form)] if inline.guarded else []
        r.function.subscripts += name in _SUBSCRIPTS
        return Primitive(r.place, inline, [*named, *r.arguments(form)])
    return function_call(r, name, form, entry)


def _misfit(r: Resolver, name: str, form: Form, entry: LibraryFunction) -> str:
    """The error for a call with too many or too few arguments: one that nobody knows, or their number."""
    known = [each.name for each in entry.parameters]
    odd = (argument for argument, _ in split_named(r, form)[1] if argument not in map(python_name, known))
    return next((unknown_argument(name, each, known) for each in odd), wrong_number(name, entry.signature))


def computed_call(r: Resolver, form: Form) -> Node:
    """A call of whatever the head gives; alone in its parentheses, a scalar is what the list gives."""
    positional, named = split_named(r, form)
    function, *arguments = r.arguments(positional, 0)
    if len(form) == 1 and is_list(form[0]):
        return r.helper(" alone", function, quiet=False)
    return Call(r.place, function, arguments, named, foreign=True)


def _field_call(r: Resolver, name: str, form: Form) -> Node:
    """A call of what a field holds; of a function with its name when that can be no function."""
    positional, named = split_named(r, form)
    function, *arguments = r.arguments(positional, 0)
    if r.user_defined(name) or r.context.library(name) is not None:
        function = r.helper(" field or function", function, r.constant(name))
    return Call(r.place, function, arguments, named, foreign=True)


def function_call(r: Resolver, name: str, form: Form, entry: LibraryFunction | None = None) -> Node:
    """A call of the function of a name."""
    positional, named = split_named(r, form)
    if entry is not None and entry.foreign:
        r.function.frame.foreign = True
    signature = r.signature(name)
    if signature is not None and not named and not signature.accepts(len(positional) - 1):
        raise r.error(arity_error(signature))
    arguments = r.arguments(positional)
    kind, foreign = (entry.kind, False) if entry is not None else ("", signature is None)
    called = Call(r.place, _function(r, name, form), arguments, named, kind, foreign=foreign)
    function = r.function
    if (
        not named
        and function.kind == "defun"
        and name == function.name
        and _accepts(function, len(arguments))
    ):
        function.calls_itself = True
        return SelfCall(r.place, function, arguments, called)
    return called


def _function(r: Resolver, name: str, form: Form) -> Node:
    """The function of a call as a node that stands where the name is written."""
    outer, r.place = r.place, form.spans[0]
    frame = r.function.frame
    try:
        own = r.is_own(name) or not r.is_keyword(name)
        if own and frame.kind == "defun" and name != frame.name and " " not in name:
            # A local variable, when the frame has one of that name at its end; else the global function.
            # A word of the language is one from its first assignment on: `(setq range (range 1 9 1))`.
            return r.pending(name)
        return Global(r.place, python_name(name))
    finally:
        r.place = outer


def _accepts(function: Function, count: int) -> bool:
    most, least = len(function.parameters), len(function.parameters) - len(function.defaults)
    if function.rest is not None:
        return count >= least - 1
    return least <= count <= most


def arity_error(signature: Signature) -> str:
    """The text for a call with the wrong number of arguments."""
    if signature.mismatch:
        return signature.mismatch
    return wrong_number_in_call(signature.name, signature.parameters)


def _first_named(form: Form) -> int:
    """Where the first `(? name value)` of a call stands; 0 where there is none."""
    for at, item in enumerate(form):
        if at and isinstance(item, list) and item and item[0] is NAMED:
            return at
    return 0


def split_named(r: Resolver, form: Form) -> tuple[Form, list[tuple[str, Node]]]:
    """The positional part of a call and its `(? name value)` arguments."""
    at = _first_named(form)
    if not at:
        return form, []
    named: list[tuple[str, Any]] = []
    for argument, span in zip(form[at:], form.spans[at:], strict=True):
        if head(argument) is not NAMED or len(argument) != 3 or not isinstance(argument[1], Atom):
            raise r.error("Error: illegal argument.")
        named.append((python_name(argument[1].name), r.node(argument[2], span)))
    return Form(form[:at], form.span, form.spans[:at]), named


def self_call(r: Resolver, form: Form) -> Node:
    """`(self argument...)`: the running function or lambda again."""
    function = r.function
    if function.kind == "top":
        raise r.error("Error: 'self' can only be used inside a function")
    given = len(form) - 1
    # The instance of a method is no argument that anybody writes.
    own = 1 if function.instance is not None else 0
    expected = len(function.parameters) - own
    if (given > expected and function.rest is None) or given < expected - len(function.defaults):
        raise r.error(f"{wrong_number('self')} in '{function.name}'")
    arguments = r.arguments(form)
    function.calls_itself = True
    callee: Node = Global(r.place, function.python or python_name(function.name))
    if function.instance is not None:
        arguments.insert(0, r.read(function.instance.variable))
        callee = Python(r.place, ".", r.constant(function.owner), r.constant(f" {function.name}"))
    return SelfCall(r.place, function, arguments, Call(r.place, callee, arguments))

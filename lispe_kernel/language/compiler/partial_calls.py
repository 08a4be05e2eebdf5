"""Partial calls: `(filterlist '(< k) l)` is `(filterlist (λ (x) (< k x)) l)`, quoted or not.

Likewise `(maplist 'scaled l)` in a method means the instance's own `scaled`, a method or what a field holds,
as `(scaled x)` does there; in a name space it means the space's.

A call written where a list function takes its function becomes a lambda before it is resolved, so that its
fixed arguments are evaluated, with the variables around. The element goes to the place of `_`; without one it
goes last, and in the composing family first. A call that a program makes is left to run time (`calling.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.tree import Constant, Node, Python
from lispe_kernel.language.forms import LAMBDA, QUOTE, Form, head, is_list
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.values.atoms import TRUE, Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.instances import InstanceScope
    from lispe_kernel.language.compiler.resolve import Resolver
    from lispe_kernel.language.compiler.variables import Variable
    from lispe_kernel.language.functions import Function

# The functions that take a function first, by how many elements they give it.
_COMPOSING = frozenset(
    name for base in ("map", "filter", "takewhile", "dropwhile") for name in (base, f"!{base}")
)
_LISTING = frozenset(
    {"↑↑", "mapcar", "filterlist", "filtercar", "takelist", "takecar", "droplist", "dropcar", "scanlist"}
)
_FOLDS = frozenset(
    f"{unfused}{fold}{n}"
    for unfused in ("", "!")
    for fold in ("foldl", "foldr", "scanl", "scanr")
    for n in ("", "1")
)
_COMPOSED = _COMPOSING | _FOLDS
_COMBINING = frozenset({"sort", "shift", "↗", "⌿", "↘", "⍀", "outer"}) | _FOLDS
# How many elements each of them gives its function.
_GIVEN = {**dict.fromkeys(_COMPOSING | _LISTING, 1), **dict.fromkeys(_COMBINING, 2)}
# No LispE name begins with a blank.
_ELEMENTS = tuple(Atom(f" element {i}") for i in range(1, 10))
# Operators, whose calls give no functions.
_OPERATOR_NAMES = "+ - * / % ^^ ** & | ^ &~ << >> < > <= >= = == != eq neq >=< and or xor"
_OPERATORS = frozenset(_OPERATOR_NAMES.split())


def with_lambda(r: Resolver, name: str, form: Form) -> Form:
    """A call of a list function with a lambda in the place of a partial call; any other form as it is."""
    count = _elements_given(name, form)
    if not count or len(form) < 2:
        return form
    if type(form[1]) is Atom and name in _COMPOSED and _is_bare(r, form[1].name):
        return Form([form[0], Form([QUOTE, form[1]], form.spans[1]), *form[2:]], form.span, form.spans)
    if not is_list(form[1]) or not form[1]:
        return form
    call: Any = form[1]
    span = form.spans[1]
    if head(call) is QUOTE:
        call = call[1] if len(call) == 2 and is_list(call[1]) else None
    elif not _is_partial(r, call, count):
        return form
    if not call or head(call) is LAMBDA:
        return form
    if not isinstance(call[0], (Atom, list)) and name not in _COMPOSING:
        return form
    elements = _ELEMENTS[:count]
    body = _first(r, call, elements[0]) if name in _COMPOSING else _last(call, elements)
    if body is None:
        return form
    places = dict(zip(map(id, call), call.spans, strict=True)) if isinstance(call, Form) else {}
    placed = Form(body, span, [places.get(id(item), span) for item in body])
    return Form(
        [form[0], Form([LAMBDA, Form(elements, span), placed], span), *form[2:]], form.span, form.spans
    )


def _is_bare(r: Resolver, name: str) -> bool:
    """Whether a name is an instruction and nothing else, which the composing functions take unquoted."""
    return name not in r.scope and name not in special_forms and r.is_keyword(name) and not r.is_own(name)


def _elements_given(name: str, form: Form) -> int:
    """How many elements a function of the library gives its function; 0 for one that takes none."""
    if name != "zipwith":
        return _GIVEN.get(name, 0)
    flagged = len(form) > 3 and (form[-1] is None or form[-1] is TRUE)
    return min(len(form) - 2 - flagged, len(_ELEMENTS))


def _last(call: list[Any], elements: tuple[Atom, ...]) -> list[Any]:
    if None in call[1:]:
        slot = call.index(None, 1)
        return [*call[:slot], *elements, *call[slot + 1 :]]
    return [*call, *elements]


def _first(r: Resolver, call: list[Any], element: Atom) -> list[Any] | None:
    """`(op v)` is (op element v), `(v op)` is (op v element)."""
    if len(call) != 2:
        return _last(call, (element,)) if None in call[1:] else [call[0], element, *call[1:]]
    function, value = call
    if _names_function(r, function):
        return [function, element, value]
    if _names_function(r, value):
        return [value, function, element]
    return None if not is_list(function) else [function, element, value]


def _names_function(r: Resolver, form: Any) -> bool:
    if not isinstance(form, Atom) or form is TRUE or form.name in r.scope:
        return False
    name = form.name
    if r.is_keyword(name) and r.is_own(name):
        return False
    macro = name in r.macros or name in r.context.macros
    return (
        macro or name in special_forms or r.signature(name) is not None or r.context.library(name) is not None
    )


def _is_partial(r: Resolver, call: list[Any], count: int) -> bool:
    """Whether a list that is not quoted can be no call that gives a function."""
    name = head(call)
    if name is LAMBDA:
        return False
    if name is None or name.name not in _OPERATORS:
        reversed_ = len(call) == 2 and isinstance(call[1], Atom) and call[1].name in _OPERATORS
        if reversed_ or name is None or name.name in r.scope or name.name in special_forms:
            return reversed_
        return None in call or _is_short(r, name.name, len(call) - 1, count)
    return True


def _is_short(r: Resolver, name: str, given: int, count: int) -> bool:
    """Whether a call has too few arguments, and as many as are right when the elements are added."""
    entry: Any = r.signature(r.found_in_space(name)) or r.context.library(name)
    return entry is not None and not entry.accepts(given) and bool(entry.accepts(given + count))


# -- functions of the instance, or of the space ----------------------------------------------------------

# How functions of the library call the parameters that take a function.
_TAKES = frozenset({"function", "comparator", "condition", "operation", "fold", "combine", "collate"})


def own_functions(
    r: Resolver, entry: Function | None, form: Form
) -> tuple[list[Node], dict[str, Variable], Form]:
    """What binds own functions that a call names, the variables, and the call with them."""
    bound: list[Node] = []
    variables: dict[str, Variable] = {}
    items = list(form)
    for index, parameter in enumerate(entry.parameters if entry is not None else (), 1):
        if parameter.name not in _TAKES or index >= len(form) or head(form[index]) is not QUOTE:
            continue
        atom = form[index][1]
        found = _own_function(r, r.instance, atom.name) if isinstance(atom, Atom) else None
        if found is not None:
            # No name of a program begins with a blank.
            name = f" own {index}"
            variables[name] = r.temporary()
            bound.append(r.bind(variables[name], found))
            items[index] = Atom(name)
    return bound, variables, Form(items, form.span, form.spans) if bound else form


def _own_function(r: Resolver, instance: InstanceScope | None, name: str) -> Node | None:
    """The function of a name of the instance's or of the current space; None for any other name."""
    if name in r.scope:
        return None
    if instance is None:
        own = name not in r.function.frame.variables and r.found_in_space(name) != name
        return r.name(Atom(name)) if own else None
    if instance.parent:
        return None
    if name in instance.methods:
        holder = r.read(instance.variable)
        if instance.inside:
            return Python(r.place, ".", holder, Constant(r.place, f" {name}"))
        return r.helper(" method or function", holder, r.constant(name), quiet=False)
    if instance.inside and (name in instance.fields or name in instance.extras):
        field = r.name(Atom(name))
        if r.user_defined(name) or r.context.library(name) is not None:
            return r.helper(" field or function", field, r.constant(name), quiet=False)
        return field
    return _own_function(r, instance.outer, name)

"""Forms that are other forms in disguise: infix notation, formatted strings, `for`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.expand import expanded
from lispe_kernel.language.compiler.inline.mapping import composed
from lispe_kernel.language.compiler.macro_calls import read_format, split_format
from lispe_kernel.language.compiler.tree import Node
from lispe_kernel.language.forms import LAMBDA, QUOTE, Form, head, is_list
from lispe_kernel.language.special_forms import special, special_forms
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

FOR = Atom(" for")

# Operators that take everything read so far as their left operand.
_WIDE = frozenset({"+", "-", "and", "or", "xor"})


@special("infix", "operand...", aliases=("§", "•", "/\\"))
def resolve_infix(r: Resolver, form: Form) -> Node:
    """An expression in infix notation, lists inside it included.

    A repeated operator is one call. + - and or xor take all that stands before them, any other operator
    only the operand before it: `(§ 8 / 4 * 2)` is `(/ 8 (* 4 2))`.

    Of a quoted list it gives the call as data.

    Example: (§ 2 + 3 * 4) => 14
    Example: (§ '(2 + 3 * 4)) => (+ 2 (* 3 4))
    """
    parts = form[1] if len(form) == 2 and is_list(form[1]) else form[1:]
    if head(parts) is QUOTE and len(parts) == 2 and is_list(parts[1]):
        return r.quoted(_quoted(r, list(parts[1]), form))
    return r.node(infix(r, list(parts), form))


def _quoted(r: Resolver, parts: list[Any], form: Form) -> Any:
    """The call that a quoted expression means; of a call that is one already its lists are expressions."""
    if not parts or not _is_executable(r, parts):
        return infix(r, parts, form)
    return _placed([parts[0], *(_operand(r, part, form) for part in parts[1:])], form)


def infix(r: Resolver, parts: list[Any], form: Form) -> Any:
    """The prefix form of alternating operands and operators."""
    if len(parts) % 2 == 0 or not all(isinstance(operator, Atom) for operator in parts[1::2]):
        raise r.error("Error: Infix expression is malformed")
    whole: Any = _operand(r, parts[0], form)
    # The innermost call whose last element is the operand just read.
    node: list[Any] | None = None
    for operator, part in zip(parts[1::2], parts[2::2], strict=True):
        operand = _operand(r, part, form)
        if operator.name in _WIDE:
            if node is not None and whole[0] is operator:
                whole.append(operand)
            else:
                whole = [operator, whole, operand]
            node = whole
        elif node is not None and node[0] is operator:
            node.append(operand)
        else:
            inner = [operator, whole if node is None else node[-1], operand]
            if node is None:
                whole = inner
            else:
                node[-1] = inner
            node = inner
    return _placed(whole, form)


def _placed(whole: Any, form: Form) -> Any:
    if isinstance(whole, list) and not is_list(whole):
        return Form([_placed(item, form) for item in whole], form.span)
    return whole


def _operand(r: Resolver, part: Any, form: Form) -> Any:
    if not is_list(part) or not part:
        return part
    if _is_executable(r, part) or len(part) < 3:
        return part
    return infix(r, list(part), form)


def _is_executable(r: Resolver, parts: list[Any]) -> bool:
    name = head(parts)
    if name is None or name.name in r.scope:
        return False
    return name.name in special_forms or r.user_defined(name.name) or r.context.library(name.name) is not None


@special("for", "element container form", aliases=("!for",), needs_function=True)
def resolve_for(r: Resolver, form: Form) -> Node:
    """The list of the values of a form with the variable bound to each element in turn.

    Example: (for x '(1 2 3) (* x 10)) => (10 20 30)
    """
    r.check_variable(form[1], form.spans[1])
    parameters = Form([form[1]], form.spans[1])
    function = Form([LAMBDA, parameters, form[3]], form.span, [form.span, form.spans[1], form.spans[3]])
    called = Form([FOR, function, form[2]], form.span, [form.spans[0], form.span, form.spans[2]])
    in_place = composed(r, called, FOR.name)
    return in_place or r.helper(FOR.name, *r.arguments(called), quiet=False)


@special("f_", '"text {expression} text"')
def resolve_format(r: Resolver, form: Form) -> Node:
    """A string in which `{name}` and `{+ a 1}` are replaced by the text of their value.

    `%{` and `%}` are braces as they are.

    Example: (setq n 3) (f_ "{n} and {+ n 1}") => 3 and 4
    """
    pieces: list[Node] = []
    for is_code, text in split_format(r, form[1]):
        if is_code:
            code = expanded(r, read_format(r, text, form))
            pieces.append(r.helper(" text", r.node(code, form.spans[1]), kind="text"))
        elif text:
            pieces.append(r.constant(text))
    return r.helper(" join", r.tuple(pieces), kind="text")

"""Forms that are other forms in disguise: infix notation and formatted strings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import Destination
from lispe_kernel.language.compiler.expand import expanded
from lispe_kernel.language.compiler.registry import special, special_forms
from lispe_kernel.language.errors import CompileError
from lispe_kernel.language.forms import Form, head, is_list
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Source
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler

MALFORMED = "Error: Infix expression is malformed"

# Operators that take everything read so far as their left operand.
_WIDE = frozenset({"+", "-", "and", "or", "xor"})


@special("infix", "operand...", aliases=("§", "•", "/\\"), sets_anywhere=True)
def compile_infix(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """An expression in infix notation, lists inside it included.

    A repeated operator is one call. + - and or xor take all that stands before them, any other operator
    only the operand before it: `(§ 8 / 4 * 2)` is `(/ 8 (* 4 2))`.

    Example: (§ 2 + 3 * 4) => 14
    """
    parts = form[1] if len(form) == 2 and is_list(form[1]) else form[1:]
    return c.compile(infix(c, list(parts), form), destination)


def infix(c: Compiler, parts: list[Any], form: Form) -> Any:
    """The prefix form of alternating operands and operators."""
    if len(parts) % 2 == 0:
        raise c.error(MALFORMED)
    whole: Any = _operand(c, parts[0], form)
    # The innermost call whose last element is the operand just read.
    node: list[Any] | None = None
    for operator, part in zip(parts[1::2], parts[2::2], strict=True):
        if not isinstance(operator, Atom):
            raise c.error(MALFORMED)
        operand = _operand(c, part, form)
        if operator.name in _WIDE:
            if is_list(whole) and node is not None and whole[0] is operator:
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
    if is_list(whole) and not isinstance(whole, Form):
        return Form([_placed(item, form) for item in whole], form.span)
    return whole


def _operand(c: Compiler, part: Any, form: Form) -> Any:
    if not is_list(part) or not part:
        return part
    name = head(part)
    executable = name is not None and (
        name.name in special_forms or c.user_defined(name.name) or c.context.library(name.name) is not None
    )
    if executable or len(part) < 3:
        return part
    return infix(c, list(part), form)


@special("f_", '"text {expression} text"', returns="text")
def compile_format(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """A string in which `{name}` and `{+ a 1}` are replaced by the text of their value.

    `%{` and `%}` are braces as they are.

    Example: (setq n 3) (f_ "{n} and {+ n 1}") => 3 and 4
    """
    pieces: list[ast.expr] = []
    for is_code, text in split_format(c, form[1]):
        if is_code:
            code = (
                text
                if text.lstrip().startswith("(") or not any(ch.isspace() for ch in text.strip())
                else f"({text})"
            )
            pieces.append(c.call(" text", c.value(_read(c, code, form), form.spans[1])))
        elif text:
            pieces.append(c.constant(text))
    joined = ast.copy_location(ast.Tuple(pieces, ast.Load()), c.nil())
    return c.deliver(c.known(c.call(" join", joined), "text"), destination)


def _read(c: Compiler, code: str, form: Form) -> Any:
    try:
        forms = read(Source(code, c.source.name), c.context.canonical)
    except CompileError as error:
        raise c.error(f"Error: Wrong use of 'f_': {error.text}", form.spans[1]) from None
    if len(forms) != 1:
        raise c.error("Error: Wrong use of 'f_': an expression is expected between the braces", form.spans[1])
    found = expanded(c, forms[0])
    return Form(found, form.spans[1]) if is_list(found) else found


def split_format(c: Compiler, text: str) -> list[tuple[bool, str]]:
    """The parts of a formatted string as (is it code, text)."""
    found: list[tuple[bool, str]] = []
    plain, at = "", 0
    while at < len(text):
        character = text[at]
        if character == "%" and text[at + 1 : at + 2] in ("{", "}"):
            plain += text[at + 1]
            at += 2
        elif character == "{":
            end = text.find("}", at)
            if end == -1:
                raise c.error("Error: Wrong format: a '{' of the text is never closed")
            found += [(False, plain), (True, text[at + 1 : end])]
            plain, at = "", end + 1
        else:
            plain += character
            at += 1
    found.append((False, plain))
    return found

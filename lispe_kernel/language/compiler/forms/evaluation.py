"""Code as data: `eval`, and what is carried out while compiling: `use`, `link`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import EFFECT, Destination
from lispe_kernel.language.compiler.forms.spaces import space_name
from lispe_kernel.language.compiler.registry import special
from lispe_kernel.language.compiler.scopes import python_name
from lispe_kernel.language.forms import QUOTE, Form, is_list
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler


@special("eval", "form", needs_function=True)
def compile_eval(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Run a list as code, or compile and run a text; anything else is returned as it is.

    The code sees the variables of the function that evaluates it; what it assigns is global.

    Example: (eval '(+ 1 2)) => 3
    Example: (eval "(* 2 3)") => 6
    """
    value = c.value(form[1], form.spans[1])
    names: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for name in visible(c):
        names.append(c.constant(name))
        values.append(c.variable(Atom(name)))
    local = ast.copy_location(ast.Dict(names, values), c.nil())
    return c.deliver(c.call(" eval", value, local), destination)


def visible(c: Compiler) -> list[str]:
    """The local variables that have a value at this point."""
    frame = set(c.definite) if c.function.frame.kind == "defun" else set()
    return sorted(set(c.bindings) | {n for n in frame if python_name(n) == n})


@special("elapse", "[form...]", returns="number")
def compile_elapse(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """The milliseconds that evaluating the forms takes, as a number.

    Example: (< (elapse (+ 1 2)) 60000) => true
    """
    start = c.saved(c.call(" clock"))
    for index in range(1, len(form)):
        c.effect(form[index], form.spans[index])
    return c.deliver(c.known(c.call(" elapsed", start), "number"), destination)


@special("link", '"name" \'function', defines="name")
def compile_link(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Give a function or instruction a second name, from here on.

    Example: (eval "(link \\"plus\\" '+) (plus 1 2)") => 3
    """
    target: Any = form[2]
    if is_list(target) and len(target) == 2 and target[0] is QUOTE:
        target = target[1]
    c.links[form[1]] = target.name
    return None if destination is EFFECT else c.deliver(c.true(), destination)


@special("use", "library [space]", silent=True)
def compile_use(c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
    """Load a library or a LispE file. The torch library is always there; naming it is harmless.

    A file named by a string is run before the rest of the text is compiled, so its macros can be used.

    Example: (use 'lispe_torch) => true
    """
    library: Any = form[1]
    space = space_name(form[2]) if len(form) == 3 else ""
    if is_list(library) and len(library) == 2 and library[0] is QUOTE:
        library = library[1]
    c.context.use_library(library.name if isinstance(library, Atom) else library, space)
    return c.deliver(c.true(), destination)

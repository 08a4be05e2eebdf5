"""Code as data: `eval`, and what is carried out while compiling: `use`, `link`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.forms.spaces import space_name
from lispe_kernel.language.compiler.statements import Seen
from lispe_kernel.language.compiler.tree import Block, Node
from lispe_kernel.language.forms import Form, is_list
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver


@special("eval", "form", needs_function=True)
def resolve_eval(r: Resolver, form: Form) -> Node:
    """Run a list as code, or compile and run a text; anything else is returned as it is.

    The code sees the variables of the function that evaluates it; what it assigns is global. In a method it
    stands in the instance: fields, methods, `this` and `setqi` mean what they mean there.

    Example: (eval '(+ 1 2)) => 3
    Example: (eval "(* 2 3)") => 6
    """
    value = r.node(form[1], form.spans[1])
    for variable in r.scope.values():
        r.function.uses(variable)
    instances = r.instance.around() if r.instance is not None else {}
    for variable in instances.values():
        r.function.uses(variable)
    lexical = [*((n, v) for n, v in r.scope.items() if n), *instances.items()]
    opening = []
    if r.space:
        # What the code is compiled in, seen as a variable that no program can name.
        held = r.temporary()
        opening.append(r.bind(held, r.constant(r.space)))
        r.function.uses(held)
        lexical.append((" space", held))
    seen = Seen(r.place, r.function, lexical)
    frame = r.function.frame
    if frame.kind == "defun":
        frame.seen.append(seen)
    called = r.helper(" eval", value, seen, quiet=False)
    return Block(r.place, [*opening, called]) if opening else called


@special("elapse", "[form...]")
def resolve_elapse(r: Resolver, form: Form) -> Node:
    """The milliseconds that evaluating the forms takes, as a number.

    Example: (< (elapse (+ 1 2)) 60000) => true
    """
    start = r.temporary()
    bound = r.bind(start, r.helper(" clock"))
    return Block(r.place, [bound, *r.arguments(form), r.helper(" elapsed", r.read(start), kind="number")])


@special("link", '"name" \'function', defines="name")
def resolve_link(r: Resolver, form: Form) -> Node:
    """Give a function or instruction a second name, from here on.

    Example: (eval "(link \\"plus\\" '+) (plus 1 2)") => 3
    """
    target: Atom | None = form[2][1] if is_list(form[2]) else form[2]
    r.links[form[1]] = "nil" if target is None else target.name
    return r.true()


@special("use", "library [space]", silent=True)
def resolve_use(r: Resolver, form: Form) -> Node:
    """Load a library or a LispE file. The torch library is always there; naming it is harmless.

    A file named by a string is run before the rest of the text is compiled, so its macros can be used.

    Example: (use 'lispe_torch) => true
    """
    library: Any = form[1][1] if is_list(form[1]) else form[1]
    space = space_name(form[2]) if len(form) == 3 else ""
    r.context.use_library(library.name if isinstance(library, Atom) else library, space)
    return r.true()

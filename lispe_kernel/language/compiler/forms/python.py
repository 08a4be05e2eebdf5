"""Python's modules and methods: `(import "torch.nn" nn)`, `(->permute t 2 0 1)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.calls import split_named
from lispe_kernel.language.compiler.tree import Call, Node
from lispe_kernel.language.forms import Form
from lispe_kernel.language.special_forms import special
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.resolve import Resolver

SETQ, IMPORTED = Atom("setq"), Atom(" imported")


@special("import", '"module" [variable]', silent=True)
def resolve_import(r: Resolver, form: Form) -> Node:
    """A Python module in a variable, which has the last part of the module's name unless one is given.

    Its contents are read by `@`: `(@ math 'pi)`, `((@ math 'sqrt) 9)`.

    Example: (import "math") ((@ math 'sqrt) 9) => 3
    Example: (import "os.path" p) ((@ p 'basename) "a/b") => b
    """
    name = form[2] if len(form) > 2 else Atom(form[1].rpartition(".")[2])
    return r.node(form.made(SETQ, name, form.made(IMPORTED, form[1])))


@special("->", "name object [argument...]")
def resolve_method(r: Resolver, form: Form) -> Node:
    """Call a method of a Python object: `(->permute t 2 0 1)`. Named arguments are written `(? name value)`.

    The name is not evaluated, so that what the form means does not hang on any value.

    Example: (->upper "abc") => ABC
    Example: (->count "banana" "an") => 2
    """
    name = form[1]
    positional, named = split_named(r, form)
    value, *arguments = r.arguments(positional, 2)
    found = r.helper(" method", value, r.constant(name.name), quiet=False)
    return Call(r.place, found, arguments, named)

"""What a name means inside an instance: its fields and methods, in methods and in `(obj (m a) ...)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from lispe_kernel.language.compiler.destinations import Destination
from lispe_kernel.language.compiler.scopes import python_name
from lispe_kernel.language.values.atoms import Atom

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.core import Compiler
    from lispe_kernel.language.compiler.variables import Variables
    from lispe_kernel.language.forms import Form


class InstanceScope:
    """The instance that is current where a form is compiled.

    name: the Python variable that holds it. classes: the classes it may be of. inside: whether the form
    stands in a method of the (one) class, so that its fields are surely there. parent: the name of the
    class whose methods are called whatever the instance's own are (`from@`).
    """

    def __init__(self, name: str, classes: list[Any], *, inside: bool, parent: str = "") -> None:
        self.name, self.inside, self.parent = name, inside, parent
        self.fields = frozenset(f for cls in classes for f in cls.lispe_fields)
        self.extras = frozenset(f for cls in classes for f in cls.lispe_extras)
        self.methods = frozenset(m for cls in classes for m in cls.lispe_methods)

    def attribute(self, c: Variables, name: str, context: ast.expr_context | None = None) -> ast.Attribute:
        """A field of the instance."""
        node = ast.Attribute(c.name(self.name), python_name(name), context or ast.Load())
        return ast.copy_location(node, c.nil())

    def variable(self, c: Variables, name: str) -> ast.expr | None:
        """A name as a field; None when it is none."""
        if self.inside and name in self.fields:
            node = self.attribute(c, name)
            frame = c.function.frame
            if frame.kind == "defun":
                frame.uncertain_fields[id(node)] = name
                c.kept_nodes.append(node)
            return node
        if name not in self.fields and name not in self.extras:
            return None
        has = c.call(" has field", c.name(self.name), c.constant(python_name(name)))
        outer, c.instance = c.instance, None
        try:
            other = c.variable(Atom(name))
        finally:
            c.instance = outer
        return c.choose(has, self.attribute(c, name), other)

    def calls(self, name: str) -> bool:
        return name in self.methods

    @staticmethod
    def _is_function(c: Compiler, name: str) -> bool:
        """Whether a function of the program has a method's name: an instance of another class may mean it."""
        return name in c.signatures or c.context.defined(name) or c.context.library(name) is not None

    def call(self, c: Compiler, form: Form, destination: Destination) -> ast.expr | None:
        """A call of a method of the instance."""
        arguments = c.arguments(form)
        method = " " + form[0].name
        if self.parent:
            found: ast.expr = ast.Attribute(c.name(python_name(self.parent)), method, ast.Load())
            arguments = [c.name(self.name), *arguments]
        elif not self.inside and self._is_function(c, form[0].name):
            found = c.call(" method or function", c.name(self.name), c.constant(form[0].name))
        else:
            found = ast.Attribute(c.name(self.name), method, ast.Load())
        return c.deliver(c.call(ast.copy_location(found, c.nil()), *arguments), destination)

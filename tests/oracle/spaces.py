"""`defspace` and `space` (advanced 6): functions looked up in the current space, then in the main one.

Whether a function of the main space that is called inside a space sees that space's functions is not said,
nor what a function of a space sees that is called outside of it: no evidence. Aliases made by `link`
(core 1.7) are here, too.
"""

from tests.oracle.errors import Undetermined
from tests.oracle.registry import form
from tests.oracle.scope import UNDEFINED, Block
from tests.oracle.threads import ThreadScope
from tests.oracle.values import Atom

MAIN = "mainspace_"


class SpaceScope(Block):
    """The forms of a `space`: names of its functions before those of the main space."""

    def __init__(self, outer, functions):
        super().__init__(outer)
        self.functions = functions

    def find(self, name):
        if self.current_instance() is not None:
            raise Undetermined("a space inside an instance")
        local = self.outer.local(name)
        if local is not None and local is not self.globals.names:
            if name in self.functions:
                raise Undetermined("a variable of the name of a function of the space")
            return local
        if name in self.functions:
            return self.functions
        return self.globals.names if name in self.globals.names else None

    def holder(self, name):
        if name in self.functions:
            raise Undetermined("an assignment to the name of a function of the space")
        return self.outer.holder(name)


@form("space", least=1)
def space(interpreter, arguments, scope, tail):
    name = arguments[0].name
    if name == "thread":
        return interpreter.body(arguments[1:], ThreadScope(scope, interpreter.shared.names))
    if name != MAIN and name not in interpreter.spaces:
        raise Undetermined("when it is found out that there is no such space")
    if len(arguments) == 1:
        raise Undetermined("a space without forms")
    before = interpreter.space
    interpreter.space = None if name == MAIN else name
    try:
        return interpreter.body(arguments[1:], SpaceScope(scope, interpreter.spaces.get(name, {})))
    finally:
        interpreter.space = before


@form("link", least=2, most=2)
def link(interpreter, arguments, scope, tail):
    """It acted when the text was read; whether it leaves a value is not said."""
    return UNDEFINED


def linked(form_, aliases):
    """The form with the aliases replaced, in quotes, too."""
    if isinstance(form_, list):
        return [linked(part, aliases) for part in form_]
    return aliases.get(form_.name, form_) if isinstance(form_, Atom) else form_


def make_link(form_, aliases) -> None:
    """Note the alias of a `(link "name" 'target)` of the top level."""
    name, target = form_[1:] if len(form_) == 3 else (None, None)
    quoted = isinstance(target, list) and len(target) == 2 and target[0] is Atom("quote")
    if not isinstance(name, str) or not quoted or not isinstance(target[1], Atom):
        raise Undetermined("an unusual link")
    aliases[name] = target[1]

"""Who sees which variable (core 2.5 with the dialect's closures and lexical `let`).

A `Frame` belongs to one call of a function (or to the top level); a `Block` holds the variables of one
`let` or the parameters of one lambda and stands inside the scope where it was written. `setq` writes the
nearest block that has the name, otherwise the frame. Reading goes outwards: blocks, frame, fields of the
instance, globals. This module never evaluates a program.
"""

from tests.oracle.errors import OracleError, Undetermined


class Undefined:
    """What a variable holds whose value the reference leaves open; reading it is no evidence."""


UNDEFINED = Undefined()


class Frame:
    """The variables of one call; `instance` is the object a method runs in.

    space: the functions of the current space, None in the main one; sure: whether this is one of them.
    """

    space = None
    sure = True

    def __init__(self, globals_frame=None, function=None, instance=None):
        self.names = {}
        self.globals = globals_frame or self
        self.function = function
        self.instance = instance

    @property
    def frame(self):
        return self

    def holder(self, name):
        """The names among which an assignment to `name` lands."""
        return self.names

    def local(self, name):
        """The names of this call that hold `name`, if any."""
        return self.names if name in self.names else None

    def find(self, name):
        """The names that hold `name` when it is read, None when it is unbound."""
        if name in self.names:
            return self.names
        if self.instance is not None and self.instance.has(name):
            return self.instance.fields
        if self.space is not None and name in self.space:
            if not self.sure:
                raise Undetermined("what a function of the main space sees that is called in another one")
            return self.space
        return self.globals.names if name in self.globals.names else None

    def current_instance(self):
        return self.instance

    def current_class(self):
        """The class among whose methods a call looks first."""
        return self.instance.of if self.instance is not None else None

    def current_function(self):
        return self.function


class Block:
    """The variables of one `let`, or the parameters of one call of a lambda, inside `outer`."""

    def __init__(self, outer, function=None):
        self.names = {}
        self.outer = outer
        self.function = function

    @property
    def frame(self):
        return self.outer.frame

    @property
    def globals(self):
        return self.outer.globals

    def holder(self, name):
        return self.names if name in self.names else self.outer.holder(name)

    def local(self, name):
        return self.names if name in self.names else self.outer.local(name)

    def find(self, name):
        return self.names if name in self.names else self.outer.find(name)

    def current_instance(self):
        return self.outer.current_instance()

    def current_class(self):
        return self.outer.current_class()

    def current_function(self):
        return self.function or self.outer.current_function()


class EvalScope(Block):
    """Code run by `eval`: sees the variables around it, assigns globals."""

    def holder(self, name):
        return self.globals.names

    def local(self, name):
        if self.outer.local(name) not in (None, self.globals.names):
            raise Undetermined("in-place change of a local variable inside eval")
        return


class InstanceScope(Block):
    """Forms run inside an instance, `(obj e ...)`: what a name means to the caller goes before a field."""

    def __init__(self, outer, instance):
        super().__init__(outer)
        self.instance = instance

    def find(self, name):
        found = self.outer.find(name)
        return self.instance.fields if found is None and self.instance.has(name) else found

    def current_instance(self):
        return self.instance

    def current_class(self):
        return self.instance.of


class ParentScope(Block):
    """Forms in `(from@ Parent e ...)`: the parent's methods on the same instance."""

    def __init__(self, outer, parent):
        super().__init__(outer)
        self.parent = parent

    def current_class(self):
        return self.parent


class ClassScope(Block):
    """Forms in `(withclass Name e ...)`: a variable that is called as an instance must be of that class."""

    def __init__(self, outer, of):
        super().__init__(outer)
        self.of = of


def expected_class(scope):
    """The class of the `withclass` around, if any."""
    while isinstance(scope, Block):
        if isinstance(scope, ClassScope):
            return scope.of
        scope = scope.outer
    return None


def read(scope, name: str):
    """The value of a variable, or None when nothing has that name."""
    names = scope.find(name)
    if names is None:
        return None
    value = names[name]
    if value is UNDEFINED:
        raise Undetermined(f"value of {name} here")
    return value


def assign(scope, name: str, value) -> None:
    """What `setq` does."""
    if name in scope.globals.constants:
        raise OracleError("compile", f"Error: '{name}' is a constant value")
    scope.holder(name)[name] = value


def assign_in_place(scope, name: str, value) -> None:
    """Where `+=` stores: a local of that name, else an existing global, else the current frame (core 3.5)."""
    local = scope.local(name)
    instance = scope.current_instance()
    if local is not None:
        local[name] = value
    elif instance is not None and scope.find(name) is not scope.globals.names:
        scope.find(name)[name] = value
    elif name in scope.globals.names:
        scope.globals.names[name] = value
    else:
        scope.holder(name)[name] = value

"""The tree walker: what a form means, one rule of the reference after the other (core 2).

One `Interpreter` is one LispE session. `evaluate(text)` reads, expands, checks, makes the definitions of
the text and then runs its forms from top to bottom. Special forms and functions are in the files named
for their family.
"""

from tests.oracle import definitions
from tests.oracle import scope as scopes
from tests.oracle.errors import BreakSignal, OracleError, ReturnSignal, TailCall, Undetermined
from tests.oracle.expand import Expander
from tests.oracle.names import ELSEWHERE
from tests.oracle.reader import read
from tests.oracle.registry import FORMS, FUNCTIONS, OPERATORS, is_known
from tests.oracle.scope import Block, Frame
from tests.oracle.threads import Shared, ThreadFunction, start
from tests.oracle.values import (
    NIL,
    TRUE,
    Atom,
    Bound,
    Builtin,
    ClassType,
    Function,
    Instance,
    List,
    Parameter,
    PatternFunction,
    RecordType,
)

STEPS = 200_000
# Forms of the top level that a `return` in them leaves as a whole.
LEFT_WHOLE = ("block", "check", "cond", "if", "ife", "loop", "loopcount", "ncheck", "return", "while")
TYPE_ATOM = "_"
CONSTANTS = {"_pi": 3.141592653589793, "_tau": 6.283185307179586, "_e": 2.718281828459045}


CALLED = (Function, PatternFunction, Builtin, ClassType, Instance)


def unreached(error, forms):
    """An error with operands that were not reached: whether they are evaluated all the same is not said."""
    error.partly |= any(isinstance(form, list) and form and form[0] is not Atom("quote") for form in forms)
    return error


class Interpreter:
    """A session of the oracle. `steps` bounds one text: a longer run is no evidence."""

    def __init__(self, steps: int = STEPS):
        self.globals = self.place = Frame()
        self.globals.constants = set(CONSTANTS)
        self.globals.names.update(CONSTANTS)
        self.macros: dict = {}
        self.methods: set[str] = set()
        self.records: dict[str, RecordType] = {}
        self.spaces: dict[str, dict] = {}
        self.space = None
        self.aliases: dict[str, Atom] = {}
        self.shared = Shared()
        self.limit = steps
        self.steps = 0
        self.output: list[str] = []
        self.made: dict[int, list] = {}
        self.suspects: list = []

    # -- texts ---------------------------------------------------------------------------------------------

    def evaluate(self, text: str):
        """The value of the last form of a text."""
        self.steps, self.suspects = 0, []
        try:
            value = self.run_text(text, self.globals)
        except BreakSignal:
            raise Undetermined("break outside a loop") from None
        except RecursionError:
            raise Undetermined("deeper than the oracle can go") from None
        if self.suspects:
            raise Undetermined(f"a wrong call of {self.suspects[0]} that was not reached")
        return value

    def run_text(self, text: str, scope):
        """Compile a text as a whole, make its definitions, run the rest."""
        forms = Expander(self).text(read(text))
        definitions.make_all(self, forms)
        value = NIL
        for form in forms:
            try:
                value = self.eval(form, scope)
            except ReturnSignal as signal:
                if isinstance(form, list) and form[0].name not in LEFT_WHOLE:
                    # It may only give a value to the form that is an argument (dialect).
                    raise Undetermined("return in an argument") from None
                value = signal.value  # it ends its form, the text goes on (dialect)
        return value

    def run_value(self, form, scope):
        """Run a list made at run time as code."""
        form = Expander(self).form(form)
        definitions.make_all(self, [form])
        return self.eval(form, scope)

    # -- forms ---------------------------------------------------------------------------------------------

    def eval(self, form, scope, tail: bool = False):
        """The value of a form. `tail`: it stands in a terminal place of the running function (core 2.6)."""
        self.steps += 1
        if self.steps > self.limit:
            raise Undetermined("too many steps")
        if isinstance(form, Atom):
            return self.variable(form, scope)
        if not isinstance(form, list):
            return form
        if not form:
            return List()
        return self.call_form(form, scope, tail)

    def body(self, forms, scope, tail: bool = False):
        """The forms in order; the value of the last, nil when there is none."""
        value = NIL
        for at, form in enumerate(forms, 1):
            value = self.eval(form, scope, tail and at == len(forms))
        return value

    def variable(self, atom: Atom, scope):
        """What a name means where it stands (core 2.5)."""
        name = atom.name
        if atom is NIL or atom is TRUE:
            return atom
        value = scopes.read(scope, name)
        if value is not None:
            return value
        if name in OPERATORS:
            return Builtin(name)
        if name in ("and", "or", "xor"):
            return atom
        if name in FORMS or name in FUNCTIONS:
            raise OracleError("unbound", f"Error: cannot evaluate this instruction: '{name}'")
        if name in ELSEWHERE or name in self.macros or name in self.records or name.endswith(TYPE_ATOM):
            raise Undetermined(f"value of the name {name}")
        raise OracleError("unbound", f"Error: Unbound atom: '{name}'")

    def call_form(self, form, scope, tail):
        """A list: a special form, a call of the library, or a call of a value."""
        head, arguments = form[0], form[1:]
        if isinstance(head, Atom):
            name = head.name
            entry = FORMS.get(name)
            if entry is not None:
                if not entry.accepts(len(arguments)):
                    raise OracleError("arguments", "Error: wrong number of arguments")
                return entry.run(self, arguments, scope, tail)
            found = self.method_or_variable(name, scope)
            if found is not None:
                return self.call_found(name, found, arguments, scope, tail)
            if name in FUNCTIONS:
                if not FUNCTIONS[name].accepts(len(arguments)):
                    raise Undetermined(f"a call that fits a method {name} only, not the function")
                return self.call_operands(FUNCTIONS[name], arguments, scope)
            return self.call_unknown(name, arguments, scope)
        if isinstance(head, list) and head and head[0] is Atom("λ"):
            function = self.eval(head, scope)
            return self.call(function, *self.arguments(arguments, scope), literal=True)
        if isinstance(head, list) and head:
            value = self.eval(head, scope)
            if not arguments and (value is NIL or value is TRUE or isinstance(value, (int, float, str))):
                return value  # dialect: a scalar alone in two pairs of parentheses
            return self.call_value(value, arguments, scope, tail)
        raise OracleError("call", "Unknown function call")

    def call_operands(self, entry, forms, scope):
        """A call of the library by name: operands from left to right."""
        left = list(forms)
        before, self.place = self.place, scope

        def operands():
            while left:
                yield self.eval(left.pop(0), scope)

        try:
            return self.call_library(entry, operands(), len(forms))
        except OracleError as error:
            unreached(error, left)
            raise
        finally:
            self.place = before

    def method_or_variable(self, name, scope):
        """A method of the running instance, or the value of a variable of that name."""
        instance = scope.current_instance()
        if instance is not None and scope.local(name) in (None, self.globals.names):
            method = self.method(name, scope)
            if method is not None:
                if instance.has(name):
                    raise Undetermined("a method and a field of one name")
                return method
        found = scopes.read(scope, name)
        if instance is not None and scope.find(name) is instance.fields and not isinstance(found, CALLED):
            # A field that can be no function hides none (dialect).
            other = self.globals.names.get(name)
            return other if other is not None or name in FUNCTIONS else found
        return found

    def method(self, name, scope):
        """The method of that name among those that a call looks at where it stands."""
        of = scope.current_class()
        found = of.method(name) if of is not None else None
        own = scope.current_instance().of if of is not None else None
        if found is None and own is not of and own.method(name) is not None:
            raise Undetermined("a method that the parent of from@ lacks")
        return found

    def call_found(self, name, found, arguments, scope, tail):
        """A call by name of a value that is not of the library."""
        instance = scope.current_instance()
        method = instance is not None and self.method(name, scope) is found
        if is_known(name) and not method:
            raise Undetermined(f"{name} is a function and a variable")
        if method:
            given = self.arguments(arguments, scope)
            if tail and found is scope.current_function():
                raise TailCall(found, *given)
            return self.call(found, *given, instance=instance)
        return self.call_value(found, arguments, scope, tail, named=name)

    def call_unknown(self, name, arguments, scope):
        if name in ELSEWHERE:
            raise Undetermined(f"{name} is not played by the oracle")
        if name in self.macros:
            raise Undetermined("a call compiled before its macro was known")
        if name in self.records:
            return definitions.build_record(
                self, self.records[name], [self.eval(a, scope) for a in arguments]
            )
        # Whether the arguments are evaluated before the name is found out is left open (dialect).
        raise unreached(OracleError("unbound", f"Error: Unbound atom: '{name}'"), arguments)

    def call_value(self, value, arguments, scope, tail=False, named=None):
        """A call of a value with argument forms."""
        if isinstance(value, (ClassType, Instance)):
            from tests.oracle import classes

            return classes.use(self, value, arguments, scope, named)
        if isinstance(value, Atom) and value.name in self.records:
            return definitions.build_record(
                self, self.records[value.name], [self.eval(a, scope) for a in arguments]
            )
        if isinstance(value, Builtin):
            return self.call_operands(FUNCTIONS[value.name], arguments, scope)
        if isinstance(value, (Function, PatternFunction)):
            given = self.arguments(arguments, scope)
            if tail and value is scope.current_function():
                raise TailCall(value, *given)
            known = named is not None and self.globals.names.get(named) is value and scope.local(named) in (
                None, self.globals.names)  # fmt: skip
            return self.call(value, *given, literal=known)
        if isinstance(value, Atom) and self.method(value.name, scope) is not None:
            raise Undetermined("a call of the name of a method")
        try:
            function = self.as_function(value, scope)
        except OracleError:
            self.arguments(arguments, scope)  # a call of what is no function evaluates them first (dialect)
            raise
        return self.call(function, *self.arguments(arguments, scope))

    def arguments(self, forms, scope):
        """The values of argument forms, left to right, and the named ones `(? name value)`."""
        values, named = [], {}
        for form in forms:
            if isinstance(form, list) and form and form[0] is Atom("?"):
                named[form[1].name] = self.eval(form[2], scope)
            elif named:
                raise OracleError("arity", "Error: illegal argument.")
            else:
                values.append(self.eval(form, scope))
        return values, named

    # -- calls ---------------------------------------------------------------------------------------------

    def as_function(self, value, scope):
        """What can be called in the place of a function: a function, a quoted name, a quoted lambda."""
        if isinstance(value, (Function, PatternFunction, Builtin, ClassType)):
            return value
        if isinstance(value, Atom) and value not in (NIL, TRUE):
            found = self.method_or_variable(value.name, scope)
            instance = scope.current_instance()
            if instance is not None and self.method(value.name, scope) is found is not None:
                if scope.frame.instance is not instance or scope.current_class() is not instance.of:
                    raise Undetermined("a method in the place of a function, outside of methods")
                return Bound(found, instance)
            if isinstance(found, (Function, PatternFunction, ClassType)):
                return found
            if value.name in FUNCTIONS:
                return Builtin(value.name)
            if (
                is_known(value.name)
                or found is not None
                or value.name in self.macros
                or value.name in self.records
            ):
                raise Undetermined(f"{value.name} in the place of a function")
            raise OracleError("unbound", f"Error: Unbound atom: '{value.name}'")
        if isinstance(value, List) and value.kind == "list" and value.items and value.items[0] is Atom("λ"):
            return self.eval(definitions.as_form(value), scope)
        raise OracleError("call", "Unknown function call")

    def call(self, function, values, named=None, instance=None, literal=False):
        """Call a function with values. `literal`: written where the count is known when it is compiled."""
        if isinstance(function, Builtin):
            return self.call_library(FUNCTIONS[function.name], iter(values), len(values))
        if isinstance(function, Bound):
            return self.call(function.method, values, named, instance=function.instance)
        if isinstance(function, ClassType):
            raise Undetermined("a class in the place of a function")
        if isinstance(function, PatternFunction):
            from tests.oracle import patterns, predicates

            return (patterns if function.kind == "defpat" else predicates).call(self, function, values)
        if isinstance(function, ThreadFunction) and function not in self.shared.running:
            return start(self, function, values, named)
        kind = "arity" if literal else "arguments"
        while True:
            # Each turn of a self tail call is a call, with variables of its own (docs/dialect.md, 5).
            scope = self.inside(function, instance)
            self.bind(function, values, named or {}, scope, kind)
            try:
                return self.body(function.body, scope, tail=True)
            except ReturnSignal as signal:
                return signal.value
            except TailCall as again:
                if again.function is not function:
                    raise
                values, named, kind = again.arguments, again.named, "arity"
            except BreakSignal:
                raise Undetermined("break that leaves a function") from None

    def inside(self, function, instance):
        """The scope of a call."""
        if function.is_lambda and function.space != self.space:
            raise Undetermined("a lambda of another space")
        if function.is_lambda:
            return Block(function.scope, function)
        if function.space is not None and function.space != self.space:
            raise Undetermined("a function of a space that is called outside of it")
        scope = Frame(self.globals, function, instance)
        if self.space is not None:
            scope.space, scope.sure = self.spaces[self.space], function.space == self.space
        return scope

    def bind(self, function, values, named, scope, kind):
        """Give the parameters their values; defaults see the earlier parameters and the globals."""
        left = list(values)
        unknown = set(named) - {p.name for p in function.parameters}
        for parameter in function.parameters:
            if parameter.rest:
                scope.names[parameter.name] = List(left)
                left = []
            elif left:
                scope.names[parameter.name] = left.pop(0)
                if parameter.name in named:
                    raise Undetermined("a parameter given twice")
            elif parameter.name in named:
                scope.names[parameter.name] = named[parameter.name]
            elif parameter.optional:
                scope.names[parameter.name] = self.eval(parameter.default, scope)
            else:
                left = [None]
                break
        if left or unknown:
            raise OracleError(kind, f"Error: Wrong number of arguments in call to: '({function.name} ...)'")

    def call_library(self, entry, values, count):
        """Call a function of the library; `values` is an iterator."""
        if not entry.accepts(count):
            raise OracleError("arguments", "Error: wrong number of arguments")
        return entry.run(self, values if entry.stepwise else list(values))

    def function_of(self, source, parameters, body, name, scope=None) -> Function:
        """A function from its parts as forms."""
        parts = [self.parameter(p) for p in parameters]
        return Function(name, parts, body, source, scope, scope is not None, self.space)

    def parameter(self, form) -> Parameter:
        """`x`, `(x)`, `(x default)` or `(() x)`."""
        name = form[-1] if isinstance(form, list) and form and form[0] == [] else form
        name = name[0] if isinstance(name, list) and name else name
        if isinstance(name, Atom) and (is_known(name.name) or name in (NIL, TRUE)):
            raise Undetermined("a parameter named as an instruction")
        if isinstance(form, Atom):
            return Parameter(form.name)
        if isinstance(form, list) and len(form) == 2 and form[0] == []:
            return Parameter(form[1].name, rest=True)
        if isinstance(form, list) and len(form) in (1, 2) and isinstance(form[0], Atom):
            return Parameter(form[0].name, True, form[1] if len(form) == 2 else NIL)
        raise OracleError("compile", "Error: Wrong parameter description")

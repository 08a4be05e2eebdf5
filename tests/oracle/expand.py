"""From read forms to plain calls: macros, composition, infix forms, tables, formatted strings (core 1.6, 3.6,
advanced 4 and 8.1, dialect 7), and the faults that stop a text before it runs (core 2.1).

Nothing is expanded inside a quote. This module never evaluates a program.
"""

import re

from tests.oracle import definitions
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.names import ASSIGNMENTS, ELSEWHERE, FAMILY
from tests.oracle.reader import read
from tests.oracle.registry import FORMS, FUNCTIONS, OPERATORS, is_known
from tests.oracle.values import Atom

WORD = re.compile(r"[a-z_0-9]+$")
QUOTE, POINT, AT, PARTIAL = Atom("quote"), Atom("."), Atom("@"), Atom("%partial")


class Expander:
    """Expands the forms of one text for one interpreter, whose macros it reads and adds to."""

    def __init__(self, interpreter):
        self.interpreter = interpreter
        self.brings = False

    def text(self, forms) -> list:
        """All forms of a text, in order: a macro is known from its definition on."""
        forms = self.with_links(forms)
        self.brings = definitions.brings(forms)
        self.interpreter.methods |= definitions.methods_in(forms)
        return [self.form(form) for form in forms]

    def with_links(self, forms) -> list:
        """The forms with the aliases of `link` replaced, each from its own link on."""
        from tests.oracle.spaces import linked, make_link

        made = []
        for form in forms:
            form = linked(form, self.interpreter.aliases) if self.interpreter.aliases else form
            if isinstance(form, list) and form[:1] == [Atom("link")]:
                make_link(form, self.interpreter.aliases)
            made.append(form)
        return made

    def form(self, form):
        """One form."""
        if not isinstance(form, list) or not form:
            return form
        form = self.composition(form)
        head = form[0]
        if head is QUOTE:
            if len(form) != 2:
                raise OracleError("compile", "Error: Wrong number of arguments for 'quote'")
            return form
        if not isinstance(head, Atom):
            if len(form) > 2 and form[1] is AT:
                return self.form([AT, head, *form[2:]])
            return [self.form(part) for part in form]
        name = head.name
        if name == "infix":
            return self.form(infix(form[1]) if len(form) == 2 else infix(form[1:]))
        if name == "f_":
            return self.form(formatted(form[1]))
        if name == "@" and len(form) > 1 and all(is_pair(part) for part in form[1:]):
            return [Atom("dictionary"), *(self.form(part) for pair in form[1:] for part in pair[1:])]
        if len(form) > 2 and form[1] is AT and not is_known(name):
            return self.form([AT, head, *form[2:]])
        if name in SHAPES:
            return SHAPES[name](self, form)
        if name in self.interpreter.macros:
            return self.macro(name, form[1:])
        return self.checked([head, *self.parts(name, form[1:])])

    def parts(self, name, parts):
        """The arguments of an ordinary call; the first of the functional family may be a partial call."""
        if name in FAMILY and parts and is_partial(parts[0]):
            return [[PARTIAL, *(self.form(p) for p in parts[0])], *(self.form(part) for part in parts[1:])]
        return [self.form(part) for part in parts]

    def composition(self, form):
        """`(a b . c d)` is `(a b (c d))`."""
        marks = [at for at, part in enumerate(form) if part is POINT]
        if not marks:
            return form
        at = marks[0]
        if at == 0:
            if len(marks) == 1 and len(form) == 5:
                return [Atom("inner"), *form[1:]]
            raise OracleError("compile", "Error: unknown operation: '.'")
        if at + 1 >= len(form):
            raise Undetermined("composition without a call")
        if form[at + 1] is POINT:
            raise OracleError("compile", "Error: two '.' in a row. Composition is impossible")
        return [*form[:at], form[at + 1 :]]

    def checked(self, form):
        """A call whose count is that of the instruction (core 2.1)."""
        name, count = form[0].name, len(form) - 1
        entry = FORMS.get(name) or FUNCTIONS.get(name)
        if name in FUNCTIONS and (self.brings or name in self.interpreter.methods):
            return form  # it may be a method: whether the count is right is known when it runs
        if entry is not None and not entry.accepts(count):
            raise OracleError("compile", f"Error: Wrong number of arguments for: '{name}'")
        if name in ASSIGNMENTS:
            self.check_assigned(form[1])
        return form

    def check_assigned(self, target):
        """A variable may not be an instruction or a constant."""
        for atom in target if isinstance(target, list) and target and target[0] is not AT else [target]:
            if isinstance(atom, list) and atom and atom[0] is AT:
                continue
            if not isinstance(atom, Atom):
                raise OracleError("compile", "Error: Expecting an index access with 'at'")
            if atom.name in FUNCTIONS or atom.name in FORMS or atom.name in ("nil", "true"):
                # Words may be variables, which hide the instruction (dialect): not played.
                if atom.name == "block" or (atom.name in FUNCTIONS and WORD.match(atom.name)):
                    raise Undetermined(f"a variable named {atom.name}")
                raise OracleError("compile", f"Error: Invalid variable name: '{atom.name}' (keyword)")
            if atom.name in ELSEWHERE:
                raise Undetermined(f"whether '{atom.name}' is an instruction: the oracle does not play it")
            if atom.name in self.interpreter.globals.constants:
                raise OracleError("compile", f"Error: '{atom.name}' is a constant value")

    def macro(self, name, arguments):
        """The first clause whose pattern matches, its body with the arguments put in."""
        if any(is_composed(part) for part in arguments):
            raise Undetermined(
                "whether a composition in a macro's argument is put together before it is quoted"
            )
        arguments = [self.form(part) for part in arguments]
        for pattern, body in self.interpreter.macros[name]:
            found: dict = {}
            if match_template(pattern, arguments, found):
                forms = [substitute(part, found) for part in body]
                return forms[0] if len(forms) == 1 else [Atom("block"), *forms]
        raise OracleError("compile", f"Error: cannot apply this macro: {name}")

    # -- forms whose parts are not all expressions --

    def defun(self, form):
        if len(form) < 4:
            raise OracleError("compile", "Error: Missing name in the declaration of a function")
        parameters = form[2]
        if not isinstance(form[1], Atom) or not isinstance(parameters, list):
            raise OracleError("compile", "Error: List of missing parameters in a function declaration")
        optional = False
        for part in parameters:
            if isinstance(part, list):
                optional = True
            elif optional:
                raise OracleError("compile", "Error: default values should always be at the end")
        return [*form[:2], [self.parameter(p) for p in parameters], *(self.form(part) for part in form[3:])]

    def parameter(self, part):
        part = self.composition(part) if isinstance(part, list) else part
        if isinstance(part, list) and len(part) == 2 and part[0] != []:
            return [part[0], self.form(part[1])]
        return part

    def defpat(self, form):
        if len(form) < 4:
            raise OracleError("compile", "Error: Missing name in the declaration of a function")
        return [*form[:3], *(self.form(part) for part in form[3:])]

    def lambda_(self, form):
        if len(form) < 3 or not isinstance(form[1], list):
            raise OracleError("compile", "Error: Missing parameter list in a lambda declaration")
        return [form[0], [self.parameter(p) for p in form[1]], *(self.form(part) for part in form[2:])]

    def defmacro(self, form):
        if len(form) < 4 or not isinstance(form[2], list):
            raise OracleError("compile", "Error: List of missing parameters in a function declaration")
        body = [self.form(part) for part in form[3:]]
        self.interpreter.macros.setdefault(form[1].name, []).append((form[2], body))
        return form

    def clauses(self, form):
        """`cond`: every part is a list of expressions; `switch`: after the value, with keys left alone."""
        start = 1 if form[0].name == "cond" else 2
        if len(form) < 2:
            raise OracleError("compile", f"Error: Wrong number of arguments for: '{form[0].name}'")
        first_expression = 0 if start == 1 else 1
        made = []
        for clause in form[start:]:
            if not isinstance(clause, list):
                made.append(clause)
                continue
            clause = self.composition(clause)
            made.append([*clause[:first_expression], *(self.form(p) for p in clause[first_expression:])])
        return [form[0], *(self.form(part) for part in form[1:start]), *made]

    def let(self, form):
        bindings = form[1] if len(form) > 1 else None
        if isinstance(bindings, list):
            bindings = [self.composition(b) if isinstance(b, list) else b for b in bindings]
        pairs = isinstance(bindings, list) and all(
            isinstance(b, list) and len(b) == 2 and isinstance(b[0], Atom) for b in bindings
        )
        if len(form) < 3 or not pairs:
            raise OracleError("compile", "Error: unbalanced list of variables in 'let'")
        for name, _ in bindings:
            self.check_assigned(name)
        return [form[0], [[b[0], self.form(b[1])] for b in bindings], *(self.form(part) for part in form[2:])]

    def loop(self, form):
        """The counted loop `(loop (i a b) ...)` and the variable lists of lloop and mloop stay lists."""
        if len(form) < 4 and not (len(form) > 2 and isinstance(form[1], list)):
            raise OracleError("compile", f"Error: Wrong number of arguments for: '{form[0].name}'")
        variables = form[1]
        if form[0].name == "loop" and isinstance(variables, list):
            if len(variables) != 3:
                raise OracleError("compile", "Error: Missing label for 'loop'")
            variables = [variables[0], *(self.form(part) for part in variables[1:])]
        return [form[0], variables, *(self.form(part) for part in form[2:])]

    def class_(self, form):
        made = form[:2]
        for at, part in enumerate(form[2:]):
            if at == 0 and not (
                isinstance(part, list) and part and part[0] in (Atom("from@"), Atom("defun"))
            ):
                made.append([self.parameter(p) for p in part])
            else:
                made.append(part if part[:1] == [Atom("from@")] else self.form(part))
        return made

    def asis(self, form):
        return form

    def defspace(self, form):
        if not isinstance(form[1], Atom) or form[1].name in ("thread", "mainspace_"):
            raise Undetermined("a space of this name")
        return [*form[:2], *(self.form(part) for part in form[2:])]

    def space(self, form):
        if len(form) < 2 or not isinstance(form[1], Atom):
            raise Undetermined("a space without a name")
        return [*form[:2], *(self.form(part) for part in form[2:])]

    def from_(self, form):
        return [*form[:2], *(self.form(part) for part in form[2:])]

    def in_place(self, form):
        """`(+= v e)` and `(+= (@ c k) e)`; the guide's `(c @ k)` is the same place."""
        target = form[1] if len(form) > 2 else None
        if isinstance(target, list) and target:
            form = [form[0], self.form(target), *form[2:]]
            if form[1][0] is not AT:
                raise OracleError("compile", "Error: Expecting an index access with 'at'")
        return self.checked([*form[:2], *(self.form(part) for part in form[2:])])

    def setq(self, form):
        return self.checked([*form[:2], *(self.form(part) for part in form[2:])])


SHAPES = {
    "defun": Expander.defun, "defpat": Expander.defpat, "defpred": Expander.defpat,
    "defprol": Expander.defpat, "λ": Expander.lambda_, "defmacro": Expander.defmacro,
    "cond": Expander.clauses, "switch": Expander.clauses, "let": Expander.let, "loop": Expander.loop,
    "lloop": Expander.loop, "mloop": Expander.loop, "whilein": Expander.loop, "class@": Expander.class_,
    "data@": Expander.asis, "from@": Expander.from_, "?": Expander.from_, "setq": Expander.setq,
    "setqv": Expander.setq, "setg": Expander.setq, "setqi": Expander.setq, "setconst": Expander.setq,
    "withclass": Expander.from_, "defspace": Expander.defspace, "space": Expander.space,
    **{name: Expander.in_place for name in ASSIGNMENTS if name.endswith("=")},
}  # fmt: skip


def is_pair(part) -> bool:
    """A pair of the configuration table: `(@ "literal" value)`."""
    return isinstance(part, list) and len(part) == 3 and part[0] is AT and isinstance(part[1], str)


def is_partial(part) -> bool:
    """An unquoted partial call `(< 3)` or `(3 <)`, or a bare operator list with a slot."""
    if not isinstance(part, list) or not part or len(part) > 3 or part[0] in (QUOTE, Atom("λ")):
        return False
    head_operator = isinstance(part[0], Atom) and part[0].name in OPERATORS
    slot = any(p is Atom("nil") for p in part[1:])
    return (len(part) == 2 and (head_operator or is_operator(part[1]))) or (head_operator and slot)


def is_operator(part) -> bool:
    return isinstance(part, Atom) and part.name in OPERATORS


def infix(parts):
    """`a + b * c` in prefix form (core 3.6)."""
    if len(parts) == 2 and parts[0] is Atom("quote"):
        raise Undetermined("infix of a quoted list")
    parts = [infix(p) if is_infix_list(p) else p for p in parts]
    if len(parts) % 2 == 0 or any(is_operator_word(p) != bool(at % 2) for at, p in enumerate(parts)):
        raise OracleError("compile", "Error: Infix expression is malformed")
    if len(parts) == 1:
        return parts[0]
    if len({p.name for p in parts[1::2]}) == 1:
        return [parts[1], *parts[0::2]]
    if len(parts) == 5:
        a, f, b, g, c = parts
        if g.name in ("+", "-", "and", "or", "xor"):
            return [g, [f, a, b], c]
        return [f, a, [g, b, c]]
    raise Undetermined("a long infix expression")


def is_operator_word(part) -> bool:
    return isinstance(part, Atom) and (part.name in OPERATORS or part.name in ("and", "or", "xor"))


def is_infix_list(part) -> bool:
    return (
        isinstance(part, list)
        and len(part) > 2
        and not (isinstance(part[0], Atom) and is_known(part[0].name))
    )


def formatted(text):
    """`(f_ "a{x}b")` as a `+` of strings and expressions."""
    if not isinstance(text, str) or "%" in text:
        raise Undetermined("formatted string")
    made: list = [Atom("+"), ""]
    while "{" in text:
        before, _, rest = text.partition("{")
        inside, found, text = rest.partition("}")
        if not found:
            raise OracleError("compile", "Error: Wrong format")
        forms = read(inside)
        made += [before, forms[0] if len(forms) == 1 else forms]
    return [*made, text]


def match_template(pattern, form, found) -> bool:
    """A macro's pattern against unevaluated forms: atoms, literals, quoted atoms, lists, `$ rest`."""
    if isinstance(pattern, Atom):
        if pattern is Atom("nil"):
            return True
        if pattern.name in found:
            return found[pattern.name] == form
        found[pattern.name] = form
        return True
    if isinstance(pattern, list):
        if len(pattern) == 2 and pattern[0] is QUOTE:
            return pattern[1] == form
        if not isinstance(form, list):
            return False
        if len(pattern) > 1 and pattern[-2] is Atom("$"):
            fixed = pattern[:-2]
            return (
                len(form) >= len(fixed)
                and all(match_template(p, f, found) for p, f in zip(fixed, form, strict=False))
                and match_template(pattern[-1], form[len(fixed) :], found)
            )
        return len(form) == len(pattern) and all(
            match_template(p, f, found) for p, f in zip(pattern, form, strict=True)
        )
    return type(pattern) is type(form) and pattern == form


def substitute(body, found):
    """The body with the macro's parameters replaced, `$ z` spliced; a fresh copy each time."""
    if isinstance(body, Atom):
        return found.get(body.name, body)
    if not isinstance(body, list):
        return body
    made: list = []
    at = 0
    while at < len(body):
        splice = body[at] is Atom("$") and at + 1 < len(body) and isinstance(body[at + 1], Atom)
        if splice and body[at + 1].name in found:
            made.extend(found[body[at + 1].name])
            at += 2
            continue
        made.append(substitute(body[at], found))
        at += 1
    return made


def is_composed(part):
    """Whether a composition stands anywhere in a form."""
    return part is POINT or (isinstance(part, list) and any(is_composed(inner) for inner in part))

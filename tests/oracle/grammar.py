"""Typed expressions and statements of LispE as random text. Nothing here runs LispE.

The alternatives are templates: `{int}` stands for an expression of that type one level deeper, `{s}` for
a statement, `{v}` for a variable that the template binds, `{=int}` for a variable that may be assigned,
`{2..5}` for a number of that range, `{a|b|c}` for one of some words. A `Grammar` knows the variables in
scope with their types; `ill` is the share of expressions of a wrong type.
"""

import contextlib
import re

TYPES = ("int", "int", "num", "str", "list", "dict", "any")
HOLE = re.compile(r"\{([^{}]+)\}")

LEAVES = {
    "int": ("1", "2", "{-3..9}", "{-3..9}"),
    "num": ("2.5", "0.5", "-2.25", "3.0"),
    "str": ('"z"', '"a"', '"bc"', '""', '"x y"'),
    "list": ("(list 1)", "'(4 5)", "(list)", "(list 3 1 2)"),
    "dict": ('(dictionary "a" 1)', '{{"c":3}}'),
    "bool": ("true", "nil", "(> {int} {-1..5})", "{int}"),
}
OF_TYPE = {
    "int": (
        "(+ {int} {int})",
        "(- {int} {int})",
        "(* {int} {-2..3})",
        "(+ {int} {int} {int})",
        "(% {int} {2..5})",
        "(size {list})",
        "(size {str})",
        "(maybe (@ {list} {-2..3}) {int})",
        "(+= {=int} {int})",
        '(maybe (@ {dict} "{a|b|c}") {int})',
        "(foldl '{+|-} {int} {list})",
        "(count {list} {int})",
        "(integer {num})",
        "(apply '{+|-} (list {int} {int}))",
        "({+=|-=} {=int} {int})",
        "(setqv {=int} {int})",
    ),
    "num": (
        "(+ {num} {int})",
        "(- {int} {num})",
        "(* {num} {2|-1|0.5})",
        "(/ {int} {2|4})",
        "(number {int})",
        "(floor {num})",
        "(+= {=num} {int})",
    ),
    "str": (
        "(+ {str} {str})",
        "(+ {str} {int})",
        "(+ {str} {num})",
        "(+ {str} {list})",
        "(string {int})",
        "(string {list})",
        "(string {num})",
        "(string {dict})",
        "(upper {str})",
        "(reverse {str})",
        '(join {list} "-")',
        "(left {str} {0..2})",
        "(push {str} {int})",
        "(+= {=str} {str})",
    ),
    "list": (
        "(list {int} {int})",
        "(cons {int} {list})",
        "(push {list} {int})",
        "(reverse {list} true)",
        "(map (λ ({v}) {int}) {list})",
        "(filter (λ ({v}) {bool}) {list})",
        "(maplist (λ ({v}) {int}) {list})",
        "(mapcar (λ ({v}) {int}) {list})",
        "(filter '({<|>|>=|!=} {0..4}) {list})",
        "(map '({+|-|*} {2|3|-1}) {list})",
        "(map (λ ({v}) {s} {int}) {list})",
        "(map '+ {list})",
        "(take {0..3} {list})",
        "(+ {list} {int})",
        "(clone {list})",
        "(takewhile (λ ({v}) {bool}) {list})",
        "(scanl '+ 0 {list})",
        "(sort '< {list})",
        "(nconcn {list} {list})",
        "(unique {list})",
        "(range 0 {1..4} 1)",
        "(setqv {=list} {list})",
    ),
    "dict": (
        '(dictionary "a" {int} "b" {int})',
        '(set@ {dict} "c" {int})',
        '(@ (@ "a" {int}) (@ "e" {int}))',
        '(key@ {dict} "f" {int})',
    ),
    "bool": (
        "({<|<=|>|>=|=|!=|eq|neq} {int} {int})",
        "(< {int} {num})",
        "(= {str} {str})",
        "(and {bool} {bool})",
        "(or {bool} {bool})",
        "(not {int})",
        "(eq {list} {list})",
        "{list}",
        "{int}",
        "(in {list} {int})",
        "(xor {bool} {bool})",
        "(nullp {list})",
        "(zerop {int})",
        "(< {int} {int} 5)",
    ),
}
# Forms of any type: `{e}` is an expression of the type asked for.
COMMON = (
    "(if {bool} {e} {e})",
    "(let (({v} {int})) {s} {e})",
    "(block {s} {e})",
    "((λ ({v}) {e}) {int})",
    "(maybe {e} {e})",
    "(cond ({bool} {e}) (true {e}))",
    "(ife {bool} {e} {s} {e})",
    "(ncheck {bool} {e} {e})",
    "(switch {int} (1 {e}) (2 {e}) (true {e}))",
    "(eval '{e})",
    '(maybe (check {bool} (throw "t")) {e} {e})',
    "(if {bool} (block {s} {e}) {e})",
    "(loop {i} (list {int} {int}) {s} {e})",
    "((λ () {s} {e}))",
    "(check true {s} {e})",
    "(let (({h} (λ ({v}) {s} {e}))) {s} ({h} {int}))",
    "(select nil {e})",
)
SIMPLE = {
    "int": ("(setq {=int} {int})", "({+=|-=} {=int} {int})", "(setg {=int} {int})"),
    "list": (
        "(push {=list} {int})",
        "(setq {=list} {list})",
        "(pop {=list})",
        "(maybe (set@ {=list} 0 {int}) 0)",
        "(maybe (+= (@ {=list} 0) {int}) 0)",
        "(+= {=list} {int})",
    ),
    "dict": ('(set@ {=dict} "{a|z}" {int})', '(+= (@ {=dict} "{a|y}") {int})', '(pop {=dict} "a")'),
    "str": ("(+= {=str} {str})", "(+= {=str} {int})", "(setq {=str} {str})"),
    "num": ("(setq {=num} {num})", "(+= {=num} {num})"),
    "any": ("(setq {=any} {any})",),
}
# Statements of statements; `{s!}` is one that may leave the function or the loop.
DEEP = (
    "(if {bool} {s!} {s!})",
    "(let (({v} {int})) {s!} {s!})",
    "(maybe {s!} {s} {s})",
    "(cond ({bool} {s!}) (true {s}))",
    "(block {s} {s!})",
)
LOOPS = (
    "(loopcount {-3..4} {i} {s!} {s})",
    "(loop ({i} {-1..1} {1..4}) {s!} {s})",
    "(loop {i} (clone {list}) {s!} {s})",
    "(block (setq {i} 3) (while (> {i} 0) (-= {i} 1) {s!} {s}))",
    "(loopcount {0..4} {i} {s!} {int})",
)


class Grammar:
    """Makes expressions from a random generator; scopes are opened by `inside`."""

    def __init__(self, rng, variables, ill=0.0):
        self.rng = rng
        self.variables = variables
        self.ill = ill
        self.calls: dict[str, list] = {}
        self.counter = 0
        self.frozen: set[str] = set()

    @contextlib.contextmanager
    def inside(self, **added):
        """The scope with more variables."""
        before = self.variables
        self.variables = {**before, **added}
        try:
            yield self
        finally:
            self.variables = before

    def pick(self, *choices):
        return self.rng.choice(choices)

    def fresh(self, letter="v") -> str:
        self.counter += 1
        return f"{letter}{self.counter}"

    def variable(self, kind: str, assigned=False) -> str | None:
        """A variable of a type; a loop's counter is not one that may be assigned."""
        found = [
            name
            for name, its in self.variables.items()
            if its == kind and not (assigned and name in self.frozen)
        ]
        return self.rng.choice(found) if found else None

    def expression(self, kind: str, depth: int) -> str:
        """An expression of a type; sometimes of another one."""
        if self.ill and self.rng.random() < self.ill:
            kind = self.pick(*TYPES)
        if kind == "any":
            kind = self.pick("int", "num", "str", "list")
        if depth > 0 and self.calls.get(kind) and self.rng.random() < 0.15:
            call = self.pick(*self.calls[kind])
            return call if isinstance(call, str) else call(depth - 1)
        if depth <= 0 or self.rng.random() < 0.2:
            return (self.rng.random() < 0.6 and self.variable(kind)) or self.fill(
                self.pick(*LEAVES[kind]), kind, 1
            )
        table = COMMON if kind != "bool" and self.rng.random() < 0.3 else OF_TYPE[kind]
        return self.fill(self.pick(*table), kind, depth)

    def fill(self, template: str, kind: str, depth: int, leaving: str | None = None) -> str:
        """The template with its holes filled; variables that it binds are in scope in all of it."""
        bound = {}
        for letter in "vhi":
            if f"{{{letter}}}" in template:
                others = [] if letter == "h" or "(loop ({i}" in template else list(self.variables)[:4]
                bound[letter] = self.pick(self.fresh(letter), self.fresh(letter), *others[:2])
        frozen = self.frozen
        if "i" in bound:
            self.frozen = {*frozen, bound["i"]}

        def hole(found):
            name = found[1]
            if name in bound:
                return bound[name]
            return self.filling(name, kind, depth, leaving)

        with self.inside(**{name: "int" for letter, name in bound.items() if letter != "h"}):
            text = HOLE.sub(hole, template.replace("{{", "\0").replace("}}", "\1"))
        self.frozen = frozen
        return text.replace("\0", "{").replace("\1", "}")

    def filling(self, name: str, kind: str, depth: int, leaving: str | None) -> str:
        """What stands in one hole."""
        if name in ("s", "s!"):
            return self.statement(depth - 1, leaving if name == "s!" else None)
        if name == "e":
            return self.expression(kind, depth - 1)
        if name in OF_TYPE or name == "any":
            return self.expression(name, depth - 1)
        if name.startswith("="):
            return self.variable(name[1:], assigned=True) or self.fresh("t")
        if ".." in name:
            return str(self.rng.randint(*map(int, name.split(".."))))
        return self.pick(*name.split("|"))

    def statement(self, depth: int, leaving: str | None = None) -> str:
        """A form run for its effect; `leaving` is a `(return ...)` or `(break)` that may stand here."""
        if leaving and self.rng.random() < 0.35:
            return f"(if {self.expression('bool', depth - 1)} {leaving})"
        way = self.rng.random()
        if depth > 0 and way < 0.15:
            return self.loop(depth, leaving)
        if depth > 0 and way < 0.5:
            return self.fill(self.pick(*DEEP), "int", depth, leaving)
        return self.simple_statement(max(depth, 1))

    def loop(self, depth: int, leaving: str | None = None) -> str:
        """A loop that ends."""
        return self.fill(self.pick(*LOOPS), "int", depth, leaving or "(break)")

    def simple_statement(self, depth: int) -> str:
        """An assignment, or a change of a container."""
        kind = self.pick(*TYPES)
        if self.rng.random() < 0.12:
            name = self.fresh("t")
            text = f"(setq {name} {self.expression(kind, depth - 1)})"
            self.variables[name] = kind
            return text
        if self.variable(kind, assigned=True) is None:
            return f"(setq {self.fresh('t')} {self.expression('int', depth - 1)})"
        return self.fill(self.pick(*SIMPLE[kind]), kind, depth)

    def int_(self, depth: int) -> str:
        return self.expression("int", depth)

    def num_(self, depth: int) -> str:
        return self.expression("num", depth)

    def str_(self, depth: int) -> str:
        return self.expression("str", depth)

    def list_(self, depth: int) -> str:
        return self.expression("list", depth)

    def bool_(self, depth: int) -> str:
        return self.expression("bool", depth)

    def any_(self, depth: int) -> str:
        return self.expression("any", depth)

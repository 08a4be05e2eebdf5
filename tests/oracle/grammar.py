"""Typed expressions and statements of LispE as random text. Nothing here runs LispE.

A `Grammar` knows the variables in scope with their types; `ill` is the share of expressions of a wrong type.
"""

import contextlib

TYPES = ("int", "int", "num", "str", "list", "dict", "any")


class Grammar:
    """Makes expressions from a random generator; scopes are opened by `inside`."""

    def __init__(self, rng, variables, ill=0.0):
        self.rng = rng
        self.variables = variables
        self.ill = ill
        self.calls: dict[str, list[str]] = {"int": []}
        self.counter = 0
        self.frozen: set[str] = set()

    # -- scopes ------------------------------------------------------------------------------------------------

    def fresh(self, letter="v") -> str:
        self.counter += 1
        return f"{letter}{self.counter}"

    @contextlib.contextmanager
    def inside(self, **added):
        """The scope with more variables."""
        before = self.variables
        self.variables = {**before, **added}
        try:
            yield self
        finally:
            self.variables = before

    def variable(self, kind: str) -> str | None:
        found = [name for name, its in self.variables.items() if its == kind]
        return self.rng.choice(found) if found else None

    def assignable(self, kind: str) -> str | None:
        found = [name for name, its in self.variables.items() if its == kind and name not in self.frozen]
        return self.rng.choice(found) if found else None

    def pick(self, *choices):
        return self.rng.choice(choices)

    # -- expressions -------------------------------------------------------------------------------------------

    def expression(self, kind: str, depth: int) -> str:
        """An expression of a type; sometimes of another one."""
        if self.ill and self.rng.random() < self.ill:
            kind = self.pick(*TYPES)
        return getattr(self, kind + "_")(depth)

    def e(self, kind, depth):
        return self.expression(kind, depth - 1)

    def common(self, kind: str, depth: int) -> str:
        """Forms that give any type."""
        e = self.e
        way = self.rng.randrange(13)
        if way == 0:
            return f"(if {self.bool_(depth - 1)} {e(kind, depth)} {e(kind, depth)})"
        if way == 1:
            name = self.pick(self.fresh(), *list(self.variables)[:4])
            bound = self.pick("int", kind)
            value = e(bound, depth)
            with self.inside(**{name: bound}):
                return f"(let (({name} {value})) {self.statement(depth - 1)} {e(kind, depth)})"
        if way == 2:
            return f"(block {self.statement(depth - 1)} {e(kind, depth)})"
        if way == 3:
            name = self.pick(self.fresh(), *list(self.variables)[:4])
            value = e("int", depth)
            with self.inside(**{name: "int"}):
                return f"((λ ({name}) {e(kind, depth)}) {value})"
        if way == 4:
            return f"(maybe {e(kind, depth)} {e(kind, depth)})"
        if way == 5:
            return f"(cond ({self.bool_(depth - 1)} {e(kind, depth)}) (true {e(kind, depth)}))"
        if way == 6:
            return f"(ife {self.bool_(depth - 1)} {e(kind, depth)} {self.statement(depth - 1)} {e(kind, depth)})"
        if way == 7:
            return f'(switch {e("int", depth)} (1 {e(kind, depth)}) (2 {e(kind, depth)}) (true {e(kind, depth)}))'
        if way == 8:
            return f"(ncheck {self.bool_(depth - 1)} {e(kind, depth)} {e(kind, depth)})"
        if way == 9:
            return f"(eval '{e(kind, depth)})"
        if way == 10:
            name = self.assignable(kind)
            return f"(setqv {name} {e(kind, depth)})" if name else e(kind, depth)
        if way == 11:
            return f"(maybe (check {self.bool_(depth - 1)} (throw \"t\")) {e(kind, depth)} {e(kind, depth)})"
        return f"(if {self.bool_(depth - 1)} (block {self.statement(depth - 1)} {e(kind, depth)}) {e(kind, depth)})"

    def int_(self, depth: int) -> str:
        name = self.variable("int")
        if depth <= 0 or self.rng.random() < 0.2:
            return self.pick(name or "1", name or "2", str(self.rng.randint(-3, 9)))
        if self.rng.random() < 0.3:
            return self.common("int", depth)
        e = self.e
        if self.calls["int"] and self.rng.random() < 0.3:
            return self.pick(*self.calls["int"])
        return self.pick(
            f"(+ {e('int', depth)} {e('int', depth)})",
            f"(- {e('int', depth)} {e('int', depth)})",
            f"(* {e('int', depth)} {self.rng.randint(-2, 3)})",
            f"(+ {e('int', depth)} {e('int', depth)} {e('int', depth)})",
            f"(% {e('int', depth)} {self.rng.randint(2, 5)})",
            f"(size {e('list', depth)})",
            f"(size {e('str', depth)})",
            f"(maybe (@ {e('list', depth)} {self.rng.randint(-2, 3)}) {e('int', depth)})",
            f'(maybe (@ {e("dict", depth)} "{self.pick("a", "b", "c")}") {e("int", depth)})',
            f"(foldl '{self.pick('+', '-')} {e('int', depth)} {e('list', depth)})",
            f"(count {e('list', depth)} {e('int', depth)})",
            f"(integer {e('num', depth)})",
            f"(apply '{self.pick('+', '-')} (list {e('int', depth)} {e('int', depth)}))",
            self.in_place(depth),
        )

    def in_place(self, depth: int) -> str:
        name = self.assignable("int")
        if name is None:
            return self.e("int", depth)
        return f"({self.pick('+=', '-=', '+=')} {name} {self.e('int', depth)})"

    def num_(self, depth: int) -> str:
        name = self.variable("num")
        if depth <= 0 or self.rng.random() < 0.2:
            return self.pick(name or "2.5", str(self.rng.choice((0.5, 1.5, -2.25, 3.0))))
        if self.rng.random() < 0.25:
            return self.common("num", depth)
        e = self.e
        return self.pick(
            f"(+ {e('num', depth)} {e('int', depth)})", f"(- {e('int', depth)} {e('num', depth)})",
            f"(* {e('num', depth)} {self.rng.choice((2, -1, 0.5))})", f"(/ {e('int', depth)} {self.pick(2, 4)})",
            f"(number {e('int', depth)})", f"(floor {e('num', depth)})",
        )  # fmt: skip

    def str_(self, depth: int) -> str:
        name = self.variable("str")
        if depth <= 0 or self.rng.random() < 0.2:
            return self.pick(name or '"z"', f'"{self.pick("a", "bc", "", "x y")}"')
        if self.rng.random() < 0.25:
            return self.common("str", depth)
        e = self.e
        return self.pick(
            f"(+ {e('str', depth)} {e(self.pick('str', 'int', 'num', 'list'), depth)})",
            f"(string {e(self.pick('int', 'list', 'num', 'dict'), depth)})", f"(upper {e('str', depth)})",
            f"(reverse {e('str', depth)})", f"(join {e('list', depth)} \"-\")",
            f"(left {e('str', depth)} {self.rng.randint(0, 2)})", f"(push {e('str', depth)} {e('int', depth)})",
        )  # fmt: skip

    def list_(self, depth: int) -> str:
        name = self.variable("list")
        if depth <= 0 or self.rng.random() < 0.2:
            return self.pick(name or "(list 1)", "'(4 5)", "(list)", "(list 3 1 2)")
        if self.rng.random() < 0.25:
            return self.common("list", depth)
        e, x = self.e, self.fresh("x")
        with self.inside(**{x: "int"}):
            body, test = self.e("int", depth), self.bool_(depth - 2)
        return self.pick(
            f"(list {e('int', depth)} {e('int', depth)})", f"(cons {e('int', depth)} {e('list', depth)})",
            f"(push {e('list', depth)} {e('int', depth)})", f"(reverse {e('list', depth)} true)",
            f"(map (λ ({x}) {body}) {e('list', depth)})", f"(filter (λ ({x}) {test}) {e('list', depth)})",
            f"(maplist (λ ({x}) {body}) {e('list', depth)})",
            f"(mapcar (λ ({x}) {body}) {e('list', depth)})",
            f"(filter {self.pick('', QUOTE)}({self.pick('<', '>', '>=', '!=')} {e('int', depth)}) {e('list', depth)})",
            f"(map {self.pick('', QUOTE)}({self.pick('+', '-', '*')} {self.pick(2, 'k', -1)}) {e('list', depth)})",
            f"(map '+ {e('list', depth)})", f"(take {self.rng.randint(0, 3)} {e('list', depth)})",
            f"(+ {e('list', depth)} {e('int', depth)})", f"(clone {e('list', depth)})",
            f"(takewhile (λ ({x}) {test}) {e('list', depth)})", f"(scanl '+ 0 {e('list', depth)})",
            f"(sort '< {e('list', depth)})", f"(nconcn {e('list', depth)} {e('list', depth)})",
            f"(unique {e('list', depth)})", f"(range 0 {self.rng.randint(1, 4)} 1)",
        )  # fmt: skip

    def dict_(self, depth: int) -> str:
        name = self.variable("dict")
        if depth <= 0 or self.rng.random() < 0.4:
            return self.pick(name or '{"a":1}', '{"c":3}')
        if self.rng.random() < 0.3:
            return self.common("dict", depth)
        e = self.e
        return self.pick(
            f'{{"a":{e("int", depth)} "b":{e("int", depth)}}}', f'(set@ {e("dict", depth)} "c" {e("int", depth)})',
            f'(@ (@ "a" {e("int", depth)}) (@ "e" {e("int", depth)}))',
            f'(key@ {e("dict", depth)} "f" {e("int", depth)})',
        )  # fmt: skip

    def any_(self, depth: int) -> str:
        return self.expression(self.pick("int", "num", "str", "list"), depth)

    def bool_(self, depth: int) -> str:
        e = self.e
        if depth <= 0:
            return self.pick("true", "nil", f"(> {self.int_(0)} {self.rng.randint(-1, 5)})", self.int_(0))
        return self.pick(
            f"({self.pick('<', '<=', '>', '>=', '=', '!=', 'eq', 'neq')} {e('int', depth)} {e('int', depth)})",
            f"(< {e('int', depth)} {e('num', depth)})", f"(= {e('str', depth)} {e('str', depth)})",
            f"(and {self.bool_(depth - 1)} {self.bool_(depth - 1)})", f"(or {self.bool_(depth - 1)} {self.bool_(depth - 1)})",
            f"(not {e('int', depth)})", f"(eq {e('list', depth)} {e('list', depth)})", e("list", depth), e("int", depth),
            f"(in {e('list', depth)} {e('int', depth)})", f"(xor {self.bool_(depth - 1)} {self.bool_(depth - 1)})",
            f"(nullp {e('list', depth)})", f"(zerop {e('int', depth)})", f"(< {e('int', depth)} {e('int', depth)} 5)",
        )  # fmt: skip

    # -- statements --------------------------------------------------------------------------------------------

    def statement(self, depth: int, leaving: str | None = None) -> str:
        """A form run for its effect; `leaving` is a `(return ...)` or `(break)` that may stand here."""
        if leaving and self.rng.random() < 0.35:
            return f"(if {self.bool_(depth - 1)} {leaving})"
        if depth <= 0:
            return self.simple_statement(1)
        way = self.rng.randrange(10)
        if way < 5:
            return self.simple_statement(depth)
        if way == 5:
            return f"(if {self.bool_(depth - 1)} {self.statement(depth - 1, leaving)} {self.statement(depth - 1, leaving)})"
        if way == 6:
            return self.loop(depth)
        if way == 7:
            name = self.pick(self.fresh(), *list(self.variables)[:4])
            value = self.e("int", depth)
            with self.inside(**{name: "int"}):
                inner = " ".join(self.statement(depth - 1, leaving) for _ in range(2))
                return f"(let (({name} {value})) {inner})"
        if way == 8:
            return f"(maybe {self.statement(depth - 1, leaving)} {self.statement(depth - 1)} {self.statement(0)})"
        return f"(cond ({self.bool_(depth - 1)} {self.statement(depth - 1, leaving)}) (true {self.statement(depth - 1)}))"

    def simple_statement(self, depth: int) -> str:
        kind = self.pick(*TYPES)
        name = self.assignable(kind)
        e = self.e
        if name is None:
            return f"(setq {self.fresh('t')} {e('int', depth)})"
        if kind == "int":
            return self.pick(f"(setq {name} {e('int', depth)})", self.in_place(depth), f"(setg {name} {e('int', depth)})")
        if kind == "list":
            return self.pick(
                f"(push {name} {e('int', depth)})", f"(setq {name} {e('list', depth)})", f"(pop {name})",
                f"(maybe (set@ {name} 0 {e('int', depth)}) 0)", f"(maybe (+= (@ {name} 0) {e('int', depth)}) 0)",
                f"(+= {name} {e('int', depth)})",
            )  # fmt: skip
        if kind == "dict":
            return self.pick(
                f'(set@ {name} "{self.pick("a", "z")}" {e("int", depth)})',
                f'(+= (@ {name} "{self.pick("a", "y")}") {e("int", depth)})', f'(pop {name} "a")',
            )  # fmt: skip
        if kind == "str":
            return self.pick(f"(+= {name} {e(self.pick('str', 'int'), depth)})", f"(setq {name} {e('str', depth)})")
        if kind == "any":
            return f"(setq {name} {e('any', depth)})"
        return f"(setq {name} {e(kind, depth)})"

    def loop(self, depth: int, leaving: str | None = None) -> str:
        """A loop that ends."""
        way = self.rng.randrange(4)
        name = self.pick(self.fresh("i"), self.fresh("i"), "k") if way in (0, 2) else self.fresh("n")
        frozen = self.frozen
        self.frozen = {*frozen, name}
        with self.inside(**{name: "int"}):
            out = leaving or "(break)"
            body = " ".join(self.statement(depth - 1, out) for _ in range(self.rng.randint(1, 2)))
            last = self.pick("", " " + self.e("int", depth))
        self.frozen = frozen
        if way == 0:
            return f"(loopcount {self.rng.randint(-3, 4)} {name} {body}{last})"
        if way == 1:
            return f"(loop ({name} {self.rng.randint(-1, 1)} {self.rng.randint(1, 4)}) {body}{last})"
        if way == 2:
            return f"(loop {name} (clone {self.list_(1)}) {body}{last})"
        return f"(block (setq {name} 3) (while (> {name} 0) (-= {name} 1) {body}{last}))"


QUOTE = "'"

"""Themes of random programs: heaps, floats and shorts, parts of lists and texts that are replaced. See
theme.py.
"""

from tests.oracle.theme import theme

COMPARATORS = ("nil", "()", "'>=<", "(λ (a b) (>=< b a))", "(λ (a b) (>=< (% a 3) (% b 3)))", "'backwards")
OF_LISTS = (
    "(λ (a b) (>=< (car a) (car b)))",
    "(λ (a b) (>=< (size a) (size b)))",
    "(λ (a b) (>=< (@ b 0) (@ a 0)))",
)
WRONG = ("'<", "(λ (a b) (> a b))", "(λ (a b) nil)", "'+")


@theme
def heaps(g, rng):
    """Heaps: what is put in and taken out, in the order of a comparator."""
    yield "(defun backwards (a b) (- 0 (>=< a b)))"
    compare = g.pick(*COMPARATORS)
    yield f"(setq hp (heap {compare} {some(g, rng, 4)}))"
    yield f"(setq hl (heap {g.pick(*OF_LISTS)} {pairs(g, rng)}))"
    yield f"(setq ht (heap {g.pick('nil', QUOTED)} {texts(g, rng)}))"
    yield "(defun into (h v) (insert h v) (size h))"
    for _ in range(6):
        n, h = g.int_(1), g.pick("hp", "hp", "ht", "hl")
        one = {"hp": n, "ht": g.pick('"a"', '"zz"', "s"), "hl": f"(list {g.pick(1, 2, 3)} {n})"}[h]
        if g.ill and rng.random() < 0.2:
            one = g.any_(1)
        yield (
            "show (maybe "
            + g.pick(
                f"(insert {h} {one})",
                f"(push {h} {one})",
                f"(pop {h} {one})",
                f"(popfirst {h})",
                f"(poplast {h})",
                f"(car {h})",
                f"(to_list {h})",
                f"(to_llist {h})",
                f"(size {h})",
                f"(type {h})",
                f"(in {h} {one})",
                f"(@ {h} {rng.randint(0, 3)})",
                f"(loop e {h} (push l e) (if (> (size l) {rng.randint(3, 6)}) (break)) e)",
                f"(block (setq hc (clone {h})) (insert hc {one}) (list hc {h}))",
                f"(block (setq hc {h}) (insert hc {one}) {h})",
                f"(into {h} {one})",
                f"(string {h})",
                f"(= {h} (clone {h}))",
                f"(eq {h} (clone {h}))",
                f"(< {h} {n})",
                "(map '+ (to_list hp))",
                f"(heap {compare} {some(g, rng, 3)})",
                f"(size (heap {g.pick(*WRONG)} {n} 5 2))",
                f"(while (> (size hp) {rng.randint(0, 2)}) (push l (car hp)) (popfirst hp))",
                f"(loopcount {rng.randint(1, 3)} i (insert hp {n}))",
                f"(apply 'heap (list nil {n} 3))",
            )
            + " 'err)"
        )
    yield "show (list hp hl ht)"


QUOTED = "'>=<"


def some(g, rng, most) -> str:
    return " ".join(
        g.pick(g.int_(1), str(rng.randint(-4, 9)), g.pick("2.5", "3.0", "x", "k"))
        for _ in range(rng.randint(0, most))
    )


def pairs(g, rng) -> str:
    return " ".join(
        f"(list {rng.randint(0, 4)} {g.pick(g.int_(1), g.str_(1))})" for _ in range(rng.randint(0, 4))
    )


def texts(g, rng) -> str:
    return " ".join(g.pick('"b"', '"ab"', '"B"', "s", g.str_(1)) for _ in range(rng.randint(0, 4)))


SMALL = (1, 2, -3, 7, 40, 181, 300, 32767, -32768)
DYADIC = ("0.5", "-2.25", "3", "1.125", "40", "-7", "0.75")


@theme
def narrow(g, rng):
    """`floats` and `shorts`: elements that fit, results that do not, lists of several kinds together."""

    def floats():
        return f"(floats {' '.join(g.pick(*DYADIC) for _ in range(3))})"

    def shorts():
        return f"(shorts {' '.join(str(rng.choice(SMALL)) for _ in range(3))})"

    yield f"(setq fl {floats()})"
    yield f"(setq sh {shorts()})"
    yield f"(defun grown (v w) ({g.pick('+=', '-=', '*=')} v w) v)"
    for _ in range(6):
        n, d = rng.randint(-4, 9), g.pick(*DYADIC)
        one = g.pick("fl", "sh", floats(), shorts())
        other = g.pick("fl", "sh", "(integers 4 5 6)", "(numbers 0.5 1 2)", "(list 1 2 3)")
        op = g.pick("+", "-", "*", "+", "-", "/")
        yield (
            "show (maybe "
            + g.pick(
                f"({op} {one} {g.pick(n, d)})",
                f"({op} {g.pick(n, d)} {one})",
                f"({op} {one} {other})",
                f"(type ({op} {one} {other}))",
                f"(type ({op} {one} {n}))",
                f"(% {shorts()} {n})",
                f"({g.pick('&', '|', '^')} {shorts()} {abs(n)})",
                f"(+ {one} {one} {one})",
                f"(block ({g.pick('+=', '-=', '*=')} {g.pick('fl', 'sh')} {n}) (list fl sh))",
                f"(list (grown {g.pick('fl', 'sh')} {n}) fl sh)",
                f"(set@ {g.pick('fl', 'sh')} {rng.randint(-1, 2)} {g.pick(n, 40000)})",
                f"(push {g.pick('fl', 'sh')} {g.pick(n, 99999)})",
                f"(pushfirst {one} {n})",
                f"(insert {one} {n} {rng.randint(0, 2)})",
                f"(+= (@ {g.pick('fl', 'sh')} {rng.randint(0, 2)}) {n})",
                f"(pop {one} {rng.randint(0, 3)})",
                f"(@ {one} {rng.randint(-2, 3)})",
                f"(cdr {one})",
                f"(reverse {one} true)",
                f"(sort '{g.pick('<', '>')} {one})",
                f"(type {one})",
                f"(= {one} {other})",
                f"(== {one} {other})",
                f"(max {one})",
                f"(sum {one})",
                f"(map '{g.pick('+', '*')} {one})",
                f"(filterlist '(> {n}) {one})",
                f"(type (filterlist '(> {n}) {one}))",
                f"(loop e {one} (push l e))",
                f"(shorts {g.pick('2.7', '40000', '-32769', QUOTED_NUMBER, 'nil', 'true', one, 'k')})",
                f"(floats {g.pick('2.5', QUOTED_NUMBER, 'nil', 'true', one, 'k', 'l')})",
                f"(integers {one})",
                f"(in {one} {n})",
                f"(find {one} {n})",
                f"(rho 4 {one})",
                f"(unique {one})",
                f"(nconc {one} {n})",
                f"(extend (clone sh) {other})",
                f"(string {one})",
                f"(zip {one} {other})",
                f"(foldl '{g.pick('+', '-')} {n} {one})",
                f"(block (setq c2 (clone {g.pick('fl', 'sh')})) (push c2 1) (list c2 fl sh))",
                f"(swap {one} 0 1)",
                f"(replaceall {one} 7 {n})",
                f"(json {shorts()})",
            )
            + " 'err)"
        )
    yield "show (list fl sh)"


QUOTED_NUMBER = '"12.5"'


@theme
def ranges(g, rng):
    """`set@@`: parts of variables, of locals and of values."""
    yield "(setq il (integers 1 2 3 4))"
    yield '(setq sl (strings "a" "b" "c"))'
    with g.inside(v="list", w="str"):
        start, end, new = rng.randint(-3, 1), rng.randint(2, 4), g.pick("9", QUOTE_78, "k")
        yield f"(defun part (v) (set@@ v {start} {end} {new}) v)"
        yield f'(defun parts_of (w) (set@@ w {start} {g.pick(-1, end)} {g.str_(1)}) (+ w "!"))'
        yield "(defun own () (setq v (list 1 2 3)) (let ((u (list 4 5)))"
        yield f" (set@@ u 0 {g.int_(1)}) (set@@ v 1 u) (list u v)))"
    for _ in range(6):
        i = rng.choice((-4, -3, -2, -1, 0, 0, 1, 2, 5))
        j = rng.choice((0, 0, 0, i + 2 if i >= 0 else -1, rng.randint(2, 5)))
        value = g.pick(g.int_(1), QUOTE_78, "(list)", "(integers 8 9)", "(clone l)")
        t = g.pick("s", '"abcdef"', '"été"', g.str_(1))
        yield (
            "show (maybe (string "
            + g.pick(
                f"(set@@ l {i} {j} {value})",
                f"(block (set@@ l {i} {j} {value}) l)",
                f"(set@@ (list 1 2 3 4 5) {i} {j} {value})",
                f"(set@@ l {i} {g.int_(1)})",
                f"(set@@ il {i} {j} {g.pick(g.int_(1), '(integers 8 9)', QUOTE_78, '2.5')})",
                f"(set@@ (numbers 1 2.5 3) {i} {j} {g.pick(g.num_(1), '(numbers 8 9)', '7')})",
                f"(set@@ sl {i} {j} {g.pick(g.str_(1), '(strings 8 9)')})",
                f"(type (set@@ il {i} {j} 7))",
                f"(set@@ {t} {i} {j} {g.str_(1)})",
                f"(set@@ {t} {i} {g.str_(1)})",
                f"(block (set@@ s {i} {j} {g.str_(1)}) s)",
                f"(list (part (list 1 2 3 4)) (parts_of {t}))",
                "(own)",
                f"(list (@@ l {i} {j}) (@@ il {i} {j}))",
                f"(setrange l {i} {j} {value})",
                f"(map (λ (z) (set@@ (list 1 2 3) {rng.randint(0, 2)} z)) '(5 6))",
            )
            + ") 'err)"
        )
    yield "show (list il sl)"


QUOTE_78 = "'(7 8)"

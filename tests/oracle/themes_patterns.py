"""Themes of random programs: predicates, regular expressions, name spaces and aliases, matrices. See
theme.py.
"""

from tests.oracle.theme import QUOTE, local, made_up, theme


def tests_of(g, rng) -> str:
    """A few instructions of a predicate: tests, errors, changes, calls of others."""
    pool = (
        f"({g.pick('<', '>', '=', '!=')} x {rng.randint(0, 4)})",
        "(numberp x)",
        "(check (> x 2) (push y 8))",
        f"(push y {g.int_(0)})",
        f"(setq z {g.pick('x', '(list x)', '0', '(+ x 1)')})",
        "(println x)",
        "(size y)",
        f"(throw {g.int_(0)})",
        "(caddr y)",
        f"(if {g.bool_(1)} (return {g.pick('x', QUOTE + 'left', 'nil')}))",
        f"(maybe (/ 1 x) {g.pick('nil', 'true')})",
        g.bool_(1),
        f"(small {g.pick('x', '(+ x 1)', '(car y)')})",
        g.statement(1),
    )
    return " ".join(rng.sample(pool, rng.randint(0, 3)))


@theme
def predicates(g, rng):
    """`defpred` and `defprol`: clauses that fail, errors in them, copies of the arguments, `cut_`."""
    yield "(defpred small (x) (< x 3))"
    if rng.random() < 0.7:
        yield f"(defpred small (x) {g.pick('(= x 7) x', 'nil', QUOTE + 'large')})"
    several = g.pick("defpred", "defprol", "defprol")
    heads = (
        "(x y)",
        "(x y)",
        "(x y@)",
        "([integer_ x] y)",
        "(0 y)",
        "((> x 2) y)",
        "(x (a $ y))",
        "(x ())",
        "(x [a b])",
    )
    for name, kind in (("pda", "defpred"), ("pdb", several)):
        with local(g, x="int", y="list"):
            for head in rng.sample(heads, rng.randint(2, 4)):
                cut = "cut_ " if kind == "defprol" and rng.random() < 0.4 else ""
                last = g.pick("x", "(list x y)", g.int_(1), QUOTE + "ok", "(size y)", g.bool_(1))
                body = tests_of(g, rng).replace("(caddr y)", "(caddr y)" if "y" in head else "(car l)")
                if "y" not in head:
                    body, last = body.replace("y", "l"), last.replace("y", "l")
                yield f"({kind} {name} {head} {body} {cut}{last})"
        if kind == "defpred" or rng.random() < 0.8:
            yield f"({kind} {name} (x y) {g.pick(QUOTE + 'none', '(list ' + QUOTE + 'rest x y)')})"
    yield "(defpred down (0 a) a)"
    yield f"(defpred down (n a) (> n 0) (down (- n 1) {g.pick('(+ a n)', 'n', 'a')}))"
    yield "(defpred down (n a) 'wrong)"
    yield "(defpred each (()) 'done)"
    yield f"(defpred each ((a $ b)) (< a {rng.randint(1, 5)}) (each b))"
    yield f"(defpred each (a) (setq gone a) {g.pick(QUOTE + 'end', QUOTE + 'stopped')})"
    for _ in range(4):
        x, y = g.pick(g.int_(1), rng.randint(-1, 9), '"t"', "0"), g.pick("l", "(list 1 2)", "()", g.list_(1))
        yield (
            "show (maybe "
            + g.pick(
                f"(pda {x} {y})",
                f"(pdb {x} {y})",
                f"(list (pda {x} l) l)",
                f"(list (pdb {x} l) l)",
                "(map (λ (v) (pdb v l)) '(0 1 5))",
                f"(down {rng.randint(-1, 9)} {g.int_(1)})",
                f"(each {y})",
                f"(pda (throw 1) {y})",
                f"(list (small {x}) (pda {x} {y}))",
                f"(apply 'pdb (list {x} {y}))",
            )
            + " 'err)"
        )


RGX = (
    *(
        "%d+",
        "%a+",
        "%c%d*",
        "%C?",
        "{a-c}+",
        "{abc}",
        "x*y",
        "a+b",
        "?+b",
        "(a)c",
        "~%d+",
        "~{ab}",
        "%a%d%a",
        "%s+",
    ),
    *(
        "{%d x}+".replace(" ", ""),
        "[ab]+",
        "[ab]*c",
        "^a",
        "b$",
        "^%d+$",
        "%p",
        "1(2)3",
        "{[ab]c}+",
        "%x%x",
        "a(b)(c)d",
    ),
    *("%d%d*", "%c+%d", "-", ",", "%%", "a-z", "%?", "{A-Z}~%d", "?", "(%d)%a", "{a%d}+{b%a}"),
)
PRGX = (
    *(
        "[0-9]+",
        "[a-c]+",
        "a|b",
        "(ab)+",
        "a?b",
        "[^ab]",
        "\\\\d+",
        "\\\\w",
        "a.c",
        "x*y",
        "(a|b)c?",
        "\\\\s",
        "[0-9]+[a-z]",
    ),
)
LETTERS = "aabbc12x, AZ"
SUBJECTS = (
    "ab12cd",
    "aXbXb",
    "a1 b22",
    "abxcz",
    "1-22",
    "a,b,,c",
    "aabb",
    "ababc",
    "xyxxy",
    "",
    "Zz9",
    "12 34",
    "a_b",
    "été 1",
)


@theme
def expressions(g, rng):
    """`rgx` and `prgx`: matches, searches, parts, replacements, conditions of patterns."""
    yield f'(setq ra (rgx "{g.pick(*RGX)}"))'
    yield f'(setq rp (prgx "{g.pick(*PRGX)}"))'
    yield '(defpat word ([rgx "%a+" x]) (list \'word x))'
    yield f'(defpat word ((rgx "{g.pick(*RGX)}" x)) (list \'other x))'
    yield "(defpat word (x) 'none)"
    for _ in range(7):
        t = g.pick(f'"{g.pick(*SUBJECTS)}"', f'"{made_up(rng, LETTERS)}"', f'"{made_up(rng, LETTERS)}"', "s")
        made = g.pick("ra", f'(rgx "{g.pick(*RGX)}")', f'(rgx "{g.pick(*RGX[:10])}{g.pick(*RGX[-10:])}")')
        family, made = g.pick(
            ("rgx", made), ("rgx", made), ("prgx", g.pick("rp", f'(prgx "{g.pick(*PRGX)}")'))
        )
        yield (
            "show (maybe "
            + g.pick(
                f"({family}_match {made} {t})",
                f"({family}_find {made} {t})",
                f"({family}_find {made} {t} {rng.randint(0, 1)})",
                f"({family}_findall {made} {t})",
                f"({family}_find_i {made} {t})",
                f"({family}_find_i {made} {t} {rng.randint(0, 3)})",
                f"({family}_findall_i {made} {t})",
                f"(type ({family}_findall {made} {t}))",
                f'({family}_replace {made} {t} "{g.pick("#", "", "<>")}")',
                f"({family}_split {made} {t})",
                f'(rgx "{g.pick(*RGX)}" {t})',
                f"(word {t})",
                f"(loop w ({family}_findall {made} {t}) (push l w))",
                f'(filter (λ (w) ({family}_match {made} w)) \'("a" "12" "x9"))',
                f"(map (λ (w) ({family}_find {made} w)) (list s {t}))",
            )
            + " 'err)"
        )


@theme
def name_spaces(g, rng):
    """`defspace` and `space`: names of the current space before the main one, variables; `link`."""
    yield g.pick('(link "alike" \'+)', '(link "si" \'if)', '(link "liste" \'list)')
    with local(g, a="int"):
        yield f"(defspace sa (defun one (a) {g.int_(2)}) (defun two (a) (one (+ a {g.int_(1)})))"
        yield "  (defun three (a) (if (< a 1) (one a) (three (- a 1)))))"
        yield f"(defspace sb (defun one (a) (setq v a) {g.statement(1)} (list 'b a v))"
        yield "  (defun alone (a) (one (maine a))))"
        yield f"(defun one (a) {g.int_(1)})"
        yield f"(defun maine (a) (+ a {g.int_(1)}))"
    yield (
        "(defspace sa (defun later (a) (two a)))"
        if rng.random() < 0.5
        else "(defspace sa (defun later (a) (list a)))"
    )
    with local(g, n="int"):
        yield f"(defun user (n) {g.pick('', '(setq w 5)')}"
        yield f"  (space {g.pick('sa', 'sb')} (setq n (one n)) (list n (maine 2))))"
    calls = (
        "(one K)",
        "(two K)",
        "(three 3)",
        "(maine K)",
        "(later K)",
        "(alone K)",
        "(user K)",
        "(map 'one '(1 2))",
        "(map one '(1 2))",
        "(maplist (λ (z) (one z)) '(1 2))",
        "(apply 'one '(3))",
        "(foldl (λ (z y) (+ z (one y))) 0 '(1 2))",
        "(setq k (maine K))",
        "(eval '(one 2))",
        "((λ (z) (one z)) K)",
        "(let ((u K)) (one u))",
        "(loop i '(1 2) (setq q (one i)))",
        "(space mainspace_ (one K))",
        "(space sb (one K))",
        "(if (> K 1) (one 1) (one 2))",
        '(maybe (one "a" K) \'no)',
        "(switch K (1 (one 1)) (true (one 5)))",
        "(+= k (one 1))",
    )
    for _ in range(6):
        inside = " ".join(g.pick(*calls).replace("K", g.int_(1)) for _ in range(rng.randint(1, 3)))
        yield (
            "show (maybe "
            + g.pick(
                f"(space {g.pick('sa', 'sa', 'sb')} {inside})",
                f"(space {g.pick('sa', 'sb')} {inside})",
                "(list (one 3) (space sa (one 3)))",
                f"(user {g.int_(1)})",
                f"(space {g.pick('sa', 'sb', 'mainspace_')} {g.statement(1)} k)",
                "(two 1)",
                f"(block (space sa (setq fresh {g.int_(1)})) fresh)",
                "(alike 1 2)",
                "(si k 1 2)",
                "(liste k 1 2)",
                "'(alike si liste)",
                "(map 'alike '(1 2))",
                "(foldl 'alike 0 l)",
            )
            + " 'err)"
        )


@theme
def matrices(g, rng):
    """Matrices and tensors: `rho`, `rank@`, `irank@`, arithmetic, lines and columns."""
    source = g.pick("(iota 12)", "(numbers 0.5 2 -1)", "(list 3 1 2 5 4)", "(integers 2 0 7)")
    yield f"(setq ma (rho {rng.randint(2, 3)} {rng.randint(2, 4)} {source}))"
    yield f"(setq te (rho 2 {rng.randint(2, 3)} 3 (iota {rng.randint(4, 30)})))"
    for _ in range(6):
        n, m = (
            rng.randint(-3, 5),
            g.pick("ma", "ma", "(rho 2 2 (list 4 3 1 k))", "(rho 2 2 (integers 1 2 3 5))", "te"),
        )
        c = [str(rng.choice((0, 1, -1))) for _ in range(rng.randint(1, 3 if m == "te" else 2))]
        op = g.pick("+", "-", "*", "+", "/")
        yield (
            "show (maybe "
            + g.pick(
                m,
                f"(rank@ {m} {' '.join(c)})",
                f"(⍤ {m} {' '.join(c)})",
                "(type (rank@ te 1 1))",
                f"(loop e (irank@ {m} {' '.join(c[:1])}) (push l (string e)))",
                "(loop e (irank@ te 1) (push l (string e)))",
                f"(loop e {m} (push l (string e)))",
                f"({op} {m} {n})",
                f"({op} {n} {m})",
                f"({op} {m} {m})",
                f"({op} {m} {g.num_(0)})",
                f"(rho {m})",
                f"(tally {m})",
                f"(@ {m} {rng.randint(-1, 1)})",
                f"(@ {m} {rng.randint(0, 1)} {rng.randint(0, 2)})",
                "(transpose ma)",
                "(⍉ (transpose ma))",
                f"(determinant (rho 2 2 (integers 1 {n} 3 5)))",
                f"(determinant (rho 3 3 (integers 1 {n} 3 5 2)))",
                f"(// '{g.pick('+', '*', '-')} ma)",
                f"(-// '{g.pick('+', '*', '-')} ma)",
                f"(= {m} {m})",
                f"(= {m} (+ {m} {g.pick(0, 1)}))",
                f"(string {m})",
                f"(block (+= ma {n}) ma)",
                f"(let ((mb (+ {m} {n}))) (- mb {m}))",
            )
            + " 'err)"
        )

"""Themes of random programs: texts, numbers, parts of lists, and the operators and loops beside the usual
ones. See theme.py.
"""

from tests.oracle.theme import theme

# Functions of any number.
MATHS = (
    *("sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh", "exp", "exp2", "expm1", "cbrt"),
    *("radian", "degree", "rint", "nearbyint", "round", "floor", "trunc"),
)
QUESTIONS = ("'=", "'<", "'>=")
QUOTED_DOT = '"."'
NAMES = ('"a"', '"word"', '"k"', '"x_1"')
OPERATORS = ('"list"', '"max"', '"size"')
TEXTS = ('"Ab c"', '"  x1 "', '"aEi"', '"12.500"', '"Zz"', '"été"', '""', '"a"', '"ab,c"', "s")


@theme
def texts(g, rng):
    """Texts: their parts, their characters, numbers written in a format."""
    for _ in range(5):
        t, n = g.pick(*TEXTS, g.str_(1)), rng.randint(0, 4)
        yield (
            "show (maybe "
            + g.pick(
                f"(middle {t} {n} {rng.randint(0, 3)})",
                f"(lower {t})",
                f"(upper (lower {t}))",
                f"(trimleft {t})",
                f"(trimright {t})",
                f"(trim0 {t})",
                f"(fill {t} {rng.randint(-1, 3)})",
                f"(fill (lower {t}) {n})",
                f"(endwith {t} {g.pick(*TEXTS)})",
                f"(editdistance {t} {g.pick(*TEXTS)})",
                f"({g.pick('alphap', 'upperp', 'lowerp', 'vowelp', 'digitp')} {t})",
                f"(chr {rng.randint(60, 130)})",
                f'(stringf {g.num_(1)} "%{g.pick("", 6, "-7", "+", "08")}.{n}{g.pick("f", "e", "g")}")',
                f'(sprintf {g.pick(g.num_(1), g.int_(1), t)} "<%.{n}f>")',
                f"(atom {g.pick(*NAMES)})",
                f"(eval (list (atom {g.pick(*OPERATORS)}) {n} 2))",
                f"(list (atom {g.pick(*NAMES)}) (string (atom {g.pick(*NAMES)})))",
                "(to_list l)",
                f"(map 'lower (list {t} {g.pick(*TEXTS)}))",
                f"(filter 'alphap (list {t} {g.pick(*TEXTS)}))",
                f"(sort '< (strings {t} {g.pick(*TEXTS)} {g.pick(*TEXTS)}))",
                f"(join (map 'chr (list {rng.randint(64, 99)} {rng.randint(64, 99)})) {t})",
                f"(+= s (middle {t} 0 {n}))",
                f'(loop c (split {t} "") (push l (lower c)) (if (= c "a") (break)))',
            )
            + " 'err)"
        )


@theme
def numbers(g, rng):
    """Functions of one number, and bits."""
    within = ("asin", "acos", "atanh", "log1p")
    above = ("acosh", "log", "log2", "log10", "sqrt")
    for _ in range(6):
        a, b = rng.randint(-3, 9), rng.randint(0, 7)
        yield (
            "show (maybe "
            + g.pick(
                f"({g.pick(*MATHS)} {g.pick(a, b, f'{a}.5', '0.25', 'x', 'k', g.num_(1))})",
                f"({g.pick(*within)} {g.pick('0.25', '-0.5', '0')})",
                f"({g.pick(*above)} {g.pick(b + 1, f'{b + 1}.5', '(+ 2 (* x x))')})",
                f"(map '{g.pick(*MATHS)} (list {b} {a}.5))",
                f"(>> {a * 17} {b})",
                f"(&~ {abs(a)} {b})",
                f"(~ {a})",
                f"(iabs {a})",
                f"(hcf {12 * b} {abs(a)})",
                f"({g.pick('%=', '&=', '|=', '^=', '<<=', '>>=', '&~=', '^^=')} {g.pick('k', 'm')} {b})",
                f"(block ({g.pick('%=', '&=', '|=', '^=', '<<=', '>>=')} (@ l 0) {b}) l)",
                f"(maplist '(>> _ {b}) (list 40 {a} 7))",
                f"(foldl '{g.pick('&', '|', '^')} {b} (list 5 {abs(a)}))",
                f"(+ (sin {a}) (cos {b}))",
                f"(* (floor {a}.75) {b})",
            )
            + " 'err)"
        )


@theme
def parts(g, rng):
    """Parts and shapes of lists: chains of car and cdr, rho, lazy lists, trees, sets, the mirrors."""
    nested = "'((1 2 3) (4 (5 6) 7) 8 9)"
    deep = ("aa", "da", "dd", "add", "aad", "dda", "ddd", "ada")
    for _ in range(5):
        a, n, kind = rng.randint(-2, 5), rng.randint(0, 4), g.pick("i", "n")
        source = g.pick("l", g.list_(1), "(integers 3 1 2)", "(iota 5)")
        yield (
            "show (maybe "
            + g.pick(
                f"(c{g.pick(*deep)}r {nested})",
                f"(cd{g.pick('', 'd', 'dd')}r {source})",
                f"(rho {n} {source})",
                f"(rho {source})",
                f"(tally {source})",
                f"(take {n} (cycle {source}))",
                f"(take {n} (repeat {g.int_(1)}))",
                f"(take {n} (map '+ (cycle {source})))",
                f"(zip (take 3 (repeat {a})) {source})",
                f"(zipwith '* (take 4 (cycle '(1 2))) {source})",
                f"(iota0 {n})",
                f"(flip (list {a} {n} 7))",
                f"(product (list {a} {n} 2))",
                f"(pushlast l {a})",
                f"(filtercar '(> {n}) {source})",
                f"(takecar '(< {n}) {source})",
                f"(dropcar '(< {n}) {source})",
                f'(dictionarytree \'b {a} "a" {n})',
                f"(dictionarytree{g.pick('i', 'n')} 3 {a} {n} 'z)",
                f"(keys@ (dictionarytree{g.pick('i', 'n')} 3 {a} {n} 'z {a} 0))",
                f"(dictionaryn {n}.5 {a})",
                f"(key{g.pick('i', 'n')}@ {n} {a})",
                f"(block (setq tr (key{kind}@ {n} 'v)) (key{kind}@ tr {a} 2) (size tr))",
                f'(size (set {a} 2 "b" {n}))',
                f"(setn {a} 2 {n}.5)",
                f"(in (setn {a} 2) {n})",
                f"(!map '({g.pick('+', '-', '*')} {n}) {source})",
                f"(!filter '({g.pick('<', '>')} {n}) {source})",
                f"(!take {n} {source})",
                f"(!drop {n} {source})",
                f"(!dropwhile '(> {n}) {source})",
                f"(!foldl '- {n} {source})",
                f"(!foldr '- {n} {source})",
                f"(!{g.pick('foldl1', 'foldr1', 'scanl1', 'scanr1')} '- (list {a} {n} k))",
                f"(!{g.pick('scanl', 'scanr')} '- {n} {source})",
                f"(!for z {source} (list z k))",
            )
            + " 'err)"
        )


@theme
def beside(g, rng):
    """Loops over several lists, quote, catch, print."""
    for _ in range(5):
        n, size = rng.randint(0, 4), rng.randint(1, 3)
        one = f"(rho {size} '({rng.randint(-2, 5)} {n} k))".replace("'(", "(list ")
        other = g.pick(f"(iota {size})", f"(take {size} '(7 8 9))", f"(rho {size} (list k m))")
        with g.inside(i="int", j="int"):
            yield (
                "show (maybe "
                + g.pick(
                    f"(lloop (i j) {one} {other} {g.statement(1)} (push l (list i j)))",
                    f"(lloop (i j) {one} {other} (if (> i {n}) (break)) (push l j))",
                    f"(mloop (i j) {one} {other} {g.statement(1)} (push l (+ i j)))",
                    f"(mloop (i j) {one} {other} (if (> (+ i j) {n}) (break)) (push l (list i j)))",
                    f"(block (setq i {one}) (whilein j i {g.statement(1)} (push l j)))",
                    f"(quote (k {n} {g.pick('m', '(k)', '()')}))",
                    f"(car (quote ({n} m)))",
                    f"(eval (quote (+ k {n})))",
                    f"(catch {g.int_(2)})",
                    f'(block (print k "{n}") k)',
                    f"(foldl (λ (a b) (+ a (catch b))) {n} {one})",
                )
                + " 'err)"
            )


@theme
def exchange(g, rng):
    """JSON, padding, letters without accents, tables, inner products, linked lists."""
    yield "(setq w 'word)"
    for _ in range(6):
        a, n = rng.randint(-2, 5), rng.randint(0, 6)
        t = g.pick(*TEXTS, g.str_(1))
        one, other = f"(list {a} {n} k)", g.pick("(iota 3)", "(integers 4 0 2)", "'(7 8 9)", "(list 1 2)")
        step, second = g.pick("'+", "'*", "'-", "(λ (a b) (- a (* 2 b)))"), g.pick("'+", "'max", "'-")
        linked = f"(llist {a} {n} {g.int_(1)})"
        yield (
            "show (maybe "
            + g.pick(
                f"(json {g.pick('l', 'w', 'nil', 'true', t, one, linked, g.list_(1))})",
                f"(json (list w nil true {a}.5))",
                f"(json (list {t} (list {a}) {g.pick('nil', 'w', '()')}))",
                f'(json (dictionary "k" {t}))',
                f'(json (dictionary "a" (list {a} {t})))',
                f"(size (json (list {t} {n} {other})))",
                f"(padding {t} {g.pick(QUOTED_DOT, t)} {n})",
                f'(padding {n} "0" {rng.randint(0, 4)})',
                f"(deaccentuate {t})",
                f'(deaccentuate (upper "é{a}àç"))',
                f"(outer {step} {one} {other})",
                f"(outer {g.pick(*QUESTIONS)} {one} {other})",
                f"(° {step} {other} {one})",
                f"(map '+ (car (outer {step} {one} {other})))",
                f"(inner {second} {step} {one} {other})",
                f"(inner '+ '* {one} {one})",
                f"(car {linked})",
                f"(cdr {linked})",
                f"(size (cdr {linked}))",
                f"(@ {linked} {rng.randint(0, 2)})",
                f"(to_list {linked})",
                f"(push {linked} {a} {n})",
                f"(pushlast {linked} {a})",
                f"(pop {linked})",
                f"(to_llist {g.pick('l', other)})",
                f"(type (to_llist {other}))",
                f"(block (loop z {linked} (push l z)) l)",
                f"(= {linked} {linked})",
                f"(string {linked})",
                f"(map '+ {linked})",
                f"(reverse {one} true)",
            )
            + " 'err)"
        )

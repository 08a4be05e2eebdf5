"""Themes of random programs: marks and sets in patterns; flat lists with a shape; threads; JSON that is read.
See theme.py.
"""

from tests.oracle.theme import QUOTE, theme

LITERALS = ("0", "'stop", '"-"', "5")
GUARDS = ("(< {} 3)", "(numberp {})", "(stringp {})", "(eq 0 (% {} 2))", "(!= {} 5)", "(consp {})")


def marked(g, rng) -> tuple[str, str]:
    """A list pattern with marks and the names that it binds."""
    parts, names = [], []
    for at in range(rng.randint(1, 3)):
        name = f"m{'abc'[at]}"
        names.append(name)
        way = rng.random()
        if way < 0.35:
            parts.append(name + g.pick("*", "+", "%"))
            if at < 2 or parts[-1][-1] == "%":
                parts.append(g.pick(*LITERALS))
        elif way < 0.7:
            parts.append(g.pick(*GUARDS).format(name) + g.pick("*", "+", "%"))
        else:
            parts.append(g.pick(name, name, f"({name})", f"[integer_ {name}]"))
    if rng.random() < 0.4 and parts[-1][-1] not in "*+%":
        parts.extend(["$", "mr"])
        names.append("mr")
    return f"({' '.join(parts)})", " ".join(names)


@theme
def marks(g, rng):
    """Kleene marks, sets and free keys in patterns; `pattern@`."""
    for name in ("kle", "kle", "klf", "klf"):
        pattern, names = marked(g, rng)
        yield f"(defpat {name} ({pattern}) (list {g.pick(QUOTE + 'one', QUOTE + 'other')} {names}))"
    yield "(defpat kle (x) 'none)" if rng.random() < 0.8 else "(setq nokle 1)"
    yield f"(defpat kls ((seti {g.pick('3', '3 7', 'sa', 'sa sb')} {g.pick('$ sr', '$ _', '')})) 'integers)"
    yield f"(defpat kls ((sets {g.pick('sa', 'sa sb')} $ sr)) (list sa sr))"
    yield f'(defpat kls ((sets {g.pick(QUOTED_A, QUOTED_AB)} $ sr)) (list "has" sr))'
    yield f"(defpat klo ((set {g.pick('sa $ sr', 'sa sb $ sr', '2 $ sr')})) sr)"
    yield "(defpat kls (x) 'no)"
    exact = g.pick("ka:1", "ka:va", "_:2 kb:vb", DICTIONARY_A, "ka:1 kb:2")
    yield f"(defpat kld ({{{exact}}}) (list 'exact))"
    yield f"(defpat kld ({{{g.pick('ka:1', 'ka:va', DICTIONARY_A, '_:vb')} $:kr}}) (list 'more kr))"
    yield "(defpat kld (x) 'no)"
    yield "(defun outside (v) (if (pattern@ (pa pb $ pr) v) (list pa pb pr) 'short))"
    for _ in range(5):
        items = " ".join(
            g.pick("1", "2", "0", "5", '"-"', "stop", "a", "(3)", "4", '"x"', "2.5")
            for _ in range(rng.randint(0, 6))
        )
        source = g.pick(f"'({items})", f"'({items})", f"'({items})", "l", g.list_(1), "(integers 1 2 0 4 5)")
        names = g.pick("1 2 3", "3 7 9", g.int_(0) + " 5", "")
        yield (
            "show (maybe "
            + g.pick(
                f"(kle {source})",
                f"(kle {source})",
                f"(klf {source})",
                f"(klf {source})",
                f"(map kle (list {source} {source}))",
                f"(kls (seti {names}))",
                f"(kls (sets {g.pick(QUOTED_A, QUOTED_AB, '')} {g.pick(TEXT_Z, '')}))",
                f'(klo (set {names} "t"))',
                f"(kls {source})",
                f"(kld {g.pick('d', g.expression('dict', 1))})",
                f'(kld {{"a":{g.pick(1, 2)} "z":{g.pick(2, 3)}}})',
                f"(outside {source})",
                f"(block (setq pq 5) (list (pattern@ (pq $ pz) {source}) pq))",
                f"(pattern@ {g.pick('[integer_ pw]', '(pw $ _)', '_')} {g.pick(source, 7, 's')})",
                f"(pattern@ [string_ pw] {g.pick(source, 's')})",
                f"(let ((pv 1)) (if (pattern@ (pv $ _) {source}) pv 'none))",
            )
            + " 'err)"
        )


QUOTED_A, QUOTED_AB, TEXT_Z, DICTIONARY_A = '"a"', '"a" "b"', '"z" "y"', '"a":va'


@theme
def shaped(g, rng):
    """Flat lists seen with a shape, shifted lists, masks, texts cut into atoms and blocks."""
    yield "(setq fl6 (list 1 2 3 4 5 6))"
    yield "(setq fi6 (iota 6))"
    yield f"(setq f24 {g.pick('(iota 24)', '(to_list (iota 24))')})"
    yield "(defun doubled (v) (maplist (λ (e) (* 2 e)) v false))"
    for _ in range(6):
        i, j, n = rng.randint(-1, 2), rng.randint(-2, 3), rng.randint(-2, 4)
        flat, shape = g.pick(
            ("fl6", "'(2 3)"), ("fi6", "'(3 2)"), ("fl6", "(integers 2 3)"), ("(iota 6)", "'(2 3)")
        )
        keys = g.pick(
            f"{abs(i)} {abs(j)}",
            f"{abs(i)} {abs(j)}",
            f"{i} {abs(j)}",
            f"{abs(i)}",
            f"-1 {abs(j)}",
            f"{abs(i)}",
        )
        three = g.pick("1 2 3", "0 1 0", "1 2", "0 2", "1 -1 1", f"{abs(i)} {abs(j)} {abs(n)}")
        step = g.pick("'+", "'-", "'*", "'<", "'=", "(λ (a b) (- (* 2 a) b))", "'max")
        source = g.pick("l", g.list_(1), "fi6", "fl6", "(integers 3 1 2)")
        yield (
            "show (maybe "
            + g.pick(
                f"(@@@ {flat} {shape} {keys})",
                f"(@@@ {flat} {shape} {keys})",
                f"(@@@ f24 '(2 3 4) {three})",
                f"(block (set@@@ {flat} {shape} {abs(i)} {abs(j)} {g.int_(1)}) (list fl6 fi6))",
                f"(set@@@ {flat} {shape} {i} {j} {g.int_(1)})",
                f"(set@@@ (list 1 2 3 4 5 6) '(2 3) {abs(i)} (list {n} 8 9))",
                f"(set@@@ f24 '(2 3 4) 1 {abs(j)} {abs(n)} {g.int_(1)})",
                f"(shift {step} {source})",
                f"(shift {step} {source} {g.pick(1, 1, 2, -1, n)})",
                "(over 'doubled fl6)",
                f"(over doubled (list 1 {g.int_(1)}))",
                "(block (over 'doubled fl6) fl6)",
                "(mask@ (list {}) {} {})".format(*g.pick(*MASKED)),
                f"(mask@ (list 1 0 {g.bool_(0)}) (list {n} 8))",
                f"(explode {g.pick('s', WORD, ABC)})",
                f"(getstruct {g.pick(*BLOCKS)} {g.pick(*SIGNS)})",
                f"(getstruct {g.pick(*BLOCKS)} {g.pick(*SIGNS)} {rng.randint(0, 5)})",
                f"(cosine (numbers 1 {n}) (numbers {abs(j)} 2))",
                f"(cosine (floats 1 2 {n}) (floats 2 1 3))",
                f"(punctuationp {g.pick(DOTS, WORD, 's')})",
                f"(iabs {g.int_(1)})",
                f"(cyclicp {g.pick(source, '(llist 1 2)')})",
            )
            + " 'err)"
        )
    yield "show (list fl6 fi6)"


MASKED = (
    ("1 0 1", "(list 7 8)", "(list 'a)"),
    ("true nil true", "'(a b)", "(integers 5)"),
    ("0 0", "()", "fl6"),
    ("1 1 1", "'(a b c)", "fl6"),
    ("k 0 m", "'(a b)", "'(z)"),
)
BLOCKS = ('"f(a(b)c)d"', '"{x {y} z} (p)"', '"a[1][2]"', '"(un(closed"', '"f(\\"(\\" x) y"', '""', "s")
SIGNS = ('"(" ")"', '"{" "}"', '"[" "]"')
DOTS, WORD, ABC = '".,;"', '"word"', '"abca"'
JSONS = (
    '{"a":[1,2.5,null],"b":{"c":true}}',
    "[1,-2,3.25,[],{}]",
    '["x","y\\nz",false]',
    '{"k":"v","n":-0.5,"l":[[1],[2,[3]]]}',
    "12",
    '"text"',
    '{"e":1.5e2,"f":2E-1}',
    '["\\u00e9\\t","\\"q\\""]',
    "  [ 1 , 2 ]  ",
    "[1,2",
    '{"a" 1}',
    "nul",
)


@theme
def jsons(g, rng):
    """The JSON reader, ordered dictionaries, what is written and read again."""
    for _ in range(5):
        text = f"`{g.pick(*JSONS)}`"
        yield (
            "show (maybe "
            + g.pick(
                f"(json_parse {text})",
                f"(json_parse {text})",
                f"(size (json_parse {text}))",
                f'(@ (json_parse `{JSONS[0]}`) "a" {rng.randint(-1, 3)})',
                f"(json (json_parse {text}))",
                f"(json_parse (json (list {g.int_(1)} {g.str_(1)} (list {rng.randint(0, 9)}.5 nil true))))",
                f'(json_parse (json (dictionary "p" {g.int_(1)} "q" {g.list_(1)})))',
                f"(keys@ (json_parse `{g.pick(JSONS[0], JSONS[3])}`))",
                f'(json_dictionary (list "z" {g.int_(1)} "a" {g.str_(1)}))',
                f'(block (setq jd (json_dictionary)) (set@ jd "z" 1) (set@ jd "b" {g.int_(1)}) jd)',
                f"(loop e (json_parse {text}) (push l e))",
            )
            + " 'err)"
        )


KEPT = '(threadretrieve "k1")'


@theme
def threads(g, rng):
    """Threads that are waited for: copies of their arguments, what they store, what they share."""
    with g.inside(ta="int", tb="list"):
        stored = g.pick("ta", "tb", "(* 2 ta)", "(list ta (size tb))")
        yield f'(dethread worker (ta tb) (push tb ta) (threadstore "{g.pick("k1", "k2")}" {stored}))'
    yield "(threadspace (seth tally_h 0) (seth seen_h (list)))"
    yield f"(dethread counting (n) (threadspace ({g.pick('+=', '-=')} tally_h n) (push seen_h n)))"
    yield '(dethread deeper (n) (threadstore "deep" n) (if (> n 0) (deeper (- n 1))))'
    yield "(defun all_of (n) (loopcount n i (counting i) (wait)) (threadspace tally_h))"
    for _ in range(5):
        n = rng.randint(0, 4)
        yield (
            "show (maybe "
            + g.pick(
                f"(block (worker {g.int_(1)} {g.pick('l', g.list_(1))}) (wait) (list l {KEPT}))",
                f"(list (worker {n} (list 1)) (wait))",
                f"(block (counting {g.pick(g.int_(1), n)}) (wait) (threadspace (list tally_h seen_h)))",
                f"(block (counting {n}) (counting {n}) (wait) (threadspace tally_h))",
                f"(all_of {n})",
                f'(block (deeper {n}) (wait) (threadretrieve "deep"))',
                '(threadretrieve "k2")',
                '(threadretrieve "nothing")',
                f'(threadclear "{g.pick("k1", "nothing", "deep")}")',
                "(threadclear)",
                f'(block (threadstore "own" {g.pick("l", g.int_(1))}) (push l 1) (threadretrieve "own"))',
                f"(threadspace (+= tally_h {n}) (list tally_h k))",
                "(space thread tally_h)",
                f"(threadspace (set@ seen_h 0 {n}) seen_h)",
                f'(lock "name" (push l {n}) {g.int_(1)})',
                "(wait)",
            )
            + " 'err)"
        )
    yield 'show (list (threadretrieve "k1") (threadspace (list tally_h seen_h)))'

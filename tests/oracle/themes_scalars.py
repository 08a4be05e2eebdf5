"""Themes of random programs: numbers of 32 and 16 bits, complex numbers, byte strings. See theme.py."""

from tests.oracle.theme import theme

DYADIC = ("0.5", "-2.25", "3", "1.125", "-7", "0.75", "2.0")
OPERATORS = ("+", "-", "*", "/")


@theme
def scalars(g, rng):
    """`float` and `int16_t`: kinds of results, what does not fit, elements of lists and of typed lists."""

    def single():
        return g.pick("fs", f"(float {g.pick(*DYADIC)})", f"(float {g.num_(0)})", f"(float {g.int_(0)})")

    def short():
        value = g.pick("3", "-4", "0", "2.75", "32767", g.int_(1))
        return g.pick("ss", f"(int16_t {value})", f"(short {value})")

    yield f"(setq fs (float {g.pick(*DYADIC)}))"
    yield f"(setq ss (short {rng.randint(-9, 9)}))"
    yield f"(defun half_of (v) ({g.pick(*OPERATORS)} v 2))"
    yield "(defpat kind_of ([float_ v]) (list 'single v))"
    yield "(defpat kind_of ([short_ v]) (list 'short v))"
    yield "(defpat kind_of (v) 'other)"
    g.calls.setdefault("num", []).append(lambda depth: f"(float {g.num_(depth)})")
    g.calls.setdefault("int", []).append(lambda depth: f"(short {g.int_(depth)})")
    for _ in range(6):
        one, n, d = g.pick(single(), short()), rng.randint(-4, 9), g.pick(*DYADIC)
        other = g.pick(single(), short(), str(n), d, g.int_(1), g.num_(1))
        op = g.pick(*OPERATORS)
        yield (
            "show (maybe "
            + g.pick(
                one,
                f"(type {one})",
                f"({op} {one} {other})",
                f"({op} {other} {one})",
                f"(type ({op} {one} {other}))",
                f"(type ({op} {other} {one}))",
                f"(type ({op} {one} {other} {one}))",
                f"(type (half_of {one}))",
                f"(kind_of ({op} {one} {other}))",
                f"(kind_of {g.pick(one, other)})",
                f"(block ({g.pick('+=', '-=', '*=')} {g.pick('fs', 'ss')} {g.pick(n, d, one)}) (list fs ss))",
                f"({op} (list 1 2.5) {one})",
                f"({op} {g.pick('(integers 1 2)', '(numbers 1 2.5)', '(floats 1 2)', '(shorts 1 2)')} {one})",
                f"(type ({op} {g.pick('(integers 1 2)', '(numbers 1 2.5)', '(floats 1 2)')} {one}))",
                f"({g.pick('<', '<=', '>', '>=', '=', '!=', 'eq', '>=<')} {one} {other})",
                f"(maplist (λ (v) ({op} v 2)) (list {one} {one}))",
                f"(map '({op} {one}) (list {n} {d}))",
                f"(foldl '{g.pick('+', '-', '*')} {one} (list {n} {d}))",
                f"({g.pick('integers', 'numbers', 'strings', 'list', 'floats')} {one} {other})",
                f"(type ({g.pick('integer', 'number', 'string', 'atom')} {one}))",
                f"({g.pick('max', 'min')} {one} {other})",
                f"({g.pick('floor', 'sqrt', 'round', 'fabs', 'exp')} {one})",
                f"(string {one})",
                f'(+ "a" {one})',
                f"(if {one} 'yes 'no)",
                f"(zerop {one})",
                f"(numberp {one})",
                f"(signp {one})",
                f"(switch {one} (3 'three) (0.5 'half) (true 'else))",
                f"(push (integers 1) {short()})",
                f"(push (numbers 1) {one})",
                f"(set@ (list 1 2) 0 {one})",
                f"(count (list 3 {one} -4) {one})",
                f"(in (list 3 0.5) {one})",
                f"(find (list 3 0.5 -4) {one})",
                f"(sort '< (list {one} {n} {one}))",
                f"(unique (list {one} {one} {n}))",
                f"(sum (list {one} {n}))",
                f"(clone (list {one} {n}))",
                f"(setqv kf (list {one} {other}))",
                f"(block (setq d2 (dictionaryn 1 2)) (set@ d2 {one} 'v) d2)",
                f"(json (list {single()}))",
            )
            + " 'err)"
        )
    yield "show (list fs ss)"


PARTS = ("0.5", "2", "3", "1", "-1", "4", "-2.5")


@theme
def complexes(g, rng):
    """Complex numbers: how they are written, what arithmetic makes of them."""

    def one():
        return g.pick(
            "cz",
            f"(complex {g.pick(*PARTS)} {g.pick(*PARTS)})",
            f"(complex {g.int_(1)} {g.num_(0)})",
            f"{g.pick('1', '2', '-3', '0.5')},{g.pick('2', '-1', '', '-', '1.5')}i",
        )

    yield f"(setq cz {g.pick('1,2i', '3,-1i', '(complex 2 -1)')})"
    yield f"(defun turned (z) ({g.pick('*', '+', '-')} z 1,1i))"
    yield "(defpat parts_of ([complex_ z]) (list (real z) (imaginary z)))"
    yield "(defpat parts_of (z) z)"
    for _ in range(5):
        op, other = (
            g.pick(*OPERATORS),
            g.pick(one(), one(), g.int_(1), g.num_(1), '"a"', "nil", "(float 0.5)"),
        )
        yield (
            "show (maybe "
            + g.pick(
                one(),
                f"({op} {one()} {other})",
                f"({op} {other} {one()})",
                f"({op} {one()} {other} {one()})",
                f"(type ({op} {one()} {other}))",
                f"(real {one()})",
                f"(imaginary {one()})",
                f"(list (real cz) (type (imaginary cz)) {one()})",
                f"(turned {one()})",
                f"(turned (turned {one()}))",
                f"(parts_of ({op} {one()} {other}))",
                f"(= {one()} {one()})",
                f"(= cz (+ cz {g.pick(0, 1)}))",
                f"({op} (list 1 {one()} 2.5) {one()})",
                f"({op} {one()} (list 1 2))",
                f"({op} (integers 1 2) {one()})",
                f"({op} {one()} (numbers 1 2.5))",
                f"(map '({op} {one()}) '(1 2))",
                f"(map turned (list {one()} {one()}))",
                f"(foldl '{g.pick('+', '-', '*')} {one()} (list 1 {one()}))",
                f"(string {one()})",
                f'(+ "z" {one()})',
                f"(quote (cz {g.pick('1,2i', '3,-1i', '0.5,i')}))",
                f"(block ({g.pick('+=', '*=', '-=')} cz {g.pick(one(), other)}) cz)",
                f"(+ (list {one()} {one()}))",
                "(loopcount 3 i (setq cz (turned cz)))",
            )
            + " 'err)"
        )
    yield "show cz"


BYTE_TEXTS = ('"été"', '"a"', '"ab c"', '""', '"日本"', '"x"')


@theme
def bytestrings(g, rng):
    """Byte strings: bytes where a text has characters."""

    def one():
        text = g.pick(*BYTE_TEXTS)
        return g.pick("bs", f"b{text}", f"(stringbyte {text})", f"(stringbyte {g.pick('s', '12', '2.5')})")

    yield f"(setq bs b{g.pick(*BYTE_TEXTS)})"
    yield '(defpat text_kind ([stringbyte_ v]) (+ v "!"))'
    yield '(defpat text_kind ([string_ v]) (+ v b"?"))'
    yield "(defpat text_kind (v) 'none)"
    for _ in range(5):
        t = g.pick(*BYTE_TEXTS, g.str_(1))
        yield (
            "show (maybe "
            + g.pick(
                one(),
                f"(size {one()})",
                f"(type {one()})",
                f"(+ {one()} {g.pick(one(), t, '5', '2.5', g.int_(1))})",
                f"(type (+ {one()} {g.pick(one(), t)}))",
                f"(type (+ {t} {one()}))",
                f"(+ {t} {one()})",
                f"(list {one()} {t})",
                f"(string {one()})",
                f"(type (string {one()}))",
                f"(bytes {one()})",
                f"(bytes (+ {one()} {t}))",
                f"(chrbyte (integers 195 169 {rng.randint(33, 126)}))",
                f"(chrbyte (bytes {t}))",
                f"(= {one()} {one()})",
                "(= (chrbyte (bytes bs)) bs)",
                f"(text_kind {g.pick(one(), t)})",
                f'(@ b"abc" {rng.randint(-4, 3)})',
                f"(size (@ {one()} 0))",
                f"({g.pick('car', 'cdr', 'last')} {one()})",
                f"(type ({g.pick('car', 'cdr', 'last')} {one()}))",
                f"({g.pick('=', 'eq', '!=', '<', '>=<')} {one()} {t})",
                f"({g.pick('=', 'eq', '!=', '<', '>=<')} {t} {one()})",
                f"(loop c {one()} (push l (list c (size c))))",
                f"({g.pick('upper', 'trim', 'reverse', 'left', 'integer', 'split')} {one()})".replace(
                    "left", "size"
                ),
                f"(switch {one()} (\"a\" 'first) (true 'else))",
                f"(block (setq d3 {{}}) (+= (@ d3 {one()}) 1) (+= (@ d3 {t}) 1) d3)",
                f"({g.pick('find', 'in', 'count')} {one()} {g.pick(one(), t)})",
                f"(+ (list {one()} {t}))",
                f'(@@ b"abcdef" {rng.randint(0, 3)} {rng.randint(2, 5)})',
                f"(block (setq bs (+ bs {g.pick(one(), t)})) (list bs (size bs)))",
                f"(block (+= bs {g.pick(one(), t)}) bs)",
                f"(foldl '+ {one()} (list {t} {one()}))",
                f"(find (list {one()} {t}) {t})",
                f"(dictionary {one()} 1)",
                f"(if {one()} 'yes 'no)",
            )
            + " 'err)"
        )
    yield "show (list bs (size bs))"

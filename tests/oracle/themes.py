"""Themes of random programs: each gives definitions and statements around one corner of the language.

A theme is a generator of lines; a line `show E` puts E into the list that ends the program. Nothing here runs LispE.
"""

THEMES = {}


def theme(make):
    THEMES[make.__name__] = make
    return make


def local(g, **variables):
    """The scope inside a function: its parameters and the globals."""
    return g.inside(**variables)


@theme
def order(g, rng):
    """Operands in the order written, with functions that change globals and captured variables."""
    yield f"(defun bump () ({g.pick('+=', 'setg', '*=')} k {g.pick('2', '(+ k 1)')}) k)"
    yield "(defun grow (c) (push c (size c)) (size c))"
    g.calls["int"] += ["(bump)", "(grow l)"]
    op = g.pick("+", "-", "list", "*", "<", "=", "max")
    yield f"show ({op} k (bump))"
    yield f"show ({op} (bump) k {g.pick('', '(bump)')})"
    yield f"show (list k {g.int_(2)} k {g.int_(2)})"
    with local(g, n="int"):
        yield f"(defun cap (n) (setq b (λ () (+= n {g.int_(1)}) n)) (list n (b) n ({op} n (b)) {g.int_(2)}))"
    yield f"show (cap {g.int_(1)})"
    yield f"show (+ {g.pick('k', '(bump)')} (let ((k {g.int_(1)})) (bump)) {g.pick('k', '(bump)')})"
    yield f"show (maybe (+ {g.int_(1)} {g.str_(1)} (bump)) k)"
    yield "show (+= k (bump))"


@theme
def shadowing(g, rng):
    """One name for globals, parameters, variables of let and of lambdas."""
    name = g.pick("k", "m")
    with local(g, **{name: "int"}):
        yield f"(defun sh ({name}) {g.statement(2)} (setq {name} {g.int_(2)}) (within) {g.statement(1)} {name})"
        yield f"(defun le () (let (({name} {g.int_(2)}) (m (+ {name} 1))) {g.statement(2)} (setq {name} (+ {name} 1)) (within) (list {name} m)))"
    yield f"(defun within () {g.pick(f'(setq {name} 77)', f'(setg {name} (+ {name} 1))', f'(+= {name} 5)')} {name})"
    yield f"show (sh {g.int_(1)})"
    yield f"show {name}"
    yield "show (le)"
    yield f"(defun lo () (if {g.bool_(1)} (setq {name} 4)) (list {name} (within) {name}))"
    yield "show (lo)"
    yield f"show (let (({name} 1)) (let (({name} (+ {name} 1))) ((λ ({name}) (setq {name} (* {name} 3)) {name}) (+ {name} 1))))"
    yield f"show (list (let (({name} 9)) ((λ () (+= {name} 1))) {name}) {name})"


@theme
def closures(g, rng):
    """Lambdas that keep and change variables, in loops and in calls."""
    with local(g, n="int"):
        yield f"(defun counter (n) (λ ({g.pick('', 'j')}) (+= n {g.int_(1)}) n))".replace("(λ (j)", "(λ ((j 1))")
        yield f"(defun pair (n) (list (λ () (setq n (+ n 1)) n) (λ (v) (setq n v) {g.pick('n', 'true')}) (λ () n)))"
    yield f"(setq c1 (counter {g.int_(1)}))"
    yield "(setq c2 (counter 10))"
    yield "show (list (c1) (c1) (c2) (c1))"
    yield "(setq p (pair 3))"
    yield "show (list ((@ p 0)) ((@ p 1) 20) ((@ p 0)) ((@ p 2)))"
    yield f"(defun many (w) (setq fs (list)) ({g.pick('loop i (list 1 2 3)', 'loopcount 3 i')} {g.pick('', '(setq w (+ w i))')} (push fs {g.pick('(λ () (+ i w))', '(let ((j i)) (λ () (+= j w)))')})) (map (λ (f) (f)) fs))"
    yield f"show (many {g.int_(1)})"
    yield f"(defun acc (l) (setq t 0) ({g.pick('map', 'maplist', 'mapcar', 'filter')} (λ (x) (setq t (+ t x)) {g.pick('t', '(+= t 1)')}) l) t)"
    yield "show (acc '(1 2 3))"
    yield f"(defun late () (setq f (λ () z)) (setq z {g.int_(1)}) (f))"
    yield "show (maybe (late) 'unbound)"
    yield "(defun newvar (l) (map (λ (x) (setq seen x)) l) seen)"
    yield "show (newvar '(4 5))"
    yield "show (((λ (x) (λ (y) (+= x y))) 1) 2)"


@theme
def changing(g, rng):
    """Variables whose type changes in loops and branches."""
    with local(g, v="any", t="int"):
        steps = " ".join(g.pick(f"(setq v {g.any_(1)})", "(setq v (+ v 1))", '(setq v (+ "" v))', "(setq v (list v))",
                                "(setq v (/ v 2))", "(setq v 1.5)", "(setq v nil)", "(setq v (+ v 0.5))") for _ in range(2))  # fmt: skip
        yield f"(defun ch (v n) (loopcount n i (if {g.pick('(> i 1)', '(= v 3)', '(numberp v)')} {steps}) (setq t v)) (list v t (numberp v)))"
    yield f"show (maybe (ch {g.pick('1', '0', '2.5', '()', '1')} {g.pick(2, 3, 4)}) 'err)"
    yield f"(defun dv (n) (setq r n) (while (> r 1) (setq r ({g.pick('/ r 2', '- r 1', '- r 1.5', '/ r 4')}))) (list r (type r)))".replace("((", "(").replace(")))) (list", "))) (list") if False else f"(defun dv (n) (setq r n) (while (> r 1) (setq r {g.pick('(/ r 2)', '(- r 1)', '(- r 1.5)', '(/ r 4)')})) (list r (type r)))"
    yield f"show (dv {g.pick(7, 8, 3.5)})"
    yield f"(defun sw (c) (setq a 1) (if c (setq a {g.any_(1)})) (maybe (+ a 1) (list 'no a)))"
    yield "show (list (sw true) (sw nil))"
    yield f"(defun big (n) (setq a 1) (loopcount n i (*= a {g.pick(10, 3, 1.5)})) (list a (= a (* a 1.0)) (type a)))"
    yield f"show (big {g.pick(5, 20, 30)})"
    yield f"(defun mx (a b) (list (+ a b) (- a b) (* a b) (maybe (/ a b) 'z) (< a b) (= a b) (eq a b)))"
    yield f"show (list (mx {g.int_(1)} {g.int_(1)}) (mx {g.num_(1)} {g.int_(1)}) (mx {g.int_(1)} {g.num_(1)}))"


@theme
def leaving(g, rng):
    """return and break through let, maybe, cond, switch and loops."""
    for name in ("ra", "rb"):
        with local(g, n="int", r="list"):
            g.variables.pop("zz", None)
            out = f"(return {g.pick('n', 'r', g.int_(1))})"
            inner = g.pick(
                f"(let ((w n)) {g.statement(1)} (if {g.bool_(1)} {out}) (push r w))",
                f"(cond ({g.bool_(1)} (push r 1) {out}) (true (push r 2)))",
                f"(cond ({g.bool_(1)} {out} (push r 9)) (true (push r 2)))",
                f"(maybe (check {g.bool_(1)} (throw 1)) (if {g.bool_(1)} {out}) (push r 4) (push r 5))",
                f"(switch n (1 {out}) (2 (push r 6) {out}) (true (push r 7)))",
                f"(loop i '(1 2 3) (if (= i {g.pick(1, 2, 5)}) {g.pick(out, '(break)')}) (push r i))",
                f"(loop i '(1 2) (loop j '(5 6) (if (= j {g.pick(5, 6)}) {g.pick('(break)', out)}) (push r (+ i j))) (push r 0))",
                f"(loop i '(1 2 3) (let ((y i)) (maybe (if (= y 2) {g.pick('(break)', out)}) 0)) (push r i))",
                f"(loopcount 4 i (cond ((= i 2) (push r 'c) {g.pick('(break)', out)})) (push r i))",
                f"(check {g.bool_(1)} (push r 1) {out} (push r 3))",
                f"(if {g.bool_(1)} (block (push r 1) {out} (push r 2)) (push r 8))",
                g.loop(2, out),
            )
            yield f"(defun {name} (n) (setq r (list)) {g.statement(2, out)} {inner} {g.statement(1)} (push r 'end) r)"
        yield f"show (list ({name} 1) ({name} 2) ({name} 3))"
    yield f"show (map (λ (x) (if (> x {g.int_(1)}) (return 0)) (+ x 1)) '(1 2 3))"
    yield f"show (loop i '(1 2 3) {g.statement(1)} (if (= i {g.pick(2, 3, 4)}) (break)) (* i 2))"
    yield "show (loopcount 3 i (* i 2))"


@theme
def nested(g, rng):
    """Functions defined in functions and branches, lambdas in loops, self, recursion."""
    with local(g, a="int"):
        yield f"(defun outside (a) (defun helper (b) (+ b {g.pick('1', 'k')})) {g.statement(1)} (+ (helper a) {g.int_(1)}))"
        yield f"(defun tw (f a) (f (f a)))"
    yield "show (helper 1)"
    yield f"show (outside {g.int_(1)})"
    yield "(if nil (defun never (a) (* a 2)))"
    yield "show (never 4)"
    yield f"show (tw (λ (y) (+ y {g.pick('k', '1', g.int_(1))})) 3)"
    yield f"show (tw {g.pick(QUOTE + 'helper', 'helper')} 3)" if rng.random() < 0.5 else "show (helper 2)"
    yield f"show ((λ (n) (if (< n 1) {g.int_(1)} (+ n (self (- n 1))))) {g.pick(3, 5)})"
    yield "(defun fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))"
    yield f"show (fib {g.pick(5, 8)})"
    yield "(defun ev (n) (if (= n 0) true (od (- n 1))))"
    yield "(defun od (n) (if (= n 0) nil (ev (- n 1))))"
    yield f"show (list (ev {g.pick(4, 7)}) (od 3))"
    yield "show (maybe (nowhere 1) 'unknown)"
    yield f"show (if {g.bool_(1)} 1 (nowhere 2))" if rng.random() < 0.2 else "show 0"


@theme
def classes(g, rng):
    """Classes whose methods read, hide and change fields."""
    with local(g, w="int", h="int", n="int"):
        yield (
            f"(class@ Box (w (h {g.pick('3', '(+ w 1)', 'k')}))"
            f" (defun area () (* w h))"
            f" (defun set_w (n) (setqi w {g.pick('n', '(+ n w)')}))"
            f" (defun hide (n) (setq w n) (list w h))"
            f" (defun twice (n) {g.statement(1)} (set_w (* 2 n)) (area))"
            f" (defun chain (n) (let ((h n)) (+ h w)))"
            f" (defun addf (n) (setqi extra n) extra)"
            f" (defun each (l) (map (λ (x) (setqi w (+ w x)) w) l))"
            f" (defun get () {g.int_(2)}))"
        )
    yield f"(class@ Lid (u) (from@ Box) (defun area () (+ u (from@ Box (area)))) (defun me () (type (this))))"
    yield f"(setq b (Box {g.int_(1)}))"
    yield f"(setq c (Lid {g.int_(1)} 2 {g.pick('5', g.int_(1))}))"
    calls = [f"(set_w {g.int_(1)})", "(area)", f"(hide {g.int_(1)})", f"(twice {g.int_(1)})", f"(chain {g.int_(1)})",
             "(each '(1 2))", "(get)"]  # fmt: skip
    for _ in range(3):
        yield f"show ({g.pick('b', 'c')} {' '.join(rng.sample(calls, g.pick(1, 2)))})"
    yield "show (@ b 'w)"
    yield f"(set@ {g.pick('b', 'c')} {g.pick(QUOTE + 'w', 0, QUOTE + 'h')} {g.int_(1)})"
    yield f"show (list b c (c (area)) {g.pick('(c (me))', '(type b)', '(eq b b)', '(maybe (Box) 0)', '(Box 1 (setqi h 8))')})"
    yield f"(defun employ (w) (list (b (area)) w {g.pick('(b w)', '1')}))".replace("(b w)", "(b (hide 4))")
    yield "show (employ 6)"
    if rng.random() < 0.3:
        yield f"show (b (addf {g.int_(1)}))"
        yield "show b"


@theme
def pattern_functions(g, rng):
    """defpat: types, guards, lists, dictionaries, rest, repeated variables, order of clauses."""
    with local(g, x="int", y="int"):
        clauses = [
            f"(defpat pf ([integer_ ({g.pick('<', '>')} x {g.pick(0, 3, 'k')})]) (list 'g x {g.int_(1)}))",
            f"(defpat pf ([integer_ x]) (list 'i {g.int_(2)}))",
            "(defpat pf ([string_ x]) (+ x \"!\"))",
            "(defpat pf ([number_ x]) (/ x 2))",
            "(defpat pf (0) 'zero)",
            "(defpat pf (\"a\") 'isa)",
            "(defpat pf ('go) 'gone)",
            "(defpat pf ((x y)) (list 'two x y))",
            "(defpat pf ((x $ r)) (list 'rest x r))",
            "(defpat pf (()) 'empty)",
            "(defpat pf ({\"a\":x}) (list 'd x))",
            "(defpat pf ((eq 0 (% x 3))) (list 'third x))",
            "(defpat pf ((x x)) (list 'same x))",
            "(defpat pf ((x (< x y))) (list 'up x y))",
        ]
    chosen = rng.sample(clauses, rng.randint(2, 6))
    yield from chosen
    if rng.random() < 0.7:
        yield "(defpat pf (x) (list 'other x))"
    arguments = ["0", "5", "-2", "2.5", '"a"', '"zz"', "'go", "'(1 2)", "'(3 3)", "'(1 2 3)", "()", '{"a":7}',
                 g.int_(1), g.list_(1)]  # fmt: skip
    for argument in rng.sample(arguments, 5):
        yield f"show (maybe (pf {argument}) 'none)"
    yield "(defpat su (()) 0)"
    yield f"(defpat su ((a $ b)) (+ a {g.pick('(su b)', '(su b)', '(* 2 (su b))')}))"
    yield "show (su '(1 2 3))"
    yield "(defpat cn (0 a) a)"
    yield f"(defpat cn (n a) (cn (- n 1) {g.pick('(+ a n)', '(- n a)')}))"
    yield f"show (cn {g.pick(3, 200)} 1)"
    yield "(defpat op2 ('+ a b) (+ a b))"
    yield "(defpat op2 (f a b) (list f a b))"
    yield f"show (list (op2 '+ 1 {g.int_(1)}) (op2 '- 1 2))"


@theme
def parameters(g, rng):
    """Optional, default and rest parameters; defaults that use other parameters; named arguments."""
    with local(g, a="int"):
        first = g.pick("(+ a 1)", g.int_(1), "k", "(* a m)")
    with local(g, a="int", b="int"):
        second = g.pick("(+ a b)", "b", g.int_(1))
        body = g.int_(2)
    yield f"(defun pa (a (b {first}) (c {second})) {g.statement(1)} (list a b c {body}))"
    yield f"(defun pr (a (b {first}) (() r)) (list a b r {g.pick('(size r)', '(push r 1)', 'r')}))"
    yield "(defun po (a (b)) (list a b))"
    yield f"show (list (pa {g.int_(1)}) (pa 1 {g.int_(1)}) (pa 1 2 {g.int_(1)}) (pa 1 (? c {g.int_(1)})))"
    yield f"show (list (pr 1) (pr 1 {g.int_(1)}) (pr 1 2 3 {g.int_(1)}))"
    yield "show (list (po 1) (po 1 2))"
    yield f"(defun outer2 (k) (pa k))"
    yield f"show (outer2 {g.int_(1)})"
    yield f"(defun tick () (+= m 1) m)"
    yield f"(defun pt (a (b (tick))) (list a b))"
    yield "show (list (pt 1) (pt (tick)) (pt 1 5) m)"
    yield f"(defun self2 (n (acc {g.pick('0', 'n', '(list)')})) (if (< n 1) acc (self2 (- n 1) {g.pick('acc', 'n')})))"
    yield f"show (list (self2 3) (self2 0) (self2 2 {g.int_(1)}))"
    yield f"show ((λ (a (b {first}) (() r)) (list a b r)) {g.int_(1)} {g.pick('', '4', '4 5 6')})"


@theme
def tail_calls(g, rng):
    """Self tail calls: all arguments first, locals of the turn before, deep recursion, captured parameters."""
    step = g.pick("(- n 1) (+ a n)", "(- n 1) (- n a)", "(- n 1) (if (> n 2) n a)", "(- n 1) (+ a m)")
    with local(g, n="int", a="int"):
        done = g.pick("a", "(list n a)", g.int_(1))
        yield f"(defun ta (n a) {g.pick('', g.simple_statement(1)) if rng.random() < 0.3 else ''} (if (<= n 0) {done} ({g.pick('ta', 'self')} {step})))"
        yield f"(defun tc (n a) (cond ((<= n 0) {done}) ((= n 3) (tc (- n 2) (+ a 100))) (true (tc {step}))))"
        yield f"(defun tb (n a) (if (<= n 0) a (block (setq z n) (return (tb {step})))))"
        yield "(defun tl (n) (if (= n 0) (maybe y 'none) (block (setq y n) (tl (- n 1)))))"
        yield f"(defun tk (n a) (if (= n 0) (map (λ (f) (f)) a) (tk (- n 1) {g.pick('(cons (λ () n) a)', '(cons (let ((v n)) (λ () v)) a)')})))"
        yield "(defun sw2 (n a b) (if (= n 0) (list a b) (sw2 (- n 1) b a)))"
        yield f"(defun te (n a) (let ((w n)) (if (= n 0) a (te (- w 1) (+ a w)))))"
    yield f"show (list (ta {g.pick(3, 5)} 0) (tc {g.pick(4, 7)} {g.int_(0)}) (tb 4 1))"
    yield "show (list (tl 3) (sw2 3 1 2) (te 4 0))"
    yield f"show (ta {g.pick(3000, 5)} 0)"
    if rng.random() < 0.4:
        yield "show (tk 3 (list))"
    yield f"show ((λ (n a) (if (= n 0) a (self {step.replace('ta', 'self')}))) 4 {g.int_(0)})"


@theme
def evaluated(g, rng):
    """eval of lists and texts: sees locals, assigns globals, runs all forms."""
    with local(g, a="int"):
        code = g.int_(2)
        yield f"(defun ev1 (a) (eval '{code}))"
        yield f"(defun ev2 (a) (eval (list '{g.pick('+', '-')} 'a {g.int_(1)})))"
        yield f"(defun ev3 (a) (eval '(setq {g.pick('a', 'e1')} (+ a 5))) (list a {g.pick('a', 'e1', '(maybe e1 0)')}))"
        yield f"(defun ev4 (a) (let ((b (+ a 1))) (eval '(+ a b))))"
    yield "(setq a 100)"
    yield "(setq e1 0)"
    yield f"show (list (ev1 {g.int_(1)}) (ev2 2) (maybe (ev3 {g.int_(1)}) 'err) (ev4 1) a e1)"
    yield f'show (eval "(setq e2 {g.pick(1, 2)}) (+ e2 {g.pick("k", "3")})")'
    yield "show e2"
    yield "show (list (eval 'k) (eval 5) (eval \"7\") (eval '(list 1 2)) (eval ()))"
    yield 'show (maybe (eval "(car)") "arity")'
    yield "(eval '(defun made (y) (* y 2)))"
    yield "show (made 4)"
    yield f"show (eval (list 'if {g.bool_(1)} ''t ''f))"
    yield f"show (apply {g.pick(QUOTE + '+', QUOTE + 'list', '(λ (x y) (- x y))')} (list {g.int_(1)} 'k))" if rng.random() < 0.3 else "show (apply 'list '(a (b)))"
    yield f"show (apply (λ (x y) (- x y)) (list {g.int_(1)} {g.int_(1)}))"


@theme
def in_place(g, rng):
    """In-place operators on variables and places, locals and globals."""
    op = g.pick("+=", "-=", "*=", "+=")
    with local(g, v="int"):
        yield f"(defun ip (v) ({op} v {g.int_(1)}) ({op} k v) (setq z 1) (+= z v) (list v k z))"
    yield f"show (ip {g.int_(1)})"
    yield f"(defun lp () (setq k 50) ({op} k 1) k)"
    yield "show (list (lp) k)"
    yield f"show (maybe (list ({op} (@ l 0) {g.int_(1)}) l) 'err)" if rng.random() < 0.8 else "show (maybe (+= (@ l -1) 1) 'err)"
    yield f'show (list ({op} (@ d "a") {g.int_(1)}) (+= (@ d "new") {g.pick("3", "1.5")}) d)'
    yield "(setq t (list (list 1 2) {\"p\":(list 5)}))"
    yield f'show (list (+= (@ t 0 1) {g.int_(1)}) (*= (@ t 1 "p" 0) 3) t)'
    yield f"(setq u l)"
    yield f"(+= l {g.pick('1', '10')})"
    yield "show (list u l)"
    yield "(setq w s)"
    yield f"(+= s {g.str_(1)} {g.int_(1)})"
    yield "show (list w s)"
    yield "show (maybe (+= undefined_name 1) 'unbound)"
    yield f"show (let ((k 5)) ({op} k {g.int_(1)}) (list k))"
    yield f"show (block (setq n1 {g.int_(1)}) (/= n1 2) n1)"
    yield f"show (map (λ (y) ({op} k y)) '(1 2))"
    yield f"show (+= (@ (@ t 0) 0) (block (set@ (@ t 0) 0 50) 1))" if rng.random() < 0.1 else "show (size t)"


@theme
def aliasing(g, rng):
    """Lists shared and copied, literals that are pushed to, cdr views."""
    lit = g.pick("'(1 2)", "'(1 (2 3))", "()", "'()")
    yield f"(defun lit () {lit})"
    yield "(defun employ () (setq a (lit)) (push a 3) a)"
    yield "show (list (employ) (employ) (lit))"
    yield f"(defun gath () (setq r {g.pick(QUOTE + '(0)', '()', '(list)')}) (loop i '(1 2) (push r i)) r)"
    yield "show (list (gath) (gath))"
    yield f"(defun dflt ((p {g.pick(QUOTE + '()', QUOTE + '(9)', '(list)')})) (push p 1) p)"
    yield "show (list (dflt) (dflt))"
    yield "(setq y l)"
    yield f"(push {g.pick('y', 'l')} {g.int_(1)})"
    yield "(defun pu (c) (push c 99) (setq c (list)) (push c 5) c)"
    yield "show (list (pu l) l y (eq l y) (= l (clone l)) (eq l (clone l)))"
    yield "(setq o (list l l))"
    yield f"(set@ o 0 0 {g.int_(1)})" if rng.random() < 0.5 else "(push (@ o 0) 8)"
    yield "show (list o l)"
    yield "(setq v (cdr (list 1 2 3)))"
    yield "(setq base (list 5 6 7 8))"
    yield "(setq v (cdr base))"
    yield f"({g.pick('set@ base 1 60', 'push base 9', 'set@ v 0 61', 'set@ base 2 v')})" if rng.random() < 0.9 else "(pop v)"
    yield "show (list v base (size v))" if "v" else ""
    yield "(push v 1)" if rng.random() < 0.1 else "(setq v (cdr v))"
    yield "show (list v (cdr v))"
    yield f"(loop e base (if (< (size base) 6) (push base e)))"
    yield "show base"
    yield "(setq cst '((1 2) (3)))"
    yield "(push (@ cst 0) 7)"
    yield "show cst"
    yield f"show ({g.pick('reverse', 'sort ' + QUOTE + '<')} l)"
    yield "show (nconc l '(7) 8)"
    yield "(defun qq () (car '((1 2))))"
    yield "(push (qq) 3)"
    yield "show (qq)"
    yield "show (map (λ (z) (push '(0) z)) '(1 2))"


@theme
def families(g, rng):
    """The functional family, with partial calls, lambdas and names, on plain and typed lists."""
    g.variables["ty"] = "list"
    yield f"(setq ty ({g.pick('integers', 'numbers', 'list')} {' '.join(str(rng.randint(-3, 9)) for _ in range(4))}))"
    yield "(defun dbl (z) (* z 2))"
    yield "(defun od (z) (= 1 (% z 2)))"
    for _ in range(4):
        source = g.pick("l", "ty", g.list_(1), "(iota 4)", "()")
        n = g.pick(2, 3, "k", "(+ k 1)")
        yield "show (maybe " + g.pick(
            f"(map '({g.pick('+', '-', '*')} {n}) {source})", f"(map '({n} {g.pick('+', '-', '*')}) {source})",
            f"(filter '({g.pick('<', '>', '=', '!=', '<=')} {n}) {source})",
            f"(filter ({g.pick('<', '>', '=')} {n}) {source})", f"(map ({g.pick('+', '-', '*')} {n}) {source})",
            f"(filterlist '({g.pick('<', '>', '=')} {n}) {source})", f"(maplist '({g.pick('+', '-', '*')} {n}) {source})",
            f"(maplist '({g.pick('-', '<')} _ {n}) {source})", f"(mapcar '(< {n}) {source})",
            f"(takewhile '(< {n}) {source})", f"(dropwhile '(< {n}) {source})", f"(takelist '(> {n}) {source})",
            f"(droplist '(< {n}) {source})", f"(foldl '{g.pick('+', '-', '*')} {n} {source})",
            f"(foldr '{g.pick('+', '-', '*')} {n} {source})", f"(foldl1 '- {source})", f"(foldr1 '- {source})",
            f"(scanl '{g.pick('+', '-')} {n} {source})", f"(scanr '{g.pick('+', '-')} {n} {source})",
            f"(scanl1 '- {source})", f"(scanr1 '- {source})", f"(map 'dbl {source})", f"(filter 'od {source})",
            f"(map dbl {source})", f"(zipwith '+ {source} {source})", f"(zipwith (λ (p r) (- p r)) {source} {source})",
            f"(take 2 (map 'dbl (irange {n} 2)))", f"(takewhile '(< 20) (map '* (irange 1 2)))",
            f"(map '* (map '+ {source}))", f"(foldl (λ (a z) (+ (* a 10) z)) 0 {source})",
            f"(for z {source} (+ z k))", f"(// '{g.pick('+', '-', '<', 'max')} {source})", f"(-// '- {source})",
            f"(\\\\ '{g.pick('+', '-', '<')} {source})", f"(sum {source})", f"(max {source})", f"(minmax {source})",
            f"(map '+ (filter '(> {n}) {source}))", f"(drop 1 {source})", f"(replicate 3 {n})", f"(+ {source})",
            f"(+ {source} {source})", f"(- 10 {source})", f"(/ {source} 2)", f"(scanlist (λ (z) (if (> z 1) z)) {source})",
            f"(mapcar 'string {source})", f"(maplist (λ (z) (if (> z 2) z 0.5)) {source})", f"(map '(% 2) {source})",
        ) + " 'err)"  # fmt: skip
        yield "show (type (maplist (λ (z) (+ z 1)) ty))" if rng.random() < 0.2 else "show 0"
    yield f"show (list (size . list 1 2 3) (list 0 . map '+ {g.list_(0)}))"


@theme
def library(g, rng):
    """Lists, strings and dictionaries of the library."""
    for _ in range(6):
        i, s1 = rng.randint(-2, 4), g.str_(1)
        yield "show (maybe " + g.pick(
            f"(@ l {i})", f"(@@ l {i} {rng.randint(-2, 4)})", f"(@@ {s1} {i} {rng.randint(-2, 4)})", f"(@ {s1} {i})",
            f"(pop l {i})", "(pop l)", "(popfirst l)", "(poplast s)", f"(insert l 77 {max(i, 0)})", f"(insert {s1} \"-\" {i})",
            f"(find l {i})", f"(findall l {i})", "(rfind l 1)", f"(find {s1} \"b\")", f"(in {s1} \"a\")", f"(count {s1} \"a\")",
            f"(split {s1} \" \")", f"(splite {s1} \"a\")", f"(split {s1} \"\")", f"(replace {s1} \"a\" \"xx\")", f"(upper {s1})",
            f"(trim {s1})", f"(left {s1} {i})", f"(right {s1} {i})", f"(ord {s1})", f"(format \"%1-%2\" {s1} {i})",
            f"(padding {s1} \".\" 5)", f"(rotate l)", f"(rotate {s1} true)", "(unique (nconcn l l))", "(flatten (list l (list l)))",
            "(zip l (clone l))", f"(swap l 0)", f"(replaceall l 1 {i})", "(last l)", "(cadr l)", "(caddr l)", f"(consb l {i})",
            f"(slice l 1)", f"(takenb {i} l)", f"(key@ d \"{g.pick('a', 'n')}\")", "(keys@ d)", "(values@ d)", f"(pop d \"{g.pick('a', 'n')}\")",
            f"(in d {i})", f"(find d {i})", f"(loop y d (push l y))", f"(integer {s1})", f"(number \"{i}.5\")", f"(/ {i} {rng.randint(0, 2)})",
            f"(% {i} {rng.randint(-3, 3)})", f"(^^ {rng.choice((2, -2, 3))} {rng.randint(0, 70)})", f"(>=< {i} k)", f"(! {i})", f"(& l)", f"(| {abs(i)} 6)",
            f"(<< 1 {abs(i)})", f"(== l l)", f"(= l (clone l))", f"(!= l '({i}))", f"(&&& l '({i} 1))", f"(||| l '({i} 1))", f"(^^^ {s1} \"abz\")",
            f"(max {i} k 2.5)", f"(min l)", f"(round {i}.5)", f"(trunc -2.7)", f"(sqrt {abs(i)})", f"(gcd 12 {abs(i)})", f"(sign {i})", f"(signp {i}.5)",
            f"(iota {abs(i)})", f"(range {i} 3 2)", f"(rangein {i} 5 2)", f"(enum l)", f"(size d)", f"(string d)", f"(+ {s1} d l nil 'at 1.0)", f"(sort (λ (a b) (> a b)) l)",
            f"(sort '> (clone l))", f"(reverse l)", f"(reverse {i})", f"(extend l '(8 9))", f"(nconc l 5)", f"(pushfirst l {i})", f"(pushtrue l nil {i})",
            f"(type {g.pick(g.any_(1), 'l', 'd', QUOTE + 'a', 'nil', '(integers 1)', '(seti 1)')})", f"(convert_in_base {abs(i) * 7} 2)", f"(ngrams {s1} 2)", f"(startwith {s1} \"a\")",
            f"(sets {s1} \"b\" \"a\")", f"(push (seti 3 1) {i})", f"(||| (seti 1 {i}) (seti 2))", f"(in (seti 1 2) {i})", f"(dictionaryi 3 {s1} {i} 1)",
            f"(numbers 1 {i} \"2.5\")", f"(integers {i} 2.7)", f"(strings 1 {s1} 'a)", f"(+ (integers 1 2) {g.pick(1, 0.5, '(integers 5 6)')})", f"(/ (integers 1 2) 2)", f"(emptyp {s1})", f"(zerop 0.5)",
            f"(select nil 0 {s1} {i})", f"(andvalue 1 {s1} {i})", f"(consp l)", f"(atomp {g.pick(QUOTE + 'a', 'nil', '()', '1')})", f"(xor {i} k nil)", f"(stringp {s1})", f"(f_ \"a{{k}}b\")", f"(§ k + 2 * m)", f"(infix k - m - 1)" if False else "(§ (k - m - 1))",
        ) + " 'err)"  # fmt: skip


@theme
def records_and_macros(g, rng):
    """data@ records and macros."""
    yield "(data@ (Pnt integer_ integer_) (Circ (Pnt _ _) _))"
    yield "(data@ Shp (Tri _) (Sqr _))"
    yield f"show (maybe (Pnt {g.int_(1)} {g.any_(1)}) 'bad)"
    yield f"show (list (type (Pnt 1 2)) (@ (Pnt 4 5) 1) (size (Pnt 1 2)) (Circ (Pnt 0 {g.int_(1)}) 3))"
    yield "(defpat ar ([Circ (Pnt x y) r]) (list x y r))"
    yield "(defpat ar ([Shp x]) (list 'shape x))"
    yield "(defpat ar (x) 'no)"
    yield f"show (list (ar (Circ (Pnt 1 2) 3)) (ar (Tri {g.int_(1)})) (ar {g.any_(1)}))"
    yield "(defmacro double (e) (block e e))"
    yield f"(defmacro unless (c $ z) (if c nil (block $ z)))" if rng.random() < 0.5 else "(defmacro unless (c e) (if c nil e))"
    yield "(defmacro swp (a b) (let ((tmp a)) (setq a b) (setq b tmp)))"
    yield f"show (list (double (+= k {g.int_(1)})) k)"
    yield f"show (unless {g.bool_(1)} {g.int_(1)})"
    yield "(swp k m)"
    yield "show (list k m)"
    yield f"show (double ((λ (j) (+= j k)) {g.int_(1)}))"


QUOTE = "'"

"""Themes of random programs: variables, closures, parameters, calls. See theme.py."""

from tests.oracle.theme import QUOTE, local, theme


@theme
def order(g, rng):
    """Operands in the order written, with functions that change globals and captured variables."""
    yield f"(defun bump () ({g.pick('+=', 'setg', '*=')} k {g.pick('2', '(+ k 1)')}) k)"
    yield "(defun grow (c) (push c (size c)) (size c))"
    g.calls["int"] = ["(bump)", "(grow l)"]
    op = g.pick("+", "-", "list", "*", "<", "=", "max")
    yield f"show ({op} k (bump))"
    yield f"show ({op} (bump) k {g.pick('', '(bump)')})"
    yield f"show (list k {g.int_(2)} k {g.int_(2)})"
    with local(g, n="int"):
        yield f"(defun cap (n) (setq b (λ () (+= n {g.int_(1)}) n)) (list n (b) n ({op} n (b)) {g.int_(2)}))"
    yield f"show (cap {g.int_(1)})"
    yield f"show (+ {g.pick('k', '(bump)')} (let ((k {g.int_(1)})) (bump)) {g.pick('k', '(bump)')})"
    yield f"show (maybe (+ {g.int_(1)} {g.str_(1)}) k)"
    yield "show (+= k (bump))"


@theme
def shadowing(g, rng):
    """One name for globals, parameters, variables of let and of lambdas."""
    name = g.pick("k", "m")
    with local(g, **{name: "int"}):
        yield (
            f"(defun sh ({name}) {g.statement(2)} (setq {name} {g.int_(2)}) (within) {g.statement(1)} {name})"
        )
        yield (
            f"(defun le () (let (({name} {g.int_(2)}) (m (+ {name} 1))) {g.statement(2)} (setq {name} (+ "
            f"{name} 1)) (within) (list {name} m)))"
        )
    yield (
        f"(defun within () {g.pick(f'(setq {name} 77)', f'(setg {name} (+ {name} 1))', f'(+= {name} 5)')} "
        f"{name})"
    )
    yield f"show (sh {g.int_(1)})"
    yield f"show {name}"
    yield "show (le)"
    yield f"(defun lo () (if {g.bool_(1)} (setq {name} 4)) (list {name} (within) {name}))"
    yield "show (lo)"
    yield (
        f"show (let (({name} 1)) (let (({name} (+ {name} 1))) ((λ ({name}) (setq {name} (* {name} 3)) "
        f"{name}) (+ {name} 1))))"
    )
    yield f"show (list (let (({name} 9)) ((λ () (+= {name} 1))) {name}) {name})"


@theme
def closures(g, rng):
    """Lambdas that keep and change variables, in loops and in calls."""
    with local(g, n="int"):
        yield f"(defun counter (n) (λ ({g.pick('', 'j')}) (+= n {g.int_(1)}) n))".replace(
            "(λ (j)", "(λ ((j 1))"
        )
        yield (
            f"(defun pair (n) (list (λ () (setq n (+ n 1)) n) (λ (v) (setq n v) {g.pick('n', 'true')}) (λ "
            "() n)))"
        )
    yield f"(setq c1 (counter {g.int_(1)}))"
    yield "(setq c2 (counter 10))"
    yield "show (list (c1) (c1) (c2) (c1))"
    yield "(setq p (pair 3))"
    yield "show (list ((@ p 0)) ((@ p 1) 20) ((@ p 0)) ((@ p 2)))"
    yield (
        f"(defun many (w) (setq fs (list)) ({g.pick('loop i (list 1 2 3)', 'loopcount 3 i')} "
        f"{g.pick('', '(setq w (+ w i))')} (push fs "
        f"{g.pick('(λ () (+ i w))', '(let ((j i)) (λ () (+= j w)))')})) (map (λ (f) (f)) fs))"
    )
    yield f"show (many {g.int_(1)})"
    yield (
        f"(defun acc (l) (setq t 0) ({g.pick('map', 'maplist', 'mapcar', 'filter')} (λ (x) (setq t (+ t x)) "
        f"{g.pick('t', '(+= t 1)')}) l) t)"
    )
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
        steps = " ".join(
            g.pick(
                f"(setq v {g.any_(1)})",
                "(setq v (+ v 1))",
                '(setq v (+ "" v))',
                "(setq v (list v))",
                "(setq v (/ v 2))",
                "(setq v 1.5)",
                "(setq v nil)",
                "(setq v (+ v 0.5))",
            )
            for _ in range(2)
        )
        yield (
            f"(defun ch (v n) (loopcount n i (if {g.pick('(> i 1)', '(= v 3)', '(numberp v)')} {steps}) "
            "(setq t v)) (list v t (numberp v)))"
        )
    yield f"show (maybe (ch {g.pick('1', '0', '2.5', '()', '1')} {g.pick(2, 3, 4)}) 'err)"
    step = g.pick("(/ r 2)", "(- r 1)", "(- r 1.5)", "(/ r 4)")
    yield f"(defun dv (n) (setq r n) (while (> r 1) (setq r {step})) (list r (type r)))"
    yield f"show (dv {g.pick(7, 8, 3.5)})"
    yield f"(defun sw (c) (setq a 1) (if c (setq a {g.any_(1)})) (maybe (+ a 1) (list 'no a)))"
    yield "show (list (sw true) (sw nil))"
    yield (
        f"(defun big (n) (setq a 1) (loopcount n i (*= a {g.pick(10, 3, 1.5)})) (list a (= a (* a 1.0)) "
        "(type a)))"
    )
    yield f"show (big {g.pick(5, 20, 30)})"
    yield "(defun mx (a b) (list (+ a b) (- a b) (* a b) (maybe (/ a b) 'z) (< a b) (= a b) (eq a b)))"
    yield (
        f"show (list (mx {g.int_(1)} {g.int_(1)}) (mx {g.num_(1)} {g.int_(1)}) (mx {g.int_(1)} {g.num_(1)}))"
    )


@theme
def nested(g, rng):
    """Functions defined in functions and branches, lambdas in loops, self, recursion."""
    with local(g, a="int"):
        yield (
            f"(defun outside (a) (defun helper (b) (+ b {g.pick('1', 'k')})) {g.statement(1)} (+ (helper a) "
            f"{g.int_(1)}))"
        )
        yield "(defun tw (f a) (f (f a)))"
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
    yield "(defun outer2 (k) (pa k))"
    yield f"show (outer2 {g.int_(1)})"
    yield "(defun tick () (+= m 1) m)"
    yield "(defun pt (a (b (tick))) (list a b))"
    yield "show (list (pt 1) (pt (tick)) (pt 1 5) m)"
    yield (
        f"(defun self2 (n (acc {g.pick('0', 'n', '(list)')})) (if (< n 1) acc (self2 (- n 1) "
        f"{g.pick('acc', 'n')})))"
    )
    yield f"show (list (self2 3) (self2 0) (self2 2 {g.int_(1)}))"
    yield f"show ((λ (a (b {first}) (() r)) (list a b r)) {g.int_(1)} {g.pick('', '4', '4 5 6')})"


@theme
def tail_calls(g, rng):
    """Self tail calls: all arguments first, locals of the turn before, depth, captured parameters."""
    step = g.pick("(- n 1) (+ a n)", "(- n 1) (- n a)", "(- n 1) (if (> n 2) n a)", "(- n 1) (+ a m)")
    with local(g, n="int", a="int"):
        done = g.pick("a", "(list n a)", g.int_(1))
        yield (
            f"(defun ta (n a) {g.pick('', g.simple_statement(1)) if rng.random() < 0.3 else ''} (if (<= n "
            f"0) {done} ({g.pick('ta', 'self')} {step})))"
        )
        yield f"(defun tc (n a) (cond ((<= n 0) {done}) ((= n 3) (tc (- n 2) (+ a 100))) (true (tc {step}))))"
        yield f"(defun tb (n a) (if (<= n 0) a (block (setq z n) (return (tb {step})))))"
        yield "(defun tl (n) (if (= n 0) (maybe y 'none) (block (setq y n) (tl (- n 1)))))"
        yield (
            "(defun tk (n a) (if (= n 0) (map (λ (f) (f)) a) (tk (- n 1) "
            f"{g.pick('(cons (λ () n) a)', '(cons (let ((v n)) (λ () v)) a)')})))"
        )
        yield "(defun sw2 (n a b) (if (= n 0) (list a b) (sw2 (- n 1) b a)))"
        yield "(defun te (n a) (let ((w n)) (if (= n 0) a (te (- w 1) (+ a w)))))"
    yield f"show (list (ta {g.pick(3, 5)} 0) (tc {g.pick(4, 7)} {g.int_(0)}) (tb 4 1))"
    yield "show (list (tl 3) (sw2 3 1 2) (te 4 0))"
    yield f"show (ta {g.pick(3000, 5)} 0)"
    if rng.random() < 0.4:
        yield "show (tk 3 (list))"
    yield f"show ((λ (n a) (if (= n 0) a (self {step.replace('ta', 'self')}))) 4 {g.int_(0)})"


@theme
def changed_operands(g, rng):
    """Lists among the operands of an operator that a later operand changes: each is combined in its turn."""
    change = g.pick("push c 4", "set@ c 0 8", "+= (@ c 0) 5")
    yield f"(defun more (c) ({change}) {g.pick('1', '2')})"
    yield '(defun name (c) (push c 7) "n")'
    yield "(defun same (c) c)"
    yield "(setq il (integers 1 2 3))"
    numbers = ("(more l)", "2", "k", "(car (same l))", "(more il)")
    if change != "push c 4":  # lists of different sizes have no sum
        numbers += ("l", "(same l)", "(block (set@ l 0 3) 2)")
    texts = ("l", "(name l)", '":"', "s", "(same l)", "(string k)", "(upper s)", "k")
    for _ in range(4):
        several = " ".join(rng.choice(numbers) for _ in range(rng.randint(2, 4)))
        op = g.pick("+", "-", "*", "+", "&", "|", "^", "%", "^^")
        first = g.pick("l", "(clone l)", "k", "(same l)")
        yield f"show (maybe ({op} {first} {several}) 'bad)"
        yield f"(setq l (list {g.int_(0)} 2))"
        yield f"show (maybe (+ {g.pick('s', QUOTE + 'x', '(same s)')} {sampled(rng, texts)}) 'bad)".replace(
            "'x", '"t"'
        )
        yield "(setq l (list 5 3))"
    yield f"(defun inside (v w) ({g.pick('+=', '-=')} v {g.pick('1', 'w')} (more v)) (list v w))"
    yield "show (list (maybe (inside l 2) 'bad) l)"
    yield '(setq held (dictionary "a" (list 1 2)))'
    yield f'show (maybe ({g.pick("+=", "*=")} (@ held "a") {g.pick("2", "k")} (more (@ held "a"))) \'bad)'
    yield "show held"


def sampled(rng, words) -> str:
    return " ".join(rng.choice(words) for _ in range(rng.randint(2, 4)))

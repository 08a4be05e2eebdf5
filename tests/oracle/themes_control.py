"""Themes of random programs: leaving, eval, places, aliasing, several texts, free functions. See theme.py."""

from tests.oracle.theme import QUOTE, local, theme


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
                (
                    f"(loop i '(1 2) (loop j '(5 6) (if (= j {g.pick(5, 6)}) {g.pick('(break)', out)}) "
                    "(push r (+ i j))) (push r 0))"
                ),
                f"(loop i '(1 2 3) (let ((y i)) (maybe (if (= y 2) {g.pick('(break)', out)}) 0)) (push r i))",
                f"(loopcount 4 i (cond ((= i 2) (push r 'c) {g.pick('(break)', out)})) (push r i))",
                f"(check {g.bool_(1)} (push r 1) {out} (push r 3))",
                f"(if {g.bool_(1)} (block (push r 1) {out} (push r 2)) (push r 8))",
                g.loop(2, out),
            )
            yield (
                f"(defun {name} (n) (setq r (list)) {g.statement(2, out)} {inner} {g.statement(1)} (push r "
                "'end) r)"
            )
        yield f"show (list ({name} 1) ({name} 2) ({name} 3))"
    yield f"show (map (λ (x) (if (> x {g.int_(1)}) (return 0)) (+ x 1)) '(1 2 3))"
    yield f"show (loop i '(1 2 3) {g.statement(1)} (if (= i {g.pick(2, 3, 4)}) (break)) (* i 2))"
    yield "show (loopcount 3 i (* i 2))"


@theme
def evaluated(g, rng):
    """eval of lists and texts: sees locals, assigns globals, runs all forms."""
    with local(g, a="int"):
        code = g.int_(2)
        yield f"(defun ev1 (a) (eval '{code}))"
        yield f"(defun ev2 (a) (eval (list '{g.pick('+', '-')} 'a {g.int_(1)})))"
        yield (
            f"(defun ev3 (a) (eval '(setq {g.pick('a', 'e1')} (+ a 5))) (list a "
            f"{g.pick('a', 'e1', '(maybe e1 0)')}))"
        )
        yield "(defun ev4 (a) (let ((b (+ a 1))) (eval '(+ a b))))"
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
    yield (
        f"show (apply {g.pick(QUOTE + '+', QUOTE + 'list', '(λ (x y) (- x y))')} (list {g.int_(1)} 'k))"
        if rng.random() < 0.3
        else "show (apply 'list '(a (b)))"
    )
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
    yield (
        f"show (maybe (list ({op} (@ l 0) {g.int_(1)}) l) 'err)"
        if rng.random() < 0.8
        else "show (maybe (+= (@ l -1) 1) 'err)"
    )
    yield f'show (list ({op} (@ d "a") {g.int_(1)}) (+= (@ d "new") {g.pick("3", "1.5")}) d)'
    yield '(setq t (list (list 1 2) {"p":(list 5)}))'
    yield f'show (list (+= (@ t 0 1) {g.int_(1)}) (*= (@ t 1 "p" 0) 3) t)'
    yield "(setq u l)"
    yield f"(+= l {g.pick('1', '10')})"
    yield "show (list u l)"
    typed = g.pick("(integers 1 2 3)", "(numbers 1.5 2)", '(strings "a" "b")')
    yield f"(setq tl {typed})"
    yield f"(defun il (v) ({op} v {g.int_(1)}) (block ({op} v 1)) (let ((v 5)) ({op} v 1)) v)"
    yield f"(defun im (v) (map (λ (v) ({op} v 1)) '(1)) (map (λ (y) ({op} v y)) '(2)) v)"
    yield "show (list (maybe (il l) 'err) l (maybe (il (if l (cdr l) l)) 'err) l (maybe (im tl) 'err) tl)"
    yield "(setq w s)"
    yield f"(+= s {g.str_(1)} {g.int_(1)})"
    yield "show (list w s)"
    yield "show (maybe (+= undefined_name 1) 'unbound)"
    yield f"show (let ((k 5)) ({op} k {g.int_(1)}) (list k))"
    yield f"show (block (setq n1 {g.int_(1)}) (/= n1 2) n1)"
    yield f"show (map (λ (y) ({op} k y)) '(1 2))"
    yield "show (+= (@ (@ t 0) 0) (block (set@ (@ t 0) 0 50) 1))" if rng.random() < 0.1 else "show (size t)"


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
    yield (
        f"({g.pick('set@ base 1 60', 'push base 9', 'set@ v 0 61', 'set@ base 2 v')})"
        if rng.random() < 0.9
        else "(pop v)"
    )
    yield "show (list v base (size v))" if "v" else ""
    yield "(push v 1)" if rng.random() < 0.1 else "(setq v (cdr v))"
    yield "show (list v (cdr v))"
    yield "(loop e base (if (< (size base) 6) (push base e)))"
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
def free(g, rng):
    """Functions of random bodies that call one another, with locals that change."""
    for _ in range(rng.randint(1, 3)):
        name, gives = g.fresh("f"), g.pick("int", "int", "num", "str", "list", "any")
        takes = [g.pick("int", "int", "str", "list", "num") for _ in range(rng.randint(0, 3))]
        parameters = [g.pick(g.fresh("p"), g.fresh("p"), "k", "m") for _ in takes]
        parameters = list(dict.fromkeys(parameters))
        takes = takes[: len(parameters)]
        before = g.variables
        with local(g, **dict(zip(parameters, takes, strict=True))):
            out = f"(return {g.expression(gives, 1)})"
            body = " ".join(
                g.statement(3, out if rng.random() < 0.5 else None) for _ in range(rng.randint(0, 3))
            )
            last = g.expression(gives, 3)
        g.variables = before
        yield f"(defun {name} ({' '.join(parameters)}) {body} {last})"
        g.calls.setdefault(gives, []).append(
            lambda depth, name=name, takes=takes: (
                f"({' '.join([name, *(g.expression(t, depth) for t in takes)])})"
            )
        )
        yield f"show {g.calls[gives][-1](1)}"
    yield g.statement(3)
    yield f"show {g.expression(g.pick('int', 'num', 'str', 'list'), 4)}"


@theme
def cells(g, rng):
    """Several texts in one session: definitions given again, a function made a variable."""
    yield f"(defun ag (a) (+ a {g.int_(1)}))"
    yield f"(defun caller (a) (list (ag a) {g.int_(1)}))"
    yield "(setq before (caller 1))"
    yield f"(setq held {g.pick('ag', QUOTE + 'ag', '(λ (z) (ag z))')})"
    yield ";cell"
    yield g.pick(
        f"(defun ag (a) (* a {g.int_(1)}))",
        "(setq ag (λ (a) (- a)))".replace("(- a)", "(- 0 a)"),
        "(defun ag (a (b 5)) (list a b))",
        f"(setq ag (λ (a) (+ a {g.int_(1)})))",
    )
    yield f"(setq after (caller {g.int_(1)}))"
    yield g.statement(2)
    yield ";cell"
    yield f"(setq k {g.int_(2)})"
    yield "(if nil (defun laterdef (a) 'made))"
    yield "show (list before after (caller 2) (held 4) (laterdef 1))"
    yield f"(defun twice_def (a) {g.int_(1)})"
    yield "(setq first_result (twice_def 1))"
    yield f"(defun twice_def (a) {g.int_(1)})"
    yield "show (list first_result (twice_def 1))"

"""Themes of random programs about `class@`: names, heirs, makers, later classes, instances as values. See
theme.py.
"""

from tests.oracle.theme import QUOTE, local, theme

CELL = ";cell"


def sampled(rng, lines, least, most) -> str:
    """Some of the forms, in any order."""
    return " ".join(rng.sample(lines, rng.randint(least, min(most, len(lines)))))


def shuffled(rng, lines) -> list:
    return rng.sample(lines, len(lines))


@theme
def class_names(g, rng):
    """One name for a global, a variable of the caller, a parameter, a field, a variable of `let`."""
    n = g.pick("k", "m", "w")
    if n == "w":
        yield f"(setq w {g.int_(0)})" if rng.random() < 0.5 else "(setq zz 1)"
    with local(g, **{n: "int", "h": "int", "p": "int"}):
        methods = [
            f"(defun rd () (list {n} h))",
            f"(defun par ({n}) (list {n} (rd) {g.int_(2)}))",
            f"(defun loc (p) (setq {n} {g.int_(2)}) {g.statement(2)} (list {n} h (rd)))",
            f"(defun inp (p) ({g.pick('+=', '-=', '*=')} {n} {g.int_(1)}) {g.statement(2)} (list {n} (rd)))",
            f"(defun own (p) (setqi {n} {g.int_(2)}) {g.statement(1)} {n})",
            f"(defun glo (p) (setg {n} {g.int_(1)}) (list {n} (rd)))",
            (
                f"(defun bl (p) (let (({n} {g.int_(1)})) {g.statement(1)} (+= {n} p) (setqi h {n})"
                f" (list {n} (rd))))"
            ),
            f"(defun la (l) (map (λ ({g.pick('x', n)}) (setqi h (+ h {g.pick('x', n, n)})) {g.int_(1)}) l))",
            f"(defun lo (p) (loop {g.pick(n, 'i')} '(1 2 3) (+= h {n}) {g.statement(1, '(break)')}) (rd))",
            (
                f"(defun br (p) (if {g.bool_(1)} ({g.pick('setq', 'setqi')} {n} {g.int_(1)})) (+= {n} 1)"
                f" (list {n} (rd)))"
            ),
            (
                f"(defun ev (p) (list (eval '{g.pick('(rd)', '(setqi h (+ h p))', '(list p h (rd))')})"
                f" (eval '{g.pick(f'(+= {n} 1)', f'(setqi {n} p)', '(type (this))', '(+= h p)')}) h))"
            ),
            f"(defun un (p) (maybe {g.int_(2)} {g.int_(1)}))",
            f"(defun fu (p) (beyond {g.int_(1)}))",
            f"(defun ret (p) (loopcount 4 i (if (> i p) (return (list i {n}))) (+= h i)) {g.int_(1)})",
            (
                f"(defun rst (p ({g.pick('q', n)} {g.pick('h', '(* h 2)', '7')}) (() r))"
                f" (list p {n} r {g.int_(1)}))"
            ),
        ]
    kept = [methods[0], *rng.sample(methods[1:], 5)]
    declared = f"(class@ Jar ({n} (h {g.pick('3', f'(+ {n} 1)', f'(* {n} m)')})) {' '.join(kept)})"
    calls = [made for one in kept for made in calls_of(one, g)]
    inside = [
        f"(if {g.bool_(1)} {n} h)",
        f"(cond ((> {n} 2) h) (true (list {n} (rd))))",
        f"(let ((z {n})) (list z {g.pick(n, 'h')} (rd)))",
        f"(map (λ ({g.pick('y', n)}) (+ {n} h)) '(1 2))",
        f"(loop i '(1 2) (list i {n} h))",
        f"(§ {n} + h)",
        f"(maybe {g.pick(n, 'h', f'(+ {n} h)')} 'none)",
        f"(eval '{g.pick('(rd)', 'h', f'(+ {n} h)', '(setqi h 2)')})",
        f"(and {n} {g.bool_(1)})",
        f"(both {g.pick(n, 'h', '1')})",
        f"(if {g.bool_(1)} (both h))",
    ]
    calls.extend(rng.sample(inside, 3))
    with local(g, o="any", v="int"):
        function = (
            f"(defun hire (o {g.pick('v', n)}) {g.pick('', f'(setq {n} {g.int_(1)})', g.simple_statement(1))}"
            f" (list (o {sampled(rng, [*calls, n, 'v'], 1, 2)}) {n}))"
        )
    if rng.random() < 0.3:
        declared = f"{declared}\n{CELL}"
    yield "(defmacro both (x) (list x h (rd)))"
    yield from shuffled(rng, [declared, function, f"(defun beyond (p) (list p (maybe {n} 'none)))"])
    yield f"(setq j1 (Jar {g.int_(1)}))"
    yield f"(setq j2 (Jar {g.int_(1)} {g.int_(1)}))"
    for _ in range(rng.randint(1, 3)):
        yield f"show (maybe ({g.pick('j1', 'j2')} {sampled(rng, [*calls, n, '7'], 1, 3)}) 'bad)"
    yield f"show (maybe (hire {g.pick('j1', 'j2')} {g.int_(1)}) 'bad)"
    yield f"(setq {g.pick(n, 'h')} {g.int_(1)})"
    yield f"show (maybe ({g.pick('j1', 'j2')} (rd) {g.pick(f'(list {n} h)', '(rd)', '(this)')}) 'bad)"
    yield "show j1"
    yield "show j2"


def calls_of(method: str, g) -> list:
    """A call of a method from its text."""
    name = method.split()[1]
    if name == "rd":
        return ["(rd)"]
    if name == "la":
        return ["(la '(1 2))", f"(la {g.list_(1)})"]
    if name == "rst":
        return ["(rst 1)", f"(rst {g.int_(1)} 2)", "(rst 1 2 3 4)"]
    return [f"({name} {g.int_(1)})"]


@theme
def class_heirs(g, rng):
    """Two heirs deep: own and inherited fields, overridden methods, `from@`, methods that call each other."""
    with local(g, a="int", n="int"):
        base = [
            f"(defun one (n) {g.statement(1)} {g.int_(2)})",
            f"(defun two (n) (list 'base (one {g.int_(1)})))",
            f"(defun down (n) (if (< n 1) a (down (- n {g.pick(1, 2)}))))",
            "(defun even (n) (if (< n 1) 'even (odd (- n 1))))",
            f"(defun odd (n) (if (< n 1) {g.int_(1)} (even (- n 1))))",
            f"(defun put (n) {g.pick('(setqi a (+ a n))', '(+= a n)', '(setqi extra n) (+ extra 1)')})",
        ]
    with local(g, a="int", b="int", n="int"):
        middle = [
            f"(defun one (n) (+ {g.pick('b', '10')} (from@ Base (one {g.pick('n', '(+ n a)', '(* 2 n)')}))))",
            f"(defun two (n) (list 'mid (from@ Base (two {g.int_(1)}) {g.pick('(one n)', '(two n)')})))",
            f"(defun odd (n) (list 'odd {g.int_(1)}))",
            f"(defun put (n) (from@ Base (put {g.int_(1)})) (setqi b n))",
            (
                "(defun mid (n) (list (one n) (from@ Base "
                f"{g.pick('(+ 1 (one n))', '(one (one n))', '(list (one n) a b)')})))"
            ),
        ]
    with local(g, a="int", b="int", c="int", n="int"):
        top = [
            f"(defun one (n) (list 'top (from@ {g.pick('Mid', 'Base')} (one n)) {g.int_(1)}))",
            "(defun down (n) (if (= n 2) (list 'top n) (from@ Mid (down n))))",
            f"(defun put (n) (setqi c (+ c n)) (from@ Mid (put {g.int_(1)})))",
            "(defun me () (type (this)))",
            "(defun each (l) (map (λ (x) (from@ Mid (one x))) l))",
        ]
    mid_fields = g.pick("(b)", "((b 5))", "((b (+ a 1)))", "(b)")
    top_fields = g.pick("(c)", "((c 7))", "((c (list a b)))") if mid_fields != "(b)" else "(c)"
    yield f"(class@ Base (a) {' '.join(base)})"
    chosen = rng.sample(middle, rng.randint(1, 4))
    yield f"(class@ Mid {mid_fields} (from@ Base) {' '.join(chosen)})".replace("((b (+ a 1)))", "((b 6))")
    yield f"(class@ Top {top_fields} (from@ Mid) {' '.join(rng.sample(top, rng.randint(1, 4)))})".replace(
        "(list a b)", "(list 1)"
    )
    yield f"(defun {g.pick('one', 'odd', 'other')} (n x) (list 'function n x))"
    yield f"(setq o1 (Base {g.int_(1)}))"
    yield f"(setq o2 (maybe (Mid {g.int_(1)} {g.int_(1)}) (Mid 1 (? a 2))))"
    yield f"(setq o3 (maybe (Top 1 2 {g.int_(1)}) (Top 1 (? b 4) (? a 2))))"
    calls = [
        f"(one {g.int_(1)})",
        f"(two {g.int_(0)})",
        "(down 5)",
        "(even 3)",
        f"(put {g.int_(1)})",
        "(odd 1)",
    ]
    for one in ("o1", "o2", "o3"):
        yield f"show (maybe ({one} {sampled(rng, calls, 1, 3)}) 'bad)"
    yield f"show (maybe (o2 {g.pick('(mid 2)', '(one 1)', 'Mid (one 1)', 'Base (one 1)')}) 'bad)"
    yield f"show (maybe (o3 {g.pick('(me)', QUOTE + 'x (one 1)', '(each ' + QUOTE + '(1 2))')}) 'bad)"
    yield f"show (map (λ (o) (maybe (o {g.pick(*calls)}) 'bad)) (list o1 o2 o3))"
    yield f"show (maybe (withclass {g.pick('Mid', 'Base', 'Top')} (o2 {g.pick(*calls)})) 'bad)"
    yield "show (list o1 o2 o3)"


@theme
def class_makers(g, rng):
    """Methods and names as arguments, first values, the `setqi` of a class, what an heir makes."""
    with local(g, n="int"):
        made = without_eval(g)
    makes = g.pick("", "(setqi q (+ u k))", "(setqi u (* 2 u))", "(setqi q (conf 3)) (setqi r (list q u))")
    yield (
        f"(class@ Pot (u (y {g.pick('4', '(+ u 1)', '(conf u)', '(* k u)')})"
        f" (z {g.pick('nil', '(list u y)', '(list u)')})) {makes}"
        f" (defun conf (n) {g.pick('', '(setqi y 8)', '(setqi seen n)', '(+= n 1)')} {made})"
        f" (defun get () (list u y z)) (defun grow (n) (Pot (+ u n) {g.pick('(conf n)', 'y', '1')})))"
    )
    yield (
        f"(class@ Kid (w) (from@ Pot) {g.pick('(setqi z 5)', '(setqi u w)', '(setqi v (list u w))', '')}"
        " (defun conf (n) (* 100 n)))"
    )
    yield f"(defun make (u) {g.pick('', '(setq y 50)')} (Pot {g.pick('u', '(conf u)', '(+ u m)')}))"
    makers = [
        f"(Pot {without_eval(g)})",
        f"(Pot {without_eval(g)} {without_eval(g)})",
        f"(Pot (conf {without_eval(g)}) 3)",
        f"(Pot 4 (conf {without_eval(g)}))",
        f"(Pot {without_eval(g)} (? z {without_eval(g)}))",
        f"(Pot 1 (setqi y {without_eval(g)}))",
        "(Pot)",
        f"(Pot 1 {g.pick('(println)', '(? z (println))', '(conf 1) (println)')})",
        "(Pot 1 2 3 4)",
        f"(Pot (? y 2) (? u {without_eval(g)}))",
        f"(Kid {without_eval(g)} 2)",
        "(Kid 1 2 3)",
        f"(Kid 1 (conf {without_eval(g)}))",
        f"(make {g.int_(1)})",
    ]
    for maker in rng.sample(makers, 5):
        yield f"show (maybe {maker} 'bad)"
    for maker in rng.sample(makers, 2):
        yield f"show (maybe ({maker} (get)) 'bad)"
    yield f"show (maybe ((Pot 3) ({g.pick('grow', 'conf')} {g.int_(1)})) 'bad)"
    yield f"show (let ((u {g.int_(1)})) (maybe (Pot {g.pick('u', '(+ u k)')}) 'bad))"


def without_eval(g) -> str:
    """An integer; what `eval` sees of an instance that is being made is not compared."""
    while "eval" in (made := g.int_(1)):
        pass
    return made


@theme
def class_later(g, rng):
    """Classes after what uses them, in one text and in later ones; declared again with other methods."""
    with local(g, n="int", x="int"):
        first, second = g.int_(2), g.int_(2)
        body = g.statement(1)
    users = [
        "(defun each (l) (map (λ (o) (o (note 1))) l))",
        f"(defun call (o x) (list (o (note x) (seen)) (note {g.int_(1)})))",
        "(defun first-of (l) ((@ l 0) (note 2)))",
        '(defun in-dict (d) (+ 1 ((@ d "o") (note 3))))',
        "(defun kept (o) (λ (x) (o (note x))))",
        "(defun beside (o x) (list (o (note x) x) (o x (note x)) (o 'q (note k) 5)))",
        "(defun until (o) (setq t 0) (while (< t 9) (+= t (maybe (+ 1 (o (note 2))) 5))) t)",
        "(defun deep (o) (o (note (note 1)) (if (seen) (note (+ 1 (note 2))) 'no)))",
        "(defun bare (o x) (list (o n) (o (if (> x 1) (list n (seen)) (let ((z n)) (+ z x))))))",
        "(defun stop (l) (loop o l (if (> (o (note 1)) k) (return o))) 'none)",
    ]
    declared = (
        f"(class@ Bell (n (all ())) (defun note (x) (push all x) {first}) (defun seen () (size all))"
        f" (defun size () n) (defun tell (x) {body} (size)))"
    ).replace("(size all)", "(last-of all)")
    again = (
        f"(class@ Bell (n (all ()){g.pick('', ' (new 5)')}) (defun note (x) (setqi n (+ n 1)) {second})"
        f" (defun seen () {g.pick('n', 'all', '(note 1)')}) (defun size () (* 2 n)))"
    )
    heir = "(class@ Gong (pitch) (from@ Bell) (defun size () (+ pitch (from@ Bell (size)))))"
    yield f"(defun note (x) (list {QUOTE}function x))"
    yield "(defun last-of (l) (maybe (@ l -1) 0))"
    yield from users[: rng.randint(0, 10)] if rng.random() < 0.3 else rng.sample(users, 5)
    yield from rng.sample((CELL, "(setq zz 1)", "(setq zz 2)"), 1)
    yield declared
    yield heir
    yield from rng.sample((CELL, "(setq zz 1)", "(setq zz 2)"), 1)
    yield from users
    yield f"(setq b1 (Bell {g.int_(1)}))"
    yield f"(setq b2 (Gong 1 {g.int_(1)} (list)))"
    shows = [
        "show (maybe (each (list b1 b2)) 'bad)",
        f"show (maybe (call {g.pick('b1', 'b2')} {g.int_(1)}) 'bad)",
        "show (maybe (first-of (list b1)) 'bad)",
        'show (maybe (in-dict (dictionary "o" b2)) \'bad)',
        f"show (maybe ((kept b1) {g.int_(1)}) 'bad)",
        "show (maybe (until b2) 'bad)",
        f"show (maybe (beside {g.pick('b1', 'b2', QUOTE + 'list')} {g.int_(1)}) 'bad)",
        f"show (maybe (deep {g.pick('b1', 'b2')}) 'bad)",
        "show (maybe (stop (list b1 b2)) 'bad)",
        f"show (maybe (bare {g.pick('b1', 'b2')} {g.int_(1)}) 'bad)",
        f"show (maybe ({g.pick('b1', 'b2')} (tell 1) (size)) 'bad)",
    ]
    yield from rng.sample(shows, 3)
    if rng.random() < 0.6:
        yield CELL
        yield again
        if rng.random() < 0.5:
            yield CELL
        yield from rng.sample(shows, 3)
    if rng.random() < 0.3:
        yield CELL
        yield "(class@ Gong (pitch) (from@ Bell) (defun size () pitch) (defun more () (list 'more n)))"
        yield "show (maybe (b2 (more)) 'bad)"
        yield from rng.sample(shows, 2)
    yield "show (list b1 b2)"


@theme
def class_values(g, rng):
    """Instances in lists, dictionaries, fields and closures; methods for functions; `=`; patterns."""
    with local(g, n="int", x="int", l="list"):
        yield (
            f"(class@ Num (n) (defun add (x) {g.pick('', '(setqi n (+ n 1))')}"
            f" (+ n {g.pick('x', g.int_(1))}))"
            f" (defun less (x y) ({g.pick('<', '>')} (* x n) (* y n)))"
            f" (defun big (x) (> x {g.pick('n', '2', '(add 0)')}))"
            f" (defun all (l) ({g.pick('map', 'maplist', 'mapcar')} 'add l))"
            f" (defun some (l) ({g.pick('filter', 'filterlist', 'takewhile')} 'big l))"
            f" (defun fold (l) ({g.pick('foldl', 'foldr')} 'plus {g.int_(1)} l)) (defun plus (x y) (+ x y n))"
            f" (defun ord (l) (sort 'less (clone l)))"
            f" (defun app (l) (apply 'add (list {g.int_(1)})))"
            f" (defun keep () (λ (x) ({g.pick('+=', 'setqi')} n {g.int_(1)}) (list n x (add 1))))"
            f" (defun me () (this)) (defun twin () (Num n))"
            f" (defun part (l) (filterlist (λ (x) (< n x)) l)))"
        )
    yield (
        "(class@ Bag (items by f) (defun sum () (setq s 0) (loop o items (+= s (o (add 1)))) s)"
        f" (defun run (x) (f {g.pick('x', '(+ x by)')}))"
        f" (defun through (x) ((@ items 0) (add {g.pick('by', 'x', '(run x)', 'n')})))"
        " (defun put (o) (push items o) (size items)) (defun at-by (o) (by (add 1))))"
    )
    yield "(defun add (x y) (list 'function x y))"
    yield f"(setq a (Num {g.int_(1)}))"
    yield "(setq b (Num 2))"
    yield (
        f"(setq bag (Bag (list a b) {g.pick('3', g.int_(1))}"
        f" {g.pick('(λ (x) (* x 2))', QUOTE + 'fabs', 'b', '5')}))"
    )
    yield '(setq dd (dictionary "a" a "l" (list b)))'
    shows = [
        f"(a (all {g.list_(1)}))",
        "(a (some '(1 2 3)))",
        f"(b (fold {g.list_(1)}))",
        "(a (ord '(3 1 2)))",
        "(b (app ()))",
        f"(let ((f (a (keep)))) (list (f 1) (f {g.int_(1)}) (b (add 1))))",
        "(bag (sum))",
        f"(bag (run {g.int_(1)}))",
        f"(bag (through {g.int_(1)}))",
        "(bag (put (Num 9)) (sum))",
        '((@ dd "a") (add 1))',
        '((@ (@ dd "l") 0) (setqi n 7))',
        "((a (me)) (add 1))",
        "((b (twin)) (add 1))",
        "(eq (a (me)) a)",
        "(= a (a (twin)))",
        "(= (list a) (list b))",
        "(b (part '(1 2 3 4)))",
        "(@ bag 'by)",
        f"(+= (@ a 'n) {g.int_(1)})",
        f"(block (set@ b {g.pick(QUOTE + 'n', '0')} {g.int_(1)}) (b (add 0)))",
        "(pat a)",
        "(map (λ (o) (o (add 1))) (list a b a))",
        "(map (λ (o) (@ o 'n)) (list a b))",
        "(b (add (b (add 1))))",
        "(a (add (b (add n))))",
        "(a (b (add n)) (add 1))",
        "(a n)",
        f"(a {g.pick('k n', '(add 1) k', 'k (add n)', '(add k) 5', 'm n (add 1)')})",
        f"(b {g.pick('(+ n 1)', '(* n k)', '(list n (add 1))')})",
        "((a (this)) (add 1))",
        "(eq (a (this)) a)",
        f"(bag (+= by {g.pick('1', 'k')}) by)",
    ]
    yield "(defpat pat ([Num x]) (list 'num x))"
    yield "(defpat pat (x) 'other)"
    for shown in rng.sample(shows, 7):
        yield f"show (maybe {shown} 'bad)"
    yield "show (list a b (@ bag 'items) (@ bag 'by))"

"""Themes of random programs: the functional family and the library. See theme.py."""

from tests.oracle.theme import QUOTE, theme


@theme
def families(g, rng):
    """The functional family, with partial calls, lambdas and names, on plain and typed lists."""
    g.variables["ty"] = "list"
    yield (
        f"(setq ty ({g.pick('integers', 'numbers', 'list')} "
        f"{' '.join(str(rng.randint(-3, 9)) for _ in range(4))}))"
    )
    yield "(defun dbl (z) (* z 2))"
    yield "(defun od (z) (= 1 (% z 2)))"
    for _ in range(4):
        source = g.pick("l", "ty", g.list_(1), "(iota 4)", "()")
        n = g.pick(2, 3, 2, 3, 0, "k")
        yield (
            "show (maybe "
            + g.pick(
                f"(map '({g.pick('+', '-', '*')} {n}) {source})",
                f"(map '({n} {g.pick('+', '-', '*')}) {source})",
                f"(filter '({g.pick('<', '>', '=', '!=', '<=')} {n}) {source})",
                f"(filter ({g.pick('<', '>', '=')} {n}) {source})",
                f"(map ({g.pick('+', '-', '*')} {n}) {source})",
                f"(filterlist '({g.pick('<', '>', '=')} {n}) {source})",
                f"(maplist '({g.pick('+', '-', '*')} {n}) {source})",
                f"(maplist '({g.pick('-', '<')} _ {n}) {source})",
                f"(mapcar '(< {n}) {source})",
                f"(takewhile '(< {n}) {source})",
                f"(dropwhile '(< {n}) {source})",
                f"(takelist '(> {n}) {source})",
                f"(droplist '(< {n}) {source})",
                f"(foldl '{g.pick('+', '-', '*')} {n} {source})",
                f"(foldr '{g.pick('+', '-', '*')} {n} {source})",
                f"(foldl1 '- {source})",
                f"(foldr1 '- {source})",
                f"(scanl '{g.pick('+', '-')} {n} {source})",
                f"(scanr '{g.pick('+', '-')} {n} {source})",
                f"(scanl1 '- {source})",
                f"(scanr1 '- {source})",
                f"(map 'dbl {source})",
                f"(filter 'od {source})",
                f"(map dbl {source})",
                f"(zipwith '+ {source} {source})",
                f"(zipwith (λ (p r) (- p r)) {source} {source})",
                f"(take 2 (map 'dbl (irange {n} 2)))",
                "(takewhile '(< 20) (map '* (irange 1 2)))",
                f"(map '* (map '+ {source}))",
                f"(foldl (λ (a z) (+ (* a 10) z)) 0 {source})",
                f"(for z {source} (+ z k))",
                f"(// '{g.pick('+', '-', '<', 'max')} {source})",
                f"(-// '- {source})",
                f"(\\\\ '{g.pick('+', '-', '<')} {source})",
                f"(sum {source})",
                f"(max {source})",
                f"(minmax {source})",
                f"(map '+ (filter '(> {n}) {source}))",
                f"(drop 1 {source})",
                f"(replicate 3 {n})",
                f"(+ {source})",
                f"(+ {source} {source})",
                f"(- 10 {source})",
                f"(/ {source} 2)",
                f"(scanlist (λ (z) (if (> z 1) z)) {source})",
                f"(mapcar 'string {source})",
                f"(maplist (λ (z) (if (> z 2) z 0.5)) {source})",
                f"(map '(% 2) {source})",
            )
            + " 'err)"
        )
        yield "show (type (maplist (λ (z) (+ z 1)) ty))" if rng.random() < 0.2 else "show 0"
    yield f"show (list (size . list 1 2 3) (list 0 . map '+ {g.list_(0)}))"


@theme
def library(g, rng):
    """Lists, strings and dictionaries of the library."""
    for _ in range(6):
        i, s1 = rng.randint(-2, 4), g.str_(1)
        yield (
            "show (maybe "
            + g.pick(
                f"(@ l {i})",
                f"(@@ l {i} {rng.randint(-2, 4)})",
                f"(@@ {s1} {i} {rng.randint(-2, 4)})",
                f"(@ {s1} {i})",
                f"(pop l {i})",
                "(pop l)",
                "(popfirst l)",
                "(poplast s)",
                f"(insert l 77 {max(i, 0)})",
                f'(insert {s1} "-" {i})',
                f"(find l {i})",
                f"(findall l {i})",
                "(rfind l 1)",
                f'(find {s1} "b")',
                f'(in {s1} "a")',
                f'(count {s1} "a")',
                f'(split {s1} " ")',
                f'(splite {s1} "a")',
                f'(split {s1} "")',
                f'(replace {s1} "a" "xx")',
                f"(upper {s1})",
                f"(trim {s1})",
                f"(left {s1} {i})",
                f"(right {s1} {i})",
                f"(ord {s1})",
                f'(format "%1-%2" {s1} {i})',
                "(rotate l)",
                f"(rotate {s1} true)",
                "(unique (nconcn l l))",
                "(flatten (list l (list l)))",
                "(zip l (clone l))",
                "(swap l 0)",
                f"(replaceall l 1 {i})",
                "(last l)",
                "(cadr l)",
                "(caddr l)",
                f"(consb l {i})",
                "(slice l 1)",
                f"(takenb {i} l)",
                f'(key@ d "{g.pick("a", "n")}")',
                "(keys@ d)",
                "(values@ d)",
                f'(pop d "{g.pick("a", "n")}")',
                f"(in d {i})",
                f"(find d {i})",
                "(loop y d (push l y))",
                f"(integer {s1})",
                f'(number "{i}.5")',
                f"(/ {i} {rng.randint(0, 2)})",
                f"(% {i} {rng.randint(-3, 3)})",
                f"(^^ {rng.choice((2, -2, 3))} {rng.randint(0, 70)})",
                f"(>=< {i} k)",
                f"(! {i})",
                "(& l)",
                f"(| {abs(i)} 6)",
                f"(<< 1 {abs(i)})",
                "(== l l)",
                "(= l (clone l))",
                f"(!= l '({i}))",
                f"(&&& l '({i} 1))",
                f"(||| l '({i} 1))",
                f'(^^^ {s1} "abz")',
                f"(max {i} k 2.5)",
                "(min l)",
                f"(round {i}.5)",
                "(trunc -2.7)",
                f"(sqrt {abs(i)})",
                f"(gcd 12 {abs(i)})",
                f"(sign {i})",
                f"(signp {i}.5)",
                f"(iota {abs(i)})",
                f"(range {i} 3 2)",
                f"(rangein {i} 5 2)",
                "(size d)",
                "(string d)",
                f"(+ {s1} d l nil 'at 1.0)",
                "(sort (λ (a b) (> a b)) l)",
                "(sort '> (clone l))",
                "(reverse l)",
                f"(reverse {i})",
                "(extend l '(8 9))",
                "(nconc l 5)",
                f"(pushfirst l {i})",
                f"(pushtrue l nil {i})",
                f"(type {g.pick(g.any_(1), 'l', 'd', QUOTE + 'a', 'nil', '(integers 1)', '(seti 1)')})",
                f"(convert_in_base {abs(i) * 7} 2)",
                f"(ngrams {s1} 2)",
                f'(startwith {s1} "a")',
                f'(sets {s1} "b" "a")',
                f"(push (seti 3 1) {i})",
                f"(||| (seti 1 {i}) (seti 2))",
                f"(in (seti 1 2) {i})",
                f"(dictionaryi 3 {s1} {i} 1)",
                f'(numbers 1 {i} "2.5")',
                f"(integers {i} 2.7)",
                f"(strings 1 {s1} 'a)",
                f"(+ (integers 1 2) {g.pick(1, 0.5, '(integers 5 6)')})",
                "(/ (integers 1 2) 2)",
                f"(emptyp {s1})",
                "(zerop 0.5)",
                f"(select nil 0 {s1} {i})",
                f"(andvalue 1 {s1} {i})",
                "(consp l)",
                f"(atomp {g.pick(QUOTE + 'a', 'nil', '()', '1')})",
                f"(xor {i} k nil)",
                f"(stringp {s1})",
                '(f_ "a{k}b")',
                "(§ k + 2 * m)",
                "(§ (k - m - 1))",
            )
            + " 'err)"
        )

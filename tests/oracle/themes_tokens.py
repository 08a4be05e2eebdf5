"""Themes of random programs: tokenizers of one's own rules; enumerations, bytes, folds from the end, special
functions. See theme.py.
"""

from tests.oracle.theme import made_up, theme

RULES = (
    "%d+",
    "%a+",
    "%d%d",
    "%c+",
    "%C",
    "%s+",
    "%s",
    "{%d %a}+",
    ",",
    "[ab]+",
    "<=",
    "x%d*",
    "{%d ,}+",
    "~%d",
)
PLUS, MINUS = "'+", "'-"
ACCENTS = '"été"'
SIGNS = "aab12x, A<=_"
TEXTS = ("ab 12,x", "Ab1", "12 34", "a<=b", "x12x", "", "aa,bb", "_a 1", "AB c")


@theme
def tokens(g, rng):
    """Rules that are set, texts that they cut, the numbers of the rules."""
    yield "(setq tk (tokenizer))"
    for _ in range(4):
        bodies = rng.sample(RULES, rng.randint(1, 4))
        rules = [f'"{body}={at}"' for at, body in enumerate(bodies, 1)]
        if rng.random() < 0.97:
            rules.append('"?=9"')
        yield f"show (set_tokenizer_rules tk (list {' '.join(rules)}))"
        yield "(setq other (tokenizer_rules))" if rng.random() < 0.3 else "(setq other tk)"
        for _ in range(2):
            t = g.pick(
                "s",
                f'"{g.pick(*TEXTS)}"',
                f'"{g.pick(*TEXTS)}"',
                f'"{made_up(rng, SIGNS)}"',
                f'"{made_up(rng, SIGNS)}"',
            )
            yield (
                "show (maybe "
                + g.pick(
                    f"(tokenize tk {t})",
                    f"(tokenize tk {t} true)",
                    f"(tokenize tk {t} nil)",
                    f"(tokenize_rules tk {t})",
                    f"(type (tokenize tk {t}))",
                    "(get_tokenizer_rules tk)",
                    f"(loop w (tokenize tk {t}) (push l w))",
                    f"(map (λ (w) (size w)) (tokenize tk {t}))",
                    f'(join (tokenize tk {t}) "|")',
                    f'(block (set_tokenizer_rules other \'("?=1")) (tokenize other {t}))',
                    f"(tokenize {g.int_(0)} {t})",
                )
                + " 'err)"
            )


@theme
def beyond(g, rng):
    """Enumerations, bytes, running folds from the end, special functions."""
    for _ in range(6):
        n, source = (
            rng.randint(-3, 9),
            g.pick("l", g.list_(1), "(integers 3 1 2)", "(iota 4)", '(strings "a" "b")', "()"),
        )
        step = g.pick("'+", "'-", "'*", "'max", "(λ (a b) (- a (* 2 b)))", "'<", "'=")
        yield (
            "show (maybe "
            + g.pick(
                f"(enum {source})",
                f"(enum {source} {n})",
                f"(loop e (enum {source}) (push l (car e)))",
                f"(map (λ (e) (@ e 1)) (enum {source}))",
                f"(bytes {g.pick(g.str_(1), ACCENTS, 's')})",
                f"(size (bytes {g.str_(1)}))",
                f"(-\\\\ {step} {source})",
                f"(backscan {step} {source})",
                f"(take {abs(n)} (scanl {g.pick(PLUS, MINUS)} {n} (irange {n} 2)))",
                "(takewhile '(< 30) (scanl1 '+ (map '* (irange 1 1))))",
                f"(take {abs(n)} (scanl (λ (a b) (- (* 2 b) a)) k (irange 1 3)))",
                f"(\\\\ {step} {source})",
                f"(-// {step} {source})",
                f"({g.pick('erf', 'erfc')} {g.pick(n, '0.5', '-0.25', 'x')})",
                f"({g.pick('tgamma', 'lgamma')} {g.pick(abs(n) + 1, '0.5', '3.25')})",
                f"(logb {g.pick(abs(n) + 1, '0.3', '10.5', '-7')})",
                f"(map '{g.pick('erf', 'erfc', 'logb')} (list 1 2.5))",
            )
            + " 'err)"
        )

"""Random numbers: seeds, ranges, shapes, and the means that the laws promise."""

import math
import statistics

import pytest

from lispe_kernel import Session, to_text
from lispe_kernel.language.library.numbers.randomness import Dice
from tests.library.library_calls import each_gives, each_is_refused, text_of

# law with parameters, its mean, its standard deviation
LAWS = (
    ("uniform_distribution {} 2 6", 4, math.sqrt(16 / 12)),
    ("binomial_distribution {} 10 0.3", 3, math.sqrt(2.1)),
    ("negative_binomial_distribution {} 4 0.5", 4, math.sqrt(8)),
    ("geometric_distribution {} 0.25", 3, math.sqrt(12)),
    ("poisson_distribution {} 5", 5, math.sqrt(5)),
    ("exponential_distribution {} 4", 0.25, 0.25),
    ("gamma_distribution {} 2 3", 6, math.sqrt(18)),
    ("weibull_distribution {} 1 2", 2, 2),
    ("extreme_value_distribution {} 1 2", 1 + 2 * 0.5772156649, 2 * math.pi / math.sqrt(6)),
    ("normal_distribution {} 3 2", 3, 2),
    ("lognormal_distribution {} 0 0.5", math.exp(0.125), math.sqrt((math.exp(0.25) - 1) * math.exp(0.25))),
    ("chi_squared_distribution {} 3", 3, math.sqrt(6)),
    ("fisher_distribution {} 5 20", 20 / 18, 0.85),
    ("student_distribution {} 10", 0, math.sqrt(10 / 8)),
    ("discrete_distribution {} '(1 3)", 2.5, math.sqrt(0.75)),
    ("piecewise_constant_distribution {} '(1 1) '(0 1 3)", 1.25, math.sqrt(0.2 + 0.7)),
    ("piecewise_linear_distribution {} '(0 1) '(0 3)", 2, math.sqrt(0.5)),
)
COUNT = 4000


@pytest.mark.parametrize(("law", "mean", "deviation"), LAWS)
def test_law_has_its_mean(law, mean, deviation):
    session = Session()
    session.evaluate("(random_seed 20261)")
    drawn = list(session.evaluate(f"({law.format(COUNT)})"))
    assert len(drawn) == COUNT
    assert abs(statistics.fmean(drawn) - mean) < 5 * deviation / math.sqrt(COUNT)


DRAWS = (
    "(list (random 1000000) (uuid) (normal_distribution 3) (shuffle (iota 20)) (random_choice 5 '(a b c) 3))"
)


def test_a_seed_makes_the_same_draws_in_every_session():
    assert text_of(f"(random_seed 5) {DRAWS}") == text_of(f"(random_seed 5) {DRAWS}")
    assert text_of(f"(random_seed 5) {DRAWS}") != text_of(f"(random_seed 6) {DRAWS}")


def test_sessions_draw_on_their_own():
    first, second = Session(), Session()
    first.evaluate("(random_seed 1)")
    expected = [first.evaluate("(random 1000000)") for _ in range(3)]
    first.evaluate("(random_seed 1)")
    found = []
    for _ in range(3):
        found.append(first.evaluate("(random 1000000)"))
        second.evaluate("(random 1000000)")
    assert found == expected


@pytest.mark.parametrize("seed", [None, 5])
def test_generators_made_of_a_state_draw_what_would_have_been_drawn(seed):
    dice = Dice(seed)
    dice.python.random()
    again = Dice.of_state(*dice.state())
    assert dice.python.random() == again.python.random()
    assert list(dice.laws.normal(size=3)) == list(again.laws.normal(size=3))


def test_without_a_seed_sessions_differ():
    assert text_of("(random 1000000000000)") != text_of("(random 1000000000000)")


SHAPES = (
    ("(type (normal_distribution 1))", "number_"),
    ("(type (poisson_distribution 1))", "integer_"),
    ("(type (normal_distribution 2))", "numbers_"),
    ("(type (poisson_distribution 2))", "integers_"),
    ("(normal_distribution 0)", "()"),
    ("(bernoulli_distribution 2 0)", "(nil nil)"),
    ("(bernoulli_distribution 1 1)", "true"),
    ("(random 0)", "0"),
    ("(type (random_choice 3 (integers 1 2) 2))", "integers_"),
    ("(random_choice 1 '(a) 1)", "a"),
    ("(sort '< (shuffle (iota 5)))", "(1 2 3 4 5)"),
    ("(geometric_distribution 2 1)", "(0 0)"),
)


test_shape = each_gives(SHAPES)


def test_identifier_has_the_groups_of_lispe():
    groups = text_of("(uuid)").split("-")
    assert [len(group) for group in groups] == [8, 4, 4, 4, 8]
    assert groups[1][0] == "4"
    assert groups[2][0] == "1"


def test_random_stays_below_its_limit():
    drawn = Session().evaluate("(setq l (list)) (loopcount 200 i (push l (random 3))) l")
    assert to_text(sorted(set(drawn))) == "(0 1 2)"


ERRORS = (
    ("(random -1)", "Error: random: the first argument must be an integer of 0 or more"),
    ("(random_seed nil)", "Error: random_seed: the first argument must be an integer, not nil"),
    ("(random_choice 2 () 0)", "Error: random_choice: the second argument must be a list that is not empty"),
    ("(random_choice 2 '(1 2) 1)", "Error: random_choice: the third argument must be at least the size"),
    ("(shuffle 3)", "Error: shuffle: the first argument must be a list"),
    (
        "(normal_distribution 2 0 -1)",
        "Error: normal_distribution: the third argument must be a number above 0",
    ),
    ("(normal_distribution -1)", "Error: normal_distribution: the first argument must be a count"),
    (
        "(bernoulli_distribution 2 1.5)",
        "Error: bernoulli_distribution: the second argument must be a number from",
    ),
    (
        "(piecewise_constant_distribution 2 '(1) '(1))",
        "Error: piecewise_constant_distribution: 1 weights need 2",
    ),
    ("(discrete_distribution 2 '(0 0))", "Error: discrete_distribution: the second argument must be weights"),
)


test_error_says_what_was_expected = each_is_refused(ERRORS)

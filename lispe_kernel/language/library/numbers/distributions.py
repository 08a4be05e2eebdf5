"""The distributions of C++'s library under LispE's names: one value, or a list of so many.

Each draws from the generator of the session that evaluates. Nothing here holds a state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.numbers.randomness import dice, draws
from lispe_kernel.language.library.shared.arguments import integer_argument, number_argument
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.values.atoms import truth
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.typed.lists import Integers, Numbers, TypedList

Law = Callable[..., Any]


_REAL, _POSITIVE, _SHARE, _COUNT = "a number", "a number above 0", "a number from 0 to 1", "a count"


def _parameter(name: str, position: int, value: Any, kind: str) -> Any:
    if kind is _COUNT:
        count = integer_argument(name, position, value)
        if count < 0:
            raise wrong_argument(name, position, "an integer of 0 or more", value)
        return count
    number = number_argument(name, position, value)
    fits = {_REAL: abs(number) < float("inf"), _POSITIVE: 0 < number < float("inf"), _SHARE: 0 <= number <= 1}
    if not fits[kind]:
        raise wrong_argument(name, position, kind if kind != _REAL else "a finite number", value)
    return number


# name, what it draws, (parameter, default or None, kind), numpy's law of (generator, size, parameters...),
# whether the values are integers
_LAWS: tuple[tuple[str, str, tuple[tuple[str, Any, str], ...], Law, bool], ...] = (
    (
        "uniform_distribution",
        "Numbers spread evenly from alpha to beta",
        (("alpha", 0, _REAL), ("beta", 1, _REAL)),
        lambda g, n, a, b: a + (b - a) * g.random(n),
        False,
    ),
    (
        "binomial_distribution",
        "How many of alpha trials succeed, each with probability beta",
        (("alpha", 1, _COUNT), ("beta", 0.5, _SHARE)),
        lambda g, n, a, b: g.binomial(a, b, n),
        True,
    ),
    (
        "negative_binomial_distribution",
        "How many trials fail before alpha of them succeed, each with probability beta",
        (("alpha", 1, _POSITIVE), ("beta", 0.5, _SHARE)),
        lambda g, n, a, b: g.negative_binomial(a, b, n),
        True,
    ),
    (
        "geometric_distribution",
        "How many trials fail before the first success, each with probability alpha",
        (("alpha", 0.5, _SHARE),),
        lambda g, n, a: g.geometric(a, n) - 1,
        True,
    ),
    (
        "poisson_distribution",
        "Counts of rare events, alpha on average",
        (("alpha", 1, _POSITIVE),),
        lambda g, n, a: g.poisson(a, n),
        True,
    ),
    (
        "exponential_distribution",
        "Waiting times of events with rate alpha",
        (("alpha", None, _POSITIVE),),
        lambda g, n, a: g.exponential(1 / a, n),
        False,
    ),
    (
        "gamma_distribution",
        "The gamma law of shape alpha and scale beta",
        (("alpha", None, _POSITIVE), ("beta", None, _POSITIVE)),
        lambda g, n, a, b: g.gamma(a, b, n),
        False,
    ),
    (
        "weibull_distribution",
        "Weibull's law of shape alpha and scale beta",
        (("alpha", 1, _POSITIVE), ("beta", 1, _POSITIVE)),
        lambda g, n, a, b: b * g.weibull(a, n),
        False,
    ),
    (
        "extreme_value_distribution",
        "Gumbel's law of location alpha and scale beta",
        (("alpha", 0, _REAL), ("beta", 1, _POSITIVE)),
        lambda g, n, a, b: g.gumbel(a, b, n),
        False,
    ),
    (
        "normal_distribution",
        "The normal law of mean alpha and standard deviation beta",
        (("alpha", 0, _REAL), ("beta", 1, _POSITIVE)),
        lambda g, n, a, b: g.normal(a, b, n),
        False,
    ),
    (
        "lognormal_distribution",
        "Numbers whose logarithms follow the normal law of mean alpha and standard deviation beta",
        (("alpha", 0, _REAL), ("beta", 1, _POSITIVE)),
        lambda g, n, a, b: g.lognormal(a, b, n),
        False,
    ),
    (
        "chi_squared_distribution",
        "The chi-squared law with alpha degrees of freedom",
        (("alpha", None, _POSITIVE),),
        lambda g, n, a: g.chisquare(a, n),
        False,
    ),
    (
        "cauchy_distribution",
        "Cauchy's law of location alpha and scale beta",
        (("alpha", 0, _REAL), ("beta", 1, _POSITIVE)),
        lambda g, n, a, b: a + b * g.standard_cauchy(n),
        False,
    ),
    (
        "fisher_distribution",
        "Fisher's law with alpha and beta degrees of freedom",
        (("alpha", 1, _POSITIVE), ("beta", 1, _POSITIVE)),
        lambda g, n, a, b: g.f(a, b, n),
        False,
    ),
    (
        "student_distribution",
        "Student's law with alpha degrees of freedom",
        (("alpha", 1, _POSITIVE),),
        lambda g, n, a: g.standard_t(a, n),
        False,
    ),
)


def _distribution(name: str, kinds: tuple[tuple[str, Any, str], ...], law: Law, whole: bool) -> Law:
    def draw(nb: Any, *given: Any) -> Any:
        count = draws(name, nb)
        values = [*given, *(default for _, default, _ in kinds[len(given) :])]
        checked = [
            _parameter(name, position, value, kind)
            for position, (value, (_, _, kind)) in enumerate(zip(values, kinds, strict=True), 2)
        ]
        try:
            drawn = law(dice().laws, count, *checked)
        except (ValueError, OverflowError) as error:
            raise LispeError(f"Error: {name}: {error}") from None
        if count == 1:
            return drawn.item()
        return Integers.of_array(drawn.astype("int64")) if whole else Numbers.of_array(drawn)

    return draw


for _name, _meaning, _kinds, _law, _whole in _LAWS:
    _draw = _distribution(_name, _kinds, _law, _whole)
    _given = " 2" * sum(default is None for _, default, _ in _kinds)
    _draw.__doc__ = (
        f"{_meaning}: so many {'integers' if _whole else 'numbers'}, the value itself for 1.\n\n"
        f"Example: (size ({_name} 5{_given})) => 5\n"
        "Errors: for a parameter outside its range."
    )
    _shown = (Parameter("nb"), *(Parameter(n, d is not None, False, d) for n, d, _ in _kinds))
    function(_name, parameters=_shown)(_draw)


@function("bernoulli_distribution")
def bernoulli_distribution(nb: Any, alpha: Any = 0.5) -> Any:
    """So many answers, true with probability alpha; the answer itself for 1.

    Example: (bernoulli_distribution 3 1) => (true true true)
    """
    count = draws("bernoulli_distribution", nb)
    share = _parameter("bernoulli_distribution", 2, alpha, _SHARE)
    answers = List(truth(draw < share) for draw in dice().laws.random(count).tolist())
    return answers[0] if count == 1 else answers


def _weights(name: str, position: int, liste: Any) -> Any:
    """A list of weights as shares that add up to 1."""
    if not isinstance(liste, (list, TypedList)) or not len(liste):
        raise wrong_argument(name, position, "a list of weights", liste)
    weights = np.array([_weight(name, position, weight) for weight in liste])
    total = float(weights.sum())
    if not 0 < total < float("inf"):
        raise wrong_argument(name, position, "weights with a sum above 0", liste)
    return weights / total


def _weight(name: str, position: int, value: Any) -> float:
    weight = number_argument(name, position, value)
    if not 0 <= weight < float("inf"):
        raise wrong_argument(name, position, "a list of weights of 0 or more", value)
    return weight


@function("discrete_distribution")
def discrete_distribution(nb: Any, liste: Any) -> Any:
    """Elements of a list of weights, each drawn as often as it weighs; the element itself for 1.

    Example: (discrete_distribution 3 '(0 5 0)) => (5 5 5)
    """
    count = draws("discrete_distribution", nb)
    shares = _weights("discrete_distribution", 2, liste)
    drawn = List(liste[place] for place in dice().laws.choice(len(shares), count, p=shares).tolist())
    return drawn[0] if count == 1 else drawn


def _piecewise(name: str, liste: Any, inter: Any, more: int) -> tuple[Any, Any]:
    weights = np.array([_weight(name, 2, weight) for weight in _items(name, 2, liste)])
    limits = np.array([number_argument(name, 3, limit) for limit in _items(name, 3, inter)])
    if len(limits) != len(weights) + more or len(limits) < 2:
        needed = max(2, len(weights) + more)
        raise LispeError(f"Error: {name}: {len(weights)} weights need {needed} limits, not {len(limits)}")
    if not (np.diff(limits) > 0).all() or not 0 < weights.sum() < float("inf"):
        raise LispeError(f"Error: {name}: rising limits and weights with a sum above 0 are expected")
    return weights, limits


def _items(name: str, position: int, value: Any) -> Any:
    if not isinstance(value, (list, TypedList)) or not len(value):
        raise wrong_argument(name, position, "a list of numbers", value)
    return value


@function("piecewise_constant_distribution")
def piecewise_constant_distribution(nb: Any, liste: Any, inter: Any) -> Any:
    """Numbers between limits: the interval by its weight in `liste`, evenly inside it; itself for 1.

    `inter` holds the limits of the intervals, one more than there are weights.

    Example: (size (piecewise_constant_distribution 4 '(1 2) '(0 1 2))) => 4
    Errors: when the sizes do not fit, or the limits do not rise.
    """
    count = draws("piecewise_constant_distribution", nb)
    weights, limits = _piecewise("piecewise_constant_distribution", liste, inter, 1)
    laws = dice().laws
    place = laws.choice(len(weights), count, p=weights / weights.sum())
    drawn = limits[place] + laws.random(count) * (limits[place + 1] - limits[place])
    return drawn.item() if count == 1 else Numbers.of_array(drawn)


@function("piecewise_linear_distribution")
def piecewise_linear_distribution(nb: Any, liste: Any, inter: Any) -> Any:
    """Numbers between limits, with a density that runs straight from weight to weight; itself for 1.

    `inter` holds the limits, as many as there are weights.

    Example: (size (piecewise_linear_distribution 4 '(0 1) '(0 1))) => 4
    Errors: when the sizes do not fit, or the limits do not rise.
    """
    name = "piecewise_linear_distribution"
    count = draws(name, nb)
    weights, limits = _piecewise(name, liste, inter, 0)
    laws, widths = dice().laws, np.diff(limits)
    first, last = weights[:-1], weights[1:]
    areas = (first + last) / 2 * widths
    place = laws.choice(len(areas), count, p=areas / areas.sum())
    a, b, share = first[place], last[place], laws.random(count)
    # The inverse of the area under a straight line from a to b, stable where a and b are nearly equal.
    part = share * (a + b) / (a + np.sqrt(a * a + share * (b * b - a * a)))
    drawn = limits[place] + part * widths[place]
    return drawn.item() if count == 1 else Numbers.of_array(drawn)

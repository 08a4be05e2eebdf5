"""List functions against their definitions in Python, on generated lists."""

import itertools
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import registry
from lispe_kernel.language.library import load
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import Integers, Numbers
from lispe_kernel.language.values.views import View, rest_of
from tests.library.library_calls import inside_a_session

load()
SMALL = st.integers(-5, 5)
PLAIN = st.lists(SMALL, max_size=12)
WIDE = st.lists(st.integers(-(1 << 62), 1 << 62), max_size=12)
KINDS = (List, Integers, LinkedList)
# Doubles are divided as doubles: an integer above 2**53 is rounded first.
OF_PYTHON = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": lambda x, y: float(x) / float(y)}


def call(name, *arguments):
    with inside_a_session():
        return registry.get(name).call(*arguments)


def plus(a, b):
    return 3 * a - b


@pytest.mark.parametrize("kind", KINDS)
@given(values=PLAIN, wanted=SMALL)
def test_search_agrees_with_python(kind, values, wanted):
    container = kind(values)
    places = [i for i, value in enumerate(values) if value == wanted]
    assert list(call("findall", container, wanted)) == places
    assert call("find", container, wanted) == (places[0] if places else None)
    assert call("rfind", container, wanted) == (places[-1] if places else None)
    assert call("count", container, wanted) == len(places)
    assert (call("in", container, wanted) is not None) == bool(places)


@pytest.mark.parametrize("kind", KINDS)
@given(values=PLAIN, by=st.integers(-15, 15))
def test_order_agrees_with_python(kind, values, by):
    assert list(call("sort", Atom("<"), kind(values))) == sorted(values)
    assert list(call("sort", Atom(">"), kind(values))) == sorted(values, reverse=True)
    assert list(call("sort", lambda a, b: abs(a) < abs(b), kind(values))) == sorted(values, key=abs)
    assert list(call("reverse", kind(values))) == values[::-1]
    assert list(call("unique", kind(values))) == list(dict.fromkeys(values))
    turned = call("rotate", kind(values), by)
    assert [*turned] == [values[(i + by) % len(values)] for i in range(len(values))]


@given(values=PLAIN, initial=SMALL)
def test_folds_and_scans_agree_with_their_definitions(values, initial):
    left = list(itertools.accumulate(values, plus, initial=initial))
    assert call("foldl", plus, initial, List(values)) == left[-1]
    assert call("scanl", plus, initial, List(values)) == left
    right = list(itertools.accumulate(values[::-1], lambda a, x: plus(x, a), initial=initial))
    assert call("foldr", plus, initial, List(values)) == right[-1]
    assert list(call("scanr", plus, initial, List(values))) == right[::-1]
    assert call("scan", plus, List(values)) == list(itertools.accumulate(values, plus))


@given(values=PLAIN, count=st.integers(-3, 15))
def test_parts_agree_with_slices(values, count):
    assert call("take", count, List(values)) == values[: max(0, count)]
    assert call("drop", count, List(values)) == values[max(0, count) :]
    if count > 0:
        pieces = call("slice", List(values), count)
        assert [list(piece) for piece in pieces] == [
            values[i : i + count] for i in range(0, len(values), count)
        ]


@given(values=WIDE)
def test_sums_of_integers_are_exact(values):
    assert call("sum", Integers(values)) == sum(values)
    assert call("reduce", Atom("+"), Integers(values)) == (sum(values) if values else None)
    assert list(call("scan", Atom("+"), Integers(values))) == list(itertools.accumulate(values))


@given(a=WIDE, b=WIDE, name=st.sampled_from("+-*/"), times=st.sampled_from((1, 8)), same=st.booleans())
def test_typed_arithmetic_is_exact_or_an_error(a, b, name, times, same):
    size = min(len(a), len(b))
    a, b = a[: size if same else None] * times, b[: size if same else None] * times
    check_typed(name, a, b, Integers(a), Integers(b))


@given(
    a=WIDE,
    b=st.integers(-(1 << 64), 1 << 64) | SMALL,
    name=st.sampled_from("+-*/"),
    times=st.sampled_from((1, 8)),
)
def test_typed_arithmetic_with_a_number_is_exact_or_an_error(a, b, name, times):
    a *= times
    check_typed(name, a, [b] * len(a), Integers(a), b)
    check_typed(name, [b] * len(a), a, b, Integers(a))


def check_typed(name, a, b, left, right):
    """The operator on every pair, and what is left of a longer first list; or a good reason for none."""
    size = min(len(a), len(b))
    pairs = list(zip(a, b, strict=False))
    by_zero = name == "/" and any(y == 0 for _, y in pairs)
    exact = [] if by_zero else [OF_PYTHON[name](x, y) for x, y in pairs] + a[size:]
    try:
        found = call(name, left, right)
    except LispeError:
        assert by_zero or any(not -(1 << 63) <= value < 1 << 63 for value in (*exact, *a, *b))
    else:
        assert list(found) == exact


@given(values=PLAIN, data=st.data())
def test_a_view_does_what_a_list_does(values, data):
    base = List([99, *values])
    view, plain = rest_of(base), list(values)
    for _ in range(data.draw(st.integers(0, 6))):
        match data.draw(
            st.sampled_from(("append", "pop", "insert", "reverse", "set", "cdr", "sort", "delete"))
        ):
            case "append":
                view.append(7)
                plain.append(7)
            case "pop" if plain:
                at = data.draw(st.integers(-len(plain), len(plain) - 1))
                assert view.pop(at) == plain.pop(at)
            case "insert":
                view.insert(1, 5)
                plain.insert(1, 5)
            case "reverse":
                view.reverse()
                plain.reverse()
            case "set" if plain:
                view[-1] = plain[-1] = 3
            case "cdr":
                view, plain = rest_of(view), plain[1:]
            case "sort":
                view.sort()
                plain.sort()
            case "delete" if plain:
                del view[0]
                del plain[0]
        assert type(view) is View
        assert list(view) == plain
        assert len(view) == len(plain)
        assert view == plain
        assert bool(view) == bool(plain)
        assert view[:] == plain
        assert list(reversed(view)) == plain[::-1]


@given(rows=st.integers(1, 4), inner=st.integers(1, 4), columns=st.integers(1, 4), data=st.data())
def test_a_product_of_matrices_is_rows_with_columns(rows, inner, columns, data):
    a = [data.draw(st.lists(SMALL, min_size=inner, max_size=inner)) for _ in range(rows)]
    b = [data.draw(st.lists(SMALL, min_size=columns, max_size=columns)) for _ in range(inner)]
    expected = [
        [sum(x * row[j] for x, row in zip(line, b, strict=True)) for j in range(columns)] for line in a
    ]
    found = call("inner", Atom("+"), Atom("*"), List(map(List, a)), List(map(List, b)))
    assert [list(row) for row in found] == expected


@given(values=st.lists(st.floats(allow_nan=False, width=32), max_size=8))
def test_numbers_keep_their_values(values):
    assert list(Numbers(values)) == values
    assert list(call("maplist", lambda x: x, List(values))) == values

"""Classes over list and dict read elements through Python's own subscript, and do what they did."""

import pytest

from lispe_kernel.language.errors import MissingKeyError
from lispe_kernel.language.values.dictionaries import Dictionary, IntegerDictionary, NumberDictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.positions import inherit_subscript, slot_of

SERVED = (
    (List, list),
    (Strings, list),
    (Dictionary, dict),
    (IntegerDictionary, dict),
    (NumberDictionary, dict),
)


@pytest.mark.parametrize(("cls", "base"), SERVED)
def test_the_slot_is_that_of_python(cls: type, base: type) -> None:
    mine, theirs = slot_of(cls), slot_of(base)
    assert mine is not None
    assert theirs is not None
    assert mine.value == theirs.value


def test_elements_parts_and_errors_are_those_of_a_list() -> None:
    items = List("abc")
    assert (items[0], items[-1], items[1:]) == ("a", "c", ["b", "c"])
    with pytest.raises(IndexError, match="list index out of range"):
        items[3]
    with pytest.raises(TypeError, match="list indices must be integers or slices, not str"):
        items["a"]  # type: ignore[call-overload]


def test_a_missing_key_is_still_converted_or_told() -> None:
    assert Dictionary({"1": 2})[1] == 2
    with pytest.raises(MissingKeyError):
        Dictionary()["a"]


def test_a_class_keeps_the_way_of_its_own() -> None:
    @inherit_subscript
    class Own(List):
        def __getitem__(self, key: object) -> str:  # type: ignore[override]
            return f"own {key}"

    assert Own("ab")[1] == "own 1"


def test_a_way_that_is_given_later_is_taken_and_can_be_taken_back() -> None:
    @inherit_subscript
    class Later(List):
        __slots__ = ()

    items = Later("ab")
    Later.__getitem__ = lambda _self, key: f"later {key}"  # type: ignore[method-assign,assignment]
    assert items[1] == "later 1"
    del Later.__getitem__
    assert items[1] == "b"


def test_a_class_of_another_base_is_left_alone() -> None:
    @inherit_subscript
    class Pair(tuple[int, ...]):
        __slots__ = ()

    assert Pair((1, 2))[1] == 2

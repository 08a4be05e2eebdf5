"""Trees of tensors and plain values: taken apart, written as JSON, put together, refused."""

import json
from collections import OrderedDict

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.files.errors import BadFile, reading
from lispe_kernel.torch_library.files.trees import (
    TensorRef,
    from_json,
    put_together,
    take_apart,
    take_apart_foreign,
    to_json,
)

ONE, TWO = torch.ones(1), torch.ones(2)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(-2, 2),
    st.text(max_size=3),
    st.sampled_from([ONE, TWO]),
)
KEYS = st.one_of(st.text(max_size=2), st.integers(-2, 2))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=3),
    ),
    max_leaves=12,
)


def same(a: object, b: object) -> bool:
    """Equal trees of the same types; dictionaries in the same order."""
    if isinstance(a, torch.Tensor):
        return a is b
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(st.dictionaries(KEYS, TREES, max_size=3))
def test_a_tree_comes_back_from_its_skeleton_and_its_tensors(tree: object) -> None:
    skeleton, tensors = take_apart(tree)
    read = from_json(json.loads(json.dumps(to_json(skeleton))), tensors)
    assert same(put_together(read, tensors.__getitem__), tree)


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        (ONE, [""]),
        ({"a": ONE, "b": {"c": ONE}}, ["a", "b.c"]),
        ({"l": [ONE, [ONE, 3], (ONE,)]}, ["l.0", "l.1.0", "l.2.0"]),
        ({3: ONE, 1.5: ONE, True: ONE}, ["3", "1.5", "True"]),
        ({"a.b": ONE, "a": {"b": TWO}}, ["a.b", "a.b'"]),
        ({"a": {"b.c": ONE}, "a.b": {"c": TWO}, "a.b.c": ONE}, ["a.b.c", "a.b.c'", "a.b.c''"]),
    ],
)
def test_a_tensor_is_named_after_its_place(tree: object, names: list[str]) -> None:
    assert list(take_apart(tree)[1]) == names


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (object(), "it is a object, neither a tensor nor a plain value"),
        ({"a": [1, {2}]}, "a.1 is a set, neither a tensor nor a plain value"),
        ({"a": b"x"}, "a is a bytes, neither a tensor nor a plain value"),
        ({(1, 2): 3}, "a key of its table is a tuple, neither a text nor a number"),
        ({"a": {None: 3}}, "a key of a is a NoneType, neither a text nor a number"),
    ],
)
def test_what_is_no_plain_value_is_refused_with_its_place(tree: object, text: str) -> None:
    with pytest.raises(BadFile) as caught:
        take_apart(tree)
    assert str(caught.value) == text


def nested(levels: int) -> object:
    """A value in so many lists."""
    tree: object = 1
    for _ in range(levels):
        tree = [tree]
    return tree


def test_fifty_one_levels_are_taken_and_no_more() -> None:
    assert take_apart(nested(51))[0] == nested(51)
    with pytest.raises(BadFile) as caught:
        take_apart({"a": nested(51)})
    assert str(caught.value) == f"a{'.0' * 50} is nested deeper than 50 levels"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({2, 1}, [1, 2]),
        (frozenset("ba"), ["a", "b"]),
        (b"text", "text"),
        (bytearray(b"\xff"), "\N{REPLACEMENT CHARACTER}"),
        (torch.float16, "torch.float16"),
        (torch.Size([2]), (2,)),
        ({(1, 2): [torch.device("cpu")]}, {"(1, 2)": ["cpu"]}),
    ],
)
def test_harmless_values_of_other_programs_become_plain(value: object, plain: object) -> None:
    assert same(take_apart_foreign({"v": value}, 100)[0], {"v": plain})


def test_a_file_that_unfolds_to_too_many_values_is_refused() -> None:
    assert take_apart_foreign([1, 2, 3], 4)[0] == [1, 2, 3]
    with pytest.raises(BadFile) as caught:
        take_apart_foreign([1, 2, 3], 3)
    assert str(caught.value) == "it unfolds to more than 3 values; it is malicious or damaged"


@pytest.mark.parametrize(
    ("tree", "written"),
    [
        ({"a": TensorRef("a"), "b": TensorRef("b")}, None),
        ({"a": TensorRef("b")}, ["table", [["a", ["tensor", "b"]]]]),
        ({"a": TensorRef("a"), "n": 1}, ["table", [["a", ["tensor", "a"]], ["n", 1]]]),
        ([1, (2.5, "x")], ["list", [1, ["tuple", [2.5, "x"]]]]),
        ({3: None}, ["table", [[3, None]]]),
    ],
)
def test_a_skeleton_is_written_so(tree: object, written: object) -> None:
    assert to_json(tree) == written
    assert from_json(written, ["a", "b"]) == tree


@pytest.mark.parametrize(
    "written",
    [
        ["tensor"],
        ["tensor", 3],
        ["table", 3],
        ["table", [["a"]]],
        ["table", [[None, 1]]],
        ["table", [[["list", []], 1]]],
        ["list", 3],
        ["tuple", None],
        ["other", []],
        [],
        ["list", [["list"]]],
    ],
)
def test_an_index_that_is_none_is_refused(written: object) -> None:
    with pytest.raises(BadFile, match=r"^its index is malformed$"):
        from_json(written, ["a"])


def test_dictionaries_come_back_in_their_order() -> None:
    made = put_together({"b": TensorRef("x"), "a": 1}, lambda name: ONE)
    assert isinstance(made, OrderedDict)
    assert list(made) == ["b", "a"]


# -- what is said of a file that cannot be read


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FileNotFoundError(), "there is no such file"),
        (IsADirectoryError(), "it is a folder, not a file"),
        (PermissionError(), "the file may not be read"),
        (OSError(5, "Input/output error"), "input/output error"),
        (OSError("Something Odd"), "something odd"),
        (BadFile("it is damaged"), "it is damaged"),
    ],
)
def test_an_error_of_reading_names_the_file_and_says_what_is_wrong(error: Exception, text: str) -> None:
    with pytest.raises(LispeError) as caught, reading("Error loading: ", "x.pt"):
        raise error
    assert caught.value.text == f"Error loading: x.pt: {text}"

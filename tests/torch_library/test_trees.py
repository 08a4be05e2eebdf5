"""Trees of tensors and plain values come back from a file as they were, or are refused."""

import pytest
import torch

from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.formats import open_file, write_tree
from lispe_kernel.torch_library.files.trees import take_apart, take_apart_foreign
from tests.torch_library.persistence_modules import FORMATS

pytestmark = pytest.mark.usefixtures("in_folder")


def told(value: object) -> object:
    """A tree with its tensors as lists, the kind of each container kept."""
    if isinstance(value, torch.Tensor):
        return ("tensor", value.tolist())
    if isinstance(value, dict):
        return {key: told(item) for key, item in value.items()}
    return type(value)(map(told, value)) if isinstance(value, list | tuple) else value


def one(number: float) -> torch.Tensor:
    return torch.tensor([number])


TREES = {
    "a plain table": {"a": one(1), "b": one(2)},
    "a number and its text as keys": {1: one(1), "1": one(2)},
    "keys that are paths of others": {"a": {"b": one(1)}, "a.b": one(2)},
    "a table of one table": {"a": {"a": one(1)}},
    "no tensor at all": {"epoch": 3},
    "nothing": {},
    "tuples, lists, nil and truth": {"t": (1, [2.5, "x", (None, True)], one(1)), "l": [one(2), ()]},
    "keys of every kind": {0: "a", 1.5: "b", True: "c", "d": [one(1)]},
}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_a_tree_comes_back(tree, suffix):
    write_tree(f"t{suffix}", tree, {"kind": "test"})
    with open_file(f"t{suffix}") as archive:
        assert archive.summary == {"kind": "test"}
        assert told(archive.whole(archive.tree)) == told(tree)


def nested(depth: int) -> object:
    value: object = one(1)
    for _ in range(depth):
        value = [value]
    return value


def test_a_tree_has_at_most_fifty_levels():
    take_apart({"a": nested(50)})
    with pytest.raises(BadFile, match="is nested deeper than 50 levels"):
        take_apart({"a": nested(52)})


def test_a_list_that_stands_in_many_places_is_counted_each_time():
    value: object = [0]
    for _ in range(12):
        value = [value, value]
    with pytest.raises(BadFile, match="it unfolds to more than 5000 values"):
        take_apart_foreign({"a": value}, 5000)
    take_apart_foreign({"a": value}, 50_000)

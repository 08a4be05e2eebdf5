"""State dicts as values: snapshots, access, equality, arithmetic, conversion, and files of them."""

import pytest
import torch
from torch import nn

from lispe_kernel import Session, to_text
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.state import arithmetic as state_arithmetic
from lispe_kernel.torch_library.state.state_dicts import StateDict
from tests.torch_library.torch_calls import call, error_of, floats, listed

COUNTS = [
    (("torch_linear", 512, 256), 2),
    (("torch_embedding", 10, 4), 1),
    (("torch_layer_norm", 32), 2),
    (("torch_multihead_attention", 8, 2), 4),
    (("torch_model", 4, 64, 2), 6),
    (("torch_positional_encoding", 4, 8), 0),
    (("torch_transformer_block", 64, 4, 128), 12),
    (("torch_lora_linear", 8, 5, 2, 4), 4),
]


@pytest.mark.parametrize(("make", "count"), COUNTS)
def test_the_text_counts_named_tensors(make, count):
    assert to_text(call("torch_state_dict", call(*make))) == f"PyTorch State Dict ({count} parameters)"


def state(**tensors: object) -> StateDict:
    return StateDict({name: torch.as_tensor(value) for name, value in tensors.items()})


def test_a_snapshot_does_not_follow_the_model():
    layer = call("torch_linear", 3, 2)
    snapshot = call("torch_state_dict", layer)
    before = layer.weight.detach().clone()
    with torch.no_grad():
        layer.weight.zero_()
    assert torch.equal(snapshot["weight"], before)


def test_lispe_reads_a_state_dict(in_folder):
    session = Session()
    session.evaluate("(setq l (torch_linear 3 2)) (setq s (torch_state_dict l))")
    assert session.evaluate("(size s)") == 2
    assert to_text(session.evaluate('(tensor_shape (@ s "weight"))')) == "(2 3)"
    assert to_text(session.evaluate("(torch_state_dict_keys s)")) == '("weight" "bias")'
    assert to_text(session.evaluate("(= s (torch_state_dict l))")) == "true"
    assert to_text(session.evaluate("(= s (torch_state_dict (torch_linear 3 2)))")) == "nil"
    assert session.evaluate('(@ s "bias" 0)') == pytest.approx(session.namespace["l"].bias[0].item())
    assert to_text(session.evaluate("(if (torch_state_dict (torch_positional_encoding 2 2)) 1 0)")) == "0"


def test_an_unknown_name_is_told_with_the_names_there_are():
    session = Session()
    with pytest.raises(Exception, match="no tensor wight in the state dict, which holds: weight, bias"):
        session.evaluate('(@ (torch_state_dict (torch_linear 3 2)) "wight")')


def test_equality_needs_names_shapes_dtypes_and_values():
    a = state(w=[1.0, 2.0])
    assert a == state(w=[1.0, 2.0])
    assert a != state(w=[1.0, 3.0])
    assert a != state(v=[1.0, 2.0])
    assert a != state(w=[[1.0, 2.0]])
    assert a != StateDict({"w": torch.tensor([1.0, 2.0], dtype=torch.float64)})


def test_loading_copies_what_both_have_and_leaves_the_rest():
    model = call("torch_model", 3, 4, 2)
    before = model.fc2.weight.detach().clone()
    given = StateDict({"fc1.weight": torch.ones(4, 3), "other": torch.ones(1)})
    text = call("torch_load_state_dict", model, given)
    assert text.startswith("State dict loaded in part (missing: fc1.bias, ")
    assert text.endswith("; unexpected: other)")
    assert model.fc1.weight.unique().tolist() == [1.0]
    assert torch.equal(model.fc2.weight, before)


def test_loading_converts_floating_values_only():
    layer = nn.Linear(2, 1)
    call("torch_load_state_dict", layer, StateDict({"weight": torch.ones(1, 2, dtype=torch.float16)}))
    assert layer.weight.dtype is torch.float32
    text = error_of(
        "torch_load_state_dict", layer, StateDict({"weight": torch.ones(1, 2, dtype=torch.int64)})
    )
    assert "weight is int64 in the state dict and float32 in the model. Nothing was changed" in text


def test_a_misfit_changes_nothing():
    model = call("torch_model", 3, 4, 2)
    before = model.fc1.weight.detach().clone()
    wrong = StateDict({"fc1.weight": torch.ones(4, 3), "fc2.weight": torch.ones(5, 5)})
    text = error_of("torch_load_state_dict", model, wrong)
    assert "fc2.weight is [5,5] in the state dict and [4,4] in the model" in text
    assert torch.equal(model.fc1.weight, before)
    assert "no name is in both" in error_of("torch_load_state_dict", model, state(x=[1.0]))


# -- arithmetic


def test_a_table_of_tensors_is_a_state_dict():
    session = Session()
    session.evaluate("(setq l (torch_linear 2 1))")
    table = '{"weight":(torch_tensor (list (list 3.0 4.0))) "bias":(torch_tensor (list 1.0))}'
    assert session.evaluate(f"(torch_load_state_dict l {table})") == "State dict loaded successfully"
    assert to_text(session.evaluate("(tensor_to_list (l (torch_tensor (list 1.0 1.0))))")) == "(8)"


def test_the_difference_of_two_state_dicts():
    a = state(w=[3.0, 4.0], v=[1.0], only=[1.0], shape=[1.0])
    b = state(w=[3.0, 5.0], v=[1.0], new=[1.0], shape=[[1.0]])
    found = call("torch_state_dict_difference", a, b)
    assert list(found["only_first"]) == ["only"]
    assert list(found["only_second"]) == ["new"]
    assert list(found["mismatched"]) == ["shape"]
    assert (found["changed"], found["largest"], found["at"]) == (1, 1.0, "w")
    assert found["relative"] == pytest.approx(1 / 26**0.5)
    assert found["cosine"] == pytest.approx((9 + 20 + 1) / (26 * 35) ** 0.5)
    assert found["tensors"]["v"]["cosine"] == 1.0
    assert found["tensors"]["w"]["relative"] == pytest.approx(0.2)


def test_the_difference_of_equal_ones_is_nothing():
    found = call("torch_state_dict_difference", state(w=[0.0]), state(w=[0.0]))
    assert (found["changed"], found["largest"], found["relative"], found["cosine"]) == (0, 0.0, 0.0, 1.0)
    assert found["at"] is None


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("first", "second", "largest", "relative", "cosine"),
    [
        ([1.0, NAN], [1.0, NAN], 0, 0, 1),
        ([3.0, -INF], [3.0, -INF], 0, 0, 1),
        ([3.0, -INF], [6.0, -INF], 3, 1, 1),
        ([1.0, 2.0], [1.0, NAN], NAN, NAN, NAN),
        ([1.0, 2.0], [1.0, INF], INF, INF, NAN),
    ],
)
def test_equal_values_are_no_change_and_nan_is_one(first, second, largest, relative, cosine):
    a, b = (StateDict({"w": torch.tensor(values), "x": torch.ones(1)}) for values in (first, second))
    found = call("torch_state_dict_difference", a, b)["tensors"]["w"]
    wanted = {"largest": largest, "relative": relative, "cosine": cosine}
    assert dict(found) == pytest.approx(wanted, nan_ok=True)


def test_nan_is_the_largest_change_wherever_it_stands():
    a = StateDict({name: torch.zeros(1) for name in "xyz"})
    b = StateDict({"x": torch.ones(1), "y": torch.tensor([NAN]), "z": torch.ones(1)})
    found = call("torch_state_dict_difference", a, b)
    assert (found["at"], found["changed"]) == ("y", 3)
    assert found["largest"] != found["largest"]


def test_large_tensors_are_compared_in_pieces(monkeypatch):
    a, b = (StateDict({"w": torch.randn(100)}) for _ in range(2))
    whole = call("torch_state_dict_difference", a, b)
    monkeypatch.setattr(state_arithmetic, "_PIECE", 7)
    pieces = call("torch_state_dict_difference", a, b)
    for measure in ("largest", "relative", "cosine"):
        assert pieces[measure] == pytest.approx(whole[measure])


def test_the_difference_of_complex_tensors():
    found = call("torch_state_dict_difference", state(w=[3 + 4j, 0j]), state(w=[0j, 0j]))
    assert (found["largest"], found["relative"]) == (5.0, 1.0)


@pytest.mark.parametrize(
    ("weights", "wanted"), [(None, [2.0, 4.0]), (listed(3, 1), [1.5, 3.0]), (floats(0, 2), [3.0, 6.0])]
)
def test_the_average_is_weighted(weights, wanted):
    states = listed(state(w=[1.0, 2.0], n=3), state(w=[3.0, 6.0], n=5))
    found = call("torch_state_dict_average", states, weights)
    assert found["w"].tolist() == wanted
    assert found["n"].item() == 3


def test_half_precision_is_averaged_in_float32():
    states = listed(*(StateDict({"w": torch.tensor([v]).half()}) for v in (60000.0, 60000.0)))
    assert call("torch_state_dict_average", states)["w"].item() == 60000.0


@pytest.mark.parametrize(("part", "wanted"), [(0, 1.0), (1, 3.0), (0.25, 1.5), (2, 5.0)])
def test_interpolation(part, wanted):
    assert call("torch_state_dict_interpolate", state(w=[1.0]), state(w=[3.0]), part)["w"].tolist() == [
        wanted
    ]


def test_real_and_complex_tensors_are_not_averaged():
    real, both = StateDict({"w": torch.ones(2)}), StateDict({"w": torch.ones(2, dtype=torch.complex64)})
    text = error_of("torch_state_dict_average", List([real, both]))
    assert "w has the dtypes float32 and complex64; convert one of them" in text


def test_what_is_computed_keeps_the_alphas_of_files(in_folder):
    layers = [call("torch_lora_linear", 4, 4, 2, alpha) for alpha in (32.0, 32.0, 8.0)]
    for number, layer in enumerate(layers):
        call("torch_save_model", layer, f"{number}.pt")
    one, same, other = (call("torch_read_state_dict", f"{number}.pt") for number in range(3))
    for computed in (
        call("torch_state_dict_convert", one, "float32"),
        call("torch_state_dict_average", List([one, same])),
        call("torch_state_dict_interpolate", one, call("torch_state_dict", layers[1]), 0.5),
    ):
        layer = call("torch_lora_linear", 4, 4, 2, 4.0)
        call("torch_load_state_dict", layer, computed)
        assert layer.alpha == 32
    text = error_of("torch_state_dict_average", List([one, other]))
    assert "their LoRA layers have other alphas or other adapters" in text


def test_weights_of_any_size_are_shares_of_their_sum():
    states = List([StateDict({"w": torch.tensor([value])}) for value in (1.0, 3.0)])
    average = call("torch_state_dict_average", states, List([1e308, 1e308]))
    assert average["w"].item() == 2.0
    assert "add up to 0" in error_of("torch_state_dict_average", states, List([1.0, -1.0]))


def test_a_conversion_shares_nothing_with_its_source():
    state = StateDict({"w": torch.ones(2), "n": torch.ones(2, dtype=torch.int64)})
    converted = call("torch_state_dict_convert", state, "float32")
    converted["w"].add_(1)
    converted["n"].add_(1)
    assert state["w"].tolist() == state["n"].tolist() == [1, 1]


def test_conversion_changes_floating_tensors_only():
    found = call("torch_state_dict_convert", state(w=[1.5], n=[3]), "bfloat16")
    assert list(call("torch_state_dict_dtypes", found)) == ["bfloat16", "int64"]
    assert found["w"].tolist() == [1.5]


ERRORS = [
    (("torch_state_dict_average", 3), "the first argument must be a list of state dicts"),
    (("torch_state_dict_average", listed()), "the first argument must be a list of state dicts"),
    (("torch_state_dict_average", listed(state(w=[1.0]), state(v=[1.0]))), "w, v is not in all of them"),
    (("torch_state_dict_average", listed(state(w=[1.0])), listed(1, 2)), "a list of 1 weights"),
    (("torch_state_dict_average", listed(state(w=[1.0])), listed(0)), "the weights add up to 0"),
    (
        ("torch_state_dict_interpolate", state(w=[1.0]), state(w=[1.0, 2.0]), 1),
        "w has the shapes [1] and [2]",
    ),
    (("torch_state_dict_difference", 1, state()), "Error: First argument must be a state dict"),
    (("torch_state_dict_difference", state(), 1), "Error: Second argument must be a state dict"),
    (("torch_state_dict_convert", state(), "int64"), "one of float32, float64"),
    (("torch_save_state_dict", 3, "x.pt"), "Error: First argument must be a state dict"),
]


@pytest.mark.parametrize(("arguments", "text"), ERRORS)
def test_a_wrong_argument_is_told(arguments, text):
    assert text in error_of(*arguments)


# -- files


@pytest.mark.parametrize("path", ["s.pt", "s.safetensors"])
def test_state_dicts_go_through_files_whole_and_in_part(path, in_folder):
    snapshot = call("torch_state_dict", call("torch_model", 3, 4, 2))
    assert call("torch_save_state_dict", snapshot, path) == "State dict saved successfully"
    assert call("torch_read_state_dict", path) == snapshot
    assert set(call("torch_read_state_dict", path, "fc2")) == {"fc2.weight", "fc2.bias"}
    assert set(call("torch_read_state_dict", path, listed("fc1.bias"))) == {"fc1.bias"}

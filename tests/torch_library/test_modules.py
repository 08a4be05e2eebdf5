"""Modules: parameters by name and shape, forward passes against PyTorch's own, printed names, errors."""

import pytest
import torch
from torch import nn

from lispe_kernel import Session
from lispe_kernel.language.printer import to_text, type_atom
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from tests.torch_library.torch_calls import call, error_of, integers, listed

# Constructor, arguments, printed text, type atom, names of parameters and buffers, number of scalars.
MODULES = [
    ("torch_linear", (512, 256), "PyTorch Linear Layer", "torch_linear_", ["weight", "bias"], 131_328),
    ("torch_embedding", (10, 4), "PyTorch Embedding", "torch_embedding_", ["weight"], 40),
    ("torch_layer_norm", (32,), "PyTorch Layer Normalization", "torch_layernorm_", ["weight", "bias"], 64),
    (
        "torch_multihead_attention",
        (512, 8),
        "PyTorch Multi-Head Attention",
        "torch_attention_",
        ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"],
        1_050_624,
    ),
    (
        "torch_model",
        (4, 64, 2),
        "PyTorch Model",
        "torch_model_",
        ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"],
        4_610,
    ),
    (
        "torch_transformer_block",
        (64, 4, 128),
        "PyTorch Transformer Block",
        "torch_transformer_block_",
        [
            "self_attention.in_proj_weight",
            "self_attention.in_proj_bias",
            "self_attention.out_proj.weight",
            "self_attention.out_proj.bias",
            *(
                f"{layer}.{part}"
                for layer in ("norm1", "norm2", "ffn1", "ffn2")
                for part in ("weight", "bias")
            ),
        ],
        33_472,
    ),
    (
        "torch_positional_encoding",
        (4, 8),
        "PyTorch Positional Encoding",
        "torch_positional_encoding_",
        [],
        0,
    ),
    (
        "torch_rotary_embedding",
        (4, 8),
        "PyTorch Rotary Embedding (dim=4, max_seq_len=8)",
        "torch_rotary_embedding_",
        [],
        0,
    ),
]


@pytest.mark.parametrize(("name", "arguments", "text", "atom", "entries", "scalars"), MODULES)
def test_a_module_has_its_text_its_type_and_its_parameters(name, arguments, text, atom, entries, scalars):
    module = call(name, *arguments)
    assert (to_text(module), type_atom(module).name) == (text, atom)
    assert list(module.state_dict()) == entries
    assert sum(p.numel() for p in module.parameters()) == scalars
    assert module.training


@pytest.mark.parametrize(("name", "arguments"), [(row[0], row[1]) for row in MODULES])
def test_a_module_also_answers_to_its_create_name(name, arguments):
    assert type(call(f"{name}_create", *arguments)) is type(call(name, *arguments))


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("torch_linear", ("a", 3), 'the first argument must be a positive integer, not the string "a"'),
        ("torch_linear", (3, 0), "the second argument must be a positive integer"),
        ("torch_embedding", (3, -1), "the second argument must be a positive integer"),
        ("torch_model", (1, 2, 2.5), "the third argument must be a positive integer"),
        ("torch_layer_norm", ("x",), "the shape must be an integer or a list of integers"),
        ("torch_layer_norm", (listed(),), "the shape must not be empty"),
    ],
)
def test_a_size_is_a_positive_integer(name, arguments, complaint):
    assert complaint in error_of(name, *arguments)


@pytest.mark.parametrize("shape", [32, 32.0, listed(32), integers(32)])
def test_a_layer_norm_takes_an_integer_or_a_list(shape):
    assert call("torch_layer_norm", shape).normalized_shape == (32,)


def test_linear_forward_keeps_the_leading_dimensions():
    layer, data = call("torch_linear", 8, 3), torch.randn(2, 5, 8)
    expected = data @ layer.weight.T + layer.bias
    assert torch.allclose(call("torch_linear_forward", layer, data), expected, atol=1e-6)


def test_embedding_forward_looks_ids_up():
    table = call("torch_embedding", 10, 4)
    ids = torch.tensor([[1, 2, 3], [9, 0, 1]])
    assert torch.equal(call("torch_embedding_forward", table, ids), table.weight[ids])


def test_layer_norm_forward_gives_mean_0_and_variance_1():
    out = call("torch_layer_norm_forward", call("torch_layer_norm", listed(2)), torch.tensor([1.0, 3]))
    assert out.tolist() == pytest.approx([-0.999995, 0.999995], abs=1e-6)


def test_the_model_has_three_layers_with_relu_between():
    model, data = call("torch_model", 3, 5, 2), torch.randn(4, 3)
    hidden = torch.relu(model.fc2(torch.relu(model.fc1(data))))
    assert torch.equal(call("torch_forward", model, data), model.fc3(hidden))


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("torch_linear", (8, 3), [2, 5, 3]),
        ("torch_layer_norm", (8,), [2, 5, 8]),
        ("torch_multihead_attention", (8, 2), [2, 5, 8]),
        ("torch_transformer_block", (8, 2, 16), [2, 5, 8]),
        ("torch_positional_encoding", (8, 6), [2, 5, 8]),
    ],
)
def test_torch_forward_takes_any_module(name, arguments, shape):
    assert list(call("torch_forward", call(name, *arguments), torch.randn(2, 5, 8)).shape) == shape


@pytest.mark.parametrize(
    ("name", "first", "complaint"),
    [
        ("torch_linear_forward", nn.Embedding(3, 3), "Error: First argument must be a linear layer"),
        ("torch_embedding_forward", nn.Linear(1, 1), "Error: First argument must be an embedding layer"),
        ("torch_layer_norm_forward", 3, "Error: First argument must be a layer norm"),
        ("torch_forward", "m", "Error: First argument must be a model"),
        ("torch_transformer_forward", nn.Linear(1, 1), "Error: First argument must be a transformer block"),
        ("torch_positional_forward", nn.Linear(1, 1), "Error: First argument must be a positional encoding"),
    ],
)
def test_a_wrong_module_is_named(name, first, complaint):
    assert error_of(name, first, torch.ones(1, 3)).startswith(complaint)


@pytest.mark.parametrize(
    ("forward", "module"),
    [
        ("torch_linear_forward", nn.Linear(1, 1)),
        ("torch_embedding_forward", nn.Embedding(1, 1)),
        ("torch_forward", nn.Linear(1, 1)),
        ("torch_positional_forward", call("torch_positional_encoding", 2, 2)),
    ],
)
def test_the_input_must_be_a_tensor(forward, module):
    assert error_of(forward, module, 3).startswith("Error: Second argument must be a tensor")


def test_a_shape_mismatch_names_layer_and_input():
    text = error_of("torch_linear_forward", call("torch_linear", 8, 3), torch.ones(2, 7))
    assert text.startswith("Error in linear forward: ")
    assert "in_features=8, out_features=3" in text
    assert "float32 [2,7]" in text


@pytest.mark.parametrize("ids", [[0, 5], [-1, 0]])
def test_an_id_outside_the_table_is_named(ids):
    text = error_of("torch_embedding_forward", call("torch_embedding", 3, 2), torch.tensor(ids))
    bad = 5 if 5 in ids else -1
    assert text.startswith(f"Error in embedding forward: id {bad} is outside the table of 3 embeddings")


def test_ids_are_integers():
    text = error_of("torch_embedding_forward", call("torch_embedding", 3, 2), torch.ones(2))
    assert text.startswith("Error in embedding forward: the ids must be integers")


@pytest.mark.parametrize("ids", [torch.zeros(0), torch.zeros(0, dtype=torch.int64, device="meta").float()])
def test_no_ids_are_no_error_of_the_explanation(ids):
    text = error_of("torch_forward", call("torch_embedding", 3, 2), ids)
    assert text.startswith("Error in forward pass: ")
    assert "indices" in text


def test_modes_reach_every_module_of_a_table():
    table = Dictionary({"a": call("torch_linear", 1, 1), "b": call("torch_model", 1, 1, 1)})
    assert call("torch_model_eval", table) is TRUE
    assert not any(module.training for module in table.values())
    assert call("torch_model_train", table) is TRUE
    assert all(module.training for module in table.values())
    assert error_of("torch_model_eval", 3).startswith("Error: Argument must be a PyTorch module")


def test_variables_take_the_parts_of_what_a_module_answers():
    session = Session()
    session.namespace.update(lstm=nn.LSTM(3, 4), steps=torch.ones(2, 5, 3))
    session.evaluate("(setq (answer states) (lstm steps)) (setq (hidden cell) states)")
    expected = session.namespace["lstm"](session.namespace["steps"])[1][1]
    assert torch.equal(session.namespace["cell"], expected)


def test_several_parts_that_a_module_answers_are_a_list():
    session = Session()
    session.namespace.update(lstm=nn.LSTM(3, 4), steps=torch.ones(2, 5, 3))
    session.evaluate("(defpat parts ([answer [hidden cell]]) (list answer cell)) (defpat parts (_) 'no)")
    answer, (_, cell) = session.namespace["lstm"](session.namespace["steps"])
    found = session.evaluate("(parts (lstm steps))")
    assert torch.equal(found[0], answer)
    assert torch.equal(found[1], cell)
    assert torch.equal(session.evaluate("(@ (reverse (lstm steps) true) 1)"), answer)
    assert to_text(session.evaluate("(list (consp (lstm steps)) (size (cons 0 (lstm steps))))")) == "(true 3)"


def test_states_that_a_module_gave_are_given_to_it_again():
    session, lstm, steps = Session(), nn.LSTM(3, 4), torch.ones(2, 5, 3)
    session.namespace.update(lstm=lstm, steps=steps)
    session.evaluate("(setq (answer states) (lstm steps))")
    again = lstm(steps, lstm(steps)[1])
    assert torch.equal(session.evaluate("(@ (lstm steps states) 0)"), again[0])
    assert torch.equal(session.evaluate("(@ (lstm steps (list (@ states 0) (@ states 1))) 1 1)"), again[1][1])


def test_what_a_module_of_the_language_answers_is_a_value_of_the_language():
    session = Session()
    session.evaluate("(class@ Asks (w) (defun forward (x) (list true x))) (setq asks (Asks 1))")
    assert to_text(session.evaluate("(list (= (@ (asks 5) 0) true) (type (@ (asks (integers 1 2)) 1)))")) == (
        "(true integers_)"
    )

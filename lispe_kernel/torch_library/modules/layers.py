"""Modules: linear, embedding, layer norm and the three-layer model, with their forward functions.

PyTorch's own classes wherever they exist, so that their files are PyTorch's files; a module of another
library that is an `nn.Module` works in the general functions too. Files are read and written elsewhere.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.explain import register_remark
from lispe_kernel.language.printer import register_kind
from lispe_kernel.language.python.border import to_lispe
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.cycles import refuse_cycle
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.indexes import refuse_ids
from lispe_kernel.torch_library.support.wording import outside_table


class TorchModel(nn.Module):
    """Three linear layers with ReLU after the first two: input -> hidden -> hidden -> output."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(inputs, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, outputs)

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.fc2(torch.relu(self.fc1(data))))
        return self.fc3(hidden)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"{self.fc1.in_features} -> {self.fc1.out_features} -> {self.fc3.out_features}"


# Class, type atom, printed text. A module without a line here prints its class name.
KINDS: tuple[tuple[type, str, str], ...] = (
    (nn.Linear, "torch_linear_", "PyTorch Linear Layer"),
    (nn.Embedding, "torch_embedding_", "PyTorch Embedding"),
    (nn.LayerNorm, "torch_layernorm_", "PyTorch Layer Normalization"),
    (TorchModel, "torch_model_", "PyTorch Model"),
)


def register_text(cls: type, atom: str, text: str) -> None:
    """Let every value of the class print the same text."""
    register_kind(cls, atom, lambda _value, _show: text)


for _kind in KINDS:
    register_text(*_kind)
register_kind(nn.Module, "torch_module_", lambda module, _show: f"PyTorch Module ({type(module).__name__})")


@torch_function(
    "torch_linear",
    "torch_linear_create",
    prefix="Error creating linear layer: ",
)
def linear(in_features: int, out_features: int) -> nn.Linear:
    """A fully connected layer y = x·Wᵀ + b, with `weight` [out, in] and `bias` [out].

    Example: (torch_linear 512 256) => PyTorch Linear Layer
    Errors: both sizes must be positive integers
    Source: torch API 7.1
    """
    name = "torch_linear"
    return nn.Linear(arguments.size(name, 1, in_features), arguments.size(name, 2, out_features))


@torch_function("torch_linear_forward", prefix="Error in linear forward: ")
def linear_forward(linear: nn.Linear, input_data: torch.Tensor) -> torch.Tensor:
    """The layer's answer: input [..., in] -> [..., out]. A LoRA layer is accepted too.

    Example: (tensor_shape (torch_linear_forward (torch_linear 8 3) (tensor_ones '(2 5 8)))) => (2 5 3)
    Errors: `Error: First argument must be a linear layer`, `Error: Second argument must be a tensor`
    Source: torch API 7.1
    """
    known = isinstance(linear, nn.Linear) or acts_as_linear(linear)
    layer = linear if known else standing_for(nn.Linear, linear, NO_LINEAR)
    return layer(arguments.tensor(input_data, arguments.SECOND))  # type: ignore[no-any-return]


NO_LINEAR = "Error: First argument must be a linear layer"


def standing_for(cls: type[nn.Module], value: Any, text: str) -> Any:
    """A module of a class, or one that a library put in its place: an adapter round it, a quantized one.

    Errors: `text` for anything else.
    """
    if isinstance(value, cls):
        return value
    if isinstance(value, nn.Module):
        wrapped = getattr(value, "base_layer", getattr(value, "original_module", None))
        if isinstance(wrapped, cls) or (type(value).__name__ == cls.__name__):
            return value
    raise arguments.instead(text, value)


def acts_as_linear(value: Any) -> bool:
    """Whether a module stands for a linear layer without being one (a LoRA layer says so itself)."""
    return isinstance(value, nn.Module) and getattr(value, "stands_for_linear", False) is True


@torch_function("torch_embedding", "torch_embedding_create", prefix="Error creating embedding: ")
def embedding(num_embeddings: int, embedding_dim: int) -> nn.Embedding:
    """A table of vectors, one for each id: `weight` [num_embeddings, embedding_dim], drawn from N(0, 1).

    Example: (torch_embedding 10 4) => PyTorch Embedding
    Errors: both sizes must be positive integers
    Source: torch API 7.2
    """
    name = "torch_embedding"
    return nn.Embedding(arguments.size(name, 1, num_embeddings), arguments.size(name, 2, embedding_dim))


@torch_function("torch_embedding_forward", prefix="Error in embedding forward: ")
def embedding_forward(embedding: nn.Embedding, input_data: torch.Tensor) -> torch.Tensor:
    """The vectors of the ids: an integer tensor of any shape -> that shape + [embedding_dim].

    Example: (tensor_shape (torch_embedding_forward (torch_embedding 10 4) (tensor_create '(1 2 3)))) => (3 4)
    Errors: `Error: First argument must be an embedding layer`, `Error: Second argument must be a tensor`;
    an id outside the table names the id and the size of the table
    Source: torch API 7.2
    """
    layer = standing_for(nn.Embedding, embedding, "Error: First argument must be an embedding layer")
    ids = arguments.tensor(input_data, arguments.SECOND)
    if ids.is_floating_point():
        raise ValueError("the ids must be integers")
    weight = getattr(layer, "weight", None)
    if isinstance(weight, torch.Tensor):  # a quantized layer has none
        refuse_ids(ids, weight)
    return layer(ids)  # type: ignore[no-any-return]


# A call of a module by its own name, too, says which id it was.
register_remark(
    lambda frames, text: f" ({found})" if (found := outside_table(frames)) and found not in text else ""
)


@torch_function("torch_layer_norm", "torch_layer_norm_create", prefix="Error creating layer norm: ")
def layer_norm(normalized_shape: Any) -> nn.LayerNorm:
    """Layer normalisation over the last dimensions: a list of sizes, or one integer. eps 1e-5, affine.

    Example: (torch_layer_norm (list 32)) => PyTorch Layer Normalization
    Errors: `Error: torch_layer_norm: ...` for anything but positive integers
    Source: torch API 7.3
    """
    if arguments.whole(normalized_shape) is not None:
        return nn.LayerNorm(arguments.size("torch_layer_norm", 1, normalized_shape))
    sizes = arguments.shape(
        normalized_shape, "Error: torch_layer_norm: the shape must be an integer or a list of integers"
    )
    if not sizes:
        raise LispeError("Error: torch_layer_norm: the shape must not be empty")
    return nn.LayerNorm([arguments.size("torch_layer_norm", 1, size) for size in sizes])


@torch_function("torch_layer_norm_forward", prefix="Error in layer norm forward: ")
def layer_norm_forward(layer_norm: nn.LayerNorm, input_data: torch.Tensor) -> torch.Tensor:
    """Each vector along the normalised dimensions with mean 0 and variance 1, then weight and bias.

    Example: (torch_to_list (torch_layer_norm_forward (torch_layer_norm 2) (tensor_create '(3.0 3)))) => (0 0)
    Errors: `Error: First argument must be a layer norm`, `Error: Second argument must be a tensor`
    Source: torch API 7.3
    """
    layer = standing_for(nn.LayerNorm, layer_norm, "Error: First argument must be a layer norm")
    return layer(arguments.tensor(input_data, arguments.SECOND))  # type: ignore[no-any-return]


@torch_function("torch_model", "torch_model_create", prefix="Error creating model: ")
def model(input_size: int, hidden_size: int, output_size: int) -> TorchModel:
    """A model of three linear layers (fc1, fc2, fc3) with ReLU between them.

    Example: (torch_model 4 64 2) => PyTorch Model
    Errors: all sizes must be positive integers
    Source: torch API 7.6
    """
    sizes = enumerate((input_size, hidden_size, output_size), 1)
    return TorchModel(*(arguments.size("torch_model", position, size) for position, size in sizes))


@torch_function("torch_forward", "torch_model_forward", prefix="Error in forward pass: ")
def forward(model: nn.Module, input_data: torch.Tensor) -> Any:
    """The answer of any module for one input; attention attends from the input to itself.

    A list where the answer has several parts, the logits or the last hidden state where it is a record
    (`torch_hf_model`).

    Example: (tensor_shape (torch_forward (torch_model 4 8 2) (tensor_ones '(3 4)))) => (3 2)
    Errors: `Error: First argument must be a model`, `Error: Second argument must be a tensor`
    Source: torch API 7.6
    """
    return to_lispe(answer_of(model, input_data))


def answer_of(model: nn.Module, input_data: torch.Tensor) -> Any:
    """The same as Python has it."""
    layer = arguments.module(model, nn.Module, "Error: First argument must be a model")
    data = arguments.tensor(input_data, arguments.SECOND)
    if isinstance(layer, nn.MultiheadAttention):
        return layer(data, data, data, need_weights=False)[0]
    answer: Any = layer(data)
    if isinstance(answer, torch.Tensor):
        # To ask a tensor for what it has not costs as much as a small layer.
        return answer
    return getattr(answer, "logits", getattr(answer, "last_hidden_state", answer))


def modules_in(value: Any, text: str) -> list[nn.Module]:
    """The modules of a module, of a list of modules, or of a dictionary's values."""
    if isinstance(value, nn.Module):
        refuse_cycle(value)
        return [value]
    inner = value.values() if isinstance(value, Dictionary) else value if isinstance(value, List) else ()
    found = [arguments.module(item, nn.Module, text) for item in inner]
    for module in found:
        refuse_cycle(module)
    if not found:
        raise arguments.instead(text, value)
    return found


@torch_function("torch_model_train")
def train(model: nn.Module) -> Atom:
    """Put a module into training mode (dropout acts). Modules start in this mode.

    Example: (torch_model_train (torch_model 1 1 1)) => true
    Errors: `Error: Argument must be a PyTorch module`
    Source: torch API 20 (named in prose)
    """
    for layer in modules_in(model, NO_MODULE):
        layer.train()
    return TRUE


NO_MODULE = "Error: Argument must be a PyTorch module"


@torch_function("torch_model_eval")
def evaluation(model: nn.Module) -> Atom:
    """Put a module into evaluation mode (dropout rests).

    Example: (torch_model_eval (torch_model 1 1 1)) => true
    Errors: `Error: Argument must be a PyTorch module`
    Source: torch API 20 (named in prose)
    """
    for layer in modules_in(model, NO_MODULE):
        layer.eval()
    return TRUE


@torch_function("torch_model_parameters")
def parameters(model: nn.Module) -> List:
    """The trainable tensors of a module (or of a list of modules), in their order.

    Example: (size (torch_model_parameters (torch_linear 4 2))) => 2
    Errors: `Error: Argument must be a PyTorch module`
    Source: torch API 20 (named in prose)
    """
    found = modules_in(model, NO_MODULE)
    return List(p for layer in found for p in layer.parameters() if p.requires_grad)

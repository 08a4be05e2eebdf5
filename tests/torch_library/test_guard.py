"""The door of the library: no exception of PyTorch passes it, and its message can be read."""

import pytest
import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import registry
from lispe_kernel.torch_library.support.guard import arguments_text, guarded
from lispe_kernel.torch_library.support.wording import readable
from tests.torch_library.torch_calls import call, error_of, listed

CPP = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory\n"
    "Exception raised from operator() at somewhere.cpp:10 (most recent call first):\n"
    "frame #0: c10::Error::Error() + 0x57"
)
PARSER = "rand(): argument 'size' must be tuple of ints, but expected one of:\n * (tuple of ints size)\n"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError(CPP), "can't allocate memory"),
        (TypeError(PARSER), "rand(): argument 'size' must be tuple of ints"),
        (ValueError("two\n  lines."), "two lines"),
        (KeyError("weight"), "weight"),
        (RuntimeError(), "RuntimeError"),
        (
            NotImplementedError("\"softmax_kernel\" not implemented for 'Long'"),
            "not possible with numbers of type int64 (tensor_to_dtype converts them)",
        ),
        (
            RuntimeError(
                "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 139.81 GiB "
                "of which 2.50 GiB is free. Including non-PyTorch memory, this process has 137.30 GiB in use."
            ),
            "the GPU is full: 20.00 GiB were asked for, 2.50 GiB are free of 139.81 GiB",
        ),
        (
            RuntimeError("CUDA error: device-side assert triggered\nSearch for `cudaErrorAssert' in ..."),
            (
                "an index lay outside of its table (an id beyond the embeddings, a class beyond the logits) "
                "and stopped the GPU; nothing runs on it again before this process is started anew. The same "
                "on the CPU says which index it was"
            ),
        ),
        (RuntimeError("x" * 1000), "x" * 397 + "..."),
        (
            RuntimeError("Could not run 'aten::abs.out' with arguments from the 'QuantizedCPU' backend. A"),
            "abs is not possible with a quantized tensor (torch_dequantize gives its numbers)",
        ),
        (IndexError("tuple index out of range"), "a tensor has fewer dimensions than are needed"),
        (AttributeError("'dict' object has no attribute 'dim'"), "a tensor is needed, not a dictionary"),
        (AttributeError("'Net' object has no attribute 'head'"), "'Net' object has no attribute 'head'"),
    ],
)
def test_a_message_is_one_line_without_stack_traces(error, text):
    assert readable(error) == text


@pytest.mark.parametrize("dtype", ["int8", "bool", "complex64", "int16"])
def test_ids_of_another_type_are_told_in_our_words(dtype):
    ids = torch.ones(2, dtype=getattr(torch, dtype))
    text = error_of("torch_embedding_forward", torch.nn.Embedding(3, 2), ids)
    assert f"indices cannot hold numbers of type {dtype} (tensor_to_dtype converts them)" in text


def test_a_norm_tells_how_numbers_of_another_type_are_converted():
    text = error_of("torch_layer_norm_forward", torch.nn.LayerNorm(3), torch.ones(2, 3, dtype=torch.float64))
    assert "the tensors must have the same dtype (tensor_to_dtype converts them)" in text


def test_tensors_and_modules_are_described_by_their_shapes():
    found = arguments_text(
        ["layer", "data", "rest", "number"],
        [torch.nn.Linear(2, 3), torch.ones(2, 7), listed(*[torch.ones(1)] * 6), 5],
    )
    four = "float32 [1] " * 4
    layer = "Linear(in_features=2, out_features=3, bias=True)"
    assert found == f" (layer: {layer}, data: float32 [2,7], rest: ({four}...))"


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, IndexError, TypeError, ZeroDivisionError])
def test_an_exception_becomes_a_lispe_error_with_the_prefix(kind):
    def fail(value):
        raise kind("broken")

    with pytest.raises(LispeError) as caught:
        guarded(fail, "fail", "Error in fail: ")(3)
    assert caught.value.text == "Error in fail: broken"


def test_a_lispe_error_and_an_interrupt_pass_unchanged():
    def fail(error):
        raise error

    safe = guarded(fail, "fail", "Error in fail: ")
    for error in (LispeError("as it is"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught:
            safe(error)
        assert caught.value is error


@pytest.mark.parametrize(
    ("name", "arguments", "signature"),
    [
        ("torch_linear", (3,), "(torch_linear in_features out_features)"),
        ("tensor_sqrt", (), "(tensor_sqrt tensor)"),
        ("tensor_linear", (1, 2, 3), "(tensor_linear tensor1 tensor2)"),
    ],
)
def test_a_wrong_number_of_arguments_names_the_function_of_lispe(name, arguments, signature):
    assert error_of(name, *arguments) == f"Error: Wrong number of arguments for: '{name}' (use {signature})"


def test_a_type_error_inside_is_no_arity_error():
    assert error_of("tensor_einsum", "i->", listed(torch.ones(1), torch.ones(1))).startswith("Error in ")


def test_every_function_of_the_library_is_documented():
    ours = [entry for entry in registry if entry.call.__module__.startswith("lispe_kernel.torch_library")]
    assert len(ours) > 280
    undocumented = [entry.name for entry in ours if not entry.meaning or not entry.examples]
    assert undocumented == []
    assert call("torch_get_best_device") in ("cpu", "cuda", "mps")

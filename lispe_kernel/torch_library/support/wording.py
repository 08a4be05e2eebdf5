"""How errors speak of tensors, shapes, lists of names, and of what torch says itself. Computes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import FrameType
from typing import Any

import torch
from torch.nn import functional

from lispe_kernel.language.arity import kind_in_words, wrong_kind
from lispe_kernel.language.errors import register_meaning
from lispe_kernel.torch_library.support.dtypes import dtype_name

# What C++ puts before and after a message, and the list of signatures the argument parser appends.
# Where in C++ a message was made: PyTorch's, and SentencePiece's before a message of its own.
_ORIGIN = re.compile(r"^(\[enforce fail at [^\]]*\][^:]*: |[A-Z_]+: \S+\.(cc|h)\(\d+\) \[[^\]]*\] (?=\S))")
_NOISE = re.compile(r"\n?(Exception raised from|C\+\+ CapturedTraceback|frame #\d).*", re.S)
_SIGNATURES = re.compile(r",? but expected one of:.*", re.S)
# What PyTorch's kernels call types of numbers.
_SHORT_TYPES: dict[str, str] = {
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Float": "float32",
    "Double": "float64",
    "ComplexHalf": "complex32",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
    "Byte": "uint8",
    "Char": "int8",
    "Short": "int16",
    "Int": "int32",
    "Long": "int64",
    "Bool": "bool",
}
# What PyTorch says of numbers that a function does not take, and what we say; a kernel's name helps nobody.
_CONVERTS = "(tensor_to_dtype converts them)"
_KINDS_OF_NUMBERS = (
    (
        re.compile(r"\"\w+\" not implemented for '(\w+)'"),
        lambda found: f"not possible with numbers of type {_SHORT_TYPES.get(found[1], found[1])} {_CONVERTS}",
    ),
    (
        re.compile(
            r".*(could not infer output dtype|only support floating point and complex"
            r"|Expected a floating point or complex tensor).*"
        ),
        f"it needs numbers with fractions {_CONVERTS}",
    ),
    (re.compile(r"(.* the same dtype, but got.*)"), rf"\1 {_CONVERTS}"),
    (
        re.compile(r"Expected tensor for argument #\d+ '(\w+)' to have .*; but got (.+) instead.*"),
        lambda found: f"{found[1]} cannot hold numbers of type {_plain_type(found[2])} {_CONVERTS}",
    ),
    (
        re.compile(r"Could not run '(?:\w+::)?(\w+)[.\w]*' with arguments from the '(\w+)' backend.*"),
        lambda found: f"{found[1]} is not possible with {_engine(found[2])}",
    ),
    (
        re.compile(r".*promoteTypes with quantized numbers.*"),
        "not possible with a quantized tensor (torch_dequantize gives its numbers)",
    ),
    (
        re.compile(r"(Subtraction|Negation), the `-` operator, (on|with) .*bool tensors? is not supported.*"),
        f"not possible with numbers of type bool {_CONVERTS}",
    ),
    (
        re.compile(r"(?:Found dtype|expected scalar type) (\w+) but (?:expected|found) (\w+)"),
        lambda found: f"numbers of type {_plain_type(found[1])} beside {_plain_type(found[2])} {_CONVERTS}",
    ),
    (
        re.compile(r"result type (\w+) can't be cast to the desired output type ([\w ]+)"),
        lambda found: (
            f"numbers of type {_plain_type(found[2])} cannot hold those of type {_plain_type(found[1])} that "
            f"come out {_CONVERTS}"
        ),
    ),
    (
        re.compile(r"Boolean value of Tensor with more than one value is ambiguous"),
        "an answer of several elements is neither true nor false",
    ),
    (
        re.compile(r"The function '\w+' is not differentiable with respect to argument '(\w+)'.*"),
        r"\1 cannot have a gradient ((tensor_detach t) gives its numbers alone)",
    ),
    (
        re.compile(r"'utf-8' codec can't encode character.*"),
        "the text has half of a character (a lone surrogate), which no file and no tokenizer can hold",
    ),
    (
        re.compile(r"\w+ (only supports floating-point dtypes).*"),
        f"it needs numbers with fractions {_CONVERTS}",
    ),
    (re.compile(r"(\w+ does not support \w+) dtypes on CPU"), rf"\1 numbers {_CONVERTS}"),
    (re.compile(r"^aten\.[\w.]+$"), "the tensor has no numbers, only a shape"),
    (re.compile(r"\bSize\(\[([\d, ]*)\]\)"), r"[\1]"),
    (re.compile(r"mixed dtype \(\w+\): .*"), f"the tensors must have the same dtype {_CONVERTS}"),
    (
        re.compile(r".*Expected reduction dim to be specified for input\.numel\(\) == 0.*"),
        "the tensor has no elements",
    ),
)
# Which tensors PyTorch computes with by an engine of that name, and what makes plain ones of them.
_ENGINES = {
    "Quantized": "a quantized tensor (torch_dequantize gives its numbers)",
    "Sparse": "a sparse tensor ((->to_dense t) makes a plain one)",
    "Nested": "a nested tensor ((->unbind t) gives its tensors)",
    "Meta": "a tensor of the device meta, which has no numbers",
}
# Names of PyTorch's C++ for types of numbers, where its messages give them.
_C_TYPES = {
    "c10::Half": "float16",
    "c10::BFloat16": "bfloat16",
    "c10::complex<float>": "complex64",
    "c10::complex<double>": "complex128",
    "unsigned char": "uint8",
    "signed char": "int8",
    "short int": "int16",
    "long int": "int64",
    "int8_t": "int8",
    "uint8_t": "uint8",
    "int16_t": "int16",
    "int64_t": "int64",
    "int": "int32",
    "float": "float32",
    "double": "float64",
}
_OVERFLOW = re.compile(r"value cannot be converted to type ([\w:<> ]+?) without overflow")
_UNEQUAL = re.compile(r"(have the same dtype, but got: )([\w:<> ]+?) != ([\w:<>]+(?: int| char)?)")
# Integers that no type of the machine holds, in the words of Python and C.
_TOO_LARGE = re.compile(
    r".*(int too (big|large) to convert|negative int to unsigned|Overflow when unpacking long).*"
)
# What the Python side of PyTorch's modules says of a tensor with too few dimensions, and of no tensor at all.
_FEW = "tuple index out of range"
_NO_TENSOR = re.compile(r"'(\w+)' object has no attribute '(\w+)'")
# What is not part of the language: the name of PyTorch's module, and of what a method belongs to.
_FOREIGN = ((re.compile(r"\btorch\.\w*Tensor\{"), "tensor {"), (re.compile(r"\btorch\.(?=\w+\()"), ""))
_SELF = re.compile(r"\bself\b")
# How the engine for several processes says that another one did not answer, or is gone.
_OF_RANKS = re.compile(r"gloo|nccl|c10d|process group", re.I)
_LATE = re.compile(r"timed? ?out", re.I)
_GONE = re.compile(r"connection (closed|reset|refused)|broken pipe|unexpected ?eof|remote process", re.I)
_SIZE = r"([\d.]+ [KMGT]?i?B)"
_GPU_FULL = re.compile(
    rf"out of memory. Tried to allocate {_SIZE}.* capacity of {_SIZE} of which {_SIZE} is free", re.S
)
_LONGEST = 400
_SOME = 8


def readable(error: BaseException) -> str:
    """The message of a torch exception in one line, without stack traces and signature lists."""
    outside = outside_table(_frames(error)) if isinstance(error, IndexError) else ""
    if outside:
        return outside
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    of_ranks = rank_trouble(text)
    if of_ranks:
        return of_ranks
    of_gpu = gpu_trouble(text)
    if of_gpu:
        return of_gpu
    text = _SIGNATURES.sub("", _NOISE.sub("", _ORIGIN.sub("", text)))
    text = " ".join(text.split()).rstrip(".:;, ") or type(error).__name__
    text = _in_kinds(wrong_kind(text) or _no_tensor(text) or _in_our_types(text))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _in_kinds(text: str) -> str:
    for said, ours in _KINDS_OF_NUMBERS:
        text = said.sub(ours, text)
    return text


def _meaning(text: str) -> str:
    """What a message means that PyTorch gives to a program itself; empty for one that is clear."""
    found = _in_kinds(_unequal(text))
    return found if found != text else ""


register_meaning(_meaning)


def _unequal(text: str) -> str:
    return _UNEQUAL.sub(lambda found: f"{found[1]}{_type(found[2])} and {_type(found[3])}", text)


def _no_tensor(text: str) -> str:
    if text == _FEW:
        return "a tensor has fewer dimensions than are needed"
    found = _NO_TENSOR.fullmatch(text)
    if found is None or not hasattr(torch.Tensor, found[2]):
        return ""
    return f"a tensor is needed, not {kind_in_words(found[1])}"


def _in_our_types(text: str) -> str:
    """PyTorch's message with the types of numbers and other names of its C++ and Python in our words."""
    if _TOO_LARGE.fullmatch(text):
        return "an integer is larger than the 64 bits of a tensor's integers"
    text = _OVERFLOW.sub(lambda found: f"a number does not fit into {_type(found[1])}", text)
    text = _unequal(text)
    for said, ours in _FOREIGN:
        text = said.sub(ours, text)
    return _SELF.sub("the tensor", text)


def _plain_type(name: str) -> str:
    """A type of PyTorch's as `torch.CharTensor` or `CPUBoolType` in our words."""
    name = _C_TYPES.get(name, name)
    short = re.sub(r"^torch\.(cuda\.)?|^(Quantized)?(CPU|CUDA|Meta)?|(Type|Tensor)$", "", name)
    return _SHORT_TYPES.get(short, short.lower())


def _engine(name: str) -> str:
    return next((text for word, text in _ENGINES.items() if word in name), f"a tensor of {name}")


def _type(name: str) -> str:
    return _C_TYPES.get(name, name)


def gpu_trouble(text: str) -> str:
    """What stopped a GPU, where an error says that; else nothing."""
    if "device-side assert" in text:
        return (
            "an index lay outside of its table (an id beyond the embeddings, a class beyond the logits) and "
            "stopped the GPU; nothing runs on it again before this process is started anew. The same on the "
            "CPU says which index it was"
        )
    found = _GPU_FULL.search(text)
    if found:
        return f"the GPU is full: {found[1]} were asked for, {found[3]} are free of {found[2]}"
    return ""


def rank_trouble(text: str) -> str:
    """What became of another rank, where an error of the engine for processes says that; else nothing."""
    if not (_OF_RANKS.search(text) or "by peer" in text):
        return ""
    if _LATE.search(text):
        return "another rank did not answer in time: it hangs, or does other work"
    return "another rank has ended" if _GONE.search(text) else ""


def _frames(error: BaseException) -> Iterable[FrameType]:
    place = error.__traceback__
    while place is not None:
        yield place.tb_frame
        place = place.tb_next


_EMBEDDING: Any = functional.embedding


def outside_table(frames: Iterable[FrameType]) -> str:
    """Which id PyTorch did not find in a table of embeddings, where its call is among the frames.

    (Its own message names neither the id nor the table.)
    """
    for frame in frames:
        if frame.f_code is _EMBEDDING.__code__:
            ids, weight = frame.f_locals["input"], frame.f_locals["weight"]
            if not (_is_filled(ids) and _is_filled(weight) and weight.dim() == 2):
                continue
            if ids.is_floating_point():
                continue
            rows = weight.shape[0]
            bad = [n for n in (int(ids.max()), int(ids.min())) if not 0 <= n < rows]
            if bad:
                return f"id {bad[0]} is outside the table of {rows} embeddings"
    return ""


def _is_filled(value: Any) -> bool:
    """Whether a value is a tensor whose numbers can be read: the call that failed may have got anything."""
    if not isinstance(value, torch.Tensor) or value.is_meta or value.is_complex():
        return False
    return value.numel() > 0


def shape(sizes: Iterable[int]) -> str:
    """A shape: `[256,512]`."""
    return "[" + ",".join(map(str, sizes)) + "]"


def kind_of(tensor: torch.Tensor) -> str:
    """A tensor by dtype and shape: `float32 [2,5,7]`."""
    return f"{dtype_name(tensor.dtype)} {shape(tensor.shape)}"


def some(names: list[str]) -> str:
    """The first names of a list, and how many more there are; `nothing` for none."""
    more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(names[:_SOME]) + more if names else "nothing"

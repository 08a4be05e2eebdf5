"""The values that a tensor of any kind really holds: layouts, dtypes and repetitions seen through.

What is not known here (a dtype that PyTorch cannot read, a tensor without values, somebody's own kind of
tensor that refuses) is named by `unreadable` and never guessed at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

# PyTorch gives fewer values than 2^15 to one thread. To wake a second one costs more than such a piece, and a
# hundred times as much where the processor has other work.
_PIECE = (1 << 15) - 64
_LARGE = 1 << 26  # values from which on all threads pay
READABLE = frozenset(
    (
        *("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"),
        *("float16", "bfloat16", "float32", "float64", "complex32", "complex64", "complex128"),
        *("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"),
        *("qint8", "quint8", "qint32", "quint4x2"),
    )
)
_WIDE = frozenset({"torch.int64", "torch.uint64"})
SIGN = 1 << 63  # what an unsigned number of 64 bits is larger than the signed one that stands for it
_STRIDED = "torch.strided"
_CAUSAL = 3  # the rows from which on a triangle of -Inf says something


def unreadable(tensor: Any) -> str:
    """Why a tensor's values cannot be read; an empty text where they can."""
    if is_lazy(tensor):
        return "not yet initialized: its first input decides the shape"
    if tensor.is_meta:
        return "meta: no values"
    if kind_of(tensor) not in READABLE:
        return f"values of {kind_of(tensor)} cannot be read"
    return ""


def is_lazy(tensor: Any) -> bool:
    """A parameter or buffer of a lazy module, which has no shape yet."""
    return type(tensor).__name__.startswith("Uninitialized") and hasattr(tensor, "materialize")


def kind_of(tensor: Any) -> str:
    """The name of the dtype: `float32`."""
    return str(tensor.dtype).removeprefix("torch.")


def is_strided(tensor: Any) -> bool:
    """Whether a tensor holds a number for each of its places: none of the sparse layouts."""
    return str(tensor.layout) == _STRIDED


def is_causal(tensor: Any) -> bool:
    """Whether -Inf stands at all places after their own and only there, as in masked scores."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    down, across = (0, 0, *sizes_of(tensor)[0])[-2:]
    if down != across or down < _CAUSAL or not is_strided(tensor) or not tensor.is_floating_point():
        return False
    after = torch.ones(down, down, dtype=torch.bool, device=tensor.device).triu(1)
    # The smallest types have no arithmetic of their own.
    values = tensor.detach().float() if tensor.element_size() == 1 else tensor.detach()
    return bool((values.isneginf() == after).all())


def sizes_of(tensor: Any) -> tuple[tuple[int, ...], str]:
    """The shape, and the text that takes its place where lengths differ: `[2, *, 8]`."""
    if is_lazy(tensor):
        return (), "[?]"
    if not tensor.is_nested:
        return tuple(tensor.shape), ""
    lengths = [{part.shape[axis] for part in tensor.unbind()} for axis in range(tensor.dim() - 1)]
    texts = [str(*found) if len(found) == 1 else "*" for found in lengths]
    return (), "[" + ", ".join([str(tensor.size(0)), *texts]) + "]"


def parts_of(tensor: Any) -> list[Any]:
    """The dense tensors that a tensor consists of."""
    layout = str(tensor.layout)
    if tensor.is_nested:
        return list(tensor.unbind())
    if layout == "torch.sparse_coo":
        return [tensor.detach()._indices(), tensor.detach()._values()] if tensor.is_sparse else [tensor]
    if layout in ("torch.sparse_csr", "torch.sparse_bsr"):
        return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    if layout in ("torch.sparse_csc", "torch.sparse_bsc"):
        return [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    return [tensor]


def stored_values(tensor: Any) -> tuple[Any, int]:
    """The values a tensor really holds, and how often each one stands for a value of it."""
    values = tensor.detach()
    layout = str(values.layout)
    if values.is_nested:
        values = _in_a_row(values)
    elif layout == "torch.sparse_coo":
        values = _coalesced(values).values()
    elif layout == "torch._mkldnn":
        values = values.to_dense()
    elif layout != _STRIDED:
        # Complex values of rows and blocks take part in less than others until they are copied.
        values = values.values().clone() if values.is_complex() else values.values()
    repeats = 1
    for axis, (length, stride) in enumerate(zip(values.shape, values.stride(), strict=True)):
        if stride == 0 and length > 1:
            values, repeats = values.narrow(axis, 0, 1), repeats * length
    return values, repeats


def _in_a_row(values: Any) -> Any:
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    parts = [part.reshape(-1) for part in values.unbind()]
    return torch.cat(parts) if parts else torch.zeros(0, dtype=values.dtype)


def _coalesced(values: Any) -> Any:
    """Values at one place added up, also those of dtypes that PyTorch cannot add there."""
    try:
        return values.coalesce()
    except NotImplementedError:
        import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

        inner = values._values()
        wide = inner.view(torch.int64) if inner.dtype == torch.uint64 else _whole_or_real(inner)
        summed = torch.sparse_coo_tensor(values._indices(), wide, values.shape).coalesce()
        back = summed.values().view(torch.uint64) if inner.dtype == torch.uint64 else summed.values()
        return torch.sparse_coo_tensor(summed.indices(), back, values.shape, is_coalesced=True)


def _whole_or_real(values: Any) -> Any:
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    whole = not (values.is_floating_point() or values.is_complex())
    return values.to(torch.int64 if whole else torch.float32)


def dense(tensor: Any) -> Any:
    """The values as an ordinary tensor on the CPU. One whose lengths differ has no such form."""
    values = tensor.detach()
    layout = str(values.layout)
    if layout == "torch.sparse_coo":
        values = _scattered(_coalesced(values))
    elif layout != _STRIDED:
        values = values.to_dense()
    return (values.dequantize() if values.is_quantized else values).cpu()


def _scattered(values: Any) -> Any:
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    stored = values.values()
    made = torch.zeros(values.shape, dtype=stored.dtype, device=stored.device)
    if stored.numel():
        made[tuple(values.indices())] = stored
    return made


def pieces(values: Any, exponent: int = 0) -> Iterator[Any]:
    """A strided tensor as one-dimensional real pieces, in the order of memory where that is possible.

    exponent: values of float64 come divided by that power of two, for those near the ends of its range.
    """
    for piece in _raw_pieces(values):
        yield real(piece, exponent)


def whole_pieces(values: Any) -> Iterator[Any]:
    """The pieces of whole numbers of 64 bits as int64; unsigned ones are less by `SIGN`."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    for piece in _raw_pieces(values):
        yield piece.view(torch.int64) ^ -SIGN if piece.dtype == torch.uint64 else piece


def largest_component(values: Any) -> float:
    """The largest finite absolute value of the real and imaginary parts."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    found = 0.0
    for piece in _raw_pieces(values):
        components = torch.view_as_real(piece.resolve_conj()).reshape(-1)
        finite = components[components.isfinite()]
        found = max(found, float(finite.abs().max()) if finite.numel() else 0.0)
    return found


def is_wide(values: Any) -> bool:
    """Whole numbers that float64 cannot hold exactly."""
    return str(values.dtype) in _WIDE


def _raw_pieces(values: Any) -> Iterator[Any]:
    if values.numel() == 0:
        return
    if values.is_quantized:
        # Packed dtypes show two numbers a byte: only PyTorch itself unpacks them.
        if not _affine(values):
            yield from _raw_pieces(values.dequantize())
            return
        for piece in _raw_pieces(values.int_repr()):
            yield (real(piece) - values.q_zero_point()) * values.q_scale()
        return
    order = sorted(range(values.dim()), key=lambda axis: -values.stride(axis))
    flat = values.permute(order)
    length = at_once(values)
    if flat.is_contiguous():
        yield from flat.view(-1).split(length)
        return
    rows = max(1, length * flat.shape[0] // max(1, flat.numel()))
    for part in flat.split(rows, 0):
        yield part.reshape(-1)


def at_once(values: Any) -> int:
    """How many values are best worked on at once."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    if values.device.type != "cpu":
        # There one large kernel is cheap and every small one costs a launch.
        return 1 << 27
    return _PIECE if values.numel() < _LARGE else 4 * _PIECE * torch.get_num_threads()


def _affine(values: Any) -> bool:
    is_packed = kind_of(values) in ("quint4x2", "quint2x4")
    return not is_packed and str(values.qscheme()).endswith("per_tensor_affine")


def real(piece: Any, exponent: int = 0) -> Any:
    """Values as float32, or float64 where that is needed; complex values as their magnitudes."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    if piece.is_complex():
        components = torch.view_as_real(piece.to(torch.complex128).resolve_conj())
        return torch.hypot(*scaled(components, exponent).unbind(-1))
    if piece.dtype in (torch.float32, torch.float64):
        return scaled(piece, exponent)
    wide = piece.dtype in (torch.int32, torch.int64, torch.uint32, torch.uint64)
    return piece.to(torch.float64 if wide and piece.device.type != "mps" else torch.float32)


def scaled(values: Any, exponent: int) -> Any:
    """Values of float64 divided by a power of two, in two steps: one alone may be beyond all floats."""
    if exponent == 0:
        return values
    half = exponent // 2
    return values * math.ldexp(1.0, -half) * math.ldexp(1.0, half - exponent)

"""A tensor as LispE prints it: the layout of libtorch's C++ formatter, with PyTorch's shortening.

Columns of numbers right-aligned to a common width, matrices of a larger tensor headed by their
1-based index, and a last line with the type and the shape. Beyond 1,000 elements only the first and
last three entries of each long axis are written, with `...` between. Never shows gradients or devices'
numbers, so the text depends on the values alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import nn

from lispe_kernel.language.printer import complex_text

LINE_WIDTH = 80
THRESHOLD = 1000
EDGE = 3
GAP = "..."

TYPE_NAMES = {
    torch.float32: "FloatType",
    torch.float64: "DoubleType",
    torch.float16: "HalfType",
    torch.bfloat16: "BFloat16Type",
    torch.int64: "LongType",
    torch.int32: "IntType",
    torch.int16: "ShortType",
    torch.int8: "CharType",
    torch.uint8: "ByteType",
    torch.bool: "BoolType",
    torch.complex64: "ComplexFloatType",
    torch.complex128: "ComplexDoubleType",
    torch.qint8: "QInt8Type",
    torch.quint8: "QUInt8Type",
    torch.qint32: "QInt32Type",
}

Cell = Callable[[float], str]


class Format(NamedTuple):
    """How one group of numbers is written: the width, the text of a number, the factor taken out."""

    width: int
    cell: Cell
    scale: float


def tensor_text(tensor: torch.Tensor) -> str:
    """The text of a tensor: its numbers, then `[ CPUFloatType{2,2} ]`."""
    if nn.parameter.is_lazy(tensor):
        return f"[ {type_name(tensor)} ]"  # its first input decides the shape
    if tensor.is_nested:
        return _nested(tensor)
    footer = f"[ {type_name(tensor)}{{{','.join(map(str, tensor.shape))}}}{_quantization(tensor)} ]"
    if tensor.numel() == 0:
        return footer
    if type(tensor).__name__ == "FakeTensor":  # a shape without numbers, as torch.export has them
        return f"{GAP}\n{footer}"
    try:
        return "\n".join([*_body(_plain(tensor)), footer])
    except NotImplementedError:  # of the device meta, or of a type that only kernels for GPUs read
        return f"{GAP}\n{footer}"


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    plain = tensor.detach()
    if plain.is_quantized:
        plain = plain.dequantize()
    return plain if plain.layout is torch.strided else plain.to_dense()


def _nested(tensor: torch.Tensor) -> str:
    """The tensors that one of other lengths holds, each with its own footer, then how many there are."""
    texts = [tensor_text(part) for part in tensor.unbind()]
    if tensor.numel() > THRESHOLD and len(texts) > 2 * EDGE:
        texts[EDGE:-EDGE] = [GAP]
    return "\n".join([*texts, f"[ nested {type_name(tensor)}{{{tensor.size(0)},*}} ]"])


def type_name(tensor: torch.Tensor) -> str:
    """The device and the kind of number, as `CPUFloatType`."""
    kind = TYPE_NAMES.get(tensor.dtype, str(tensor.dtype).removeprefix("torch.") + "Type")
    quantized = "Quantized" if tensor.is_quantized else ""
    return f"{quantized}{tensor.device.type.upper()}{kind}"


def _quantization(tensor: torch.Tensor) -> str:
    if not tensor.is_quantized:
        return ""
    scheme = tensor.qscheme()
    text = f", qscheme: {str(scheme).removeprefix('torch.')}"
    if scheme == torch.per_tensor_affine:
        return f"{text}, scale: {tensor.q_scale():g}, zero_point: {tensor.q_zero_point()}"
    scales = " ".join(f"{scale:g}" for scale in tensor.q_per_channel_scales().tolist())
    zeros = " ".join(str(int(zero)) for zero in tensor.q_per_channel_zero_points().tolist())
    return f"{text}, scales: ({scales}), zero_points: ({zeros}), axis: {tensor.q_per_channel_axis()}"


def _body(tensor: torch.Tensor) -> Iterator[str]:
    shortened = tensor.numel() > THRESHOLD
    picks = [_picks(length, shortened) for length in tensor.shape]
    # Only what is shown leaves the device and becomes double.
    for axis, pick in enumerate(picks):
        shown = [index for index in pick if index is not None]
        if len(shown) < tensor.shape[axis]:
            tensor = tensor.index_select(axis, torch.tensor(shown, device=tensor.device))
    values = tensor.cpu()
    if values.is_complex():
        yield from _complex(values)
    elif values.dim() == 0:
        yield _scalar(values)
    else:
        values = values.double()
        if values.dim() == 1:
            form = _format(values)
            yield from _factor(form)
            yield from _with_gaps([_written(form, value) for value in values.tolist()], picks[0], GAP)
        elif values.dim() == 2:
            yield from _matrix(values, picks, "")
        else:
            yield from _blocks(values, picks)


def _picks(length: int, shortened: bool) -> list[int | None]:
    """The indices of an axis that are written; None stands for the gap."""
    if shortened and length > 2 * EDGE:
        return [*range(EDGE), None, *range(length - EDGE, length)]
    return list(range(length))


def _with_gaps(items: Sequence[str], pick: Sequence[int | None], gap: str) -> Iterator[str]:
    remaining = iter(items)
    for index in pick:
        yield gap if index is None else next(remaining)


def _scalar(value: torch.Tensor) -> str:
    number = value.item()
    return f"{number:g}" if isinstance(number, float) else str(int(number))


def _complex(values: torch.Tensor) -> Iterator[str]:
    for number in values.flatten().tolist():
        yield " " + complex_text(number)


def _blocks(values: torch.Tensor, picks: list[list[int | None]]) -> Iterator[str]:
    """Every matrix of the leading indices, the first index varying fastest."""
    leading = picks[:-2]
    # Where each written index lies in the shortened tensor.
    places = [{index: place for place, index in enumerate(_written_only(pick))} for pick in leading]
    first, gap_written = True, False
    for combination in _combinations(leading):
        if None in combination:
            if not gap_written:
                yield from ("", GAP)
            gap_written = True
            continue
        if not first:
            yield ""
        first, gap_written = False, False
        shown = [index for index in combination if index is not None]
        yield "(" + "".join(f"{index + 1}," for index in shown) + ".,.) = "
        at = tuple(place[index] for place, index in zip(places, shown, strict=True))
        yield from _matrix(values[at], picks[-2:], " ")


def _written_only(pick: Sequence[int | None]) -> list[int]:
    return [index for index in pick if index is not None]


def _combinations(leading: list[list[int | None]]) -> Iterator[tuple[int | None, ...]]:
    """All tuples of indices with the first varying fastest; None among them stands for a gap."""
    if not leading:
        yield ()
        return
    for rest in _combinations(leading[1:]):
        for index in leading[0]:
            yield (index, *rest)


def _matrix(values: torch.Tensor, picks: list[list[int | None]], indent: str) -> Iterator[str]:
    form = _format(values)
    rows = [list(_with_gaps([_written(form, v) for v in row], picks[1], GAP)) for row in values.tolist()]
    width = len(picks[1])
    # A shortened row always fits, so that the headings count real columns.
    per_line = width if None in picks[1] else max(1, (LINE_WIDTH - len(indent)) // (form.width + 1))
    for start in range(0, width, per_line):
        end = min(start + per_line, width)
        if per_line < width:
            if start:
                yield ""
            yield f"Columns {start + 1} to {end}"
        yield from (indent + line for line in _factor(form))
        lines = [indent + " ".join(row[start:end]) for row in rows]
        yield from _with_gaps(lines, picks[0], indent + GAP)


def _factor(form: Format) -> Iterator[str]:
    if form.scale != 1:
        yield f"{form.scale:g} *"


def _written(form: Format, value: float) -> str:
    text = form.cell(value / form.scale) if math.isfinite(value) else f"{value:f}"
    return text.rjust(form.width)


def _fixed(value: float) -> str:
    return f"{value:.4f}"


def _scientific(value: float) -> str:
    return f"{value:.4e}"


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _format(values: torch.Tensor) -> Format:
    """The format that all these numbers share."""
    finite = values[torch.isfinite(values)]
    if finite.numel() == 0:
        return Format(4, _whole, 1)
    magnitudes = finite.abs()
    least, most = _digits(magnitudes.min().item()), _digits(magnitudes.max().item())
    # Not-a-number and the infinities need three characters, and a sign.
    room = 0 if finite.numel() == values.numel() else 5
    if bool((finite == finite.ceil()).all()):
        return Format(11, _scientific, 1) if most > 9 else Format(max(most + 1, room), _whole, 1)
    if most - least > 4:
        return Format(12 if max(abs(most), abs(least)) > 99 else 11, _scientific, 1)
    if most > 5 or most < 0:
        return Format(7, _fixed, 10.0 ** (most - 1))
    return Format(7 if most == 0 else most + 6, _fixed, 1)


def _digits(magnitude: float) -> int:
    """Digits before the point of a positive number; zero counts as one digit."""
    return 1 if magnitude == 0 else math.floor(math.log10(magnitude)) + 1

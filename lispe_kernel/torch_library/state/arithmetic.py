"""What people compute with state dicts: difference, average, interpolation, another dtype.

Works on the values of `state_dicts.py`; the results are new ones. The inputs must have the same names and
shapes wherever tensors meet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import number_text, wrong_argument
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.state.names import wrapping
from lispe_kernel.torch_library.state.state_dicts import StateDict, as_state
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.dtypes import DTYPES, dtype_name
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import shape, some
from lispe_kernel.torch_library.tensors.differences import (
    along,
    angle,
    differs,
    distances,
    in_a_row,
    moved,
    root,
    squares,
)

# Numbers that are compared at a time: doubles of a whole large tensor would take twice its memory and more.
_PIECE = 1 << 22
FIRST = "Error: First argument must be a state dict"
SECOND = "Error: Second argument must be a state dict"


@torch_function("torch_state_dict_keys")
def state_dict_keys(state_dict: Any) -> Strings:
    """The names of the tensors of a state dict, in the order of its model.

    Example: (torch_state_dict_keys (torch_state_dict (torch_linear 4 2))) => ("weight" "bias")
    Errors: `Error: Argument must be a state dict`
    """
    return Strings(as_state(state_dict, "Error: Argument must be a state dict").tensors)


@torch_function("torch_state_dict_difference", "torch_state_dict_diff")
def state_dict_difference(first: Any, second: Any) -> Dictionary:
    """How two state dicts differ: a dictionary with

    `only_first`, `only_second`: names that the other lacks; `mismatched`: names with other shapes;
    `changed`: the number of tensors that are not equal; `largest`: the largest absolute change, `at`: its
    name; `relative`: |second - first| / |first| over all tensors; `cosine`: of the angle between them;
    `tensors`: for each common name its own `largest`, `relative` and `cosine`.

    Example: (maybe (torch_state_dict_difference 1 2) "no state dicts") => no state dicts
    Errors: `Error: First argument must be a state dict`, `Error: Second argument must be a state dict`
    """
    a, b = as_state(first, FIRST), as_state(second, SECOND)
    ours = wrapping(b, lambda: a)
    b = StateDict({ours(name): tensor for name, tensor in b.items()})
    common = [name for name in a if name in b.tensors]
    fitting = [name for name in common if a[name].shape == b[name].shape]
    each = {name: _sums(a[name], b[name]) for name in fitting}
    measures = {name: sums.measures for name, sums in each.items()}
    together = _added(list(each.values()))
    whole = together.measures
    furthest = max(measures, key=lambda name: _rank(measures[name]["largest"]), default=None)
    return _table(
        only_first=Strings(name for name in a if name not in b.tensors),
        only_second=Strings(name for name in b if name not in a.tensors),
        mismatched=Strings(name for name in common if name not in each),
        changed=sum(1 for sums in each.values() if sums.differing),
        at=furthest if together.differing else None,
        **whole,
        tensors=_table(**{name: _table(**values) for name, values in measures.items()}),
    )


class _Sums(NamedTuple):
    """What two tensors, or several pairs of them, add up to; enough for all measures."""

    differing: int = 0  # values that are not the same, told exactly
    largest: float = 0.0
    # Sums of squares, of the change and of both sides, and the dot product: they may be beyond all floats.
    change: Fraction = Fraction(0)
    first: Fraction = Fraction(0)
    second: Fraction = Fraction(0)
    along: Fraction = Fraction(0)

    @property
    def measures(self) -> dict[str, float]:
        if not math.isfinite(self.largest):
            # A change to or from infinity or NaN has no angle.
            return {"largest": self.largest, "relative": self.largest, "cosine": math.nan}
        nothing = 0.0 if self.change == 0 else math.inf
        relative = root(self.change / self.first) if self.first else nothing
        cosine = angle(self.along, self.first, self.second)
        is_same = float(self.first == self.second)
        return {
            "largest": self.largest,
            "relative": relative,
            "cosine": is_same if cosine is None else cosine,
        }


def _sums(first: torch.Tensor, second: torch.Tensor) -> _Sums:
    rows = [in_a_row(t if t.layout is torch.strided else t.to_dense()) for t in (first, second)]
    pairs = zip(*(torch.split(row, _PIECE) for row in rows), strict=True)
    return _added([_piece_sums(a, b) for a, b in pairs if a.numel()])


def _piece_sums(a: torch.Tensor, b: torch.Tensor) -> _Sums:
    """Elements that are equal, infinite ones and NaN among them, have not changed; only finite ones count
    in the lengths.
    """
    different = differs(a, b)
    finite = a.isfinite() & b.isfinite()
    strange = 0.0
    if not finite.all():
        lost = different & ~finite
        if lost.any():
            nan = (a.isnan() ^ b.isnan()) & lost
            strange = math.nan if nan.any() else math.inf
        a, b = a.where(finite, 0), b.where(finite, 0)
    apart = distances(a, b)
    sizes = apart.abs()
    largest = strange if strange else float(sizes.max())
    return _Sums(int(different.sum()), largest, moved(a, b, apart), squares(a), squares(b), along(a, b))


def _added(sums: Sequence[_Sums]) -> _Sums:
    if not sums:
        return _Sums()
    return _Sums(
        sum(s.differing for s in sums),
        max((s.largest for s in sums), key=_rank),
        *(sum(column, Fraction(0)) for column in list(zip(*sums, strict=True))[2:]),
    )


def _rank(size: float) -> tuple[bool, float]:
    """An order of sizes in which NaN comes last: `max` alone passes by it."""
    return (True, 0.0) if math.isnan(size) else (False, size)


def _table(**values: Any) -> Dictionary:
    table = Dictionary()
    table.update(values)
    return table


@torch_function("torch_state_dict_average", prefix="Error averaging state dicts: ")
def state_dict_average(state_dicts: Any, weights: Any = None) -> StateDict:
    """The average of a list of state dicts, weighted if weights are given (they need not add up to 1).

    Whole-number tensors (counters) are taken from the first.

    Example: (torch_state_dict_average (list (torch_state_dict (torch_linear 2 2)) (torch_state_dict (torch_linear 2 2)))) => PyTorch State Dict (2 parameters)
    Errors: `Error averaging state dicts: ` when names or shapes differ, or the weights do not fit
    """  # noqa: E501
    text = "Error averaging state dicts: the first argument must be a list of state dicts"
    if not isinstance(state_dicts, list) or not state_dicts:
        raise arguments.instead(text, state_dicts)
    states = [as_state(item, text) for item in state_dicts]
    return _combined("Error averaging state dicts: ", states, _shares(weights, len(states)))


def _shares(weights: Any, count: int) -> list[float]:
    if weights is None:
        return [1 / count] * count
    if not isinstance(weights, list | TypedList) or len(weights) != count:
        raise wrong_argument("torch_state_dict_average", 2, f"a list of {count} weights", weights)
    numbers = [arguments.number("torch_state_dict_average", 2, weight) for weight in weights]
    total = math.fsum(number / count for number in numbers)
    if total == 0 or not math.isfinite(total):
        raise LispeError(f"Error averaging state dicts: the weights add up to {number_text(total * count)}")
    return [number / count / total for number in numbers]


@torch_function("torch_state_dict_interpolate", prefix="Error interpolating state dicts: ")
def state_dict_interpolate(first: Any, second: Any, part: Any) -> StateDict:
    """`first + part · (second - first)`: the first at 0, the second at 1, beyond them outside.

    Example: (block (setq s (torch_state_dict (torch_linear 2 2))) (torch_state_dict_interpolate s s 0.5)) => PyTorch State Dict (2 parameters)
    Errors: `Error interpolating state dicts: ` when names or shapes differ
    """  # noqa: E501
    a, b = as_state(first, FIRST), as_state(second, SECOND)
    share = arguments.number("torch_state_dict_interpolate", 3, part)
    return _combined("Error interpolating state dicts: ", [a, b], [1 - share, share])


def _combined(prefix: str, states: list[StateDict], shares: list[float]) -> StateDict:
    first = states[0]
    for state in states:
        if state.others:
            raise LispeError(f"{prefix}{some(list(state.others))} is no tensor and cannot be computed with")
    for other in states[1:]:
        _check_same(prefix, first, other)
    tensors = {name: _sum([state[name] for state in states], shares) for name in first}
    return StateDict(tensors, _common_notes(prefix, states))


def _common_notes(prefix: str, states: list[StateDict]) -> dict[str, Any]:
    """What files say of the LoRA layers, where they say the same; a snapshot says nothing."""
    noted = [state.notes for state in states if state.notes]
    if any(notes != noted[0] for notes in noted):
        raise LispeError(f"{prefix}their LoRA layers have other alphas or other adapters; merge them first")
    return noted[0] if noted else {}


def _check_same(prefix: str, first: StateDict, other: StateDict) -> None:
    odd = [name for name in first if name not in other.tensors]
    odd += [name for name in other if name not in first.tensors]
    if odd:
        raise LispeError(f"{prefix}{some(odd)} is not in all of them")
    for name, tensor in first.items():
        if tensor.shape != other[name].shape:
            shapes = f"{shape(tensor.shape)} and {shape(other[name].shape)}"
            raise LispeError(f"{prefix}{name} has the shapes {shapes}")
        if tensor.is_complex() != other[name].is_complex():
            kinds = f"{dtype_name(tensor.dtype)} and {dtype_name(other[name].dtype)}"
            raise LispeError(f"{prefix}{name} has the dtypes {kinds}; convert one of them")


def _sum(tensors: list[torch.Tensor], shares: list[float]) -> torch.Tensor:
    first = tensors[0]
    if not (first.is_floating_point() or first.is_complex()):
        return first.clone()
    # Half-precision values are added in float32: their own sums would lose digits.
    kind = first.dtype if first.element_size() >= 4 else torch.float32
    total = torch.zeros_like(first, dtype=kind)
    for tensor, share in zip(tensors, shares, strict=True):
        if share:
            total += share * tensor.to(total.device, kind)
    return total.to(first.dtype)


@torch_function("torch_state_dict_convert", prefix="Error converting the state dict: ")
def state_dict_convert(state_dict: Any, dtype: Any) -> StateDict:
    """The state dict with its floating-point tensors in another dtype; other tensors stay as they are.

    Example: (torch_state_dict_convert (torch_state_dict (torch_linear 2 2)) "bfloat16") => PyTorch State Dict (2 parameters)
    Errors: `Error: First argument must be a state dict`; an unknown dtype gets the list of known ones
    """  # noqa: E501
    state = as_state(state_dict, FIRST)
    kinds = {name: kind for name, kind in DTYPES.items() if kind.is_floating_point}
    kind = arguments.choice("torch_state_dict_convert", 2, dtype, kinds)
    kinds_of = {name: kind if tensor.is_floating_point() else tensor.dtype for name, tensor in state.items()}
    tensors = {name: t.to(kinds_of[name], copy=True) for name, t in state.items()}
    return StateDict(tensors, state.notes, state.others)


@torch_function("torch_state_dict_dtypes")
def state_dict_dtypes(state_dict: Any) -> List:
    """The dtypes that occur in a state dict, each once, in order of appearance.

    Example: (torch_state_dict_dtypes (torch_state_dict (torch_linear 2 2))) => ("float32")
    Errors: `Error: Argument must be a state dict`
    """
    state = as_state(state_dict, "Error: Argument must be a state dict")
    return Strings(dict.fromkeys(dtype_name(tensor.dtype) for tensor in state.tensors.values()))

"""A number that remembers the tensor it was read from, so that a loss made with it keeps its gradient.

It prints, compares and computes as the number. `+ - * / ^^` with numbers and tensors carry the gradient on,
and torch functions take the tensor in its place. Anything else sees a plain number.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch

from lispe_kernel.language.printer import number_text, plainly, register_kind
from lispe_kernel.language.protocols import Answers, register_answers

Binary = Callable[[Any, Any], Any]


class TrackedNumber(float):
    """A float with its tensor, which leads back to what it was computed from."""

    tensor: torch.Tensor
    __slots__ = ("tensor",)

    def __new__(cls, value: float, tensor: torch.Tensor) -> TrackedNumber:
        made = float.__new__(cls, value)
        made.tensor = tensor
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy, and what a file keeps, is the number.
        return float, (float(self),)

    def __copy__(self) -> float:
        return float(self)

    def __deepcopy__(self, _memo: Any) -> float:
        return float(self)

    def __neg__(self) -> TrackedNumber:
        return TrackedNumber(-float(self), -self.tensor)

    def __abs__(self) -> TrackedNumber:
        return TrackedNumber(abs(float(self)), self.tensor.abs())

    @classmethod
    def __torch_function__(
        cls, function: Any, _types: Any, arguments: tuple[Any, ...] = (), named: dict[str, Any] | None = None
    ) -> Any:
        """PyTorch's functions, and a tensor's operators, take the tensor."""
        return function(*_tensors(arguments), **(named or {}))


def _tensors(value: Any) -> Any:
    if isinstance(value, TrackedNumber):
        return value.tensor
    return type(value)(map(_tensors, value)) if type(value) in (list, tuple) else value


def number_of(result: torch.Tensor) -> float:
    """The number of a tensor of one element; it remembers the tensor, so that tensor functions take it."""
    if not (result.requires_grad and torch.is_grad_enabled()):
        # One element of its own: no view keeps a large tensor alive.
        result = result.detach().clone()
    return TrackedNumber(float(result.detach()), result)


def _operator(op: Binary, reflected: bool) -> Binary:
    def apply(self: TrackedNumber, other: Any) -> Any:
        if isinstance(other, torch.Tensor):
            return op(other, self.tensor) if reflected else op(self.tensor, other)
        if not isinstance(other, int | float):
            return NotImplemented
        plain, inner = _plain(other), _tensors(other)
        if reflected:
            return TrackedNumber(op(plain, float(self)), op(inner, self.tensor))
        return TrackedNumber(op(float(self), plain), op(self.tensor, inner))

    return apply


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, float) else value


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _op = getattr(operator, _name)
    setattr(TrackedNumber, f"__{_name}__", _operator(_op, reflected=False))
    setattr(TrackedNumber, f"__r{_name}__", _operator(_op, reflected=True))


def _with_list(op: Binary, first: Any, second: Any) -> Any:
    """An operator between the number and a list of numbers, which has no gradient."""
    return op(*(float(each) if isinstance(each, TrackedNumber) else each for each in (first, second)))


register_kind(TrackedNumber, "number_", plainly(lambda value: number_text(float(value))))


def _only(number: TrackedNumber, key: Any) -> TrackedNumber:
    """`(@ number 0)`: the element of a tensor of one element, as programs read a loss."""
    if type(key) is int and key in (0, -1):
        return number
    raise IndexError(f"a number of a tensor has one element, not {key}")


register_answers(TrackedNumber, Answers(operate=_with_list, element=_only))

"""Numbers that remember the tensor they were read from: torch functions take the tensor in their place.

They print, compare and compute as numbers. Without a gradient, what is computed from one is a plain number,
at the speed of plain numbers; with one, `+ - * / % ^^` with numbers and tensors and the
functions of one number (`exp`, `log` ...) carry the gradient on, so that a loss made of it is no constant; a
function that cannot is an error. Anything else sees a plain number.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Self

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import number_text, plainly, register_kind
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.matrices import Matrix, nested

Binary = Callable[[Any, Any], Any]


class TensorNumber(float):
    """A float with its tensor. Its operators are those of floats: results are plain."""

    tensor: torch.Tensor
    __slots__ = ("tensor",)

    def __new__(cls, value: float, tensor: torch.Tensor) -> Self:
        made = float.__new__(cls, value)
        made.tensor = tensor
        return made

    def __pos__(self) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy, and what a file keeps, is the number.
        return float, (float(self),)

    def __copy__(self) -> float:
        return float(self)

    def __deepcopy__(self, _memo: Any) -> float:
        return float(self)

    @classmethod
    def __torch_function__(
        cls, function: Any, _types: Any, arguments: tuple[Any, ...] = (), named: dict[str, Any] | None = None
    ) -> Any:
        """PyTorch's functions, and a tensor's operators, take the tensor."""
        return function(*_tensors(arguments), **(named or {}))


class TrackedNumber(TensorNumber):
    """The number of a tensor with a gradient, which leads back to what it was computed from.

    A class of its own under the other, so that Python asks its operators first on either side.
    """

    __slots__ = ()

    def __neg__(self) -> TrackedNumber:
        return TrackedNumber(-float(self), -self.tensor)

    def __abs__(self) -> TrackedNumber:
        return TrackedNumber(abs(float(self)), self.tensor.abs())


def _tensors(value: Any) -> Any:
    if isinstance(value, TensorNumber):
        return value.tensor
    return type(value)(map(_tensors, value)) if type(value) in (list, tuple) else value


def is_traced(tensor: torch.Tensor) -> bool:
    """Whether a tensor is one of a function that torch.func transforms: it stands for many numbers.

    A number taken out of it would be a constant, so there it stays a tensor.
    """
    # What torch.compile follows has no numbers yet.
    return torch.compiler.is_compiling() or torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def learns(tensor: torch.Tensor) -> bool:
    """Whether what is computed from a tensor now leads back to it."""
    return tensor.requires_grad and torch.is_grad_enabled()


def number_of(result: torch.Tensor) -> complex | torch.Tensor:
    """The number of a reduction's result; it remembers that tensor, so that tensor functions take it.

    The result has memory of its own: no view keeps a large tensor alive. An integer that no number of the
    machine holds is given as an integer, a complex number as itself.
    """
    if is_traced(result):
        return result
    if result.is_complex():
        if learns(result):
            raise LispeError("Error: a number of a complex tensor has no place for its gradient")
        return complex(result.item())
    if learns(result):
        return TrackedNumber(float(result.detach()), result)
    found = result.item()
    if isinstance(found, int) and int(float(found)) != found:
        return found
    return TensorNumber(float(found), result.detach())


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


for _name in ("add", "sub", "mul", "truediv", "pow", "mod"):
    _op = getattr(operator, _name)
    setattr(TrackedNumber, f"__{_name}__", _operator(_op, reflected=False))
    setattr(TrackedNumber, f"__r{_name}__", _operator(_op, reflected=True))


def _with_list(op: Binary, first: Any, second: Any) -> Any:
    """An operator between the number and a list of numbers."""
    return op(*(float(each) if isinstance(each, TensorNumber) else each for each in (first, second)))


def _carried(op: Binary, first: Any, second: Any) -> Any:
    """An operator between a number with a gradient and a list of any kind, or a matrix.

    It gives a list, which holds anything: a typed list would have no place for the gradient.
    """
    if isinstance(first, TensorNumber):
        return List(op(first, each) for each in _elements(second))
    return List(op(each, second) for each in _elements(first))


def _elements(value: Any) -> Any:
    return nested(value.array) if isinstance(value, Matrix) else value


def _only(number: TensorNumber, key: Any) -> float:
    """`(@ number 0)`: how programs read a loss, without its graph: a sum would keep them all."""
    if type(key) is int and key in (0, -1):
        return float(number)
    raise IndexError(f"a number of a tensor has one element, not {key}")


# What PyTorch has for the functions of one number.
COMPUTED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    **{name: getattr(torch, name) for name in ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos")},
    **{name: getattr(torch, name) for name in ("cosh", "erf", "erfc", "exp", "exp2", "expm1", "floor")},
    **{name: getattr(torch, name) for name in ("lgamma", "log", "log10", "log1p", "log2", "sin", "sinh")},
    **{name: getattr(torch, name) for name in ("sqrt", "tan", "tanh", "trunc")},
    "fabs": torch.abs,
    "rint": torch.round,
    "nearbyint": torch.round,
    "round": lambda value: value.sign() * (value.abs() + 0.5).floor(),
    "radian": torch.deg2rad,
    "degree": torch.rad2deg,
}


def _computed(name: str, number: TrackedNumber, found: float) -> TrackedNumber:
    """A function of the number, whose gradient goes on."""
    compute = COMPUTED.get(name)
    if compute is None:
        raise LispeError(
            f"Error: {name}: the number is of a tensor with a gradient, which would be lost; "
            f"({name} (number x)) gives the number alone"
        )
    return TrackedNumber(found, compute(number.tensor))


for _kind in (TensorNumber, TrackedNumber):
    register_kind(_kind, "number_", plainly(lambda value: number_text(float(value))))
register_answers(TensorNumber, Answers(operate=_with_list, element=_only))
register_answers(TrackedNumber, Answers(operate=_carried, element=_only, compute=_computed))

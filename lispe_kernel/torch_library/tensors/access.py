"""What LispE's general functions mean for a tensor: `@`, `@@`, `size`, `car`, `cdr`, `loop`, `floats`.

One index counts through the flattened tensor, as many indices as dimensions pick one element, and
`size` is the number of elements. Ranges, masks, lists of places and new axes are PyTorch's own indexing
(`parts.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.atoms import truth
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.tracked import is_traced, number_of
from lispe_kernel.torch_library.tensors import conversions
from lispe_kernel.torch_library.tensors.parts import names_part, part, store

OUTSIDE = "Error: tensor index out of bounds"
BAD_RANGE = "Error: indices out of bounds or invalid range"


def at(tensor: torch.Tensor, indices: tuple[Any, ...]) -> Any:
    """Element number i of the flattened tensor, the element at as many indices as dimensions, or a part."""
    if names_part(indices):
        return part(tensor, indices)
    return _element(tensor[_places(tensor, indices)], tensor)


def put(tensor: torch.Tensor, indices: tuple[Any, ...], value: Any) -> torch.Tensor:
    """Store where `at` reads; gives the tensor."""
    index = indices if names_part(indices) else _places(tensor, indices)
    store(tensor, index, value)
    return tensor


def _places(tensor: torch.Tensor, indices: tuple[Any, ...]) -> tuple[int, ...]:
    """The place of one element along each axis. Errors: for one that is not there."""
    places = [arguments.integer(index, "Error: a tensor index must be an integer") for index in indices]
    if len(places) == 1:
        return _unraveled(tensor, places[0])
    if len(places) != tensor.dim():
        raise LispeError(
            f"Error: a tensor of {tensor.dim()} dimensions takes one flat index or {tensor.dim()} indices, "
            f"not {len(places)}"
        )
    for place, length in zip(places, tensor.shape, strict=True):
        if not -length <= place < length:
            raise LispeError(OUTSIDE)
    return tuple(places)


def _element(element: torch.Tensor, tensor: torch.Tensor) -> Any:
    """The number of an element; one of a tensor with a gradient leads back to it.

    A tensor of no dimensions has no elements: `(@ loss 0)` is how programs read a loss, for its number alone.
    """
    if is_traced(element):
        return element
    return number_of(element) if tensor.dim() and _leads_back(tensor) else conversions.scalar(element)


def _leads_back(tensor: torch.Tensor) -> bool:
    return tensor.requires_grad and torch.is_grad_enabled() and tensor.is_floating_point()


def _unraveled(tensor: torch.Tensor, index: int) -> tuple[int, ...]:
    """The indices of the element with a flat index, so that nothing is copied."""
    count = tensor.numel()
    if not -count <= index < count:
        raise LispeError(OUTSIDE)
    index %= count
    places = []
    for length in reversed(tensor.shape):
        index, place = divmod(index, length)
        places.append(place)
    return tuple(reversed(places))


def car(tensor: torch.Tensor) -> torch.Tensor | None:
    """The first entry along dimension 0 as a tensor; nil for a number or an empty tensor."""
    return tensor[0] if tensor.dim() and len(tensor) else None


def cdr(tensor: torch.Tensor) -> torch.Tensor | None:
    """All but the first entry along dimension 0; nil when nothing is left."""
    return tensor[1:] if tensor.dim() and len(tensor) > 1 else None


def extract(tensor: torch.Tensor, start: Any, end: Any = None) -> torch.Tensor:
    """The entries from `start` to `end` (excluded) along dimension 0; negative ends count from the end."""
    if not tensor.dim():
        raise LispeError(BAD_RANGE)
    length = len(tensor)
    first = arguments.integer(start, BAD_RANGE)
    last = length if end is None else arguments.integer(end, BAD_RANGE)
    first, last = (place + length if place < 0 else place for place in (first, last))
    if not 0 <= first <= last <= length:
        raise LispeError(BAD_RANGE)
    return tensor[first:last]


def elements(tensor: torch.Tensor) -> Iterator[Any]:
    """The elements of the flattened tensor as LispE numbers; booleans as true and nil."""
    if is_traced(tensor):
        return iter(tensor.flatten())
    if tensor.dtype is torch.bool:
        return (truth(value) for value in tensor.flatten().tolist())
    if _leads_back(tensor):
        return map(number_of, tensor.flatten())
    return iter(tensor.detach().flatten().tolist())


def operate(operation: Callable[[Any, Any], Any], first: Any, second: Any) -> torch.Tensor:
    """An operator between a tensor and a list: the list becomes a tensor."""
    return operation(*conversions.as_tensors(first, second))  # type: ignore[no-any-return]


def holds(tensor: torch.Tensor) -> bool:
    """A tensor as a condition: true, whatever numbers it holds; an answer (booleans) is its one element.

    So `(if (< 1 t) ...)` and `(setq c (< 1 t)) (if c ...)` do the same.
    Errors: `Error: an answer of N elements is neither true nor false`, where one is asked for
    """
    if tensor.dtype is not torch.bool:
        return True
    if tensor.numel() != 1:
        raise LispeError(f"Error: an answer of {tensor.numel()} elements is neither true nor false")
    return bool(tensor)


register_answers(
    torch.Tensor,
    Answers(
        at=at,
        store=put,
        size=torch.Tensor.numel,
        car=car,
        cdr=cdr,
        extract=extract,
        iterate=elements,
        flatten=conversions.flat,
        # Two tensors are equal only when they are the same one.
        equal=lambda first, second: first is second,
        operate=operate,
        copy=torch.Tensor.clone,
        operands=arguments.BOTH,
        truth=holds,
    ),
)


@torch_function("torch_tensor_at")
def tensor_at(tensor: Any, *indices: Any) -> Any:
    """The same as `(@ tensor i)`: element number i of the flattened tensor, negative from the end.

    With as many indices as dimensions, the element there; with ranges, masks and lists of places a part, as
    PyTorch indexes: `(@ t (:) (: 1 3) nil)`.

    Example: (tensor_to_list (@ (tensor_create '((1 2 3) (4 5 6))) (:) (: 1 3))) => ((2 3) (5 6))
    Example: (tensor_shape (@ (tensor_ones '(2 3 4)) (::) nil 0)) => (2 3 1)
    Example: (torch_tensor_at (tensor_create '((1 2) (3 4))) 3) => 4
    Errors: `Error: First argument must be a tensor`, `Error: tensor index out of bounds`
    Source: torch API 4
    """
    return at(arguments.tensor(tensor, arguments.FIRST), indices)

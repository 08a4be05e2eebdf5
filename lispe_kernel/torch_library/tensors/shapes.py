"""The shape of tensors: reshaping, joining, cutting, selecting, and the two functions that write.

Where PyTorch gives a view, so do these functions: it shares memory with its source. Only
`tensor_masked_fill_` and `tensor_index_put_` change a tensor in place.
"""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import tensor_function
from lispe_kernel.torch_library.support.indexes import refuse_places
from lispe_kernel.torch_library.tensors.parts import fitting

DIMENSION = "Error: Dimension must be an integer"
DIMENSIONS = "Error: Dimensions must be integers"
MOST_INDICES = 4


@tensor_function("reshape", prefix="Error reshaping tensor: ")
def reshape(tensor: Any, shape: Any) -> torch.Tensor:
    """The same elements in another shape; one size may be -1 and is then computed.

    Example: (tensor_shape (tensor_reshape (tensor_zeros (integers 2 6)) (integers 3 -1))) => (3 4)
    Errors: `Error: First argument must be a tensor`, `Error: shape must be a list of integers`
    Source: torch API 6.5
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    return value.reshape(arguments.shape(shape))


@tensor_function("transpose")
def transpose(tensor: Any, dim0: Any, dim1: Any) -> torch.Tensor:
    """The tensor with two dimensions exchanged, as a view.

    Example: (tensor_to_list (tensor_transpose (tensor_create '((1 2) (3 4))) 0 1)) => ((1 3) (2 4))
    Errors: `Error: First argument must be a tensor`, `Error: Dimensions must be integers`
    Source: torch API 6.5
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    return value.transpose(*(arguments.integer(dim, DIMENSIONS) for dim in (dim0, dim1)))


@tensor_function("contiguous")
def contiguous(tensor: Any) -> torch.Tensor:
    """The tensor with its elements in row-major order; the same tensor when they are already.

    Example: (tensor_shape (tensor_contiguous (tensor_zeros (integers 2 3)))) => (2 3)
    Errors: `Error: Argument must be a tensor`
    Source: torch API 6.5
    """
    return arguments.tensor(tensor).contiguous()


@tensor_function("unsqueeze")
def unsqueeze(tensor: Any, dim: Any) -> torch.Tensor:
    """The tensor with a new dimension of size 1 at place `dim`.

    Example: (tensor_shape (tensor_unsqueeze (tensor_create (integers 1 2)) 1)) => (2 1)
    Errors: `Error: First argument must be a tensor`, `Error: dim must be an integer`
    Source: torch API 6.5
    """
    return arguments.tensor(tensor, arguments.FIRST).unsqueeze(arguments.integer(dim, arguments.DIM))


@tensor_function("squeeze")
def squeeze(tensor: Any, dim: Any = None) -> torch.Tensor:
    """The tensor without dimension `dim` if its size is 1; without `dim`, without all such dimensions.

    Example: (tensor_shape (tensor_squeeze (tensor_zeros (integers 1 3 1)))) => (3)
    Errors: `Error: First argument must be a tensor`, `Error: dim must be an integer`
    Source: torch API 6.5
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    return value.squeeze() if dim is None else value.squeeze(arguments.integer(dim, arguments.DIM))


@tensor_function("slice")
def slice_(tensor: Any, dim: Any, start: Any, end: Any) -> torch.Tensor:
    """The part from `start` to `end` (excluded) of a dimension; ends outside are clipped.

    Example: (tensor_to_list (tensor_slice (tensor_create (floats 1 2 3 4)) 0 1 3)) => (2 3)
    Errors: `Error: First argument must be a tensor`, `Error: Dimension must be an integer`,
    `Error: Start index must be an integer`, `Error: End index must be an integer`
    Source: torch API 6.5
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    axis = axis_of(value, arguments.integer(dim, DIMENSION))
    first = arguments.integer(start, "Error: Start index must be an integer")
    last = arguments.integer(end, "Error: End index must be an integer")
    return value[(slice(None),) * axis + (slice(first, last),)]


def axis_of(tensor: torch.Tensor, dim: int) -> int:
    """A dimension counted from the front; refuses one that the tensor lacks."""
    if not -tensor.dim() <= dim < tensor.dim():
        raise IndexError(f"dimension {dim} does not exist in a tensor of {tensor.dim()} dimensions")
    return dim % tensor.dim()


@tensor_function("select")
def select(tensor: Any, dim: Any, index: Any) -> torch.Tensor:
    """The part at one index of a dimension, which disappears from the shape.

    Example: (tensor_to_list (tensor_select (tensor_create '((1 2) (3 4))) 1 -1)) => (2 4)
    Errors: `Error: First argument must be a tensor`, `Error: Dimension must be an integer`,
    `Error: Index must be an integer`
    Source: torch API 6.5
    """
    value = arguments.tensor(tensor, arguments.FIRST)
    axis = arguments.integer(dim, DIMENSION)
    return value.select(axis, arguments.integer(index, "Error: Index must be an integer"))


@tensor_function("gather")
def gather(input_: Any, dim: Any, index: Any) -> torch.Tensor:
    """Elements picked along a dimension by an int64 tensor of indices.

    Example: (tensor_to_list (tensor_gather (tensor_create '(5 6 7)) 0 (tensor_create '(2 0)))) => (7 5)
    Errors: `Error: First argument must be a tensor`, `Error: dim must be an integer`,
    `Error: Third argument must be a tensor`
    Source: torch API 6.5
    """
    value = arguments.tensor(input_, arguments.FIRST)
    places = arguments.tensor(index, "Error: Third argument must be a tensor")
    axis = arguments.integer(dim, arguments.DIM)
    if -value.dim() <= axis < value.dim():
        refuse_places(places, value, axis % value.dim())
    return value.gather(axis, places)


@tensor_function("set_item")
def set_item(tensor: Any, indices: Any, value: Any) -> torch.Tensor:
    """A copy of the tensor with the element at the indices replaced; the argument stays as it is.

    One to four indices; fewer indices than dimensions fill the whole part below them. The value is a
    number, or a tensor that fits there; fractions in integers are an error.

    Example: (tensor_to_list (tensor_set_item (tensor_create '((1 2) (3 4))) '(0 1) 9)) => ((1 9) (3 4))
    Errors: `Error: First argument must be a tensor`, `Error: indices must be a list of integers`,
    `Error: Maximum 4 dimensions supported for indexing`
    Source: torch API 6.5
    """
    source = arguments.tensor(tensor, arguments.FIRST)
    places = _places(indices)
    copy = source.clone()
    copy[places] = _stored("tensor_set_item", source, value)
    return copy


@tensor_function("index_put_")
def index_put_(tensor: Any, indices: Any, value: Any) -> torch.Tensor:
    """Writes into the tensor itself what `tensor_set_item` writes into a copy, and returns that tensor.

    Example: (tensor_to_list (tensor_index_put_ (tensor_create '(5 6)) (integers 1) 9)) => (5 9)
    Errors: `Error: First argument must be a tensor`, `Error: indices must be a list of integers`,
    `Error: Maximum 4 dimensions supported for indexing`
    Source: torch API 20, PyTorch's index_put_
    """
    target = arguments.tensor(tensor, arguments.FIRST)
    target[_places(indices)] = _stored("tensor_index_put_", target, value)
    return target


def _places(indices: Any) -> tuple[int, ...]:
    wanted = [indices] if arguments.whole(indices) is not None else indices
    places = arguments.shape(wanted, "Error: indices must be a list of integers")
    if len(places) > MOST_INDICES:
        raise LispeError("Error: Maximum 4 dimensions supported for indexing")
    if not places:
        raise LispeError("Error: indices must be a list of integers")
    return tuple(places)


def _stored(name: str, target: torch.Tensor, value: Any) -> Any:
    return fitting(name, target, value if isinstance(value, torch.Tensor) else arguments.term(name, 3, value))


@tensor_function("masked_fill_")
def masked_fill_(tensor: Any, mask: Any, value: Any) -> torch.Tensor:
    """Writes a number into the tensor itself wherever the mask is not 0, and returns that tensor.

    Example: (tensor_to_list (tensor_masked_fill_ (tensor_create '(1 2)) (tensor_create '(0 1)) -5)) => (1 -5)
    Errors: `Error: First argument must be a tensor`, `Error: Second argument must be a tensor`
    Source: torch API 6.5
    """
    target = arguments.tensor(tensor, arguments.FIRST)
    where = arguments.tensor(mask, arguments.SECOND).bool()
    name = "tensor_masked_fill_"
    return target.masked_fill_(where, fitting(name, target, arguments.term(name, 3, value)))


@tensor_function("cat")
def cat(tensors: Any, dim: Any = 0) -> torch.Tensor:
    """The tensors of a list joined along a dimension (default 0).

    Example: (tensor_to_list (tensor_cat (list (tensor_create '(1 2)) (tensor_create '(3))) 0)) => (1 2 3)
    Errors: `Error: First argument must be a list of tensors`, `Error: All elements must be tensors`
    Source: torch API 6.1
    """
    return torch.cat(_listed(tensors), arguments.integer(dim, arguments.DIM))


@tensor_function("stack")
def stack(tensors: Any, dim: Any = 0) -> torch.Tensor:
    """The tensors of a list, all of one shape, along a new dimension (default 0).

    Example: (torch_to_list (torch_stack (list (torch_tensor '(1 2)) (torch_tensor '(3 4))))) => ((1 2) (3 4))
    Errors: `Error: First argument must be a list of tensors`, `Error: All elements must be tensors`
    Source: torch API 20 (named in prose)
    """
    return torch.stack(_listed(tensors), arguments.integer(dim, arguments.DIM))


def _listed(tensors: Any) -> list[torch.Tensor]:
    return arguments.tensors(
        tensors, "Error: First argument must be a list of tensors", "Error: All elements must be tensors"
    )


@tensor_function("where")
def where(condition: Any, tensor: Any, other: Any) -> torch.Tensor:
    """Elements of the first tensor where the condition is not 0, of the other one elsewhere.

    Example: (tensor_to_list (tensor_where (torch_tensor '(1 0)) (torch_tensor '(1 2)) 7)) => (1 7)
    Errors: `Error: First argument must be a tensor`
    Source: torch API 20 (named in prose)
    """
    test = arguments.tensor(condition, arguments.FIRST).bool()
    first, second = (
        side if isinstance(side, torch.Tensor) else arguments.term("tensor_where", place, side)
        for place, side in enumerate((tensor, other), 2)
    )
    return torch.where(test, first, second)


@tensor_function("triu", prefix="Error in torch_triu: ")
def triu(tensor: Any, diagonal: Any = 0) -> torch.Tensor:
    """The upper triangle of a matrix, from the given diagonal on; 0 elsewhere.

    Example: (tensor_sum (tensor_triu (tensor_ones (integers 3 3)) 1)) => 3
    Errors: `Error: First argument must be a tensor`
    Source: torch API 6.1
    """
    return torch.triu(arguments.tensor(tensor, arguments.FIRST), _diagonal("tensor_triu", diagonal))


@tensor_function("tril", prefix="Error in torch_tril: ")
def tril(tensor: Any, diagonal: Any = 0) -> torch.Tensor:
    """The lower triangle of a matrix, up to the given diagonal; 0 elsewhere.

    Example: (tensor_sum (tensor_tril (tensor_ones (integers 3 3)))) => 6
    Errors: `Error: First argument must be a tensor`
    Source: torch API 20 (named in prose)
    """
    return torch.tril(arguments.tensor(tensor, arguments.FIRST), _diagonal("tensor_tril", diagonal))


def _diagonal(function: str, value: Any) -> int:
    """Which diagonal; nil is the main one."""
    wrong = f"Error: {function}: the diagonal must be an integer"
    return 0 if value is None else arguments.integer(value, wrong)

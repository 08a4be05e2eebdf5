"""Checks of arguments: the value itself, or the LispE error that says what was expected.

Each check takes the text of its error where the reference fixes one, and adds what was given instead.
Nothing here computes on tensors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.library.shared.paths import path_argument
from lispe_kernel.language.printer import describe, number_text, type_atom, wrong_argument
from lispe_kernel.language.python.faces import lacking
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.instances import Instance
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.support.tracked import TensorNumber, is_traced, learns
from lispe_kernel.torch_library.support.wording import kind_of

ONE = "Error: Argument must be a tensor"
FIRST = "Error: First argument must be a tensor"
SECOND = "Error: Second argument must be a tensor"
BOTH = "Error: Both arguments must be tensors"
DIM = "Error: dim must be an integer"
SHAPE = "Error: shape must be a list of integers"
# What PyTorch's sizes, dimensions and indices are made of.
_WORD = 1 << 63


def instead(text: str, value: Any) -> LispeError:
    """The error `text` with what was given: `Error: Argument must be a tensor, not the integer 3`.

    A text that does not say what must be stays as it is.
    """
    if "must be" not in text:
        return LispeError(text + lack(value))
    given = f"the tensor {kind_of(value)}" if isinstance(value, torch.Tensor) else describe(value)
    return LispeError(f"{text}, not {given}{lack(value)}")


def lack(value: Any) -> str:
    """What an instance of a class lacks to be a module; an empty text for anything else."""
    if not isinstance(value, Instance):
        return ""
    method, taken = lacking(type(value))
    if taken:
        return f": no field of a module can be called {' or '.join(taken)}, PyTorch's own methods are"
    return f": the class {type(value).__name__} has no method {method}"


def tensor(value: Any, text: str = ONE) -> torch.Tensor:
    """The value, which must be a tensor; otherwise the error `text`."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, TensorNumber):
        return value.tensor
    raise instead(text, value)


def tensors(values: Any, no_list: str, no_tensor: str) -> list[torch.Tensor]:
    """The elements of a generic list, all of which must be tensors."""
    if not isinstance(values, list):
        raise instead(no_list, values)
    return [tensor(value, no_tensor) for value in values]


def module(value: Any, cls: type[nn.Module] | tuple[type[nn.Module], ...], text: str) -> Any:
    """The value, which must be a module of the class; otherwise the error `text`."""
    if isinstance(value, cls):
        return value
    raise instead(text, value)


def whole(value: Any) -> int | None:
    """An integer, also one written as a number (`3.0`) or a short; None for anything else.

    Errors: for an integer that 64 bits do not hold.
    """
    if type(value) is int and -_WORD <= value < _WORD:
        return value
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value // 1:
        return None
    if not -_WORD <= value < _WORD:
        raise LispeError(f"Error: {describe(value)} is too large: integers of tensors have 64 bits")
    return int(value)


def integer(value: Any, text: str) -> int:
    """The value as an integer; otherwise the error `text`."""
    found = whole(value)
    if found is None:
        raise instead(text, value)
    return found


def size(function: str, position: int, value: Any) -> int:
    """A positive integer: a width, a length, a count."""
    found = whole(value)
    if found is None or found < 1:
        raise wrong_argument(function, position, "a positive integer", value)
    return found


def number(function: str, position: int, value: Any) -> float:
    """A number or an integer, as a float. A tensor of one element counts as a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return float(value.item())
    raise wrong_argument(function, position, "a number", value)


def term(function: str, position: int, value: Any) -> int | float | torch.Tensor:
    """A number that an operation on tensors takes: an integer stays one, what has a gradient its tensor."""
    inner = value.tensor if isinstance(value, TensorNumber) else value
    if isinstance(inner, torch.Tensor) and inner.numel() == 1:
        return inner.reshape(()) if learns(inner) or is_traced(inner) else inner.item()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise wrong_argument(function, position, "a number", value)


def constant(function: str, position: int, value: Any) -> int | float:
    """A number as one without a gradient. Errors: for one that has a gradient, which would be lost."""
    found = term(function, position, value)
    if isinstance(found, torch.Tensor):
        raise LispeError(
            f"Error: {function}: the number is of a tensor with a gradient, which would be lost; "
            "(tensor_item x) gives the number alone"
        )
    return found


def chance(function: str, position: int, value: Any) -> float:
    """A probability of dropping; nil is 0."""
    found = 0.0 if value is None else number(function, position, value)
    if 0 <= found <= 1:
        return found
    raise LispeError(f"Error: {function}: the dropout must lie between 0 and 1, not {number_text(found)}")


def shape(value: Any, text: str = SHAPE) -> list[int]:
    """A list of integers (typed or generic) as a Python list; otherwise the error `text`."""
    if not isinstance(value, list | TypedList):
        raise instead(text, value)
    return [integer(item, text) for item in value]


def path(function: str, position: int, value: Any) -> str:
    """The path of a file or a folder, as the language's own functions take one."""
    return path_argument(function, position, value)


def identifier(function: str, position: int, value: Any) -> str:
    """The name that the user gives to something: a string that is not empty."""
    if isinstance(value, str) and value:
        return value
    raise wrong_argument(function, position, "a name (a string)", value)


def choice(function: str, position: int, value: Any, table: dict[str, Any]) -> Any:
    """The entry of the table under a name, such as the type under `float32`."""
    if isinstance(value, str) and value in table:
        return table[value]
    raise wrong_argument(function, position, f"one of {', '.join(table)}", value)


def count(function: str, position: int, value: Any) -> int:
    """An integer that is not negative: an offset, a number of things."""
    found = whole(value)
    if found is None or found < 0:
        raise wrong_argument(function, position, "an integer, 0 or more", value)
    return found


def with_colons(value: Any) -> str:
    """What a dictionary looks like, for who wrote a set: braces without colons."""
    return " ({key:value})" if type_atom(value).name.startswith("set_") else ""


def options(function: str, position: int, value: Any, names: Iterable[str]) -> dict[str, Any]:
    """The entries of a dictionary of options; nil gives none. Errors: an option of another name."""
    if value is None:
        return {}
    if not isinstance(value, Dictionary):
        raise wrong_argument(function, position, f"a dictionary of options{with_colons(value)}", value)
    known = list(names)
    odd = next((key for key in value if key not in known), None)
    if odd is not None:
        raise LispeError(f"Error: {function}: there is no option {odd}; it knows: {', '.join(known)}")
    return dict(value)


def option_choice(
    function: str, given: dict[str, Any], name: str, table: dict[str, Any], default: Any
) -> Any:
    """What an option chooses from a table. Errors: a value that the table lacks."""
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value in table:
        return table[value]
    raise instead(f"Error: {function}: the option {name} must be one of {', '.join(table)}", value)

"""Operators on matrices, linked lists and sets: what `arithmetic.py` does for lists and typed lists.

Importing this module binds the operators of these classes; it defines no function of LispE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lispe_kernel.language.arithmetic import (
    METHODS,
    OPERATORS,
    cannot,
    elementwise,
    itself,
    reflected_of,
)
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.protocols import answers_of, extend_answers
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.linked import operate as on_linked_lists
from lispe_kernel.language.values.matrices import Matrix, array_of, nested, wrapped
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.positions import shape_text
from lispe_kernel.language.values.scalars import NUMERIC, plain
from lispe_kernel.language.values.sets import Set, combined
from lispe_kernel.language.values.typed.operators import refuse_overflow

Binary = Callable[[Any, Any], Any]

# An operator's Python function -> its LispE name and numpy's function.
_NAMES = {OPERATORS[name]: (name, ufunc) for name, ufunc in METHODS.values()}


def on_matrices(op: Binary, a: Any, b: Any) -> Any:
    """An operator with a matrix or tensor on one side: element by element, a list with every row."""
    for value in (a, b):
        operate = None if isinstance(value, Matrix) else answers_of(value).operate
        if operate is not None:
            return operate(op, a, b)
    name, ufunc = _NAMES.get(op, ("", ""))
    left, right = _operand(a), _operand(b)
    if not ufunc or left is None or right is None:
        if isinstance(a, list) or isinstance(b, list):
            return elementwise(op, _rows(a), _rows(b))
        raise cannot(name or "this operator", a, b)
    _check_shapes(name, left, right)
    if name in ("/", "%") and not np.all(right):
        raise LispeError("Error: division by zero")
    try:
        with np.errstate(all="ignore"):
            result = getattr(np, ufunc)(left, right)
    except (TypeError, OverflowError, ValueError):
        raise cannot(name, a, b) from None
    if result.dtype.kind == "i":
        refuse_overflow(name, left, right, result)
    return wrapped(result)


def _operand(value: Any) -> Any:
    # There is no matrix of complex numbers.
    is_one = (type(value) in NUMERIC and type(value) is not complex) or isinstance(value, str)
    return plain(value) if is_one else array_of(value)


def _rows(value: Any) -> Any:
    return nested(value.array) if isinstance(value, Matrix) else value


def _check_shapes(name: str, left: Any, right: Any) -> None:
    shapes = [getattr(side, "shape", ()) for side in (left, right)]
    short, long = sorted(shapes, key=len)
    if short and long[len(long) - len(short) :] != short:
        shown = " and ".join(map(shape_text, shapes))
        raise LispeError(f"Error: '{name}': the shapes {shown} do not fit each other")


def _bind() -> None:
    extend_answers(Matrix, operate=on_matrices)
    for cls, operate in ((Matrix, on_matrices), (LinkedList, on_linked_lists), (Set, combined)):
        for method, (name, _) in METHODS.items():
            bound = _bound(operate, OPERATORS[name])
            setattr(cls, f"__{method}__", bound)
            setattr(cls, f"__r{method}__", reflected_of(name, bound))
        setattr(cls, "__pos__", itself)  # noqa: B010
    # deque's own += and *= would change the list in place and mean something else.
    for method in ("add", "mul"):
        setattr(LinkedList, f"__i{method}__", getattr(LinkedList, f"__{method}__"))


def _bound(operate: Callable[[Binary, Any, Any], Any], op: Binary) -> Binary:
    return lambda a, b: operate(op, a, b)


_bind()

"""LispE's own matrices and tensors, and linear algebra on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.lists.products import array_argument
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import elements, is_list
from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.matrices import (
    DTYPES,
    Matrix,
    array_of,
    leaves_of,
    wrapped,
)
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.positions import MOST_ELEMENTS, shape_text
from lispe_kernel.language.values.typed.lists import CLASS_OF_DTYPE, Integers, cast

# -- constructors -------------------------------------------------------------------------------------


def _converter(kind: str) -> Callable[[Any], Any]:
    if kind == "string":
        return to_text
    if kind == "stringbyte":
        return lambda value: value if isinstance(value, ByteString) else ByteString(to_text(value).encode())
    return CLASS_OF_DTYPE[DTYPES[kind]].convert


def _blank(kind: str) -> Any:
    return {"string": "", "stringbyte": ByteString(b"")}.get(kind, 0)


def _constant(kind: str, shape: tuple[int, ...], value: Any) -> Matrix:
    total = 1
    for size in shape:
        total *= size
    if total > MOST_ELEMENTS:
        raise LispeError(f"Error: {shape_text(shape)} are too many elements")
    array = np.empty(shape, dtype=DTYPES[kind])
    array[...] = _converter(kind)(value)
    return Matrix(array, kind)


def _nest_shape(value: Any, name: str) -> tuple[int, ...]:
    """The dimensions of nested lists of equal sizes, whatever is in them."""
    if isinstance(value, Matrix):
        return value.shape
    if not is_list(value):
        return ()
    shapes = {_nest_shape(item, name) for item in value}
    if len(shapes) > 1:
        raise LispeError(f"Error: {name}: the rows have different sizes")
    return (len(value), *(shapes.pop() if shapes else ()))


def _from_rows(name: str, kind: str, rows: Any, dimensions: int | None) -> Matrix:
    shape = _nest_shape(rows, name)
    if len(shape) != dimensions if dimensions is not None else len(shape) < 2:
        expected = "a list of rows" if dimensions == 2 else "nested lists"
        raise wrong_argument(name, 1, expected, rows)
    source = array_of(rows)
    if source is not None and source.dtype != object and kind not in ("string", "stringbyte"):
        return Matrix(cast(source, DTYPES[kind], name), kind)
    convert = _converter(kind)
    flat = np.empty(int(np.prod(shape)), dtype=DTYPES[kind])
    for index, leaf in enumerate(leaves_of(rows)):
        flat[index] = convert(leaf)
    return Matrix(flat.reshape(shape), kind)


def _sizes(name: str, values: tuple[Any, ...]) -> tuple[int, ...]:
    found = tuple(integer_argument(name, i, value) for i, value in enumerate(values, 1))
    for position, size in enumerate(found, 1):
        if size <= 0:
            raise wrong_argument(name, position, "a size above 0", size)
    return found


def _register(kind: str) -> None:
    matrix_name, tensor_name = f"matrix_{kind}", f"tensor_{kind}"
    cell = '"a"' if kind.startswith("string") else "1"

    def matrix(rows: Any, columns: Any = None, initial: Any = None) -> Matrix:
        if columns is None:
            return _from_rows(matrix_name, kind, rows, 2)
        return _constant(
            kind, _sizes(matrix_name, (rows, columns)), _blank(kind) if initial is None else initial
        )

    def tensor(*sizes: Any) -> Matrix:
        if len(sizes) == 1:
            return _from_rows(tensor_name, kind, sizes[0], None)
        return _constant(kind, _sizes(tensor_name, sizes), _blank(kind))

    matrix.__doc__ = (
        f"A matrix of {kind} elements: from a list of rows, or rows, columns and what fills them.\n\n"
        f"Example: ({matrix_name} 1 2 {cell}) => (({cell} {cell}))\n"
        f"Example: (type ({matrix_name} '(({cell}) ({cell})))) => matrix_{kind}_\n"
        "Errors: for rows of different sizes, and elements that do not fit."
    )
    tensor.__doc__ = (
        f"A tensor of {kind} elements: of some dimensions, or from nested lists.\n\n"
        f"Example: (rho ({tensor_name} 2 3 4)) => (2 3 4)\n"
        "Errors: for lists of different sizes, and elements that do not fit."
    )
    function(matrix_name, keyword=True)(matrix)
    function(tensor_name, keyword=True, parameters=(Parameter("size"), Parameter("sizes", rest=True)))(tensor)


for _kind in DTYPES:
    _register(_kind)

# -- linear algebra -----------------------------------------------------------------------------------


def _square(value: Any, name: str, position: int = 1) -> Any:
    array = array_argument(value, name, position)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise wrong_argument(name, position, "a square matrix", value)
    return array.astype("float64")


def _is_singular(array: Any) -> bool:
    return not np.isfinite(array).all() or int(np.linalg.matrix_rank(array)) < len(array)


@function("determinant", keyword=True, returns="number")
def determinant(matrix: Any) -> float:
    """The determinant of a square matrix, a number.

    Example: (determinant (rho 2 2 (numbers 1 2 3 4))) => -2
    Errors: for what is no square matrix of numbers.
    """
    array = _square(matrix, "determinant")
    if len(array) == 2:
        return float(array[0, 0] * array[1, 1] - array[0, 1] * array[1, 0])
    return float(np.linalg.det(array))


@function("⌹", "invert", keyword=True)
def invert(matrix: Any, y: Any = None) -> Any:
    """The inverse of a square matrix, () when there is none; with a second matrix, as solve.

    Example: (invert (rho 2 2 (iota 4))) => ((-2 1) (1.5 -0.5))
    Example: (invert '((1 2) (2 4))) => ()
    Errors: for what is no square matrix of numbers.
    """
    if y is not None:
        return solve(matrix, y)
    array = _square(matrix, "invert")
    return List() if _is_singular(array) else wrapped(np.linalg.inv(array))


@function("solve", keyword=True)
def solve(matrix: Any, y: Any) -> Any:
    """X such that matrix times X is y; () when the matrix is singular.

    Example: (solve '((2 0) (0 4)) '((2 4) (4 8))) => ((1 2) (1 2))
    Errors: for a matrix that is not square, and a y of another size.
    """
    array, right = _square(matrix, "solve"), array_argument(y, "solve", 2).astype("float64")
    if right.ndim > 2 or len(right) != len(array):
        raise wrong_argument("solve", 2, f"of {len(array)} rows", y)
    return List() if _is_singular(array) else wrapped(np.linalg.solve(array, right))


@function("ludcmp", keyword=True)
def ludcmp(matrix: Any) -> Any:
    """Replace a square matrix by its LU decomposition, in place; gives the exchanged rows, () when singular.

    Crout's method with implicit scaling of the rows and partial pivoting. The matrix becomes one of numbers.

    Example: (ludcmp (rho 2 2 (iota 4))) => (1 1)
    Source: Press et al., Numerical Recipes, section 2.3
    """
    if not isinstance(matrix, Matrix):
        raise wrong_argument("ludcmp", 1, "a square matrix", matrix)
    array = _square(matrix, "ludcmp")
    scales = np.abs(array).max(axis=1)
    if not scales.all() or not np.isfinite(scales).all():
        return List()
    scales = 1.0 / scales
    exchanged: list[int] = []
    for column in range(len(array)):
        for row in range(len(array)):
            upto = min(row, column)
            array[row, column] -= array[row, :upto] @ array[:upto, column]
        pivot = column + int(np.argmax(scales[column:] * np.abs(array[column:, column])))
        if array[pivot, column] == 0.0:
            return List()
        if pivot != column:
            array[[pivot, column]] = array[[column, pivot]]
            scales[pivot] = scales[column]
        exchanged.append(pivot)
        array[column + 1 :, column] /= array[column, column]
    matrix.array, matrix.kind = array, "number"
    return Integers(exchanged)


@function("lubksb", keyword=True)
def lubksb(matrix: Any, exchanged: Any, y: Any = None) -> Any:
    """Solve with the result of ludcmp: for the columns of y, which is overwritten; without y, the inverse.

    Example: (let ((m (rho 2 2 (numbers 2 0 0 4))) (i (ludcmp m))) (lubksb m i)) => ((0.5 0) (0 0.25))
    """
    array = _square(matrix, "lubksb")
    size = len(array)
    rows = [integer_argument("lubksb", 2, row) for row in elements(exchanged, "lubksb", 2)]
    if len(rows) != size or not all(0 <= row < size for row in rows):
        raise wrong_argument("lubksb", 2, "the list that ludcmp gave", exchanged)
    right = np.eye(size) if y is None else array_argument(y, "lubksb", 3).astype("float64")
    if right.ndim > 2 or len(right) != size:
        raise wrong_argument("lubksb", 3, f"of {size} rows", y)
    for at, row in enumerate(rows):
        if row != at:
            right[[at, row]] = right[[row, at]]
    for at in range(size):
        right[at] = right[at] - array[at, :at] @ right[:at]
    for at in reversed(range(size)):
        right[at] = (right[at] - array[at, at + 1 :] @ right[at + 1 :]) / array[at, at]
    if isinstance(y, Matrix):
        y.array, y.kind = right, "number"
        return y
    return wrapped(right)

"""`torch_dataset`: which set of samples a value or a file is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import Dataset

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.language.values.views import View
from lispe_kernel.torch_library.data.arrays import ImageFolder, array_samples
from lispe_kernel.torch_library.data.lines import PREFIX, CsvRows, JsonLines, TextLines, json_value
from lispe_kernel.torch_library.data.samples import Foreign, Listed, Mapped, Samples, Stacked, side_by_side
from lispe_kernel.torch_library.files.bytes import FileBytes
from lispe_kernel.torch_library.files.errors import BadFile, reading
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors import conversions

NAME = "torch_dataset"
# A whole file of JSON is read at once.
_LARGEST_JSON = 1 << 30

Opened = Callable[[str, bool], Samples]
# The end of a file's name, or what `format` says, and how such a file is read.
FORMATS: dict[str, Opened] = {
    "txt": lambda path, _header: TextLines(path),
    "csv": lambda path, header: CsvRows(path, ",", header),
    "tsv": lambda path, header: CsvRows(path, "\t", header),
    "jsonl": lambda path, _header: JsonLines(path),
    "json": lambda path, _header: _whole_json(path),
    "npy": lambda path, _header: array_samples(path),
}
_SAME = {"text": "txt", "ndjson": "jsonl", "log": "txt", "md": "txt"}


@torch_function("torch_dataset", prefix=PREFIX)
def dataset(
    source: Any, targets: Any = None, transform: Any = None, header: Any = True, kind: Any = None
) -> Samples:
    """A set of samples: `(size d)`, `(@ d i)`, `(loop x d ...)`, `(torch_batches d 32)`.

    Of a list its elements, of a tensor its entries along the first axis; with `targets`, a second list or tensor,
    each sample is a list of two. Of a file, by the end of its name or by `kind`: "txt" lines, "csv" and "tsv"
    rows as dictionaries by their header (`(? header nil)`: as lists), "jsonl" values, "json" the elements of its
    list, "npy" the entries of an array; of a folder its images, with the numbers of their folders where they lie
    in some. Every line is checked when the set is made, and read when it is asked for.
    A column of "csv" is numbers only if each of its cells is one; an empty cell or `nan` makes it texts, to be
    replaced by `transform` or in the file: no number is made up for what is missing. A set of Python code is
    taken as it is. `transform` is a function that each sample goes through when it is asked for.

    Example: (size (torch_dataset '(1 2 3))) => 3
    Example: (torch_dataset (tensor_ones '(4 2)) '(0 1 1 0)) => PyTorch Dataset (4 samples)
    Example: (@ (torch_dataset '(1 2 3) (? transform (λ (x) (* x 10)))) 1) => 20
    Errors: `Error reading data: PATH: ` and what is wrong, with its line; targets that are more or fewer
    """  # noqa: E501
    if transform is not None and not callable(transform):
        raise wrong_argument(NAME, 3, "a function", transform)
    if isinstance(source, str):
        if targets is not None:
            raise LispeError(f"Error: {NAME}: a file has its targets in it; choose them with transform")
        found = _of_file(arguments.path(NAME, 1, source), bool(header), kind)
    else:
        found = _of_value(source, targets)
    return found if transform is None else Mapped(found, transform)


def _of_file(path: str, header: bool, kind: Any) -> Samples:
    if kind is not None:
        found = _SAME.get(kind, kind) if isinstance(kind, str) else kind
        return FORMATS[_known(found)](path, header)
    if os.path.isdir(path):
        return ImageFolder(path)
    end = os.path.splitext(path)[1][1:].lower()
    end = _SAME.get(end, end)
    if end in FORMATS:
        return FORMATS[end](path, header)
    known = ", ".join(FORMATS)
    raise LispeError(f"{PREFIX}{path}: its name does not say what it is; (? kind name) does, one of {known}")


def _known(kind: Any) -> str:
    arguments.choice(NAME, 5, kind, dict(FORMATS))
    return str(kind)


def _of_value(source: Any, targets: Any) -> Samples:
    if isinstance(source, Samples) and targets is None:
        return source
    if isinstance(source, Dataset) and targets is None:
        if not hasattr(source, "__len__"):
            raise LispeError(f"Error: {NAME}: the set has no length; a set with one is needed")
        return Foreign(source)
    first, second = _column(source, 1), None if targets is None else _column(targets, 2)
    if second is not None:
        side_by_side(first, second)
    if isinstance(first, torch.Tensor) and (second is None or isinstance(second, torch.Tensor)):
        return Stacked([first] if second is None else [first, second])
    listed = None if second is None else list(second)
    return Listed(list(first), listed)


def _column(value: Any, place: int) -> torch.Tensor | list[Any]:
    """A tensor, or a list. Numbers in a typed list or a matrix are a tensor, targets in a list too."""
    if isinstance(value, list | View):
        return _numbers(value) if place == 2 else value
    if isinstance(value, torch.Tensor) and value.dim():
        return value
    if isinstance(value, TypedList | Matrix):
        return conversions.as_tensor(value)
    raise wrong_argument(
        NAME, place, "a list, a tensor or a file" if place == 1 else "a list or a tensor", value
    )


def _numbers(value: Any) -> Any:
    plain = all(isinstance(item, int | float) and not isinstance(item, bool) for item in value)
    return conversions.as_tensor(List(value)) if plain and len(value) else value


def _whole_json(path: str) -> Samples:
    with reading(PREFIX, path):
        file = FileBytes(path)
        try:
            if file.size > _LARGEST_JSON:
                raise BadFile("it is larger than 1 GiB; one value a line (jsonl) has no limit")
            with open(os.dup(file.descriptor), "rb") as stream:
                stream.seek(0)
                raw = stream.read(_LARGEST_JSON + 1)
        finally:
            file.close()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise BadFile(f"line {line} is not UTF-8") from error
        found = json_value(text, "it")
        if not isinstance(found, list):
            raise BadFile("it is not a list of samples")
    made = Listed(found)
    made.origin = os.path.basename(path)
    return made

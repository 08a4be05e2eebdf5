"""TorchScript archives (what libtorch writes): their tensors by name, without loading the program in them.

Of an object its attributes count, of the program nothing: it is never looked at.
"""

from __future__ import annotations

import zipfile
from typing import Any, BinaryIO

from lispe_kernel.torch_library.files.archive import Entry, Layout
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.files.pickles import Machine, in_rows
from lispe_kernel.torch_library.files.pt import data_offset
from lispe_kernel.torch_library.files.trees import TensorRef
from lispe_kernel.torch_library.files.zip_sums import SCHEME, Record


def layout(file: BinaryIO, records: zipfile.ZipFile) -> Layout:
    """The tensors of a TorchScript archive under the names that its module gives them. Errors: BadFile."""
    names = set(records.namelist())
    pickle_name = next(name for name in names if name.endswith("/data.pkl"))
    folder = pickle_name.removesuffix("data.pkl")

    def place(key: str) -> Record:
        name = f"{folder}data/{key}"
        if name not in names:
            raise BadFile(f"its record data/{key} is missing; the file is damaged")
        info = records.getinfo(name)
        return Record(data_offset(file, info), info.file_size, info.CRC)

    module = Machine(place).run(records.read(pickle_name))
    entries = _tensors_of(module, "", 0)
    if not entries:
        raise BadFile("it is a TorchScript archive without tensors")
    return Layout("torchscript", entries, {name: TensorRef(name) for name in entries}, {}, SCHEME)


def _tensors_of(value: Any, path: str, depth: int) -> dict[str, Entry]:
    if isinstance(value, Entry):
        return {path: in_rows(value)}
    found: dict[str, Entry] = {}
    if isinstance(value, dict) and depth < 50:
        for name, item in value.items():
            found.update(_tensors_of(item, f"{path}.{name}" if path else str(name), depth + 1))
    return found

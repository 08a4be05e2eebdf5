"""Arrays of numpy (`.npy`) and images as tensors. Nothing of a file is run: no pickle, no PostScript."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import torch

from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.data.lines import PREFIX
from lispe_kernel.torch_library.data.samples import Samples, Stacked
from lispe_kernel.torch_library.files.bytes import FileBytes
from lispe_kernel.torch_library.files.errors import BROKEN, BadFile, reading
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.wording import readable

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm")
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM")
_MODES = {"RGB": "RGB", "grey": "L", "RGBA": "RGBA"}
# What PyTorch has of numpy's kinds of numbers.
_NUMBERS = frozenset("?bhilqBefd")


def array_samples(path: str) -> Stacked:
    """The entries of an array along its first axis."""
    with reading(PREFIX, path):
        tensor = _array(path)
    return Stacked([tensor], os.path.basename(path))


def _array(path: str) -> torch.Tensor:
    file = FileBytes(path)
    try:
        with open(os.dup(file.descriptor), "rb") as stream:
            stream.seek(0)
            shape, dtype = _header(stream)
            if not shape:
                raise BadFile("it holds one number, not an array of samples")
            count = 1
            for length in shape:
                count *= length
            if stream.tell() + count * dtype.itemsize > file.size:
                raise BadFile(f"it is cut short: {list(shape)} of {dtype} is more than there is")
            stream.seek(0)
            found = np.load(stream, allow_pickle=False)
    except BROKEN as error:
        raise BadFile(f"it is no array of numpy that can be read: {readable(error)}") from error
    finally:
        file.close()
    return torch.from_numpy(np.ascontiguousarray(found, dtype=found.dtype.newbyteorder("=")))


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _order, dtype = read(stream)
    if dtype.hasobject:
        raise BadFile("it holds Python objects (pickle), which are never read")
    if dtype.char not in _NUMBERS:
        raise BadFile(f"it holds {dtype}, which is no kind of number that tensors have")
    return shape, dtype


@torch_function("torch_image", prefix="Error reading image: ")
def image(path: Any, mode: Any = "RGB") -> torch.Tensor:
    """The pixels of an image file, a tensor [channels, height, width] from 0 to 1.

    PNG, JPEG, BMP, GIF (its first picture), WebP and PPM; the mode is "RGB", "grey" or "RGBA".

    Example: (maybe (torch_image "no-such.png") "missing") => missing
    Errors: `Error reading image: PATH: ` and why
    """
    wanted = arguments.choice("torch_image", 2, mode, _MODES)
    return read_image(arguments.path("torch_image", 1, path), wanted, "Error reading image: ")


def read_image(path: str, mode: str, prefix: str) -> torch.Tensor:
    """An image as a tensor; errors begin with the prefix and the path."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - heavy: only images need it

    with reading(prefix, path):
        file = FileBytes(path)
        try:
            with open(os.dup(file.descriptor), "rb") as stream, warnings.catch_warnings():
                stream.seek(0)
                # An image of very many pixels out of few bytes is meant to fill the memory.
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(stream, formats=_FORMATS) as opened:
                    pixels = np.asarray(opened.convert(mode))
        except UnidentifiedImageError as error:
            raise BadFile("it is no image that can be read") from error
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise BadFile("it has too many pixels") from error
        except (OSError, SyntaxError, *BROKEN) as error:
            raise BadFile(f"it is damaged ({readable(error)})") from error
        finally:
            file.close()
    planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return torch.from_numpy(planes.astype(np.float32) / 255)


class ImageFolder(Samples):
    """The images of a folder in order; those in its folders each with the number of the folder."""

    def __init__(self, path: str) -> None:
        self.path, self.origin = path, os.path.basename(os.path.abspath(path))
        with reading(PREFIX, path):
            self.classes = _folders(path)
            self.files = [(name, 0) for name in _images(path)]
            if not self.files:
                self.files = [
                    (os.path.join(folder, name), number)
                    for number, folder in enumerate(self.classes)
                    for name in _images(os.path.join(path, folder))
                ]
            else:
                self.classes = []
            if not self.files:
                raise BadFile("there are no images in it")

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, place: int) -> Any:
        name, number = self.files[place]
        found = read_image(os.path.join(self.path, name), "RGB", PREFIX)
        return List((found, number)) if self.classes else found


def _folders(path: str) -> list[str]:
    with os.scandir(path) as found:
        folders = sorted(entry.name for entry in found if entry.is_dir() and entry.name[:1] != ".")
    return [folder for folder in folders if _images(os.path.join(path, folder))]


def _images(path: str) -> list[str]:
    with os.scandir(path) as found:
        return sorted(e.name for e in found if e.is_file() and e.name.lower().endswith(IMAGES))

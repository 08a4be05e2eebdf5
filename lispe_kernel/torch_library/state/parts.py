"""A part of a file into a part of a model: which names a prefix or a list of names chooses on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import torch

from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.support.wording import some

Source = TypeVar("Source")


def chosen(part: Any, names: Iterable[str]) -> Callable[[str], bool] | None:
    """A test for the names of a part; None for everything.

    A part is a prefix, or a list of names and prefixes (each must be in the file).
    """
    if part is None:
        return None
    names = list(names)
    for each in _parts(part):
        if not any(_under(each, name) for name in names):
            raise BadFile(f"it holds no tensor {each} and none under {each}.; it holds {some(names)}")
    return _within(part)


def _parts(part: Any) -> list[str]:
    return [part] if isinstance(part, str) else [to_text(item) for item in part]


def _within(part: Any) -> Callable[[str], bool]:
    parts = _parts(part)
    return lambda name: any(_under(each, name) for each in parts)


def check_part(function: str, position: int, part: Any) -> None:
    """A part must be nil, a prefix or a list of names."""
    if part is None or (isinstance(part, str) and part):
        return
    if isinstance(part, list) and part and all(isinstance(item, str) for item in part):
        return
    raise wrong_argument(function, position, "a prefix (a string) or a list of names", part)


def _under(part: str, name: str) -> bool:
    return name == part or name.startswith(part.rstrip(".") + ".")


def inside(part: Any, sources: Mapping[str, Source]) -> dict[str, Source]:
    """The sources of a part. Errors: BadFile for a part that the file lacks."""
    test = chosen(part, sources)
    return {name: source for name, source in sources.items() if test is None or test(name)}


def prefix_outside(part: Any, targets: Iterable[str]) -> str:
    """The prefix that the model lacks since it is that part itself; an empty text when it has the part."""
    if not isinstance(part, str) or any(_under(part, name) for name in targets):
        return ""
    return part.rstrip(".")


def targets_of(part: Any, targets: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The targets of a part under the names that the file has for them, the outside prefix in front."""
    lead = prefix and prefix + "."
    named = {lead + name: target for name, target in targets.items()}
    if part is None:
        return named
    test = _within(part)
    return {name: target for name, target in named.items() if test(name)}

"""Compiled code of this package in the user's cache folder, where Python may not write it beside the sources.

With PYTHONDONTWRITEBYTECODE, and a wheel that was installed without compiling, every start would compile the
whole package again, which takes as long as the rest of the start. Nothing else is cached, and a cache that
cannot be written is done without.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source
from types import CodeType, ModuleType
from typing import cast

_LONG = 0xFFFFFFFF
PACKAGE = __name__.partition(".")[0]


def use_cache() -> None:
    """Let the modules of this package that are not imported yet use the cache, where they need one."""
    folder = os.path.dirname(os.path.dirname(__spec__.cached or __file__))
    if sys.dont_write_bytecode or not os.access(folder, os.W_OK):
        sys.meta_path.insert(0, _Finder())


class _Loader(SourceFileLoader):
    """Python's own loader, which checks that compiled code and source agree, with another folder."""

    def get_code(self, fullname: str) -> CodeType | None:
        if _is_fresh(self.path):
            return super().get_code(fullname)
        kept = sys.pycache_prefix, sys.dont_write_bytecode
        sys.pycache_prefix, sys.dont_write_bytecode = _folder(), False
        try:
            return super().get_code(fullname)
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = kept


class _Finder:
    """Finds this package's modules where Python finds them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith(PACKAGE + "."):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(name, cast(str, spec.origin))
        return spec


def _is_fresh(path: str) -> bool:
    """Whether the compiled code that lies where Python looks for it is that of the source as it is."""
    try:
        with open(cache_from_source(path), "rb") as file:
            magic, how, time, size = file.read(4), *struct.unpack("<3L", file.read(12))
        source = os.stat(path)
    except (OSError, struct.error, NotImplementedError):
        return False
    # Anything else but a time and a size is for Python to judge.
    return magic == MAGIC_NUMBER and (
        how != 0 or (time == int(source.st_mtime) & _LONG and size == source.st_size & _LONG)
    )


def _folder() -> str:
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(caches, PACKAGE)

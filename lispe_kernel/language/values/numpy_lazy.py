"""numpy, imported when the first typed list is made.

A kernel answers its first cell without numpy; after the first use `np.add` is an ordinary attribute.
"""

from __future__ import annotations

from typing import Any


class _LazyNumpy:
    def __getattr__(self, name: str) -> Any:
        import numpy  # noqa: PLC0415 - the purpose of this file

        value = getattr(numpy, name)
        self.__dict__[name] = value
        return value


np: Any = _LazyNumpy()

"""What the compiler asks of the session that it compiles for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.variables import Signature
    from lispe_kernel.language.functions import Function


class Context(Protocol):
    """What the compiler asks of the session."""

    macros: dict[str, Any]
    fixed: set[str]
    classes: dict[str, Any]

    def signature(self, name: str) -> Signature | None: ...

    def defined(self, name: str) -> bool: ...

    def declared(self, name: str) -> Any: ...

    def library(self, name: str) -> Function | None: ...

    def meet_python(self) -> None: ...

    def canonical(self, name: str) -> str: ...

    def use_library(self, name: str, space: str = "") -> None: ...

"""`torch_compile`: LispE functions and modules made faster by torch.compile, or run as they are, and why.

A function is compiled whole or not at all: compiling fails before anything of it has run, so nothing is done
twice, and nothing that torch.compile leaves between pieces gets among the session's variables.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import register_kind, wrong_argument
from lispe_kernel.language.python.functions import called_as_ours
from lispe_kernel.language.runtime import current
from lispe_kernel.torch_library.modules.entry import beginning
from lispe_kernel.torch_library.support.wording import readable

NAME = "torch_compile"
_LONGEST = 160
_INDUCTOR = "torch._inductor.compile_fx"
_PLACES = itertools.count(1)


class Compiled:
    """A function with its compiled form, once it was called."""

    def __init__(self, called: Callable[..., Any], options: dict[str, Any], shown: str) -> None:
        self.called, self.options, self.shown = called, options, shown
        # Whether torch.compile could not take it, so that it runs as it is.
        self.plain = False
        self.run: Any = None

    def __call__(self, *values: Any, **named: Any) -> Any:
        if self.plain:
            return self.called(*values, **named)
        if self.run is None:
            self._tell_of_the_first()
            self.run = self._made()
        try:
            return self.run(*values, **named)
        except LispeError:
            raise
        except Exception as error:
            if not _is_of_compiling(error):
                raise
            # What is wrong with the function itself is said as ever.
            found = self.called(*values, **named)
            self.plain = True
            print(f"{NAME}: {self.shown} runs as it is: {_reason(error)}")
            return found

    def _tell_of_the_first(self) -> None:
        """Say in a process once why nothing seems to happen: the compiler is loaded, and writes C++."""
        if self.options["backend"] == "inductor" and _INDUCTOR not in sys.modules:
            print(f"{NAME}: compiling {self.shown}; the first time takes up to a minute", flush=True)

    def _made(self) -> Any:
        shared = beginning(current().namespace)
        # A code object with a place of its own: what torch.compile found out about one (that its shapes
        # change) holds for all from the same place.
        code = shared.__code__.replace(co_filename=f"<{NAME} {next(_PLACES)}>")
        start = FunctionType(code, shared.__globals__)
        made: Any = torch.compile(start, fullgraph=True, **self.options)
        called = self.called
        return lambda *values, **named: made(called, *values, **named)


def _is_of_compiling(error: Exception) -> bool:
    """Whether an exception is torch.compile's own, and not that of what it ran."""
    modules = {cls.__module__ for cls in type(error).__mro__}
    return isinstance(error, AssertionError) or any(
        module.startswith(("torch._dynamo", "torch._inductor")) for module in modules
    )


def _reason(error: Exception) -> str:
    """The first line of what torch.compile says."""
    if isinstance(error, AssertionError):
        return "it calls no function of PyTorch itself"
    inner = getattr(error, "inner_exception", error)
    text = readable(RuntimeError(str(inner).strip().split("\n")[0] or type(inner).__name__))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


called_as_ours(Compiled)
register_kind(Compiled, "function_", lambda value, _show: f"compiled {value.shown}")


@function("torch_compile")
def compile_(function_: Any, mode: Any = None, dynamic: Any = None, backend: Any = "inductor") -> Any:
    """A LispE function as torch.compile makes it; a module is compiled itself, and given back.

    `mode` is that of torch.compile ("default", "reduce-overhead", "max-autotune"); with `dynamic` shapes may
    change; `backend` is "inductor", which needs a C++ compiler, or another one's name. The first call compiles. What
    cannot be compiled whole, from its beginning to its end, runs as it is, and one line says why.

    Example: (setq f (torch_compile (λ (x) (+ x 1)) (? backend "eager"))) (tensor_to_list (f (tensor_ones '(2)))) => (2 2)
    Errors: what is no function and no module; a backend that is not there
    """  # noqa: E501
    options: dict[str, Any] = {"backend": _backend(backend)}
    if mode is not None:
        options["mode"] = mode
    if dynamic:
        options["dynamic"] = True
    if isinstance(function_, nn.Module):
        # Hooks and the module's own way of being called stay around it.
        call: Any = function_._call_impl
        function_._compiled_call_impl = Compiled(call, options, type(function_).__name__)
        return function_
    if not callable(function_) or isinstance(function_, list):
        raise wrong_argument(NAME, 1, "a function or a module", function_)
    return Compiled(function_, options, getattr(function_, "__name__", "the function").strip())


def _backend(value: Any) -> str:
    known = [*torch.compiler.list_backends(), "eager"]
    if isinstance(value, str) and value in known:
        return value
    raise wrong_argument(NAME, 4, f"one of {', '.join(known)}", value)

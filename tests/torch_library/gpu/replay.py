"""A pytest plugin: every call of a torch function in a test is made once more with its tensors on a GPU.

    python -m pytest -p tests.torch_library.gpu.replay tests/torch_library

The same call, from the same random state, with copies of its arguments on another device gives the same:
values within what the order of sums allows, or an error of the same words. What differs is listed, one line
each, in the file that LISPE_REPLAY names (`.gw0` and so on are appended). LISPE_REPLAY_DEVICE is `cuda`; on a
machine without one, `cpu` proves this plugin (nothing may differ) and `meta` finds tensors that are made in
main memory.
"""

from __future__ import annotations

import functools
import os
import re
import threading
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lispe_kernel.torch_library.support import guard
from tests.torch_library.gpu.copies import on_device

DEVICE = os.environ.get("LISPE_REPLAY_DEVICE", "cuda")
_OUT = os.environ.get("LISPE_REPLAY", "replay.txt") + "." + os.environ.get("PYTEST_XDIST_WORKER", "one")
# What writes files, starts processes, changes the process or asks about the device.
_LEFT_OUT = re.compile(
    r"save|load|export|write|prune|download|file|checkpoint|cuda|mps|device|cpu|memory|distributed|rank|barrier|"
    r"all_reduce|all_gather|broadcast|parallel|seed|in_memory|list_|resume|backward|synchronize|num_threads|from_file"
)
# Indexes outside of a table stop a GPU for the whole process.
_OUTSIDE = re.compile(r"out of|outside|bounds|none of the|index|Target")
_busy = threading.local()
_seen: dict[str, int] = {}


def _has_tensors(value: Any, depth: int = 0) -> bool:
    if isinstance(value, torch.Tensor):
        return value.device.type == "cpu" and value.layout is torch.strided and not value.is_quantized
    if isinstance(value, nn.Module):
        return any(True for _ in value.parameters()) or any(True for _ in value.buffers())
    if depth < 3 and isinstance(value, dict):
        return any(_has_tensors(each, depth + 1) for each in value.values())
    if depth < 3 and isinstance(value, list | tuple):
        return any(_has_tensors(each, depth + 1) for each in value)
    tensors = getattr(value, "tensors", None) or getattr(value, "param_groups", None)
    return depth < 3 and tensors is not None and not callable(tensors) and _has_tensors(tensors, depth + 1)


def _of_tensors(ours: torch.Tensor, theirs: torch.Tensor, where: str) -> str:
    if theirs.device.type != DEVICE:
        return f"{where} is on {theirs.device.type}"
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return f"{where} {list(ours.shape)} {ours.dtype} / {list(theirs.shape)} {theirs.dtype}"
    if ours.requires_grad != theirs.requires_grad:
        return f"{where} requires_grad {ours.requires_grad} / {theirs.requires_grad}"
    if DEVICE == "meta" or ours.layout is not torch.strided or theirs.layout is not torch.strided:
        return ""
    a, b = ours.detach().cpu(), theirs.detach().cpu()
    wide = torch.complex128 if a.is_complex() else torch.float64
    a, b = (a.dequantize(), b.dequantize()) if a.is_quantized else (a, b)
    if not torch.allclose(a.to(wide), b.to(wide), rtol=2e-3, atol=2e-4, equal_nan=True):
        gap = (a.to(wide) - b.to(wide)).abs().max().item()
        return f"{where} differs by {gap:.3g}"
    return ""


def _difference(ours: Any, theirs: Any, where: str = "") -> str:
    """What differs; empty where nothing does."""
    if isinstance(ours, torch.Tensor) and isinstance(theirs, torch.Tensor):
        return _of_tensors(ours, theirs, where)
    if isinstance(ours, nn.Module) and isinstance(theirs, nn.Module):
        return _difference(dict(ours.state_dict()), dict(theirs.state_dict()), where + " state")
    if isinstance(ours, float) and isinstance(theirs, float):
        near = (
            ours == theirs
            or abs(ours - theirs) <= 2e-4 + 2e-3 * abs(ours)
            or (ours != ours and theirs != theirs)
        )
        return "" if near else f"{where} {ours} / {theirs}"
    if type(ours) is not type(theirs):
        return f"{where} {type(ours).__name__} / {type(theirs).__name__}"
    if isinstance(ours, dict):
        if list(ours) != list(theirs):
            return f"{where} keys"
        return next((d for k in ours if (d := _difference(ours[k], theirs[k], f"{where}.{k}"))), "")
    if isinstance(ours, list | tuple):
        if len(ours) != len(theirs):
            return f"{where} length {len(ours)} / {len(theirs)}"
        pairs = enumerate(zip(ours, theirs, strict=True))
        return next((d for n, (a, b) in pairs if (d := _difference(a, b, f"{where}[{n}]"))), "")
    if isinstance(ours, str | int | bool):
        return "" if ours == theirs else f"{where} {str(ours)[:150]!r} / {str(theirs)[:150]!r}"
    return ""


def _note(text: str) -> None:
    with open(_OUT, "a", encoding="utf-8") as file:
        file.write(text.replace("\n", " | ") + "\n")


def _replayed(call: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        if getattr(_busy, "now", False) or _seen.get(name, 0) > 60:
            return call(*arguments, **named)
        if not (_has_tensors(arguments) or _has_tensors(named)):
            return call(*arguments, **named)
        _seen[name] = _seen.get(name, 0) + 1
        before = torch.get_rng_state()
        try:
            _busy.now = True
            *given, given_named = on_device((*arguments, named), DEVICE)
        except Exception as error:
            given = None
            _note(f"{name}: not copied: {type(error).__name__} {str(error)[:120]}")
        finally:
            _busy.now = False
        failed: BaseException | None = None
        result = None
        _busy.now = True
        try:
            try:
                result = call(*arguments, **named)
            except Exception as error:
                failed = error
            if given is not None and not (failed and _OUTSIDE.search(str(failed))):
                _again(call, name, given, given_named, before, result, failed, arguments)
        finally:
            _busy.now = False
        if failed is not None:
            raise failed
        return result

    return wrapper


def _again(
    call: Callable[..., Any],
    name: str,
    given: Any,
    named: Any,
    state: torch.Tensor,
    result: Any,
    failed: BaseException | None,
    arguments: Any,
) -> None:
    after = torch.get_rng_state()
    torch.set_rng_state(state)
    try:
        theirs, their_failure = call(*given, **named), None
    except Exception as error:
        theirs, their_failure = None, error
    finally:
        torch.set_rng_state(after)
    random = not torch.equal(after, state)
    if (failed is None) != (their_failure is None):
        what = (
            f"{type(their_failure).__name__} {their_failure}" if their_failure else f"no error; cpu: {failed}"
        )
        _note(f"{name}: ERROR {what[:400]}")
        return
    if failed is not None:
        a, b = (re.sub(r"(cuda|meta)(:0)?", "cpu", str(each)) for each in (failed, their_failure))
        if a.split(" (")[0] != b.split(" (")[0]:
            _note(f"{name}: OTHER WORDS {a[:200]} / {b[:200]}")
        return
    found = _difference(result, theirs) or _difference(tuple(arguments), tuple(given), "arguments")
    if found and not (random and "differs" in found):
        _note(f"{name}: DIFFERS {found[:300]}")


def _guarded(call: Any, name: str, prefix: str) -> Any:
    safe = _original(call, name, prefix)
    if _LEFT_OUT.search(name) or not isinstance(call, types.FunctionType):
        return safe
    return _replayed(safe, name)


_original = guard.guarded
guard.guarded = _guarded


def pytest_unconfigure() -> None:
    _note(f"counted: {sum(_seen.values())} calls of {len(_seen)} functions")

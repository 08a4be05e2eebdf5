"""`%%capture`: what a cell prints and shows goes into a variable instead."""

from __future__ import annotations

import io
import shlex
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

from lispe_kernel.assist.magics import Part
from lispe_kernel.display.page.publish import finish, publish
from lispe_kernel.display.page.registry import Bundle, bundle
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import plainly, register_kind
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.running.hosts import NOTHING, Host, run_parts, runs

if TYPE_CHECKING:
    from lispe_kernel.session import Outcome

_LEAVES = {"--no-stdout": "stdout", "--no-stderr": "stderr", "--no-display": "outputs"}


class Captured:
    """What a cell would have shown."""

    def __init__(self) -> None:
        self.stdout = ""
        self.stderr = ""
        self.outputs: list[Bundle] = []

    def __str__(self) -> str:
        return self.stdout

    def show(self) -> None:
        """Show it now."""
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)
        for output in self.outputs:
            publish(output)


@runs("capture")
def _capture(part: Part, host: Host) -> Outcome:
    words = shlex.split(part.argument)
    leaves = {_LEAVES[word] for word in words if word in _LEAVES}
    names = [word for word in words if word not in _LEAVES]
    if len(names) > 1 or any(name.startswith("-") for name in names):
        raise LispeError(
            "Error: %%capture: one variable is expected, as in %%capture shown"
            f" (and {', '.join(_LEAVES)}), not '{part.argument}'"
        )
    found = Captured()
    out, err = io.StringIO(), io.StringIO()
    try:
        with ExitStack() as stack:
            if "stdout" not in leaves:
                stack.enter_context(redirect_stdout(out))
            if "stderr" not in leaves:
                stack.enter_context(redirect_stderr(err))
            if "outputs" not in leaves:
                stack.enter_context(host.recording(found.outputs.append))
            outcome = run_parts("\n" * part.line + part.text, host)
            finish(host.session)
            if not outcome.silent:
                found.outputs.append(bundle(outcome.value))
    finally:
        found.stdout, found.stderr = out.getvalue(), err.getvalue()
        for name in names:
            host.session.namespace[name] = found
    return NOTHING


def _part(captured: Captured, key: Any) -> Any:
    name = str(key)
    if name not in ("stdout", "stderr", "outputs"):
        raise LispeError(f"Error: what was captured has stdout, stderr and outputs, not '{name}'")
    return getattr(captured, name)


register_kind(Captured, "captured_", plainly(str))
register_answers(Captured, Answers(element=_part))

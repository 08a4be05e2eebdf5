"""Cells: cut at their magics and run part by part, and the magics that look at the session itself.

The other magics stand in the files beside this one. No Jupyter here.
"""

from __future__ import annotations

from lispe_kernel.assist.magics import HELP, Part
from lispe_kernel.display.page.publish import finish
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.explain import near
from lispe_kernel.language.printer import describe
from lispe_kernel.running import bridges
from lispe_kernel.running import capture as _capture  # noqa: F401 - says how its magic runs
from lispe_kernel.running import machine as _machine  # noqa: F401 - and these
from lispe_kernel.running import sessions as _sessions  # noqa: F401 - and this one
from lispe_kernel.running import timing as _timing  # noqa: F401 - and these
from lispe_kernel.running.hosts import NOTHING, Host, run_parts, runs
from lispe_kernel.running.places import name_file
from lispe_kernel.running.report import threads_reported
from lispe_kernel.session import Outcome, Session
from lispe_kernel.sittings import HOST


def run_cell(code: str, host: Host) -> Outcome:
    """Run a cell part by part; what its last part gave. Outputs that wait for the end are shown."""
    session = host.session
    name_file(host.file, host.name)
    session.library_states[HOST] = host
    try:
        with threads_reported(session.threads):
            return run_parts(code, host)
    finally:
        # Curves and progress that were updated a moment ago show their last state.
        finish(session)
        if host.session is not session:
            # The cell went on in a new session after `%reset`.
            finish(host.session)


def run_lispe(session: Session, text: str, name: str, file: str | None = None) -> Outcome:
    """Evaluate LispE text of a cell."""
    return session.run(text, name, file)


@runs("python")
def _python(part: Part, host: Host) -> Outcome:
    return host.python(bridges.PythonCell(part.code, host.file))


@runs("who")
def _who(_: Part, host: Host) -> Outcome:
    defined = bridges.user_variables(host.session.namespace, host.predefined)
    rows = [(name, describe(value, 60)) for name, value in defined]
    if not rows:
        print("Nothing is defined yet.")
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        print(f"{name:<{width}}  {text}")
    return NOTHING


@runs("reset")
def _reset(_: Part, host: Host) -> Outcome:
    host.reset()
    return NOTHING


@runs("lsmagic")
def _lsmagic(_: Part, host: Host) -> Outcome:
    for text in sorted(entry.help for entry in host.magics.values()):
        print(text)
    return NOTHING


@runs(HELP)
def _help(part: Part, host: Host) -> Outcome:
    found = host.inspector.about(part.argument)
    if found is None:
        hint = near(part.argument, host.session.known_names())
        raise LispeError(f"Error: no help: nothing is named '{part.argument}'{hint}")
    host.page(found)
    return NOTHING

"""The interactive prompt: history, colours, completion and multi-line editing around one Session.

The services are those of the kernel (completion, completeness, lexer, magics, history); only the screen
differs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.completion import Completer as PromptCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.filters import completion_is_selected
from prompt_toolkit.history import History as PromptHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer

from lispe_kernel import __version__
from lispe_kernel.assist.completeness import check
from lispe_kernel.assist.completion import Completer
from lispe_kernel.assist.inspection import Inspector
from lispe_kernel.assist.lexer import LispeLexer
from lispe_kernel.assist.magics import AT_A_PROMPT
from lispe_kernel.display.page.registry import Bundle
from lispe_kernel.language.printer import to_text
from lispe_kernel.ranks import end as end_ranks
from lispe_kernel.ranks import magics as _ranks  # noqa: F401 - says how its magic runs
from lispe_kernel.running.background import Preload, needs_torch
from lispe_kernel.running.bridges import PythonCell
from lispe_kernel.running.history import History
from lispe_kernel.running.interrupts import Interrupts
from lispe_kernel.running.magics import run_cell, run_lispe
from lispe_kernel.running.places import tell_warnings
from lispe_kernel.running.programs import recording
from lispe_kernel.running.report import report
from lispe_kernel.running.sessions import cell_begins, cell_ended
from lispe_kernel.session import Outcome, Session

_PATIENCE = 20.0  # seconds that a completion waits for PyTorch
BANNER = f"LispE {__version__}. Tab completes, ?name gives help, Ctrl-D leaves."
PROMPT, CONTINUED = "lispe> ", "    .. "


class Prompt:
    """Reads forms and magics, runs them, prints their values, until the end of input."""

    magics = AT_A_PROMPT

    def __init__(self, session: Session, history: History | None = None, **screen: Any) -> None:
        tell_warnings()
        self._begin(session)
        # What is to be said beside the answers, once: a thread may find it at any moment.
        self._remarks: list[str] = []
        self.history = history or History(tell=self._remarks.append)
        self.inspector = Inspector(lambda: self.session)
        self._count = 0
        self._preload = Preload()
        self._interrupts = Interrupts()
        self._line: PromptSession[str] = PromptSession(
            PROMPT,
            multiline=True,
            lexer=PygmentsLexer(LispeLexer),
            completer=Completions(Completer(lambda: self.session, self.magics), self._preload),
            # The first completion of a torch name waits for the import; typing goes on meanwhile.
            complete_in_thread=True,
            complete_while_typing=False,
            history=_Past(self.history),
            key_bindings=_keys(),
            prompt_continuation=CONTINUED,
            **screen,
        )

    def loop(self) -> int:
        """Prompt until Ctrl-D; returns the exit status."""
        print(BANNER)
        try:
            while True:
                try:
                    text = self._line.prompt()
                except KeyboardInterrupt:
                    continue
                except EOFError:
                    return 0
                if text.strip():
                    self.answer(text)
        except SystemExit as leave:
            return leave.code if isinstance(leave.code, int) else 0
        finally:
            self.history.close()

    def answer(self, text: str) -> None:
        """Run one entry and show what comes of it."""
        self._count += 1
        self.history.add(self._count, text)
        before = self.session
        cell_begins(before)
        try:
            if needs_torch(text):
                # Ctrl-C may end this waiting; in the middle of the import itself it would break torch.
                self._preload.wait()
            outcome = self._interrupts.during(lambda: run_cell(text, self))
            if not outcome.silent:
                print(to_text(outcome.value))
        except (Exception, KeyboardInterrupt) as error:
            sys.stdout.flush()
            print(report(error, colours=sys.stderr.isatty()).text(), file=sys.stderr)
        cell_ended(before, self.session, self._count, text)
        while self._remarks:
            print(self._remarks.pop(0), file=sys.stderr)

    # -- what magics ask -------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return f"entry {self._count}"

    @property
    def file(self) -> str:
        return f"<entry {self._count}>"

    def lispe(self, text: str) -> Outcome:
        """Evaluate LispE text as (a part of) this entry."""
        return run_lispe(self.session, text, f"entry {self._count}")

    def reset(self) -> None:
        """Begin a new session: the next entry runs in it."""
        end_ranks(self.session)
        self._begin(Session(self.session.arguments))

    def _begin(self, session: Session) -> None:
        self.session = session
        # What every session has from its start is not the user's.
        self.predefined = dict(session.namespace)

    def page(self, found: dict[str, str]) -> None:
        print(found["text/plain"])

    def python(self, cell: PythonCell) -> Outcome:
        found = cell.run(self.session)
        return Outcome(found.value, found.hidden)

    def recording(self, record: Callable[[Bundle], None]) -> AbstractContextManager[Any]:
        return recording(record)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter", filter=completion_is_selected)
    def _(event: KeyPressEvent) -> None:
        """Enter takes the completion that is selected in the menu."""
        event.current_buffer.complete_state = None

    @keys.add("enter", filter=~completion_is_selected)
    def _(event: KeyPressEvent) -> None:
        """Enter runs what is complete and opens an indented line where it is not."""
        buffer = event.current_buffer
        state = check(buffer.text, AT_A_PROMPT)
        if state["status"] == "incomplete" or buffer.document.text_after_cursor.strip():
            buffer.insert_text(
                "\n" + check(buffer.document.text_before_cursor, AT_A_PROMPT).get("indent", "")
            )
        else:
            buffer.validate_and_handle()

    return keys


class Completions(PromptCompleter):
    """The kernel's completions as prompt_toolkit wants them."""

    def __init__(self, completer: Completer, preload: Preload) -> None:
        self._completer = completer
        self._preload = preload

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002 - prompt_toolkit gives it
        cursor = document.cursor_position
        if needs_torch(document.text):
            self._preload.wait_at_most(_PATIENCE)
        start, matches = self._completer.matches(document.text, cursor)
        for match in matches:
            yield Completion(match.text, start - cursor, display_meta=match.signature[:60] or match.kind)


class _Past(PromptHistory):
    """The cells of all sessions, newest first, as prompt_toolkit wants them."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def load_history_strings(self) -> Iterable[str]:
        return reversed(self._history.tail(1000))

    def store_string(self, string: str) -> None:
        """The prompt itself adds entries, with their numbers."""


__all__ = ["Prompt"]

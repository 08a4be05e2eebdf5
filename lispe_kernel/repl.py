"""The interactive prompt: history, colours, completion and multi-line editing around one Session.

The services are the kernel's own (completion, completeness, lexer, history); only the screen differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
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
from lispe_kernel.language.printer import to_text
from lispe_kernel.running.background import Preload, needs_torch
from lispe_kernel.running.history import History
from lispe_kernel.running.interrupts import Interrupts
from lispe_kernel.running.report import report

_PATIENCE = 20.0  # seconds that a completion waits for PyTorch
BANNER = f"LispE {__version__}. Tab completes, ?name gives help, Ctrl-D leaves."
PROMPT, CONTINUED = "lispe> ", "    .. "


class Prompt:
    """Reads forms, evaluates them, prints their values, until the end of input."""

    def __init__(self, session: Any, history: History | None = None, **screen: Any) -> None:
        self.session = session
        self.history = history or History()
        self.inspector = Inspector(lambda: self.session)
        self._count = 0
        self._preload = Preload()
        self._interrupts = Interrupts()
        self._line: PromptSession[str] = PromptSession(
            PROMPT,
            multiline=True,
            lexer=PygmentsLexer(LispeLexer),
            completer=Completions(Completer(lambda: self.session), self._preload),
            # The first completion of a torch name waits for the import; typing goes on meanwhile.
            complete_in_thread=True,
            complete_while_typing=False,
            history=_Past(self.history),
            key_bindings=_keys(),
            prompt_continuation=CONTINUED,
            **screen,
        )

    def loop(self) -> int:
        """Prompt until Ctrl-D or `(exit)`; returns the exit status."""
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
        """Evaluate one entry and show what comes of it."""
        if text.lstrip().startswith("?"):
            self._help(text.strip().lstrip("?"))
            return
        self._count += 1
        self.history.add(self._count, text)
        try:
            if needs_torch(text):
                # Ctrl-C may end this waiting; in the middle of the import itself it would break torch.
                self._preload.wait()
            outcome = self._interrupts.during(lambda: self.session.run(text, f"entry {self._count}"))
            if not outcome.silent:
                print(to_text(outcome.value))
        except (Exception, KeyboardInterrupt) as error:
            sys.stdout.flush()
            print(report(error, colours=sys.stderr.isatty()).text(), file=sys.stderr)

    def _help(self, name: str) -> None:
        page = self.inspector.about(name.strip())
        print(page["text/plain"] if page else f"Nothing is named '{name}'.")


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
        state = check(buffer.text)
        if state["status"] == "incomplete" or buffer.document.text_after_cursor.strip():
            buffer.insert_text("\n" + check(buffer.document.text_before_cursor).get("indent", ""))
        else:
            buffer.validate_and_handle()

    return keys


class Completions(PromptCompleter):
    """The kernel's completions as prompt_toolkit wants them."""

    def __init__(self, completer: Completer, preload: Preload) -> None:
        self._completer = completer
        self._preload = preload

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
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

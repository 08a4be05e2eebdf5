"""Python in a session: cells and expressions over its variables.

What crosses, and how, `language/python` says. A cell may wait (`await`) at its top level: who runs it says
how. No Jupyter here.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import re
import tokenize
import zlib
from collections.abc import Coroutine, Iterator
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import text_argument
from lispe_kernel.language.python.border import to_lispe
from lispe_kernel.language.python.variables import variables_of
from lispe_kernel.language.runtime import Runtime, current, enter, leave
from lispe_kernel.running import class_files, main_module

# Under this key a session keeps the event loop on which Python code waits where nobody else has one.
_LOOP = "python: event loop"
# What Python's tools show the text of after other texts have run.
_MAKES = re.compile(r"\b(?:def|class|lambda)\b")
_NO_RESULT = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.INDENT})


@function("python")
def python(code: str) -> Any:
    """The value of a Python expression over the session's variables; statements are executed and give nil.

    Errors: whatever Python raises, with Python's message.
    Example: (python "sum(range(5))") => 10
    """
    code = text_argument("python", 1, code)
    return run_python(code, current(), _file(code))


def _file(code: str) -> str:
    """The file of an expression's text: one of its own where the text makes what asks for it later."""
    makes = _MAKES.search(code) is not None
    return f"<python {zlib.crc32(code.encode('utf-8', 'surrogatepass')):08x}>" if makes else "<python>"


def run_python(text: str, session: Runtime, file: str) -> Any:
    """Execute Python text over a session's variables; the value of a last expression as LispE sees it.

    Errors leave as Python raises them.
    """
    return PythonCell(text, file).run(session).value


class Evaluated(NamedTuple):
    """What Python code gave; hidden when a notebook shows nothing for it."""

    value: Any
    hidden: bool


class PythonCell:
    """Compiled Python code: its statements, then its last expression."""

    def __init__(self, text: str, file: str) -> None:
        class_files.know(file, text)
        tree = ast.parse(text, file)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        self._codes = [_compiled(tree, file, "exec")]
        self._gives = isinstance(last, ast.Expr)
        if isinstance(last, ast.Expr):
            self._codes.append(_compiled(ast.Expression(last.value), file, "eval"))
            self._gives = not _ends_with_semicolon(text)

    @property
    def waits(self) -> bool:
        """Whether the code says `await` at its top level."""
        return any(code.co_flags & inspect.CO_COROUTINE for code in self._codes)

    def run(self, session: Runtime) -> Evaluated:
        """Run to the end; what the code waits for runs on an event loop of the session's."""
        if not self.waits:
            return _stepped(self.start(session))
        loop = session.library_states.get(_LOOP)
        if loop is None:
            loop = session.library_states[_LOOP] = asyncio.new_event_loop()
        # The thread may be inside another loop, that of the kernel.
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            found: Evaluated = loop.run_until_complete(self.start(session))
            return found
        finally:
            asyncio._set_running_loop(outer)

    async def start(self, session: Runtime) -> Evaluated:
        """The code as a coroutine, for an event loop that is there."""
        variables = variables_of(session.namespace)
        main_module.know(variables)
        value = None
        token = enter(session)
        variables.begin()
        try:
            for code in self._codes:
                value = eval(code, variables.globals)  # noqa: S307 - its purpose
                if code.co_flags & inspect.CO_COROUTINE:
                    value = await value
        finally:
            variables.end()
            leave(token)
        return Evaluated(to_lispe(value) if self._gives else None, value is None or not self._gives)


def _compiled(tree: Any, file: str, mode: str) -> CodeType:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return compile(tree, file, mode, flags, dont_inherit=True)  # type: ignore[no-any-return]


def _stepped(work: Coroutine[Any, Any, Evaluated]) -> Evaluated:
    """What a coroutine gives that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise RuntimeError("Python code waited where it cannot")


def _ends_with_semicolon(text: str) -> bool:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    last = [token for token in tokens if token.type not in _NO_RESULT and token.string.strip()][-1:]
    return bool(last) and last[0].string == ";"


def user_variables(namespace: dict[str, Any], predefined: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the user defined, in the order of definition; not what every session has from its start."""
    for name, value in list(namespace.items()):
        own = name not in predefined or predefined[name] is not value
        # A blank in a name is the compiler's.
        if own and not name.startswith("_") and " " not in name and not isinstance(value, ModuleType):
            yield name, value

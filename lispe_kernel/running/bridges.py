"""LispE and its neighbours: Python cells and expressions over the session's variables, shell commands.

What crosses, and how, `language/python` says. No Jupyter here.
"""

from __future__ import annotations

import ast
import codecs
import linecache
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.python.border import to_lispe
from lispe_kernel.language.python.variables import variables_of
from lispe_kernel.language.runtime import Runtime, current, enter, leave


@function("python")
def python(code: str) -> Any:
    """The value of a Python expression over the session's variables; statements are executed and give nil.

    Errors: whatever Python raises, with Python's message.
    Example: (python "sum(range(5))") => 10
    """
    return run_python(code, current(), "<python>")


def run_python(text: str, session: Runtime, file: str) -> Any:
    """Execute Python text over a session's variables; the value of a last expression as LispE sees it.

    Errors leave as Python raises them.
    """
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    tree = ast.parse(text, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    variables = variables_of(session.namespace)
    value = None
    token = enter(session)
    variables.begin()
    try:
        exec(compile(tree, file, "exec", dont_inherit=True), variables.globals)
        if isinstance(last, ast.Expr):
            value = eval(
                compile(ast.Expression(last.value), file, "eval", dont_inherit=True), variables.globals
            )  # noqa: S307 - its purpose
    finally:
        variables.end()
        leave(token)
    return to_lispe(value)


def user_variables(namespace: dict[str, Any], predefined: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the user defined, in the order of definition; not what every session has from its start."""
    for name, value in list(namespace.items()):
        own = name not in predefined or predefined[name] is not value
        if own and not name.startswith("_") and not isinstance(value, ModuleType):
            yield name, value


def run_shell(command: str) -> int:
    """Run a shell command, copying its output to sys.stdout as it comes; returns its exit status.

    An interrupt reaches the command first and is raised here again.
    """
    process = subprocess.Popen(
        command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    try:
        while block := os.read(process.stdout.fileno(), 65536):
            sys.stdout.write(decode(block))
        return process.wait()
    except KeyboardInterrupt:
        _stop(process)
        raise
    finally:
        process.stdout.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)
        try:
            process.wait(0.2)
            return
        except subprocess.TimeoutExpired:
            continue

"""LispE and its neighbours: Python cells and expressions over the session's variables, shell commands.

Values cross without copies, but for plain Python containers and booleans, which become LispE's own kinds
when they come to rest in a variable. No Jupyter here.
"""

from __future__ import annotations

import ast
import builtins
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
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List

# A LispE name holds no blank: nobody's variable is called so.
_KEPT = "__python variables__"


class Variables(dict[str, Any]):
    """The globals of Python code in a session: Python's own builtins, and the session's variables behind.

    What Python assigns goes to the session at once and becomes LispE's kind when the code has ended.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        super().__init__(__name__="__main__", __builtins__=builtins)
        self.namespace = namespace
        self._touched: set[str] = set()

    def __missing__(self, name: str) -> Any:
        return self.namespace[name]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.namespace

    def __setitem__(self, name: str, value: Any) -> None:
        if name.startswith("__") and name.endswith("__"):
            super().__setitem__(name, value)
        else:
            self._touched.add(name)
            self.namespace[name] = value

    def __delitem__(self, name: str) -> None:
        if super().__contains__(name):
            super().__delitem__(name)
        else:
            del self.namespace[name]

    def settle(self) -> None:
        """Convert what was assigned; `global x` inside a function bypasses `__setitem__` and is moved."""
        for name in list(self):
            if not (name.startswith("__") and name.endswith("__")):
                self.namespace[name] = dict.pop(self, name)
                self._touched.add(name)
        for name in self._touched & self.namespace.keys():
            self.namespace[name] = to_lispe(self.namespace[name])
        self._touched.clear()


def variables_of(namespace: dict[str, Any]) -> Variables:
    """The one `Variables` of a session's namespace, kept in it under a name no program can write."""
    found = namespace.get(_KEPT)
    if not isinstance(found, Variables):
        found = namespace[_KEPT] = Variables(namespace)
    return found


@function("python")
def python(code: str) -> Any:
    """The value of a Python expression over the session's variables; statements are executed and give nil.

    Errors: whatever Python raises, with Python's message.
    Example: (python "sum(range(5))") => 10
    """
    return run_python(code, current().namespace, "<python>")


def run_python(text: str, namespace: dict[str, Any], file: str) -> Any:
    """Execute Python text in a session's namespace; the value of a last expression, or None.

    New and changed variables are converted by `to_lispe`. Errors leave as Python raises them.
    """
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    tree = ast.parse(text, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    variables = variables_of(namespace)
    variables.settle()
    value = None
    try:
        exec(compile(tree, file, "exec"), variables)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), file, "eval"), variables)  # noqa: S307 - its purpose
    finally:
        variables.settle()
    return to_lispe(value)


def to_lispe(value: Any) -> Any:
    """A Python value as LispE holds it: booleans as true and nil, plain lists and dicts as LispE's."""
    kind = type(value)
    if kind is bool:
        return TRUE if value else None
    if kind in (list, tuple):
        return List(to_lispe(item) for item in value)
    if kind is dict and all(type(key) is str for key in value):
        return Dictionary({key: to_lispe(item) for key, item in value.items()})
    return value


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

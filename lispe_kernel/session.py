"""A session: global variables, libraries, `evaluate(source)`. No Jupyter, no screen.

Two sessions share nothing but the registries of functions and forms and what a process has one of: the place
where outputs appear, what errors show there (`traceback_mode`), PyTorch's own state (its random generators,
its threads). A session is used by one thread at a time; evaluation nests (a program may evaluate another).
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from lispe_kernel import LIBRARIES, __version__
from lispe_kernel.language import compiler, library, runtime
from lispe_kernel.language.arity import wrong_number
from lispe_kernel.language.builtins import make_builtins
from lispe_kernel.language.calling import callable_of
from lispe_kernel.language.compiler.calls import arity_error
from lispe_kernel.language.compiler.execution import Execution, above
from lispe_kernel.language.compiler.forms.spaces import within
from lispe_kernel.language.compiler.macro_calls import Macro
from lispe_kernel.language.compiler.program import Program, compile_program
from lispe_kernel.language.compiler.variables import Signature, python_name
from lispe_kernel.language.discovery import Libraries
from lispe_kernel.language.errors import CompileError, LispeError
from lispe_kernel.language.explain import Place, caught_text, explain, near
from lispe_kernel.language.forms import LAMBDA, Form, as_code
from lispe_kernel.language.functions import Function, registry
from lispe_kernel.language.library.lists.access import LONG_WALK, long_walk
from lispe_kernel.language.library.machine.threads import Threads
from lispe_kernel.language.library.numbers.maths import CONSTANTS
from lispe_kernel.language.made import signature_of
from lispe_kernel.language.reader import read
from lispe_kernel.language.source import Passing, Source
from lispe_kernel.language.special_forms import special_forms
from lispe_kernel.language.stack import call_deep
from lispe_kernel.language.values.atoms import EMPTY, Atom, set_resolver
from lispe_kernel.language.values.lists import List, set_code_runner

_numbers = itertools.count(1)


class Outcome(NamedTuple):
    """What running a text gave: the value of its last form, and whether a notebook shows it."""

    value: Any
    silent: bool


class Session:
    """A LispE session.

    arguments: what the program finds in `_args`. folder: the folder of the program (`_current`), the
    current directory when absent.
    """

    def __init__(self, arguments: Iterable[str] = (), folder: str | None = None) -> None:
        compiler.load()
        library.load()
        self.arguments = list(arguments)
        self.namespace: dict[str, Any] = {}
        self.macros: dict[str, Macro] = {}
        self.fixed: set[str] = set()
        self.classes: dict[str, Any] = {}
        self.execution = Execution(self)
        self.threads = Threads()
        self.aliases: dict[str, str] = {}
        self.sources: dict[str, Source] = {}
        self._passing = Passing(self.sources)
        self.libraries = Libraries(LIBRARIES)
        # The names for which a library was looked for.
        self._met: set[str] = set()
        self.place = Place(self.sources, self.known_names, self._arity_error, self._parameters)
        self.loaded: dict[str, Any] = {}
        # What `setfast` keeps.
        self.slots: dict[int, Any] = {}
        # What libraries keep for a session (the curves of its running cell, say), under keys of their own.
        self.library_states: dict[str, Any] = {}
        # Code objects of all sessions meet in Python's own tables (linecache, debuggers).
        self._number = next(_numbers)
        # Whether Python may put values of its own into this session at any time, between two programs.
        self.given_values = True
        self._count = 0
        self._version = -1
        self._install_builtins()
        self._set_predefined(folder)

    # -- evaluating ------------------------------------------------------------------------------

    def evaluate(self, source: str, name: str | None = None) -> Any:
        """Evaluate a text and return the value of its last form.

        name: what error messages call the text (`main` when absent). Raises LispeError; what ran before
        the error stays done, and the session can be used as before.
        """
        return self.run(source, name).value

    def run(self, source: str, name: str | None = None, file: str | None = None) -> Outcome:
        """As `evaluate`, with whether the value is one that notebooks show.

        file: the file name that code objects carry (for debuggers), made up when absent.
        """
        try:
            program = self.compile(source, name, file)
        except CompileError as error:
            text, place = self._source(source, name, file), error.span
            with suppress(LispeError, RecursionError):
                self.run_program(call_deep(lambda: above(self, text, read(text, self.canonical), place)))
            raise
        outcome = self.run_program(program)
        if program.passes():
            self._passing.add(program.source)
        return outcome

    def compile(self, source: str, name: str | None = None, file: str | None = None) -> Program:
        """Read and compile a text without running anything. Raises CompileError."""
        text = self._source(source, name, file)
        try:
            return call_deep(lambda: compile_program(self, text, read(text, self.canonical)))
        except RecursionError:
            raise CompileError("Error: the forms of this text are nested too deeply") from None

    def explain(self, source: str, name: str | None = None) -> str:
        """What the compiler's stages make of each form of a text: tree and Python. Nothing is run.

        Raises CompileError.
        """
        from lispe_kernel.language.compiler.stages import explain_program  # noqa: PLC0415 - asked for by learners only

        text = self._source(source, name, None)
        return call_deep(lambda: explain_program(self, text, read(text, self.canonical)))

    def run_program(self, program: Program) -> Outcome:
        """Run a compiled text."""
        value = self._inside(lambda: self.execution.run(program))
        return Outcome(value, program.silent or value is EMPTY)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a LispE function from Python, as a program of this session would.

        Raises LispeError for any error inside.
        """
        return self._inside(lambda: function(*arguments))

    def explained(self, error: BaseException) -> LispeError:
        """An error that leaves LispE code, as a LispeError with its place."""
        return explain(error, self.place)

    def _inside(self, work: Callable[[], Any]) -> Any:
        """Do something as the current session, with room to recurse; any error leaves as a LispeError."""
        if self.given_values:
            self.meet_python()
        token = runtime.enter(self)
        try:
            return call_deep(work)
        except Exception as error:
            found = explain(error, self.place)
            if found is error:
                raise
            raise found from error
        finally:
            runtime.leave(token)

    def evaluate_form(self, form: Any, local: dict[str, Any] | None = None) -> Any:
        """Run a form made by a program: `(eval '(+ 1 2))`. `local` are the variables that it sees."""
        return self._evaluate_forms(self._source("", "eval", None), Form([as_code(form)]), local)

    def evaluate_value(self, value: Any, local: dict[str, Any] | None = None) -> Any:
        """`(eval value)`: a list is run as code, a text is compiled and run, anything else is itself."""
        if isinstance(value, list) and value:
            return self.evaluate_form(value, local)
        if not isinstance(value, str):
            return value
        source = self._source(value, "eval", None)
        return self._evaluate_forms(source, read(source, self.canonical), local)

    def _evaluate_forms(self, source: Source, forms: Form, local: dict[str, Any] | None) -> Any:
        local = local if forms else None
        if local:
            forms = Form([Form([LAMBDA, Form(map(Atom, local), forms.span), *forms], forms.span)])
        program = compile_program(self, source, forms, evaluated=local)
        value = self.execution.run(program)
        if local:
            value = value(*local.values())
        if not program.definitions:
            # Nothing is left of this text: a program may evaluate millions of them.
            del self.sources[source.file]
            source.forget()
        return value

    # -- what the compiler asks ------------------------------------------------------------------

    def signature(self, name: str) -> Signature | None:
        """The signature of a user's function, if the name still holds it."""
        found: Signature | None = signature_of(self.namespace.get(python_name(name)))
        return found

    def defined(self, name: str) -> bool:
        """Whether a global variable or function of the user has this name."""
        return python_name(name) in self.namespace

    def declared(self, name: str) -> Any:
        """The value of a global name: what `data@` or `class@` made of it, or anything else."""
        return self.namespace.get(python_name(name))

    def library(self, name: str) -> Function | None:
        """The library function of a name; a library is loaded when a name is met that may be its own."""
        entry = registry.get(name)
        if entry is None and name not in self._met and name not in self.namespace:
            if LONG_WALK.fullmatch(name):
                long_walk(name)
            elif name[:1] != " ":
                self.libraries.meet(name)
            entry = registry.get(name)
            self._met.add(name)
        if self._version != registry.version:
            self._install_builtins()
        return entry

    def meet_python(self) -> None:
        """Load the libraries that stand on modules of Python which are imported now."""
        self.libraries.meet_python(sys.modules)

    def canonical(self, name: str, aliases: dict[str, str] | None = None) -> str:
        """The name that an alias stands for, LispE's own or the session's; other names as they are.

        aliases: in the place of the session's.
        """
        name = (self.aliases if aliases is None else aliases).get(name, name)
        if name in special_forms:
            return special_forms.canonical(name)
        entry = registry.get(name)
        return entry.name if entry is not None and entry.keyword else name

    def use_library(self, name: str, space: str = "") -> None:
        """`(use ...)`: the libraries are at hand without it; any other name is a file of LispE."""
        libraries = self.libraries.use_names() if not name.endswith(".lisp") else frozenset()
        if name in libraries:
            return
        if not name.endswith(".lisp") and not os.path.exists(self.path_of(name)):
            known = ", ".join(sorted(libraries))
            raise LispeError(
                f"Error: use: there is no library '{name}' (known: {known}; a file needs its path)"
            )
        self.load_file(name, space)

    # -- what functions ask ----------------------------------------------------------------------

    def function_named(self, name: str) -> Callable[..., Any] | None:
        """The user's or the library's function of a name."""
        found = self.namespace.get(python_name(name))
        if callable(found):
            return found  # type: ignore[no-any-return]
        entry = self.library(self.canonical(name))
        return entry.call if entry is not None else None

    def known_names(self) -> list[str]:
        """Every name that means something here: the user's, the library's, the special forms'."""
        self.libraries.load_nameless()
        return [
            *(n for n in self.namespace if not n.startswith("__") and " " not in n),
            *(n for n, _ in registry.names()),
            *(n for n, _ in special_forms.names()),
            *self.macros,
        ]

    def path_of(self, path: str) -> str:
        """A path as programs write it: relative paths are looked for beside the program, then here."""
        path = os.path.expanduser(path)
        beside = os.path.join(str(self.namespace.get("_current", "")), path)
        return beside if not os.path.isabs(path) and os.path.exists(beside) else path

    def evaluate_in_space(self, text: str, name: str, space: str) -> Any:
        """As `evaluate`, with a name space current: the functions that the text defines are the space's."""
        source = self._source(text, name, None)
        forms = within(space, read(source, self.canonical))
        return self.run_program(call_deep(lambda: compile_program(self, source, forms))).value

    def load_file(self, path: str, space: str = "") -> Any:
        """Run a LispE file once and return its last value; a file loaded before is not run again.

        Errors: `Unknown file: PATH`, and the file's own errors with its name and lines.
        """
        found = os.path.abspath(self.path_of(path))
        if found in self.loaded:
            return self.loaded[found]
        try:
            with open(found, encoding="utf-8-sig") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not a text in UTF-8"
            raise LispeError(f"Unknown file: {path} ({reason})") from None
        self.loaded[found] = None
        try:
            if space:
                self.loaded[found] = self.evaluate_in_space(text, path, space)
            else:
                self.loaded[found] = self.evaluate(text, path)
        except BaseException:
            del self.loaded[found]
            raise
        return self.loaded[found]

    def caught(self, error: BaseException) -> str:
        """The text of an error as `maybe` and `catch` see it."""
        return caught_text(error, self.place)

    def global_value(self, name: str) -> Any:
        """The value of a global name found at run time."""
        if python_name(name) in self.namespace:
            return self.namespace[python_name(name)]
        found = self.function_named(name)
        if found is None:
            raise LispeError(f"Error: Unbound atom: '{name}'{near(name, self.known_names())}")
        return found

    # -- setting up ------------------------------------------------------------------------------

    def _install_builtins(self) -> None:
        own = {
            " globals": self.namespace,
            " caught": self.caught,
            " global": self.global_value,
            " eval": self.evaluate_value,
            " session": self,
        }
        builtins = self.namespace.get("__builtins__")
        made = make_builtins(registry, own)
        if isinstance(builtins, dict):
            builtins.update(made)
        else:
            self.namespace["__builtins__"] = made
            # What is no function stands among the globals: there torch.compile knows what to make of it.
            self.namespace.update((n, v) for n, v in made.items() if n[:1] == " " and not callable(v))
        self._version = registry.version

    def _set_predefined(self, folder: str | None) -> None:
        self.namespace.update(
            CONSTANTS,
            _args=List(self.arguments),
            _current=os.path.join(folder if folder is not None else os.getcwd(), ""),
            _sep=os.sep,
            _version=__version__,
        )

    def known_source(self, text: str, name: str) -> Source:
        """A text that errors and debuggers know by a name; nothing of it is run."""
        return self._source(text, name, None)

    def _source(self, text: str, name: str | None, file: str | None) -> Source:
        self._count += 1
        shown = name if name is not None else "main"
        source = Source(
            text, shown, file if file is not None else f"<lispe {self._number}.{self._count} {shown}>"
        )
        self.sources[source.file] = source
        source.remember()
        return source

    def _arity_error(self, name: str) -> str | None:
        found = self.signature(name)
        if found is not None:
            return arity_error(found)
        entry = _entry(name)
        return wrong_number(entry.name, entry.signature) if entry else None

    def _parameters(self, name: str) -> list[str]:
        """What the arguments of a function are called."""
        found = self.signature(name)
        if found is not None:
            return [text.strip("()").split(" ")[0] for text in found.parameters]
        entry = _entry(name)
        return [each.name for each in entry.parameters] if entry else []


def _entry(name: str) -> Function | None:
    """The library function of a name, or that which Python calls so."""
    return registry.get(name) or next((e for e in registry if e.call.__name__ == name), None)


def _run_code(code: list[Any], arguments: tuple[Any, ...]) -> Any:
    """A list in head position of a call: a lambda, or a partial call."""
    return callable_of(code)(*arguments)


def _resolve(atom: Atom) -> Callable[..., Any]:
    return callable_of(atom)


set_resolver(_resolve)
set_code_runner(_run_code)

# Integers do not overflow, and so neither does their text.
sys.set_int_max_str_digits(0)

__all__ = ["LispeError", "Outcome", "Session"]

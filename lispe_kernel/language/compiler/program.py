"""A whole text compiled: definitions first, then the top-level forms, each a code object.

Compiling changes nothing in the session: macros, constants and signatures found on the way are handed
back, so that a text with an error in its last line leaves no trace (`execution.above` compiles anew what
stays).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import CodeType
from typing import Any, NamedTuple, TypeVar

from lispe_kernel.language.compiler.analyse import analyse
from lispe_kernel.language.compiler.context import Context
from lispe_kernel.language.compiler.emit.emitter import Emitter
from lispe_kernel.language.compiler.emit.functions import function_ast
from lispe_kernel.language.compiler.emit.named import name_helpers
from lispe_kernel.language.compiler.emit.nodes import MARK
from lispe_kernel.language.compiler.expand import expanded
from lispe_kernel.language.compiler.macro_calls import Macro
from lispe_kernel.language.compiler.resolve import Resolver
from lispe_kernel.language.compiler.tree import Constant, is_plain
from lispe_kernel.language.compiler.variables import Function, Signature
from lispe_kernel.language.compiler.versions.held import Second
from lispe_kernel.language.compiler.versions.hints import give_hints
from lispe_kernel.language.compiler.versions.split import split
from lispe_kernel.language.errors import CompileError, UnknownNameError
from lispe_kernel.language.forms import LAMBDA, QUOTE, Form, head
from lispe_kernel.language.functions import registry
from lispe_kernel.language.source import Source
from lispe_kernel.language.special_forms import is_definition, special_forms
from lispe_kernel.language.stack import at_rest
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.instances import Instance


class FunctionCode(NamedTuple):
    """A global function to be made: its code object and what is known of it."""

    name: str
    code: CodeType
    defaults: tuple[Any, ...]
    signature: Signature
    source: Any
    doc: str
    owner: Any = None
    # Its second body, if that is a function of its own.
    second: Second | None = None


class Step(NamedTuple):
    """A top-level form; its code, or None when what the text loads before must be known to compile it."""

    code: CodeType | None
    form: Any
    span: Any


@dataclass
class Program:
    """What the session runs."""

    source: Source
    # Functions made before anything runs; the first definition of each name.
    definitions: list[FunctionCode] = field(default_factory=list)
    # Top-level forms in order: code, or a later definition of a name defined before.
    steps: list[Step | FunctionCode] = field(default_factory=list)
    # The definitions of functions as forms, with their places.
    written: list[tuple[Any, Any]] = field(default_factory=list)
    # Those that need what the text loads.
    waiting: list[tuple[Any, Any]] = field(default_factory=list)
    macros: dict[str, Macro] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    # Records and classes: global names and what they mean.
    declarations: dict[str, Any] = field(default_factory=dict)
    classes: dict[str, Any] = field(default_factory=dict)
    # The last form is one whose value a notebook does not show.
    silent: bool = False
    # Some form loads or evaluates other texts, and may be compiled anew after them.
    loads: bool = False

    def passes(self) -> bool:
        """Whether nothing that the text leaves behind can ask for it: no function. Values do not."""
        if self.definitions or self.written or self.waiting or self.macros or self.classes or self.loads:
            return False
        return not self.declarations and all(map(_passes, self.steps))


def _passes(step: Step | FunctionCode) -> bool:
    code = step.code if isinstance(step, Step) else None
    return code is not None and not any(isinstance(constant, CodeType) for constant in code.co_consts)


def compile_program(
    context: Context, source: Source, forms: Form, *, evaluated: Mapping[str, Any] | None = None
) -> Program:
    """Compile all forms of a text. Raises CompileError before anything has run.

    evaluated: the text is one lambda around what `eval` runs; its parameters are seen, never assigned: these.
    """
    if not evaluated:
        _refuse_infix(source, forms)
    return unwarned(
        lambda: at_rest(lambda breathe: _compiled(context, source, forms, breathe, evaluated=evaluated))
    )


def _compiled(
    context: Context,
    source: Source,
    forms: Form,
    breathe: Callable[[], None],
    *,
    evaluated: Mapping[str, Any] | None,
) -> Program:
    program = Program(source)
    r = Resolver(context, source, evaluated)
    r.globals_here = {_assigned(form) for form in forms}
    defined: set[tuple[int, str]] = set()
    made = _Made(r, program, breathe)
    loads = False
    for form, span in zip(forms, forms.spans, strict=True):
        breathe()
        r.place = span
        names = names_in(form)
        try:
            top = _top_level(r, form, span, names)
        except UnknownNameError:
            waits = is_definition(form, "function") and any(names_in(other) & LOADING for other in forms)
            if not (loads or waits):
                raise
            r.definitions.clear()
            if waits:
                program.waiting.append((form, span))
            else:
                program.steps.append(Step(None, form, span))
            continue
        made.definitions(defined)
        if top is not None:
            made.form(top, form, span)
        elif is_definition(form, "function") or is_definition(form, "space"):
            program.written.append((form, span))
        loads = loads or not LOADING.isdisjoint(names)
    while r.finishers:
        name, finish = next(iter(r.finishers.items()))
        del r.finishers[name]
        definition = finish()
        if definition is not None:
            r.definitions.append(definition)
        made.definitions(defined)
    made.all()
    program.macros, program.fixed, program.links = r.macros, r.fixed, r.links
    program.declarations, program.classes = r.declarations, r.classes
    program.loads = loads
    program.silent = not forms or is_silent(context, r.macros, forms[-1])
    return program


# Python warns of ((+ 1 2) 3), and of each constant of ours; LispE's own error comes when it runs.
_IGNORED = ("ignore", None, SyntaxWarning, None, 0)

T = TypeVar("T")


def unwarned(work: Callable[[], T]) -> T:
    """Do something without warnings of Python's compiler.

    The filter is put in and taken out again: threads that restore whole lists of filters undo each other.
    """
    filters: list[Any] = warnings.filters  # type: ignore[assignment]
    try:
        filters.insert(0, _IGNORED)
        return work()
    finally:
        # No call stands between: an interrupt comes before or after one.
        if _IGNORED in filters:
            filters.remove(_IGNORED)


def _refuse_infix(source: Source, forms: Form) -> None:
    """`x = 5` outside of parentheses is three forms; the last would be the answer, and nothing assigned."""
    for before, (form, span), after in zip(
        forms.spans, list(zip(forms, forms.spans, strict=True))[1:], forms.spans[2:], strict=False
    ):
        if (
            isinstance(form, Atom)
            and not any(c.isalnum() or c == "_" for c in form.name)
            and (form.name in registry or form.name in special_forms)
            and before.end_line == span.line == after.line
        ):
            error = CompileError(f"Error: '{form.name}' stands between two values outside of parentheses")
            raise error.placed(span, source.name, source.line(span.line))


def _assigned(form: Any) -> str:
    """The variable that a form of the top level assigns, or an empty name."""
    name = head(form)
    target = form[1] if name is not None and name.name in ASSIGNMENTS and len(form) > 1 else None
    return target.name if isinstance(target, Atom) else ""


# What may bring classes, records, macros and spaces while a text runs.
LOADING = frozenset({"load", "loadcode", "eval", "use", "session_restore"})


def names_in(form: Any) -> set[str]:
    """The names of all atoms in a form."""
    found: set[str] = set()
    pending: list[Any] = [(form,)]
    while pending:
        for item in pending.pop():
            kind = type(item)
            if kind is Atom:
                found.add(item.name)
            elif kind is Form or isinstance(item, list):
                pending.append(item)
    return found


# So many functions and forms are resolved before the first is written, to know what they give each other.
_TOGETHER = 500


class _Made:
    """The functions and forms of a text that are resolved, in the places where their code is to stand."""

    def __init__(self, r: Resolver, program: Program, breathe: Callable[[], None]) -> None:
        self._r = r
        self._program = program
        self._breathe = breathe
        # Where each is to stand, its function, and what makes it.
        self._waiting: list[tuple[list[Any], int, Function, Callable[[], Any]]] = []

    def definitions(self, defined: set[tuple[int, str]]) -> None:
        """The definitions that were resolved last."""
        for definition in self._r.definitions:
            known = (id(definition.owner), definition.name)
            where = self._program.steps if known in defined else self._program.definitions
            self._wait(where, definition.function, partial(_function_code, self._r, definition))
            defined.add(known)
        self._r.definitions.clear()

    def form(self, function: Function, form: Any, span: Any) -> None:
        """A form of the top level."""
        self._wait(self._program.steps, function, lambda: Step(_codes_of(self._r, function)[0], form, span))

    def _wait(self, where: list[Any], function: Function, make: Callable[[], Any]) -> None:
        self._waiting.append((where, len(where), function, make))
        where.append(None)
        if len(self._waiting) == _TOGETHER:
            self.all()

    def all(self) -> None:
        """Write all that wait."""
        give_hints(function for _, _, function, _ in self._waiting)
        for where, at, _, make in self._waiting:
            self._breathe()
            where[at] = make()
        self._waiting.clear()


ASSIGNMENTS = frozenset({"setq", "setg"})


def _forms_as_calls(form: Any) -> Any:
    """A form of the top level whose arguments that are special forms are called: `return` ends only them."""
    if not isinstance(form, Form) or _keeps_return(form):
        return form
    called = form[0].name in ASSIGNMENTS or form[0].name not in special_forms
    parts = [form[0]]
    for part, span in zip(form[1:], form.spans[1:], strict=True):
        inner = _forms_as_calls(part)
        if called and _is_left(part):
            made = Form([LAMBDA, Form([], span, []), inner], span, [span] * 3)
            inner = Form([made], span, [span])
        parts.append(inner)
    return Form(parts, form.span, form.spans)


def _is_left(form: Any) -> bool:
    """Whether a form is a special one that a `return` in it leaves."""
    return not _keeps_return(form) and form[0].name in special_forms and "return" in names_in(form)


def _keeps_return(form: Any) -> bool:
    """Whether no `return` in a form can leave it: a function, data, or what is no call by a name."""
    name = head(form)
    if name is None or name is QUOTE or is_definition(form):
        return True
    return special_forms.canonical(name.name) == LAMBDA.name


def _top_level(r: Resolver, form: Any, span: Any, names: set[str]) -> Function | None:
    """One form, in which these names stand, as a function without parameters that returns its value."""
    function = r.function = Function("top", r.source.name, span)
    form = expanded(r, form, names)
    if "return" in names:
        form = _forms_as_calls(form)
    function.body = r.node(form, span)
    return None if is_definition(form) else function


class Unset:
    """The value of a variable that was never assigned; LispE code never sees it."""

    def __repr__(self) -> str:
        return "unset"


UNSET_VALUE = Unset()


def _function_code(r: Resolver, definition: Any) -> FunctionCode:
    function: Function = definition.function
    # A method by which another library calls an instance.
    function.foreign |= definition.owner is not None and definition.name.strip() in Instance.lispe_callers
    code, second = _codes_of(r, function)
    defaults = tuple(
        node.value if isinstance(node, Constant) and is_plain(node) else UNSET_VALUE
        for node in (function.defaults[p] for p in function.parameters if p in function.defaults)
    )
    return FunctionCode(
        definition.name,
        code,
        defaults,
        definition.signature,
        definition.source,
        definition.doc,
        definition.owner,
        second,
    )


# So much of a text is written twice: a text that is long compiles as fast as ever.
_MOST_TWICE = 5_000


def _codes_of(r: Resolver, function: Function) -> tuple[CodeType, Second | None]:
    """The code object of a function, with LispE's own constants put in; its second body, if that is apart."""
    r.twice += split(function, _MOST_TWICE - r.twice)
    analyse(function)
    e = Emitter()
    tree = function_ast(e, function)
    if function.foreign:
        name_helpers(tree, e.constants)
    tree.args.defaults = []
    module = ast.Module([tree] if e.second is None else [tree, e.second[0]], [])
    try:
        code = compile(module, r.source.file, "exec", dont_inherit=True)
    except (RecursionError, MemoryError):
        raise r.error("Error: forms are nested too deeply here", function.span) from None
    except SyntaxError as error:
        # Python nests at most 20 loops and protected forms in one function.
        text = f"Error: loops or protected forms are nested too deeply here ({error.msg})"
        raise r.error(text, function.span) from None
    # Nobody asks for the tree any more; without it, the cycles of variables and functions are small.
    function.body = None
    codes = [_with_constants(each, e.constants) for each in code.co_consts if type(each) is CodeType]
    return codes[0], Second(codes[1], *e.second[1:]) if e.second is not None else None


def _with_constants(code: CodeType, constants: list[Any]) -> CodeType:
    """The code object with marked tuples replaced by the values they stand for."""
    if not constants:
        return code
    return code.replace(co_consts=_replaced(code.co_consts, constants))


def _replaced(marked: tuple[Any, ...], constants: list[Any]) -> tuple[Any, ...]:
    """Constants with the marks in them replaced; Python folds a list of constants into a tuple of them."""
    found = list(marked)
    for at, constant in enumerate(marked):
        kind = type(constant)
        if kind is tuple:
            is_mark = len(constant) == 2 and constant[0] == MARK
            found[at] = constants[constant[1]] if is_mark else _replaced(constant, constants)
        elif kind is CodeType:
            found[at] = _with_constants(constant, constants)
    return tuple(found)


def is_silent(context: Context, macros: dict[str, Macro], form: Any) -> bool:
    """Whether a notebook shows nothing for the value of a form: assignments, definitions, printing."""
    name = head(form)
    if name is None or name.name in macros or name.name in context.macros:
        return False
    special = special_forms.get(name.name)
    if special is not None:
        if special.silent:
            return True
        results = [form[i] for i in special.result if -len(form) < i < len(form)]
        return bool(results) and all(is_silent(context, macros, result) for result in results)
    entry = context.library(name.name)
    return entry is not None and entry.silent

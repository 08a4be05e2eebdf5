"""Any Python exception as a LispE error: what, where, and through which calls.

Compiled code raises Python's own exceptions at full speed; this file reads the traceback afterwards.
It never catches anything itself.
"""

from __future__ import annotations

import dis
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import NamedTuple

from lispe_kernel.language.arity import TYPE_NAMES, refused_by_python, wrong_kind
from lispe_kernel.language.errors import (
    CallError,
    CompileError,
    Frame,
    LispeError,
    Span,
    ThrownError,
    meaning_of,
    said_by,
)
from lispe_kernel.language.printer import kind_words, type_atom_named
from lispe_kernel.language.source import Source

STACK_OVERFLOW = "Stack overflow"

_OPERANDS = re.compile(r"unsupported operand type\(s\) for ([^ :]+)|'([^']+)' not supported between")
_TWO_TYPES = re.compile(r"'([^']+)' and '([^']+)'$")
_ARITY = re.compile(r"^(?P<name>.+?)\(\) (?P<what>takes|missing|got)\b")
# What Python's libraries say of a mask of several elements where one answer is asked for.
_AMBIGUOUS = re.compile(r"value of (Tensor|an array) with more than one \w+ is ambiguous")
# How the functions of LispE's libraries in C++ begin that are not here.
_NOT_HERE = re.compile("(mlx|gguf|blas|curl|sqlite|xml|transducer)_")
# What they say of a product with a text, which Python would repeat.
_REPEATED = re.compile(r"can't multiply sequence by non-int of type '(.+)'|only integer tensors of a single")
LAMBDA = "λ"
_NOT_CALLABLE = re.compile(r"'([^']+)' object is not callable")
# What follows a blank in the name of a variable that Python knows by another name.
_MARK = re.compile(r" \d*$")
_UNEXPECTED = re.compile(r"got an unexpected keyword argument '([^']+)'")
_NAME = re.compile(r"[^\s()\[\]{}\"`';]+")
_HEAD = re.compile(r"[(\[]\s*(?!(?:§|•|/\\|infix)\s)([^\s()\[\]{}\"`';]+)")


@dataclass
class Place:
    """What explaining needs of a session: the sources by file name, the names in use, what a name is."""

    sources: dict[str, Source] = field(default_factory=dict)
    names: Callable[[], Iterable[str]] = tuple
    arity_of: Callable[[str], str | None] = lambda _name: None
    parameters_of: Callable[[str], Iterable[str]] = lambda _name: ()


class _Reached(NamedTuple):
    """A LispE frame of a traceback."""

    source: Source
    span: Span | None
    function: str
    last: bool
    frame: FrameType
    instruction: int


def explain(error: BaseException, place: Place) -> LispeError:
    """The LispE error for an exception that left compiled code; a LispE error gets its place and calls."""
    reached, omitted = _lispe_frames(error.__traceback__, place)
    if isinstance(error, CallError) and len(reached) > 1:
        del reached[-1]
    innermost = reached[-1] if reached else None
    found = error if isinstance(error, LispeError) else LispeError(_text(error, innermost, place))
    if found is not error:
        found.__cause__ = error
    if not isinstance(error, CompileError) or error.span is None:
        _attach(found, innermost)
    if not found.frames:
        found.frames, found.omitted = tuple(_frame(at) for at in reached), omitted
        _remark(found, error)
    return found


# What libraries say besides of where an error came from: a function of the frames that it passed, outermost
# first, and of the text that there is.
Remark = Callable[[list[FrameType], str], str]
_remarks: list[Remark] = []


def register_remark(remark: Remark) -> None:
    """Let a library add to the text of an error; an empty text adds nothing."""
    _remarks.append(remark)


def _remark(found: LispeError, error: BaseException) -> None:
    if not _remarks or isinstance(error, (CompileError, ThrownError)):
        return
    frames: list[FrameType] = []
    cause: BaseException | None = error
    while cause is not None:
        at = cause.__traceback__
        while at is not None:
            frames.append(at.tb_frame)
            at = at.tb_next
        cause = cause.__cause__ if cause.__cause__ is not cause else None
    found.text += "".join(remark(frames, found.text) for remark in _remarks)


def _attach(error: LispeError, innermost: _Reached | None) -> None:
    if innermost is not None and innermost.span is not None:
        source = innermost.source
        error.placed(innermost.span, source.name, source.line(innermost.span.line))


def _frame(at: _Reached) -> Frame:
    text = at.source.line(at.span.line).strip() if at.span is not None else ""
    return Frame(at.function, at.source.name, at.span, text)


# Of a runaway recursion the outermost and the newest calls are kept: its middle says nothing, and there
# may be a hundred thousand of it.
_MOST_AT_AN_END = 100


def _lispe_frames(traceback: TracebackType | None, place: Place) -> tuple[list[_Reached], int]:
    """The calls, outermost first, and how many were left out in the middle."""
    count = 0
    outermost: list[TracebackType] = []
    newest: deque[TracebackType] = deque(maxlen=_MOST_AT_AN_END)
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename in place.sources:
            count += 1
            (outermost if len(outermost) < _MOST_AT_AN_END else newest).append(traceback)
        traceback = traceback.tb_next
    kept = [_reached(at, place) for at in (*outermost, *newest)]
    return kept, count - len(kept)


def _reached(at: TracebackType, place: Place) -> _Reached:
    code = at.tb_frame.f_code
    span = _span(code, at.tb_lasti, at.tb_lineno)
    source, following = place.sources[code.co_filename], at.tb_next
    # An object that looks its attributes up itself speaks for the code that asked.
    last = following is None or (
        following.tb_next is None and following.tb_frame.f_code.co_name == "__getattr__"
    )
    return _Reached(source, span, code.co_name, last, at.tb_frame, at.tb_lasti)


def _span(code: CodeType, instruction: int, line: int | None) -> Span | None:
    positions = list(code.co_positions())
    at = positions[instruction // 2] if instruction >= 0 and instruction // 2 < len(positions) else None
    if at is None or at[0] is None or at[2] is None:
        return Span(line, 0, line, 0) if line is not None else None
    return Span(at[0], at[2], at[1] or at[0], at[3] if at[3] is not None else at[2])


# -- texts --------------------------------------------------------------------------------------------


def _text(error: BaseException, at: _Reached | None, place: Place) -> str:
    if isinstance(error, RecursionError):
        return STACK_OVERFLOW
    if isinstance(error, MemoryError):
        return "Error: there is not enough memory for this"
    if _AMBIGUOUS.search(said_by(error)):
        return "Error: an answer of several elements is neither true nor false"
    form = at.source.excerpt(at.span) if at is not None and at.span is not None else ""
    if at is not None and at.last:
        direct = _direct(error, form, at, place)
        if direct is not None:
            return direct
    if isinstance(error, TypeError):
        # A library function called a function of the user's with the wrong number of arguments.
        arity = _ARITY.match(said_by(error))
        if arity:
            name, method = arity["name"].rpartition(".")[2], _has_self(arity["name"])
            if name == "__call__":
                name = _head(form) or name
            known = None if method else _arity_of(name, name, said_by(error), place)
            return known or _arity_text(name, said_by(error), method)
        if _OPERANDS.search(said_by(error)):
            return _type_error(said_by(error), form, place)
    if isinstance(error, IndexError):
        return f"Error: index out of bounds{_of(form)}"
    if isinstance(error, ZeroDivisionError):
        return "Error: division by zero"
    shapes = _shapes(form, at) if isinstance(error, RuntimeError) and at is not None and at.last else ""
    return f"Error: {_head_of(form)}{_reason(error)}{shapes}"


def _shapes(form: str, at: _Reached) -> str:
    """The arrays that a failed operation names, as ` (a: float32 [3,4], b: float32 [3,5])`."""
    found = []
    for name in dict.fromkeys(_NAME.findall(form)):
        value = at.frame.f_locals.get(name, at.frame.f_globals.get(name))
        shape, kind = getattr(value, "shape", None), getattr(value, "dtype", None)
        if isinstance(shape, tuple) and kind is not None:
            found.append(f"{name}: {str(kind).rpartition('.')[2]} [{','.join(map(str, shape))}]")
    return f" ({', '.join(found)})" if found else ""


def _direct(error: BaseException, form: str, at: _Reached, place: Place) -> str | None:
    """The text for an exception that the LispE code itself raised, not a function it called."""
    # Python cannot write its NameError of a name with half a surrogate pair.
    if isinstance(error, (NameError, UnicodeEncodeError)):
        return _unknown(getattr(error, "name", None) or form, at, place)
    if isinstance(error, AttributeError) and hasattr(error.obj, "lispe_fields"):
        # An instance without the method (its name begins with a blank) or field.
        wanted = str(error.name)
        what = "Unknown function call" if wanted[0] == " " else "Error: Unbound atom"
        return f"{what}: '{wanted.removeprefix(' ')}'"
    if isinstance(error, (IndexError, KeyError)):
        return f"Error: index out of bounds{_of(form)}"
    if isinstance(error, TypeError):
        return _type_error(said_by(error), form, place)
    return None


def _unknown(name: str, at: _Reached, place: Place) -> str:
    name = _MARK.sub("", name)
    hint = near(name, place.names())
    return f"{'Unknown function call' if _is_called(at) else 'Error: Unbound atom'}: '{name}'{hint}"


_LOAD_GLOBAL = dis.opmap["LOAD_GLOBAL"]


def _is_called(at: _Reached) -> bool:
    """Whether the unknown name is that of a function: marked by Python, or asked first whether it is one."""
    code, where = at.frame.f_code, at.instruction
    after = (each for each in dis.get_instructions(code) if each.offset > where and "CALL" not in each.opname)
    return code.co_code[where] == _LOAD_GLOBAL and (
        bool(code.co_code[where + 1] & 1) or next(after).argval in (FunctionType, " function")
    )


# What other languages call things, by what LispE calls them.
ELSEWHERE = {
    other: name
    for name, others in {
        "size": "length len string-length strlen",
        "defun or setq": "define",
        "defun": "def defn",
        "lambda": "fn",
        "true": "else otherwise True TRUE #t",
        "nil": "False None FALSE NULL #f undefined",
        "block": "begin progn do",
        "setq": "set! setf defvar defparameter",
        "car": "first",
        "cdr": "rest",
        "nconcn or push": "append",
        "push": "conj",
        "nullp or nil": "null nil?",
        "maybe": "try handler-case ignore-errors",
        "apply": "funcall",
        "check": "when",
        "ncheck": "unless",
        "=": "equal equal? eql",
        "consp": "listp list?",
        "%": "mod rem modulo remainder",
        "^^": "expt pow",
        "+": "concat string-append",
        "list": "vector",
        "@": "aref elt get gethash hash-ref vector-ref",
        "dictionary": "dict hash-map make-hash-table",
        "println": "newline puts echo",
        "print": "princ",
        "string": "str",
        "integer": "int",
        "throw": "error raise",
        "loop": "dolist doseq foreach",
        "reverse": "reversed",
        "print or sprintf": "printf",
        "(+ n 1) or (+= n 1)": "inc incf ++",
        "(- n 1) or (-= n 1)": "dec decf",
        "(exp 1000)": "inf infinity Infinity",
        "(sqrt -1)": "nan NaN",
        "(= (% n 2) 0)": "even? evenp",
        "(= (% n 2) 1)": "odd? oddp",
    }.items()
    for other in others.split()
}


def near(name: str, names: Iterable[str]) -> str:
    """A hint: LispE's own name, the library that is not here, or known names that look like this one."""
    if name in ELSEWHERE:
        return f" (LispE says {ELSEWHERE[name]})"
    if library := _NOT_HERE.match(name):
        return f" (of lispe_{library[1]}, which is not here)"
    import difflib  # noqa: PLC0415 - start-up: only an unknown name needs it

    found = difflib.get_close_matches(name, [other for other in names if other != name], n=3, cutoff=0.75)
    return f" (did you mean {' or '.join(repr(n) for n in found)}?)" if found else ""


def unexpected(message: str, called: str, known: Iterable[str]) -> str | None:
    """The error for a named argument that a function does not have, where Python's message is of one."""
    found, names = _UNEXPECTED.search(message), list(known)
    if found is None or not names:
        return None
    return unknown_argument(called, _MARK.sub("", found[1]), names)


def unknown_argument(called: str, odd: str, known: list[str]) -> str:
    """The error for a named argument that a function does not have."""
    return f"Error: {called}: there is no argument {odd}{near(odd, known)}; it takes: {', '.join(known)}"


def _arity_of(name: str, called: str, message: str, place: Place) -> str | None:
    return unexpected(message, called, place.parameters_of(name)) or place.arity_of(name)


def _type_error(message: str, form: str, place: Place) -> str:
    repeated = _REPEATED.match(message)
    if repeated and _head(form) in ("*", "*="):
        message = f"unsupported operand type(s) for *: 'str' and '{repeated[1] or 'Tensor'}'"
    operands = _OPERANDS.search(message)
    if operands:
        # What `eval` was given as a list has no text.
        head = _head(form) or (operands[1] or operands[2]).replace("**", "^^")
        types = _TWO_TYPES.search(message)
        shown = f": {_type(types[1])} and {_type(types[2])}" if types else ""
        return f"Error: cannot evaluate '{head}' with these operands{shown}"
    arity = _ARITY.match(message)
    if arity:
        name = arity["name"].rpartition(".")[2]
        called = name if name == LAMBDA else _head(form) or name
        known = _arity_of(name, called, message, place)
        return known or _arity_text(called, message, _has_self(arity["name"]))
    wrong = _NOT_CALLABLE.search(message)
    if wrong:
        return f"Error: wrong function call: {_type(wrong[1])} is not a function{_of(form)}"
    if "indices must be" in message or "not subscriptable" in message:
        return f"Error: value cannot be access through index{_of(form)}"
    return f"Error: {_head_of(form)}{message}"


def _has_self(qualified: str) -> bool:
    """Whether a function is a method: Python counts its instance among the arguments."""
    owner = qualified.rpartition(".")[0]
    return bool(owner) and not owner.endswith("<locals>")


def _arity_text(name: str, message: str, method: bool) -> str:
    """The error for a call that Python refused."""
    call = f"{'in' if name == LAMBDA else 'in call to'}: '{name}'"
    return refused_by_python(call, message, method=method, plain=lambda variable: _MARK.sub("", variable))


def _type(name: str) -> str:
    """A class of Python by the type that LispE gives its values."""
    short = name.rpartition(".")[2]
    known = TYPE_NAMES.get(short)
    if known is not None:
        return known
    atom = type_atom_named(short)
    if atom is None:
        return f"a value of Python's type {short}"
    words = kind_words(atom)
    several = words.endswith("s") and " " not in words
    return words if several else f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _head(form: str) -> str:
    return found[1] if (found := _HEAD.match(form)) else ""


def _head_of(form: str) -> str:
    return f"{head}: " if (head := _head(form)) else ""


def _of(form: str) -> str:
    text = " ".join(form.split())
    return f": {text if len(text) <= 60 else text[:57] + '...'}" if text else ""


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        name = f": {error.filename}" if error.filename is not None else ""
        return f"{error.strerror}{name}"
    if isinstance(error, OverflowError):
        return "the number is too large"
    if isinstance(error, KeyError):
        return f"no such key: {said_by(error)}"
    text = meaning_of(said_by(error).strip())
    if isinstance(error, TypeError) and (wrong := wrong_kind(text)):
        return wrong
    return text.split("\n")[0] if text else type(error).__name__


def caught_text(error: BaseException, place: Place) -> str:
    """The text that `maybe` and `catch` see."""
    return str(explain(error, place))

"""What other languages write and LispE writes otherwise: a hint for the line at which an error points.

The line is looked at, never run. A hint is one sentence, or an empty text where no habit is seen. It names
nothing that LispE does not have: where the line's own names are not known to it, dots stand for them.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable

from lispe_kernel.language.explain import ELSEWHERE
from lispe_kernel.language.functions import registry
from lispe_kernel.language.special_forms import special_forms

_NAME = r"[A-Za-z_]\w*"
_PLAIN = r"[-+]?[\w.]+|\"[^\"]*\"|'[^'\"]*'"
_PYTHON_CELL = "a cell of Python begins with %%python"
_HELP = "help is ?NAME, or Shift+Tab behind a name"
_END = "a notebook's kernel is shut down from its menu, the prompt is left by Ctrl-D"
_MODULES = 'LispE writes (import "NAME") for a module of Python'
# Words that print, with or without parentheses, and what LispE calls them.
_PRINTING = {
    "print": "print",
    **dict.fromkeys(
        ("println", "puts", "echo", "cat", "console.log", "System.out.println", "fmt.Println"), "println"
    ),
}
# Operators between two values that have other names in front of them.
_BETWEEN = {"&&": "and", "||": "or", "**": "^^", "is": "="}


def _arguments(text: str) -> str:
    """The arguments of a call with commas, as LispE writes them; dots where they are no plain values."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    plain = all(re.fullmatch(_PLAIN, part) for part in parts)
    return " ".join(part.replace("'", '"') for part in parts) if plain else "..."


def _value(text: str) -> str:
    """One value as LispE writes it; dots where it is none of the plain ones."""
    text = text.strip().rstrip(";")
    listed = re.fullmatch(r"\[([^][]*)\]", text)
    if listed is not None:
        return f"(list {_arguments(listed[1])})".replace("(list )", "(list)")
    return (_arguments(text) if "," not in text else "") or "..."


def _import(found: re.Match[str]) -> str:
    outer = found.groupdict().get("module")
    module = outer or found["name"]
    short = f" {found['short']}" if found["short"] and not outer else ""
    return f'LispE writes (import "{module}"{short}); {_PYTHON_CELL}'


def _called(found: re.Match[str]) -> str:
    name, inside = found["name"], _arguments(found["inside"])
    head, _, method = name.rpartition(".")
    if name == "range" and inside.count(" ") < 2 and inside not in ("", "..."):
        return f"LispE writes (range {inside if ' ' in inside else f'0 {inside}'} 1)"
    if name == "c":
        # R's; a name that short is rarely a function here.
        return f"LispE writes (list {inside})"
    if name in _PRINTING:
        method, head = _PRINTING[name], ""
    elif head:
        first, *inner = head.split(".")
        for attribute in inner:
            first = f"(@ {first} '{attribute})"
        return f"LispE writes ({' '.join(part for part in (f'->{method}', first, inside) if part)})"
    else:
        method = ELSEWHERE.get(name) or name
        if " " in method:
            return f"LispE says {method}"
        if hasattr(builtins, method) and method not in registry and method not in special_forms:
            # Python's own function, and nobody else's.
            return _PYTHON_CELL
    return f"LispE writes ({' '.join(part for part in (method, inside) if part)})"


def _formatted(found: re.Match[str]) -> str:
    """Python's f-strings: `f"{a} of {b}"`."""
    names = re.findall(r"\{([^{}]*)\}", found["text"])
    if "%" in found["text"] or not all(re.fullmatch(_NAME, name) for name in names):
        return 'LispE writes (format "... %1 ... %2" FIRST SECOND)'
    numbers = iter(range(1, len(names) + 1))
    text = re.sub(r"\{[^{}]*\}", lambda _: f"%{next(numbers)}", found["text"])
    return f"LispE writes ({' '.join(['format', f'{chr(34)}{text}{chr(34)}', *names])})"


def _sliced(found: re.Match[str]) -> str:
    name, where, value = found["name"], found["where"].replace("'", '"'), found["value"]
    if ":" in where:
        begin, _, end = where.partition(":")
        if value or not (begin and end):
            return "LispE writes (@@ LIST BEGIN END)"
        return f"LispE writes (@@ {name} {begin.strip()} {end.strip()})"
    return (
        f"LispE writes (set@ {name} {where} {_value(value)})" if value else f"LispE writes (@ {name} {where})"
    )


def _between(found: re.Match[str]) -> str:
    left, operator, right = (found[part] for part in ("left", "operator", "right"))
    if operator == "in":
        left, right = right, left
    if operator == "is" and right == "None":
        return f"LispE writes (nullp {left})"
    return f"LispE writes ({_BETWEEN.get(operator, operator)} {left} {right})"


def _lambda(found: re.Match[str]) -> str:
    return f"LispE writes (lambda ({_arguments(found['inside'].strip('() '))}) ...)"


def _defun(found: re.Match[str]) -> str:
    return f"LispE writes (defun {found['name']} ({_arguments(found['inside'].replace(' ', ','))}) ...)"


Hint = Callable[[re.Match[str]], str]
_HABITS: tuple[tuple[re.Pattern[str], Hint], ...] = tuple(
    (re.compile(pattern), hint)
    for pattern, hint in (
        (
            r"\s*(?:from\s+(?P<module>[\w.]+)\s+)?import\s+(?P<name>[\w.]+)(?:\s+as\s+(?P<short>\w+))?",
            _import,
        ),
        (r"\s*\(import\s+(?P<name>[A-Za-z_][\w.]*)(?:\s+(?P<short>\w+))?\s*\)", _import),
        (r"\s*import\s+[\"*]|\s*from\s+\S+\s+import\b", lambda _: _MODULES),
        (
            r"\s*using\s+\w|\s*#include\b|.*\b(?:library|require)\s*\(|\s*\((?:require|ns)\b",
            lambda _: _MODULES,
        ),
        (
            r"\s*(?P<name>pip|conda)\s+(?P<rest>\w.*)",
            lambda found: f"a command begins with %: %{found['name']} {found['rest']}",
        ),
        (r"\s*cd\s+(?P<rest>\S+)\s*$", lambda found: f"a command begins with %: %cd {found['rest']}"),
        (r"\s*git\s+(?P<rest>\w.*)", lambda found: f"a command begins with !: !git {found['rest']}"),
        (r"\s*(?://|/\*|--\s)|.*#\|", lambda _: "a comment begins with ;"),
        (r".*\bf(?P<quote>[\"'])(?P<text>[^\"']*)(?P=quote)", _formatted),
        # Other Lisps.
        (r"\s*\(define\s+\((?P<name>[^\s()]+)(?P<inside>[^()]*)\)", _defun),
        (r"\s*\(defn-?\s+(?P<name>[^\s()]+)\s+\[(?P<inside>[^][]*)\]", _defun),
        (r"\s*\(def\s+(?P<name>[^\s()]+)\s+\((?P<inside>[^()]*)\)\s+\S", _defun),
        (
            r"\s*\((?:defstruct|defclass|defrecord|deftype)\s+\(?(?P<name>[^\s()]+)",
            lambda found: f"LispE writes (class@ {found['name']} (fields) (defun method () ...))",
        ),
        (
            (
                r"\s*\((?:define|defvar|defparameter|defconstant|def|setf|set!)\s+(?P<name>[^\s()]+)\s+"
                rf"(?P<value>{_PLAIN}|\([^()]*\))\s*\)\s*$"
            ),
            lambda found: f"LispE writes (setq {found['name']} {_value(found['value'])})",
        ),
        (r".*\(fn\s+\[(?P<inside>[^][]*)\]", _lambda),
        (r".*#\(", lambda _: "LispE writes (lambda (x) ...)"),
        (r".*#'(?P<name>[^\s()]+)", lambda found: f"LispE writes '{found['name']}"),
        (r".*\((?:let\*|letrec|let\s+\[)", lambda _: "LispE writes (let ((NAME VALUE) (NAME VALUE)) ...)"),
        (
            r".*\((?:dolist\s+\(|(?:doseq|for)\s+\[|loop\s+for\s+)(?P<name>[^\s()]+)",
            lambda found: f"LispE writes (loop {found['name']} LIST ...)",
        ),
        (
            r".*\(dotimes\s+\((?P<name>[^\s()]+)\s+(?P<count>\w+)",
            lambda found: f"LispE writes (loopcount {found['count']} {found['name']} ...)",
        ),
        (
            rf".*\((?P<step>inc|dec)f\s+(?P<name>{_NAME})",
            lambda found: f"LispE writes ({'+' if found['step'] == 'inc' else '-'}= {found['name']} 1)",
        ),
        (
            rf".*\(1(?P<sign>[+-])\s+(?P<name>{_NAME}|\d+)",
            lambda found: f"LispE writes ({found['sign']} {found['name']} 1)",
        ),
        (r".*\(format\s+(?:t|nil)\s", lambda _: 'LispE writes (println (format "%1 and %2" FIRST SECOND))'),
        (r".*\(cond\b.*\((?:t|:else)\s|.*\((?:if|and|or|while)\s+t\s", lambda _: "LispE says true"),
        (r"\s*\(\.(?P<name>[A-Za-z_]\w*)", lambda found: f"LispE writes (->{found['name']} OBJECT ...)"),
        (
            rf"\s*\((?P<head>{_NAME})\.(?P<name>{_NAME})(?P<inside>[^()]*)\)",
            lambda found: f"LispE writes (->{found['name']} {found['head']}{found['inside'].rstrip()})",
        ),
        (
            rf"\s*\((?P<left>{_NAME}|\d[\d.]*)\s+(?P<operator>[-+*/%])\s+(?P<right>{_NAME}|\d[\d.]*)\)",
            _between,
        ),
        # Languages with other brackets.
        (
            rf"\s*(?:const|let|var)?\s*(?P<name>{_NAME})\s*=\s*\(?(?P<inside>[\w, ]*)\)?\s*=>",
            _defun,
        ),
        (rf"\s*(?P<inside>{_NAME}|\([\w, ]*\))\s*(?:=>|->)\s*\S", _lambda),
        (
            rf"\s*(?:async\s+)?(?:def|function|fn|func)\s+(?P<name>{_NAME})\s*\((?P<inside>[^()]*)\)",
            lambda found: f"LispE writes (defun {found['name']} ({_arguments(found['inside'])}) ...)",
        ),
        (
            rf"\s*(?P<name>{_NAME})\((?P<inside>[\w, ]*)\)\s*=(?!=)",
            lambda found: f"LispE writes (defun {found['name']} ({_arguments(found['inside'])}) ...)",
        ),
        (
            rf"\s*class\s+(?P<name>{_NAME})",
            lambda found: f"LispE writes (class@ {found['name']} (fields) (defun method () ...))",
        ),
        (
            rf"\s*\[.*\bfor\s+(?P<name>{_NAME})\s+in\b",
            lambda found: f"LispE writes (maplist (lambda ({found['name']}) ...) LIST)",
        ),
        (r"\s*\{.*:.*\bfor\s+.*\bin\b", lambda _: _PYTHON_CELL),
        (
            rf"\s*for\s+\(?(?P<name>{_NAME})\s+in\b",
            lambda found: f"LispE writes (loop {found['name']} LIST ...)",
        ),
        (r"\s*for\s*\(", lambda _: "LispE writes (loop NAME LIST ...) or (loopcount COUNT NAME ...)"),
        (
            r"\s*(?P<name>while|if)\s*(?:\(.*\{|.*:(?:\s.*)?$)",
            lambda found: f"LispE writes ({found['name']} CONDITION ...)",
        ),
        (r"\s*try\s*[:{]", lambda _: "LispE writes (maybe FORM ... WHEN_IT_FAILS)"),
        (
            r"\s*(?:raise|throw)\s+\w*(?:\s*\w+)?\((?P<text>\"[^\"]*\"|'[^']*')?",
            lambda found: f"LispE writes (throw {_value(found['text'] or '')})",
        ),
        (r"\s*lambda\b(?P<inside>[^:()]*):", _lambda),
        (
            rf"\s*(?P<value>{_PLAIN})\s+if\s+(?P<test>\S+)\s+else\s+(?P<other>{_PLAIN})\s*$",
            lambda found: f"LispE writes (if {found['test']} {found['value']} {found['other']})",
        ),
        (
            rf"\s*del\s+(?P<name>{_NAME})\s*$",
            lambda found: f"a name stays; (setq {found['name']} nil) lets go of its value",
        ),
        (
            rf"\s*(?:(?P<a>{_NAME})(?P<after>\+\+|--)|(?P<before>\+\+)(?P<b>{_NAME}))\s*;?\s*$",
            lambda found: (
                f"LispE writes ({(found['after'] or found['before'])[0]}= {found['a'] or found['b']} 1)"
            ),
        ),
        (
            (
                rf"\s*(?P<name>{_NAME})\[(?P<where>-?\w+|\"[^\"]*\"|'[^']*'|[\w-]*:[\w-]*)\]"
                r"(?:\s*=(?!=)\s*(?P<value>.+))?\s*;?\s*$"
            ),
            _sliced,
        ),
        (
            (
                rf"\s*(?:(?:let|var|const|int|float|double|auto)\s+)?(?P<name>{_NAME})\s*(?::\s*\w+\s*)?"
                r"(?:=(?!=)|<-|:=)(?P<value>.+)"
            ),
            lambda found: f"LispE writes (setq {found['name']} {_value(found['value'])})",
        ),
        (
            rf"\s*(?P<name>{_NAME})\s*(?P<operator>[-+*/%]=)(?P<value>.+)",
            lambda found: f"LispE writes ({found['operator']} {found['name']} {_value(found['value'])})",
        ),
        (
            (
                r"\s*(?P<left>[\w.]+|\"[^\"]*\")\s+(?P<operator>[-+*/%<>]|[<>=!]=|\*\*|&&|\|\||and|or|in|is)\s+"
                r"(?P<right>[\w.]+|\"[^\"]*\")\s*;?\s*$"
            ),
            _between,
        ),
        (
            rf"\s*(?P<value>{_NAME})\s*(?:\|>|%>%)\s*(?P<name>{_NAME})\s*(?:\(\s*\))?\s*$",
            lambda found: f"LispE writes ({found['name']} {found['value']})",
        ),
        (
            r"\s*[\w.]+\s+[-+*/]\s+[\w.]+\s+[-+*/]\s",
            lambda _: "LispE writes operators first, one for each pair of parentheses: (+ 1 (* 2 3))",
        ),
        (
            r"\s*(?:\[(?P<a>[^][]*)\]|\((?P<b>[^()]*,[^()]*)\))\s*$",
            lambda found: (
                f"LispE writes (list {_arguments((found['a'] or found['b'] or '').replace(' ', ','))})"
            ),
        ),
        (r"\s*help\s*(?:\(.*\)\s*;?\s*)?$|\s*\((?:help|doc|describe|apropos)\b", lambda _: _HELP),
        (r"\s*(?:exit|quit)\s*(?:\(.*\)\s*;?\s*)?$|\s*\((?:exit|quit)\s*\)", lambda _: _END),
        (
            rf"\s*(?P<name>{'|'.join(_PRINTING).replace('.', '[.]')})\s+(?P<inside>{_PLAIN})\s*;?\s*$",
            _called,
        ),
        (
            rf"\s*return\s+(?P<value>{_PLAIN})\s*;?\s*$",
            lambda found: f"LispE writes (return {_value(found['value'])}); a function returns its last form",
        ),
        (rf"\s*(?P<name>{_NAME}(?:\.{_NAME})*)\((?P<inside>.*)\)\s*;?\s*$", _called),
        (
            rf"\s*(?P<name>{_NAME})\.(?P<field>{_NAME})\s*$",
            lambda found: f"LispE writes (@ {found['name']} '{found['field']})",
        ),
    )
)


def hint(line: str) -> str:
    """What LispE writes in place of a line that is another language's; empty when it is none."""
    for pattern, said in _HABITS:
        found = pattern.match(line)
        if found is not None:
            return said(found)
    return ""

"""The texts of errors of a call: the wrong number of arguments, or one that is of another kind.

Whoever counts asks here for the text and raises it with the place it knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_MISSING = re.compile(r"missing \d+ required positional arguments?: .*")
_COUNTS = re.compile(r"takes (?:from )?(\d+(?: to \d+)?) positional arguments? but (\d+) (?:was|were) given")

_WRONG_KIND = re.compile(r"^(\w+)\(\): argument '(\w+)' \(position \d+\) must be ([\w ]+), not (\w+)$")
# Types of Python and PyTorch that have no type of LispE, as its users know them.
TYPE_NAMES = {
    "NoneType": "nil",
    "function": "a function",
    "Tensor": "a tensor",
    "Parameter": "a tensor",
}
# And those of an argument, as a message of C gives them.
_KINDS = {
    **TYPE_NAMES,
    "Atom": "an atom",
    "Dictionary": "a dictionary",
    "Floats": "a list of floats",
    "Integers": "a list of integers",
    "List": "a list",
    "Number": "a number",
    "Numbers": "a list of numbers",
    "Shorts": "a list of shorts",
    "Strings": "a list of strings",
    "bool": "true or nil",
    "dict": "a dictionary",
    "float": "a number",
    "int": "an integer",
    "list": "a list",
    "str": "a string",
    "tuple of ints": "a list of integers",
}


def wrong_number(name: str, signature: str = "") -> str:
    """The error for a call of a function or form, which shows its signature where that is known."""
    return f"Error: Wrong number of arguments for: '{name}'" + (f" (use {signature})" if signature else "")


def wrong_number_in_call(name: str, parameters: Iterable[str]) -> str:
    """The error for a call of a function of the program."""
    return f"Error: Wrong number of arguments in call to: '({name} ({' '.join(parameters)})...)'"


def cannot_be_called(shown: str, caller: str, given: int, takes: int) -> str:
    """The error for a function that a function of the language would call with another number."""
    return (
        f"Error: Wrong number of arguments in: '{shown}' ({caller} calls it with {given}, it takes {takes})"
    )


def refused_by_python(call: str, message: str, *, method: bool, plain: Callable[[str], str]) -> str:
    """The error for a call that Python refused: what is missing, or how many arguments there may be.

    `call` says what was called (`in: 'λ'`); `plain` gives the LispE name of a variable of Python's.
    """
    missing = _MISSING.search(message)
    if missing:
        names = [plain(one) for one in re.findall(r"'([^']+)'", missing[0])]
        why = f" (nothing is given for {' and '.join(names)})"
    else:
        counts = _COUNTS.search(message)
        why = f" ({_counted(*counts.groups(), own=int(method))})" if counts else ""
    return f"Error: Wrong number of arguments {call}{why}"


def _counted(takes: str, given: str, *, own: int) -> str:
    """How many a function takes and was given; the instance of a method is none that anybody writes."""
    takes, given = (re.sub(r"\d+", lambda n: str(int(n[0]) - own), part) for part in (takes, given))
    return f"it takes {takes}, {given} {'is' if given == '1' else 'are'} given"


def wrong_kind(message: str) -> str:
    """What a function written in C says of an argument of another type, in words; empty for another message.

    Example: `linear(): argument 'input' (position 1) must be Tensor, not NoneType` is `input of linear must
    be a tensor, not nil`.
    """
    found = _WRONG_KIND.match(message)
    if found is None:
        return ""
    wanted, given = map(kind_in_words, found.group(3, 4))
    return f"{found[2]} of {found[1]} must be {wanted}, not {given}"


def kind_in_words(kind: str) -> str:
    """What a class of Python's is to a person: `dict` is `a dictionary`; other names stay."""
    return _KINDS.get(kind, kind)

"""Looking into containers: `find`, `count`, `in`, `member` ... The container always comes first.

On a dictionary they look at the values, on a string at the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lispe_kernel.language.arithmetic import truth_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import Parameter, function
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.library.shared.elements import (
    converted,
    elements,
    function_argument,
    is_list,
    results,
)
from lispe_kernel.language.library.shared.strings_core import (
    count_in_text,
    find_all_in_text,
    find_in_text,
    in_text,
    like,
    replace_in_text,
    rfind_in_text,
)
from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.language.protocols import all_among, answers_of
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE, Atom, truth
from lispe_kernel.language.values.equality import equal
from lispe_kernel.language.values.heaps import Heap
from lispe_kernel.language.values.lists import NUMBERS, List, Strings
from lispe_kernel.language.values.matrices import Matrix, wrapped
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.sets import Set
from lispe_kernel.language.values.typed.lists import FEW, WIDE, Integers, TypedList

# Values for which Python's == within one class is LispE's =; lists of them are searched at C's speed.
_PLAIN = frozenset({int, float, str, Atom})
# Those of them of which each equals itself.
_EXACT = frozenset({int, str, Atom})
_PLAIN_OR_NIL = _PLAIN | {type(None)}


def _are_plain(items: list[Any]) -> bool:
    """Whether Python's == answers for all elements when a plain value is looked for among them."""
    return all_among(_PLAIN_OR_NIL, items)


def _positions(items: Any, value: Any, start: int = 0) -> Iterator[int]:
    """The indices from `start` on at which an equal element stands."""
    quick = type(value) in _EXACT and type(items) is List and _are_plain(items)
    if quick or (type(value) in (str, Atom) and isinstance(items, list)):
        at = start - 1
        try:
            while True:
                at = items.index(value, at + 1)
                yield at
        except ValueError:
            return
    if isinstance(items, TypedList):
        if isinstance(value, (int, float)):
            start = min(start, len(items))
            yield from (np.flatnonzero(items.equal_to(value)[start:]) + start).tolist()
        return
    for at, item in enumerate(items):
        if at >= start and equal(item, value):
            yield at


def _start(position: Any, name: str) -> int:
    return max(0, integer_argument(name, 3, position))


def _searched(container: Any, name: str) -> Any:
    return container if isinstance(container, (list, TypedList)) else elements(container, name, 1)


@function("find", keyword=True)
def find(container: Any, value: Any, position: Any = 0) -> Any:
    """The index of the first equal element at or after a position, nil without one.

    The key in a dictionary, the element itself in a set.

    Example: (find '(a b c) 'b) => 1
    Example: (find "abcabc" "c" 3) => 5
    Example: (find {"k":5} 5) => k
    """
    if isinstance(container, str):
        return find_in_text(to_text(container), value, position)
    if isinstance(container, dict):
        return next((key for key, item in container.items() if equal(item, value)), None)
    if isinstance(container, Set):
        return container.find(value) if value in container else None
    start = position if type(position) is int and position >= 0 else _start(position, "find")
    if type(container) is List and type(value) in _PLAIN:
        try:
            return _index(container, value, start)
        except RuntimeError:
            pass  # an element that is no plain value refuses the comparison
    if type(container) in WIDE and type(value) in NUMBERS:
        few = len(container) <= FEW
        at = _index((container if few else container.part(0, FEW)).tolist(), value, start)
        if few or at is not None:
            return at
    return next(_positions(_searched(container, "find"), value, start), None)


def _index(items: list[Any], value: Any, start: int) -> int | None:
    try:
        return items.index(value, start)
    except ValueError:
        return None


@function("rfind", keyword=True)
def rfind(container: Any, value: Any, position: Any = 0) -> Any:
    """The index of the last equal element, nil without one; in a list not below a position.

    On a string the number tells how many characters at the end are left out.

    Example: (rfind '(1 2 1) 1) => 2
    Example: (rfind "abcabc" "bc") => 4
    """
    if isinstance(container, str):
        return rfind_in_text(to_text(container), value, position)
    if isinstance(container, dict):
        return next((key for key, item in reversed(list(container.items())) if equal(item, value)), None)
    searched, start = _searched(container, "rfind"), _start(position, "rfind")
    if type(container) is List and type(value) in _EXACT and _are_plain(container):
        found_back = _index(container[::-1], value, 0)
        at = -1 if found_back is None else len(container) - 1 - found_back
        return at if at >= start else None
    found = list(_positions(searched, value, start))
    return found[-1] if found else None


@function("findall", keyword=True)
def findall(container: Any, value: Any, position: Any = 0) -> Any:
    """The indices of all equal elements as `integers`; the keys in a dictionary.

    Example: (findall '(1 2 1) 1) => (0 2)
    Example: (findall {"a":1 "b":2 "c":1} 1) => ("a" "c")
    """
    if isinstance(container, str):
        return find_all_in_text(to_text(container), value, position)
    if isinstance(container, dict):
        return _keys([key for key, item in container.items() if equal(item, value)])
    return Integers(list(_positions(_searched(container, "findall"), value, _start(position, "findall"))))


def _keys(keys: list[Any]) -> Any:
    return Strings(keys) if all(isinstance(key, str) for key in keys) else List(keys)


@function("count", keyword=True, returns="number")
def count(container: Any, value: Any, position: Any = 0) -> int:
    """How many elements (values of a dictionary, parts of a string) equal a value, from a position on.

    Example: (count '(1 2 1) 1) => 2
    Example: (count "banana" "an") => 2
    """
    if isinstance(container, str):
        return count_in_text(to_text(container), value, position)
    if isinstance(container, dict):
        return sum(1 for item in container.values() if equal(item, value))
    if type(container) is List and type(value) in _PLAIN and position == 0 and _are_plain(container):
        return container.count(value)
    found = _positions(_searched(container, "count"), value, _start(position, "count"))
    return sum(1 for _ in found)


@function("in", keyword=True, returns="boolean")
def in_(container: Any, value: Any) -> Atom | None:
    """Whether a list or set holds an element, a dictionary a value, a string or an atom's name a part.

    Example: (in '(1 2 3) 2) => true
    Example: (in "abcdef" "cd") => true
    Example: (in {"a":1} 1) => true
    """
    if type(container) is List:
        return TRUE if _holds(container, value) else None
    if type(container) is str and type(value) is str:
        return TRUE if value and value in container else None
    if isinstance(container, (Set, Heap, TypedList)):
        return TRUE if value in container else None
    if isinstance(container, (str, Atom)):
        return truth(in_text(to_text(container), value))
    if isinstance(container, list):
        return truth(_holds(container, value))
    if isinstance(container, dict):
        held = list(container.values())
        if type(value) in _EXACT and _are_plain(held):
            return TRUE if value in held else None
        return truth(any(equal(item, value) for item in held))
    return truth(any(equal(item, value) for item in elements(container, "in", 1)))


def _holds(items: list[Any], value: Any) -> bool:
    if type(value) in _PLAIN and value in items:
        return True
    if type(value) in (str, Atom) or (type(value) in _PLAIN and _are_plain(items)):
        return False
    return any(equal(item, value) for item in items)


@function("∈", "member", keyword=True)
def member(container: Any, values: Any) -> Any:
    """1 or 0 for every element of a list or matrix: does it belong to the values?

    Example: (member '(1 2 3) '(3 1)) => (1 0 1)
    Example: (∈ (rho 2 2 (iota 4)) '(1 4)) => ((1 0) (0 1))
    """
    wanted = elements(values, "member", 2)
    if isinstance(container, (Matrix, TypedList)) and all(isinstance(v, (int, float)) for v in wanted):
        found = (
            np.isin(container.array, np.array(list(wanted))) if wanted else np.zeros(container.array.shape)
        )
        return wrapped(found.astype("int64"))
    if isinstance(container, Matrix):
        return List(member(row, values) for row in container)
    held = list(wanted)
    if type(container) is List and all_among(_EXACT, container) and all_among(_EXACT, held):
        quick = set(held)
        return List([1 if item in quick else 0 for item in container])
    return List(
        member(item, values) if is_list(item) else (1 if _holds(held, item) else 0)
        for item in elements(container, "member", 1)
    )


@function("replaceall", keyword=True, returns="number")
def replaceall(container: Any, old: Any, new: Any) -> int:
    """Replace every equal element (value of a dictionary) in place; gives their number.

    A string held in a variable is replaced in the variable.

    Example: (replaceall (list 1 2 1) 1 9) => 2
    Example: (let ((s "banana")) (replaceall s "an" "o") s) => booa
    """
    if isinstance(container, str):
        return replace_in_text(to_text(container), old, new)[1]
    if isinstance(container, dict):
        keys = [key for key, item in container.items() if equal(item, old)]
        for key in keys:
            container[key] = new
        return len(keys)
    if isinstance(container, Set):
        if not container.remove(old):
            return 0
        container.add(new)
        return 1
    if not is_list(container):
        raise wrong_argument("replaceall", 1, "a list, a dictionary, a set or a string", container)
    found = list(_positions(container, old))
    for at in found:
        container[at] = converted(container, new)
    return len(found)


def replaced(container: Any, old: Any, new: Any) -> tuple[Any, int]:
    """What a variable holds after `replaceall`, and the number of replacements."""
    if isinstance(container, str):
        text, count = replace_in_text(to_text(container), old, new)
        return like(container, text), count
    return container, replaceall(container, old, new)


@function("scanlist", keyword=True)
def scanlist(function_: Any, container: Any) -> Any:
    """The first result of a function on the elements that is not nil.

    Example: (scanlist (λ (x) (if (> x 2) (* 10 x))) '(1 2 3 4)) => 30
    """
    call = function_argument(function_, "scanlist")
    found = results(call, elements(container, "scanlist", 2))
    return next((value for value in found if value is not None), None)


@function("cyclicp", "cyclic?", keyword=True, returns="boolean")
def cyclicp(container: Any) -> Atom | None:
    """Whether a linked list ends in a cycle, or a list contains itself.

    Example: (cyclicp (list 1 2)) => nil
    Example: (let ((l (llist 1 2))) (extend l l) (cyclicp l)) => true
    """
    if getattr(container, "loops_to", None) is not None:
        return truth(True)
    return truth(_contains_itself(container))


def _contains_itself(container: Any) -> bool:
    # Walks nested lists with the path above each in hand, without recursion.
    pending: list[tuple[Any, tuple[int, ...]]] = [(container, ())]
    seen = 0
    while pending:
        value, above = pending.pop()
        if not isinstance(value, (list, dict)) or isinstance(value, Strings):
            continue
        if id(value) in above:
            return True
        seen += 1
        if len(above) > 10_000:
            raise LispeError("Error: cyclicp: the list is nested too deep")
        inside = value.values() if isinstance(value, dict) else value
        path = (*above, id(value))
        pending.extend((item, path) for item in inside if isinstance(item, (list, dict)))
    return False


@function(
    "mark", keyword=True, returns="boolean", parameters=(Parameter("container"), Parameter("flag", True))
)
def mark(container: Any, *flag: Any) -> Atom | None:
    """Whether a container carries the user's mark; with a second argument, set or remove it: gives true.

    Example: (let ((l (list 1))) (mark l true) (mark l)) => true
    """
    identity = _marked(container, "mark")
    marks = _marks()
    if flag:
        if truth_of(flag[0]):
            marks[identity] = container
        else:
            marks.pop(identity, None)
        return TRUE
    return truth(identity in marks)


@function("resetmark", keyword=True)
def resetmark(container: Any) -> Atom | None:
    """Remove the marks of a container and of the containers in it. Gives true.

    Example: (let ((l (list 1))) (mark l true) (resetmark l) (mark l)) => nil
    """
    marks = _marks()
    pending, seen = [container], set()
    while pending:
        value = pending.pop()
        if id(value) in seen or not isinstance(value, (list, dict)):
            marks.pop(id(value), None)
            continue
        seen.add(id(value))
        marks.pop(id(value), None)
        pending.extend(value.values() if isinstance(value, dict) else value)
    return truth(True)


def _marked(container: Any, name: str) -> int:
    if container is None or isinstance(container, str) or answers_of(container).size is None:
        raise wrong_argument(name, 1, "a container", container)
    return id(container)


def _marks() -> dict[int, Any]:
    """The marked containers of the session, held so that no other object takes their place."""
    return vars(current()).setdefault("marks", {})  # type: ignore[no-any-return]

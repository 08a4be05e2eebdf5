"""Makes a program smaller while something about it stays true: parts are left out or replaced by simple ones.

Works on the read forms and writes them back as text. This module never runs a program itself.
"""

from tests.oracle.programs import CELL
from tests.oracle.reader import QUOTE, read
from tests.oracle.values import Atom

MARK = "cell_mark"
SIMPLE = (1, Atom("nil"))
TRIES = 1500


def written(form) -> str:
    """A form as text."""
    if isinstance(form, list):
        if len(form) == 2 and form[0] is QUOTE:
            return "'" + written(form[1])
        return "(" + " ".join(map(written, form)) + ")"
    if isinstance(form, str):
        return '"' + form.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if form is Atom(MARK):
        return CELL
    return repr(form) if not isinstance(form, Atom) else form.name


def smaller(text: str, still) -> str:
    """The smallest program found for which `still(program)` holds."""
    try:
        forms = read(text.replace(CELL, MARK))
        if not still(program_of(forms)):
            return text
    except Exception:
        return text
    tries, changed = 0, True
    while changed and tries < TRIES:
        changed = False
        for candidate in candidates(forms):
            tries += 1
            if tries >= TRIES:
                break
            if still(program_of(candidate)):
                forms, changed = candidate, True
                break
    return program_of(forms)


def program_of(forms) -> str:
    """One form a line; the mark between two cells is a form of its own."""
    return "\n".join(map(written, forms))


def size(form) -> int:
    return 1 + sum(map(size, form)) if isinstance(form, list) else 1


def candidates(forms):
    """Programs with one part less, the largest parts first."""
    for at in sorted(range(len(forms)), key=lambda i: -size(forms[i])):
        yield [*forms[:at], *forms[at + 1 :]]
    places = sorted(paths(forms), key=lambda path: -size(part_at(forms, path)))
    for path in places:
        part = part_at(forms, path)
        if len(path) > 1 and path[-1] > 0:
            yield put(forms, path, None)
        if isinstance(part, list):
            for inner in part[1:]:
                if size(inner) < size(part):
                    yield put(forms, path, inner)
            for simple in SIMPLE:
                yield put(forms, path, simple)


def paths(form, path=()):
    """The places of all parts of a list of forms."""
    for at, part in enumerate(form):
        yield (*path, at)
        if isinstance(part, list):
            yield from paths(part, (*path, at))


def part_at(forms, path):
    for at in path:
        forms = forms[at]
    return forms


def put(forms, path, part):
    """The forms with another part at a place, or without it."""
    at, *rest = path
    if rest:
        return [*forms[:at], put(forms[at], rest, part), *forms[at + 1 :]]
    return [*forms[:at], *([] if part is None else [part]), *forms[at + 1 :]]

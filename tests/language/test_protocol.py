"""A new kind of value answers the general functions by one registration, and nothing else knows of it."""

import pytest

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.language.printer import register_kind, write_elements
from lispe_kernel.language.protocols import Answers, answers_of, register_answers


class Shelf:
    """A kind that no file of the language knows: some things in a row."""

    def __init__(self, *things: object) -> None:
        self.things = list(things)

    def __iter__(self):
        return iter(self.things)


def _push(shelf: Shelf, added: tuple[object, ...]) -> Shelf:
    shelf.things.extend(added)
    return shelf


register_kind(Shelf, "shelf_", write_elements)
register_answers(
    Shelf,
    Answers(
        element=lambda shelf, key: shelf.things[key],
        put=lambda shelf, key, value: shelf.things.__setitem__(key, value),
        push=_push,
        size=lambda shelf: len(shelf.things),
        car=lambda shelf: shelf.things[0],
        cdr=lambda shelf: Shelf(*shelf.things[1:]),
        iterate=iter,
        items=list,
        flatten=list,
        keys=lambda shelf: range(len(shelf.things)),
        equal=lambda a, b: isinstance(b, Shelf) and a.things == b.things,
        same=lambda a, b: isinstance(b, Shelf) and a.things == b.things,
        operate=lambda op, a, b: Shelf(*map(op, a, b)),
        copy=lambda shelf: Shelf(*shelf.things),
        truth=lambda shelf: bool(shelf.things),
    ),
)


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("(@ s 1)", "2"),
        ("(block (set@ s 1 9) s)", "(1 9 3)"),
        ("(push s 4 5)", "(1 2 3 4 5)"),
        ("(size s)", "3"),
        ("(car s)", "1"),
        ("(cdr s)", "(2 3)"),
        ("(cadr s)", "2"),
        ("(block (setq n 0) (loop e s (+= n e)) n)", "6"),
        ("(+ s)", "6"),
        ("(integers s 4)", "(1 2 3 4)"),
        ("(keys@ s)", "(0 1 2)"),
        ("(dictionary s)", '{"0":1 "1":2 "2":3}'),
        ("(= s (clone s))", "true"),
        ("(eq s (clone s))", "true"),
        ("(block (push (clone s) 4) s)", "(1 2 3)"),
        ("(if s 1 2)", "1"),
        ("(+ '(1 1 1) s)", "(2 3 4)"),
        ("(type s)", "shelf_"),
        ("(list s)", "((1 2 3))"),
        ("(maplist '(+ 1) s)", "(2 3 4)"),
        ("(@ (list s) 0 2)", "3"),
    ],
)
def test_a_registered_kind_answers(program: str, text: str) -> None:
    session = Session()
    session.namespace["s"] = Shelf(1, 2, 3)
    assert to_text(session.evaluate(program)) == text


@pytest.mark.parametrize(
    "program", ["(@ s 0)", "(set@ s 0 1)", "(push s 1)", "(size s)", "(car s)", "(cdr s)"]
)
def test_a_kind_without_answers_is_refused(program: str) -> None:
    session = Session()
    session.namespace["s"] = object()
    with pytest.raises(LispeError):
        session.evaluate(program)


def test_a_subclass_answers_as_its_nearest_base() -> None:
    class Small(Shelf):
        pass

    assert answers_of(Small()) is answers_of(Shelf())
    register_answers(Small, Answers(size=lambda _small: 0))
    assert answers_of(Small()).size(Small(1)) == 0

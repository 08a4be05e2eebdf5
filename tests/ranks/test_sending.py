"""What goes along with a cell: the definitions that it uses, with what they use, and only what changed."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.language.keeping import Broken
from lispe_kernel.ranks.cluster import Member
from lispe_kernel.ranks.magics import asked
from lispe_kernel.ranks.sending import Sending, fetched, put
from lispe_kernel.sittings.restoring.back import restore

DEFINITIONS = """
(defun square (x) (* x x))
(defun scaled (x) (* factor (square x)))
(defun unused (x) x)
(defmacro twice (x) (+ x x))
(setq factor 3)
(setq apart 4)
(setq rule (lambda (x) (scaled x)))
(defun by_rule (x) (rule x))
"""


@pytest.fixture
def session() -> Session:
    made = Session()
    made.evaluate(DEFINITIONS)
    return made


@pytest.fixture
def cluster(tmp_path: Path) -> Any:
    return SimpleNamespace(members=[Member(0), Member(1)], folder=str(tmp_path), profile=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(+ 1 apart)", set()),
        ("(square 2)", {"square"}),
        ("(map 'scaled '(1 2))", {"scaled", "square", "factor"}),
        ("(twice 2)", {"twice"}),
        ("(by_rule 2)", {"by_rule", "rule", "scaled", "square", "factor"}),
        ("%%time\n(square 2", {"square"}),
    ],
)
def test_a_cell_takes_along_what_its_functions_use(
    session: Session, cluster: Any, text: str, expected: set[str]
) -> None:
    assert Sending(session, cluster).names_for(text) == expected


def test_what_was_sent_works_there(session: Session, cluster: Any) -> None:
    there, sending = Session(), Sending(session, cluster)
    with sending.parcel(sending.names_for("(by_rule (twice 1))"), [0, 1]) as parcel:
        restore(there, parcel.folder)
    assert there.evaluate("(by_rule (twice 1))") == 12
    assert not os.listdir(cluster.folder)
    with pytest.raises(LispeError, match="apart"):
        there.evaluate("apart")


@pytest.mark.parametrize(
    ("definitions", "use", "expected"),
    [
        ("(data@ Shape (Circle integer_) (Square integer_))", "(Square 2)", "(Square 2)"),
        ("(class@ One () (defun get () 1))(class@ Two (from@ One) (defun other () 2))", "((Two) (get))", "1"),
        ("(defpat kind ((integer_ x)) 1)(defpat kind ((string_ x)) 2)", "(kind `a`)", "2"),
    ],
)
def test_every_kind_of_definition_goes_along(cluster: Any, definitions: str, use: str, expected: str) -> None:
    session, there = Session(), Session()
    session.evaluate(definitions)
    sending = Sending(session, cluster)
    with sending.parcel(sending.names_for(use), [0]) as parcel:
        restore(there, parcel.folder)
    assert to_text(there.evaluate(use)) == to_text(session.evaluate(use)) == expected


def test_only_what_changed_is_sent_again(session: Session, cluster: Any) -> None:
    first, second = cluster.members
    with Sending(session, cluster).parcel({"square", "factor"}, [0]) as parcel:
        parcel.arrived(first)
    with Sending(session, cluster).parcel({"square", "factor"}, [0]) as parcel:
        assert parcel.folder == ""
    with Sending(session, cluster).parcel({"square"}, [0, 1]) as parcel:
        assert parcel.marks.keys() == {"square"}
        parcel.arrived(second)
    session.evaluate("(setq factor 5)")
    with Sending(session, cluster).parcel({"square", "factor"}, [0]) as parcel:
        assert parcel.marks.keys() == {"factor"}
    session.evaluate("(defun square (x) (* x x x))")
    with Sending(session, cluster).parcel({"square"}, [1]) as parcel:
        assert parcel.marks.keys() == {"square"}


def test_what_cannot_be_sent_is_named(session: Session, cluster: Any) -> None:
    session.namespace["odd"] = object()
    parcel = Sending(session, cluster).parcel({"odd"}, [0])
    with pytest.raises(LispeError, match="odd cannot be sent"), parcel:
        raise AssertionError


def test_a_value_comes_back_and_nothing_is_bound(session: Session, tmp_path: Path) -> None:
    here = Session()
    put(session, str(tmp_path / "value"), "factor")
    assert fetched(here, str(tmp_path / "value"), "factor") == 3
    assert not here.defined("factor")


POINT = "(class@ Point (x) (defun far () (* 2 x)))"


def test_an_instance_takes_its_class_along(cluster: Any) -> None:
    session, there = Session(), Session()
    session.evaluate(f"{POINT} (setq p (Point 4))")
    sending = Sending(session, cluster)
    with sending.parcel(sending.names_with(["p"]), [0]) as parcel:
        restore(there, parcel.folder)
    assert there.evaluate("(p (far))") == 8


HELPED = "(defun twice (x) (* 2 x)) (class@ Point (x) (defun far () (twice x)))"


@pytest.mark.parametrize(("definitions", "here"), [(POINT, ""), (POINT, POINT), (HELPED, "")])
def test_an_instance_comes_back_with_a_class_that_is_lacking(
    tmp_path: Path, definitions: str, here: str
) -> None:
    there, session = Session(), Session()
    there.evaluate(f"{definitions} (setq p (Point 4)) (setq factor 9)")
    session.evaluate(f"{here} (setq earlier nil)")
    earlier = session.namespace.get("Point")
    put(there, str(tmp_path / "value"), "p")
    session.namespace["q"] = fetched(session, str(tmp_path / "value"), "p")
    assert to_text(session.evaluate("(list (q (far)) ((Point 1) (far)))")) == "(8 2)"
    assert type(session.namespace["q"]) is session.namespace["Point"]
    assert earlier in (None, session.namespace["Point"])
    assert not session.defined("p")
    assert not session.defined("factor")


def test_an_instance_of_another_class_of_that_name_is_refused(tmp_path: Path) -> None:
    there, session = Session(), Session()
    there.evaluate(f"{POINT} (setq p (Point 4))")
    session.evaluate("(class@ Point (x) (defun far () 7))")
    put(there, str(tmp_path / "value"), "p")
    with pytest.raises(Broken, match="needs Point, which is defined otherwise here"):
        fetched(session, str(tmp_path / "value"), "p")


def test_a_text_that_names_a_definition_needs_none(tmp_path: Path) -> None:
    there, session = Session(), Session()
    there.evaluate(f"{POINT} (setq names (list `Point` (dictionary `of` `Point.x`)))")
    session.evaluate("(class@ Point (x) (defun far () 7))")
    put(there, str(tmp_path / "value"), "names")
    assert to_text(fetched(session, str(tmp_path / "value"), "names")) == '("Point" {"of":"Point.x"})'


@pytest.mark.parametrize(("name", "message"), [("nothing", "has no value"), ("square", "is a definition")])
def test_what_is_no_value_is_refused(session: Session, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(LispeError, match=message):
        put(session, str(tmp_path / "value"), name)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("", (None, None, False)),
        ("0,2", ([0, 2], None, False)),
        ("0-2 5", ([0, 1, 2, 5], None, False)),
        ("--timeout 1.5 1", ([1], 1.5, False)),
        ("1,1", ([1], None, False)),
        ("-1 --local", ([5], None, True)),
        ("::2", ([0, 2, 4], None, False)),
        ("1:3,-2:", ([1, 2, 4, 5], None, False)),
        ("--targets ::-3", ([2, 5], None, False)),
        ("-t all", (None, None, False)),
        ("--block 1", ([1], None, False)),
    ],
)
def test_a_magic_names_ranks_and_seconds(argument: str, expected: Any) -> None:
    wanted = asked(argument)
    assert (wanted.ranks(6), wanted.limit, wanted.here) == expected


@pytest.mark.parametrize(
    "argument",
    [
        "x",
        "--1",
        "0;1",
        "--timeout",
        "--timeout 0",
        "'",
        "1-",
        "99999999",
        "3-1",
        ",",
        "::0",
        "--targets",
        "0:x",
    ],
)
def test_a_magic_that_names_no_ranks_is_refused(argument: str) -> None:
    with pytest.raises(LispeError, match="names no ranks"):
        asked(argument)


@pytest.mark.parametrize(("argument", "way"), [("0 --noblock", "--timeout"), ("-o=x", "from_rank")])
def test_an_option_of_ipyparallel_s_without_meaning_here_names_the_way(argument: str, way: str) -> None:
    with pytest.raises(LispeError, match=f"is not known here: .*{way}"):
        asked(argument)


def test_a_slice_that_has_no_rank_is_refused_and_not_all() -> None:
    with pytest.raises(LispeError, match="names none of the 2 ranks"):
        asked("5:").ranks(2)

"""What compiling leaves behind: the collector and Python's filters of warnings are as they were."""

import contextlib
import gc
import threading
import warnings
import weakref
from collections.abc import Callable

import pytest

from lispe_kernel import LispeError, Session
from lispe_kernel.language.compiler.program import unwarned
from lispe_kernel.language.stack import at_rest

TEXTS = ["(+ 1 2)", "(defun f (x) (* x 2)) (f 3)", "(car", "(setq 5 5)", "((+ 1 2) 3)"]


class Cycle:
    """Something that only the collector takes away."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(params=[True, False], ids=["at work", "off"])
def collector(request: pytest.FixtureRequest):
    """Whether the collector works before."""
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("text", TEXTS)
def test_the_collector_and_the_filters_are_as_before(collector: bool, text: str) -> None:
    filters = list(warnings.filters)
    with contextlib.suppress(LispeError):
        Session().compile(text)
    assert gc.isenabled() == collector
    assert warnings.filters == filters


def test_they_are_as_before_when_compiling_is_interrupted(
    collector: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    filters = list(warnings.filters)
    session = Session()
    monkeypatch.setattr("lispe_kernel.language.compiler.program.compile", interrupted, raising=False)
    with pytest.raises(KeyboardInterrupt):
        session.compile("(+ 1 2)")
    assert gc.isenabled() == collector
    assert warnings.filters == filters


def test_the_collector_looks_at_what_came_while_it_rests(collector: bool) -> None:
    def work(look_at_new: Callable[[], None]) -> bool:
        gone = weakref.ref(Cycle())
        kept = [[] for _ in range(60_000)]
        look_at_new()
        return len(kept) > 0 and gone() is None

    assert at_rest(work) == collector


def test_threads_that_compile_side_by_side_leave_no_filter_behind() -> None:
    filters = list(warnings.filters)
    begun, ended = threading.Event(), threading.Event()

    def second() -> None:
        begun.wait(10)
        unwarned(lambda: ended.wait(10))

    thread = threading.Thread(target=second)
    thread.start()
    unwarned(begun.set)
    ended.set()
    thread.join()
    assert warnings.filters == filters

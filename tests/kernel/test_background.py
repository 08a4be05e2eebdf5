"""The import in the background: begun once, waited for, told about when it is long, its errors survived."""

from __future__ import annotations

import threading

import pytest

from lispe_kernel.running.background import Preload, needs_torch


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("(torch_linear 2 3)", True),
        ("(tensor_zeros '(2))", True),
        ("%%python\nimport torch", True),
        ("(println 1)", False),
        ('(setq t (tiktoken_create "a.tiktoken" nil nil))', True),
    ],
)
def test_a_cell_needs_torch_if_it_names_it(code: str, needed: bool) -> None:
    assert needs_torch(code) is needed


def test_it_is_begun_once() -> None:
    begun = []
    preload = Preload(lambda: begun.append(1))
    for _ in range(3):
        preload.begin()
    preload.wait()
    assert begun == [1]
    assert preload.done


def test_a_short_wait_says_nothing() -> None:
    told = []
    assert Preload(lambda: None).wait(patience=60, tell=lambda: told.append(1)) is False
    assert told == []


def test_a_long_wait_is_told_once() -> None:
    told = []
    release = threading.Event()
    preload = Preload(lambda: release.wait(60))

    def tell() -> None:
        told.append(1)
        release.set()

    assert preload.wait(patience=0.05, tell=tell) is True
    assert told == [1]


def test_an_error_ends_the_wait() -> None:
    def fail() -> None:
        raise ImportError("no torch here")

    preload = Preload(fail)
    assert preload.wait(patience=60) is False
    assert preload.done


def test_helpers_wait_only_so_long() -> None:
    release = threading.Event()
    preload = Preload(lambda: release.wait(60))
    assert preload.wait_at_most(0.1) is False
    release.set()
    assert preload.wait_at_most(60) is True


def test_nobody_waits_for_what_comes_after_the_import() -> None:
    release, done = threading.Event(), threading.Event()

    def after() -> None:
        release.wait(60)
        done.set()

    preload = Preload(lambda: None, after)
    preload.wait()
    assert preload.done
    assert not done.is_set()
    release.set()
    assert done.wait(60)


def test_what_comes_after_the_import_waits_for_somebody_who_wants_it() -> None:
    after = threading.Event()
    preload = Preload(lambda: None, after.set)
    assert preload.wait_at_most(60) is True
    assert not after.wait(0.05)
    preload.wait()
    assert after.wait(60)

"""Every view, explorer and magic says what it is for and can be reached: its kinds exist, its names run."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import lispe_kernel.display.explorers
import lispe_kernel.display.views
import lispe_kernel.kernel.magics
import lispe_kernel.ranks.magics
import lispe_kernel.running.magics
from lispe_kernel.assist.completion import Completer
from lispe_kernel.assist.magics import AT_A_PROMPT, MAGICS, parts_of
from lispe_kernel.display.explorers.registry import explorers
from lispe_kernel.display.page.registry import views
from lispe_kernel.running.hosts import RUNS
from lispe_kernel.session import Session

ENTRIES = [
    *(pytest.param(kind, entry, id=f"view of {kind}") for kind, entry in views),
    *(pytest.param(kind, entry, id=f"explorer of {kind}") for kind, entry in explorers),
]


@pytest.mark.parametrize(("kind", "entry"), ENTRIES)
def test_a_registered_kind_is_a_class_and_what_shows_it_has_a_docstring(
    kind: type | str, entry: object
) -> None:
    assert (entry.__doc__ or "").strip()
    if isinstance(kind, str):
        module, _, name = kind.rpartition(".")
        kind = getattr(importlib.import_module(module), name)
    assert isinstance(kind, type)


@pytest.mark.parametrize("room", [lispe_kernel.display.views, lispe_kernel.display.explorers])
def test_every_file_of_a_room_is_there_for_something(room: ModuleType) -> None:
    """A view or explorer that no registry holds would never be seen."""
    registered = {entry.__module__ for _, entry in [*views, *explorers]}
    # What these make is a heatmap, or knows no kind of its own.
    others = {"views.attention", "explorers.base", "explorers.registry", "explorers.rows"}
    # A folder in a room holds views and what they share.
    files = {f"{room.__name__}.{file.name}" for file in pkgutil.iter_modules(room.__path__) if not file.ispkg}
    assert files - registered <= {f"lispe_kernel.display.{name}" for name in others}


def test_every_magic_has_help_and_is_run() -> None:
    assert set(RUNS) == set(MAGICS)
    for name, entry in MAGICS.items():
        shown = name if not name.isalpha() else f"%{name}"
        assert entry.help.lstrip("%").startswith(shown.lstrip("%"))
        assert entry.line or entry.cell


def test_the_prompt_runs_what_needs_no_notebook() -> None:
    assert set(MAGICS) - set(AT_A_PROMPT) == {"load_ext", "matplotlib"}


@pytest.mark.parametrize("name", [name for name in MAGICS if name.isalpha()])
def test_every_magic_is_completed_and_cut(name: str) -> None:
    entry = MAGICS[name]
    for mark, taken, code in (("%", entry.line, "%{} 1"), ("%%", entry.cell, "%%{}\n1")):
        found = {match.text for match in Completer(Session).matches(f"{mark}{name}", len(mark + name))[1]}
        assert (f"{mark}{name}" in found) == taken
        if taken:
            assert [part.magic for part in parts_of(code.format(name))] == [name]

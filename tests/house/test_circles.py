"""No modules of the package import each other in a circle, imports inside functions counted.

Only imports under `TYPE_CHECKING` do not count: they are for the type checker and never run.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "lispe_kernel"


def modules(root: Path) -> dict[str, Path]:
    """The file of each module of the package."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((root / PACKAGE).rglob("*.py"))
    }


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, but for what only a type checker reads."""
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        below = node.orelse
    else:
        yield node
        below = list(ast.iter_child_nodes(node))
    for child in below:
        yield from running(child)


def imported(source: str, known: set[str]) -> set[str]:
    """Which of the known modules a text imports; `from a import b` imports a.b where that is a module."""
    found = set()
    for node in running(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= within & known or {node.module}
            found |= {node.module} if within - known else set()
    return found & known


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle, its first module named again at the end; none is an empty list."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_modules_import_each_other_in_a_circle(root: Path) -> None:
    files = modules(root)
    graph = {name: imported(path.read_text(), set(files)) - {name} for name, path in files.items()}
    assert " imports ".join(circle(graph)) == ""


SAMPLES = {
    "from p import b": {"p.b"},
    "from p import b, thing": {"p", "p.b"},
    "from p.b import thing": {"p.b"},
    "import p.b": {"p.b"},
    "def f():\n    from p import b": {"p.b"},
    "class C:\n    def f(self):\n        import p": {"p"},
    "if TYPE_CHECKING:\n    from p import b\nelse:\n    import p": {"p"},
    "if typing.TYPE_CHECKING:\n    from p import b": set(),
    "import os": set(),
}


@pytest.mark.parametrize("source", SAMPLES)
def test_every_import_that_can_run_is_seen(source: str) -> None:
    assert imported(source, {"p", "p.b"}) == SAMPLES[source]


def test_a_circle_is_told_in_the_order_of_its_imports() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) in (
        ["a", "b", "c", "a"],
        ["b", "c", "a", "b"],
        ["c", "a", "b", "c"],
    )
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []

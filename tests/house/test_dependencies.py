"""The dependencies are declared once, openly, and pinned once, exactly."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+)>=[0-9.]+$")
# Top-level modules that a distribution carries inside itself and makes importable at run time.
CARRIED = {"_pydevd_bundle": ["debugpy"], "umap": ["umap-learn"]}
# Extras whose libraries the package imports when they are needed.
AT_NEED = ("hf", "ranks", "umap")
# What imports a plugin of ours, so that it is there whenever the plugin is: declared for the tests alone.
HOSTS = {"lispe_kernel/notebook/papermill.py": "papermill"}
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==[A-Za-z0-9_.!]+$")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(pattern: re.Pattern[str], lines: list[str]) -> set[str]:
    """The names in lines that a pattern fits, each in its one spelling."""
    return {normal(found[1]) for line in lines if (found := pattern.match(line))}


def requirements() -> list[str]:
    extras = PROJECT["optional-dependencies"].values()
    return [*PROJECT["dependencies"], *(requirement for extra in extras for requirement in extra)]


def pins() -> list[str]:
    return (ROOT / "constraints.txt").read_text().splitlines()


def third_party_imports() -> dict[str, str]:
    """Top-level packages that lispe_kernel imports, each with one file that does."""
    found = {}
    for path in sorted((ROOT / "lispe_kernel").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            for name in {name.split(".")[0] for name in names}:
                found[name] = str(path.relative_to(ROOT))
    return {
        name: path for name, path in found.items() if name not in {*sys.stdlib_module_names, "lispe_kernel"}
    }


@pytest.mark.parametrize("requirement", requirements())
def test_a_dependency_has_an_open_lower_bound(requirement: str) -> None:
    assert REQUIREMENT.match(requirement)


@pytest.mark.parametrize("pin", pins())
def test_a_constraint_is_an_exact_pin(pin: str) -> None:
    assert PIN.match(pin)


def test_every_dependency_is_pinned() -> None:
    assert names(REQUIREMENT, requirements()) - names(PIN, pins()) == set()


def imported_at_once() -> dict[str, str]:
    """Top-level packages that modules import as soon as they are imported, each with one file that does."""
    found = {}
    for path in sorted((ROOT / "lispe_kernel").rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import):
                found |= dict.fromkeys((alias.name.split(".")[0] for alias in node.names), str(path))
            elif isinstance(node, ast.ImportFrom) and node.module:
                found[node.module.split(".")[0]] = str(path)
    return found


def test_what_an_extra_brings_is_imported_when_it_is_needed() -> None:
    extra = names(
        REQUIREMENT, [line for extra in AT_NEED for line in PROJECT["optional-dependencies"][extra]]
    )
    assert {normal(name) for name in imported_at_once()} & extra == set()


def test_every_import_of_the_package_is_a_declared_dependency() -> None:
    extras = [line for extra in AT_NEED for line in PROJECT["optional-dependencies"][extra]]
    declared = names(REQUIREMENT, [*PROJECT["dependencies"], *extras])
    assert set(HOSTS.values()) <= names(REQUIREMENT, requirements())
    distributions = packages_distributions()
    undeclared = {
        f"{path} imports {name}"
        for name, path in third_party_imports().items()
        if HOSTS.get(path) != name
        and not declared
        & {normal(distribution) for distribution in distributions.get(name, CARRIED.get(name, [name]))}
    }
    assert undeclared == set()

"""What the documents point to is there, and what the forge reads says what it should."""

import re
from pathlib import Path

import pytest
import yaml

from lispe_kernel import __version__

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "benchmarks" / "README.md",
]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
MAKE = re.compile(r"`make ([a-z-]+)[^`\n]*`|^make ([a-z-]+)", re.MULTILINE)
PATH = re.compile(
    r"`((?:lispe_kernel|language|torch_library|display|tests|scripts|docs|notebooks|benchmarks)/[\w./-]*)`"
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(document: Path) -> None:
    targets = [target for target in LINK.findall(CODE.sub("", document.read_text())) if "://" not in target]
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_command_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for found in MAKE.findall(document.read_text()) for name in found if name}
    assert named <= targets


@pytest.mark.parametrize(
    "document", [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"], ids=lambda p: p.name
)
def test_every_path_that_is_named_is_there(document: Path) -> None:
    named = PATH.findall(document.read_text())
    assert named
    assert [
        path for path in named if not any((top / path).exists() for top in (ROOT, ROOT / "lispe_kernel"))
    ] == []


@pytest.mark.parametrize(
    "path", [*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml"], ids=lambda path: path.name
)
def test_what_a_forge_reads_can_be_read(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text()), dict)


def test_an_issue_is_asked_for_what_a_person_needs_to_repeat_it() -> None:
    forms = [
        path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"
    ]
    asked = {path.stem: [part["id"] for part in yaml.safe_load(path.read_text())["body"]] for path in forms}
    assert set(asked) == {"fault", "wrong-value", "feature"}
    assert all("cell" in parts for parts in asked.values())


def test_the_forge_runs_every_python_that_the_package_names() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())["jobs"]
    assert jobs["suite"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    used = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
    assert [action for action in used if not re.search(r"@v\d+\.\d+\.\d+$", action)] == []


def test_no_hook_before_a_commit_fetches_anything() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    assert {hook["language"] for hook in hooks[0]["hooks"]} == {"system"}


def test_the_changelog_tells_of_the_present_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert __version__ in headings

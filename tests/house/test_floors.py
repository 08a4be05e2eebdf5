"""The floors of the house hold: the contracts of pyproject.toml, and an import that costs nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import lispe_kernel

HEAVY = ("torch", "numpy", "matplotlib", "ipykernel", "IPython", "jupyter_client", "zmq")


def test_no_floor_imports_from_above(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(root / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "statement",
    ["import lispe_kernel", "import lispe_kernel.__main__", "from lispe_kernel import to_text, LispeError"],
)
def test_the_language_is_imported_without_torch_and_without_jupyter(statement: str, root: Path) -> None:
    program = f"{statement}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert answer.stdout.strip() == ""


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = lispe_kernel.Nothing


@pytest.mark.parametrize("name", ["Session", "to_text", "LispeError", "__version__"])
def test_each_public_name_can_be_imported(name: str) -> None:
    assert name in dir(lispe_kernel)
    assert getattr(lispe_kernel, name)

"""`python -m lispe_kernel install` writes a kernelspec that starts the very Python that ran it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lispe_kernel import __version__
from lispe_kernel.__main__ import main as command
from lispe_kernel.install import main


def installed(prefix: Path, name: str) -> dict[str, object]:
    folder = prefix / "share" / "jupyter" / "kernels" / name
    return dict(json.loads((folder / "kernel.json").read_text()))


def test_a_prefix_gets_a_kernelspec_with_this_interpreter(tmp_path: Path) -> None:
    assert main(["--prefix", str(tmp_path)]) == 0
    assert installed(tmp_path, "lispe")["argv"] == [
        *(sys.executable, "-m", "lispe_kernel", "-f", "{connection_file}"),
    ]


def test_the_logos_come_along(tmp_path: Path) -> None:
    main(["--prefix", str(tmp_path)])
    folder = tmp_path / "share" / "jupyter" / "kernels" / "lispe"
    assert sorted(file.name for file in folder.iterdir()) == [
        *("kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"),
    ]


def test_another_name_is_another_kernelspec(tmp_path: Path) -> None:
    main(["--prefix", str(tmp_path), "--name", "lispe-dev"])
    assert installed(tmp_path, "lispe-dev")["language"] == "lispe"


def test_installing_twice_works(tmp_path: Path) -> None:
    assert [main(["--prefix", str(tmp_path)]) for _ in range(2)] == [0, 0]


def test_user_writes_into_the_users_jupyter_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    assert main(["--user"]) == 0
    assert (tmp_path / "kernels" / "lispe" / "kernel.json").is_file()


@pytest.mark.parametrize(
    "options",
    [["--prefix", "/proc/nowhere"], ["--prefix", "{tmp}", "--name", "not a name"]],
    ids=["a folder that cannot be written", "a name Jupyter refuses"],
)
def test_a_refused_installation_says_why_and_fails(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([option.replace("{tmp}", str(tmp_path)) for option in options]) == 1
    assert "was not installed" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--prefix", ""], ["--name", "", "--sys-prefix"]])
def test_nothing_is_installed_under_an_empty_name_or_place(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert "is needed, not an empty text" in capsys.readouterr().err


def test_the_version_is_that_of_this_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["--version"]) == 0
    assert capsys.readouterr().out == f"LispE {__version__}\n"


def test_no_arguments_print_the_usage_and_fail() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "lispe_kernel"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert "python -m lispe_kernel install" in answer.stderr

"""The wheel carries what `pip install .` promises: the kernelspec with its logos, and the command `lispe`."""

import configparser
import json
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from PIL import Image

from lispe_kernel import __version__

SPEC_FOLDER = f"lispe_kernel-{__version__}.data/data/share/jupyter/kernels/lispe"
LOGO_SIZES = {"logo-32x32.png": 32, "logo-64x64.png": 64}


@pytest.fixture(scope="module", params=["standard", "editable"])
def wheel(request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return Path(next(iter(WheelBuilder(str(root)).build(directory=str(folder), versions=[request.param]))))


@pytest.mark.parametrize("name", ["kernel.json", "logo-svg.svg", *LOGO_SIZES])
def test_the_wheel_installs_the_kernelspec_where_jupyter_looks(wheel: Path, root: Path, name: str) -> None:
    source = root / ("kernel.json" if name == "kernel.json" else f"lispe_kernel/resources/{name}")
    assert zipfile.ZipFile(wheel).read(f"{SPEC_FOLDER}/{name}") == source.read_bytes()


def test_the_wheel_gives_the_lispe_command(wheel: Path) -> None:
    entry_points = zipfile.ZipFile(wheel).read(f"lispe_kernel-{__version__}.dist-info/entry_points.txt")
    assert "lispe = lispe_kernel.cli:main" in entry_points.decode()


@pytest.mark.parametrize("group", ["console_scripts", "pygments.lexers", "pytest11"])
def test_every_entry_point_leads_to_something(wheel: Path, group: str) -> None:
    text = zipfile.ZipFile(wheel).read(f"lispe_kernel-{__version__}.dist-info/entry_points.txt").decode()
    points = configparser.ConfigParser()
    points.read_string(text)
    assert points[group]
    for name, value in points[group].items():
        assert EntryPoint(name, value, group).load()


def test_the_kernelspec_starts_this_package(root: Path) -> None:
    spec = json.loads((root / "kernel.json").read_text())
    assert spec == {
        "argv": ["python", "-m", "lispe_kernel", "-f", "{connection_file}"],
        "display_name": "LispE",
        "language": "lispe",
        "interrupt_mode": "signal",
        "metadata": {"debugger": True, "supported_encryption": ["curve"]},
    }


@pytest.mark.parametrize(("name", "size"), LOGO_SIZES.items())
def test_a_logo_has_the_size_its_name_says(root: Path, name: str, size: int) -> None:
    assert Image.open(root / "lispe_kernel" / "resources" / name).size == (size, size)

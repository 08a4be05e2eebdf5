"""Builds wheel and sdist into dist/ and proves each in an environment of its own, as users will have it.

The environments hold nothing but the package: the dependencies are those of `.venv`, which they look into, so
that no gigabyte is fetched twice. The command, the kernelspec, the lexer and a kernel have to answer.
"""

import json
import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST, FOLDER = ROOT / "dist", ROOT / "build" / "release"
# Run in each environment, away from the checkout: nothing of it may be found by accident.
LEXER = "from pygments.lexers import get_lexer_by_name as f; print(type(f('lispe')).__module__)"
HOME = "import lispe_kernel; print(lispe_kernel.__file__)"
KERNEL = """
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="lispe", startup_timeout=120)
client.execute_interactive("(+ 40 2)", timeout=120, output_hook=lambda message: print(
    message["content"].get("data", {}).get("text/plain", ""), end=""))
client.stop_channels()
manager.shutdown_kernel()
"""


class CheckError(Exception):
    """What the release lacks, in a sentence."""


def main() -> int:
    """Build, check both, and return the exit status."""
    try:
        for built in build():
            check(built)
            print(f"{built.name}: command, kernelspec, lexer and kernel answer", flush=True)
    except CheckError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"Ready to upload: {DIST}")
    return 0


def build() -> list[Path]:
    """The sdist, and the wheel that is built from it, as pip builds it for those who take the sdist."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(
        sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(DIST), folder=ROOT
    )
    return sorted(path for path in DIST.iterdir() if path.suffix in (".gz", ".whl"))


def check(built: Path) -> None:
    """Install what was built, and ask it everything."""
    environment = FOLDER / ("sdist" if built.suffix == ".gz" else "wheel")
    python = install(built, environment)
    expect(f"{environment}/lib", run(python, "-c", HOME), "the package is found in the environment")
    expect("3\n", run(environment / "bin" / "lispe", "-e", "(+ 1 2)"), "`lispe -e '(+ 1 2)'` prints 3")
    expect("lispe_kernel", run(python, "-c", LEXER), "Pygments finds the lexer `lispe`")
    spec = environment / "share" / "jupyter" / "kernels" / "lispe" / "kernel.json"
    if not spec.is_file() or json.loads(spec.read_text())["language"] != "lispe":
        raise CheckError(f"{built.name} installs no kernelspec at {spec}")
    expect("42", run(python, "-c", KERNEL), "a kernel answers (+ 40 2)")


def install(built: Path, environment: Path) -> Path:
    """Make an environment with the built package that sees our dependencies; return its Python."""
    venv.create(environment, clear=True, symlinks=True)
    python = environment / "bin" / "python"
    inside = Path(run(python, "-c", "import site; print(site.getsitepackages()[0])").strip())
    # A path in a .pth file comes after the environment's own packages; .pth files of the path itself are not
    # read, so that an editable installation of this checkout stays unseen.
    (inside / "dependencies.pth").write_text("\n".join([*site.getsitepackages(), ""]))
    options = (
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "--disable-pip-version-check",
        "--force-reinstall",
    )
    run(python, "-m", "pip", "install", *options, str(built))
    return python


def run(program: str | Path, *arguments: str, folder: Path = FOLDER) -> str:
    """Run a program away from the checkout and return what it prints."""
    folder.mkdir(parents=True, exist_ok=True)
    jupyter = {
        name: str(FOLDER / name.lower()) for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    command = [str(program), *arguments]
    done = subprocess.run(
        command, cwd=folder, env=clean | jupyter, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CheckError(f"{' '.join(command)[:200]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(part: str, said: str, sentence: str) -> None:
    """Raise unless what was said holds the part that proves the sentence."""
    if part not in said:
        raise CheckError(f"It is not so that {sentence}; the answer was: {said!r}")


if __name__ == "__main__":
    sys.exit(main())

"""The magics that deal with the machine: folders, the environment, packages, scripts, files."""

from __future__ import annotations

import importlib
import os
import shlex
import shutil
import sys

from lispe_kernel.assist.magics import SHELL, Part
from lispe_kernel.language.errors import LispeError
from lispe_kernel.running.hosts import NOTHING, Host, runs
from lispe_kernel.running.shell import run_script, run_shell
from lispe_kernel.session import Outcome

# Where `%cd -` goes back to.
_BEFORE = "OLDPWD"


@runs(SHELL)
def _shell(part: Part, host: Host) -> Outcome:
    host.session.namespace["_exit_code"] = run_shell(part.argument)
    return NOTHING


@runs("pip")
def _pip(part: Part, host: Host) -> Outcome:
    status = run_shell(f"{shlex.quote(sys.executable)} -m pip {part.argument}")
    host.session.namespace["_exit_code"] = status
    importlib.invalidate_caches()
    if status == 0 and part.argument.split()[:1] in (["install"], ["uninstall"]):
        print("Note: a package that was in use before needs a restart of the kernel.")
    return NOTHING


@runs("cd")
def _cd(part: Part, host: Host) -> Outcome:
    here, wanted = os.getcwd(), part.argument.strip("'\"")
    if wanted == "-":
        wanted = os.environ.get(_BEFORE, here)
    try:
        os.chdir(os.path.expanduser(wanted or "~"))
    except OSError as error:
        raise LispeError(f"Error: %cd: {error.strerror}: {wanted}") from None
    os.environ[_BEFORE] = here
    namespace = host.session.namespace
    if namespace.get("_current") == os.path.join(here, ""):
        # Where no program's own folder comes first, files are looked for here.
        namespace["_current"] = os.path.join(os.getcwd(), "")
    print(os.getcwd())
    return NOTHING


@runs("pwd")
def _pwd(_: Part, host: Host) -> Outcome:  # noqa: ARG001 - a magic is given both
    return Outcome(os.getcwd(), False)


@runs("env")
def _env(part: Part, host: Host) -> Outcome:  # noqa: ARG001 - a magic is given both
    text = part.argument
    if not text:
        for name, value in sorted(os.environ.items()):
            print(f"{name}={value}")
        return NOTHING
    name, mark, value = text.partition("=") if "=" in text else text.partition(" ")
    name, value = name.strip(), value.strip()
    if mark:
        os.environ[name] = value
        print(f"env: {name}={value}")
        return NOTHING
    if name not in os.environ:
        raise LispeError(f"Error: %env: the environment has no variable '{name}'")
    return Outcome(os.environ[name], False)


@runs("bash")
def _bash(part: Part, host: Host) -> Outcome:
    return _script("bash", part, host)


@runs("sh")
def _sh(part: Part, host: Host) -> Outcome:
    return _script("sh", part, host)


def _script(program: str, part: Part, host: Host) -> Outcome:
    found = shutil.which(program)
    if found is None:
        raise LispeError(f"Error: %%{program}: there is no '{program}' on this machine")
    status = run_script([found, *shlex.split(part.argument)], part.text)
    host.session.namespace["_exit_code"] = status
    if status:
        raise LispeError(f"Error: %%{program}: the script ended with status {status}")
    return NOTHING


@runs("writefile")
def _writefile(part: Part, host: Host) -> Outcome:  # noqa: ARG001 - a magic is given both
    words = shlex.split(part.argument)
    append = words[:1] in (["-a"], ["--append"])
    if len(words) != 1 + append:
        raise LispeError("Error: %%writefile: one path is expected, as in %%writefile [-a] notes.txt")
    path = os.path.expanduser(words[-1])
    said = "Appending to" if append else "Overwriting" if os.path.exists(path) else "Writing"
    try:
        with open(path, "a" if append else "w", encoding="utf-8", newline="") as file:
            file.write(part.text if part.text.endswith("\n") or not part.text else part.text + "\n")
    except OSError as error:
        raise LispeError(f"Error: %%writefile: {error.strerror}: {path}") from None
    print(f"{said} {path}")
    return NOTHING

"""The machine: folders, environment, processes, the keyboard.

What the system refuses is a LispE error. The texts of other programs come back as they wrote them.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.library.machine.dates import Date
from lispe_kernel.language.library.shared.paths import path_argument, system_error
from lispe_kernel.language.printer import to_text, wrong_argument
from lispe_kernel.language.values.atoms import TRUE, Atom, truth
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import Strings


@function("ls")
def ls(path: Any) -> Strings:
    """The entries of a folder in the order of their names, with the path before them unless it is ".".

    An empty list for a folder that cannot be read.

    Example: (ls "/no/such/folder") => ()
    """
    folder = path_argument("ls", 1, path)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return Strings()
    return Strings(names if folder in (".", "./") else [os.path.join(folder, name) for name in names])


@function("isdirectory", returns="boolean")
def isdirectory(path: Any) -> Atom | None:
    """Whether a path is a folder.

    Example: (isdirectory "/") => true
    """
    return truth(os.path.isdir(path_argument("isdirectory", 1, path)))


@function("file_exists", returns="boolean")
def file_exists(path: Any) -> Atom | None:
    """Whether there is a file or a folder at a path.

    Example: (file_exists "/no/such/file") => nil
    """
    return truth(os.path.exists(path_argument("file_exists", 1, path)))


@function("fileinfo")
def fileinfo(path: Any) -> Dictionary | None:
    """What is known of a file: size, date (of modification), access, change, pathname ...; nil if missing.

    Example: (fileinfo "/no/such/file") => nil
    """
    place = path_argument("fileinfo", 1, path)
    try:
        found = os.stat(place)
    except OSError:
        return None
    return Dictionary(
        size=found.st_size,
        date=Date(found.st_mtime),
        access=Date(found.st_atime),
        change=Date(found.st_ctime),
        pathname=os.path.realpath(place),
        directory=truth(os.path.isdir(place)),
    )


@function("realpath", returns="text")
def realpath(path: Any) -> str:
    """The absolute path, without links.

    Example: (realpath "/tmp/../tmp") => /tmp
    """
    return os.path.realpath(path_argument("realpath", 1, path))


@function("command")
def command(cmd: Any) -> Strings:
    """Run a shell command: the lines that it wrote, with their ends. Its errors go to the error stream.

    Example: (trim (@ (command "echo hi") 0)) => hi
    """
    if not isinstance(cmd, str) or "\0" in cmd:
        raise wrong_argument("command", 1, "a shell command (a string)", cmd)
    import subprocess  # noqa: PLC0415 - start-up time: few programs run a command

    try:
        ended = subprocess.run(cmd, shell=True, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise system_error("command", cmd, error) from None
    if ended.stderr:
        sys.stderr.write(ended.stderr.decode("utf-8", "replace"))
    return Strings(ended.stdout.decode("utf-8", "replace").splitlines(keepends=True))


@function("getenv", returns="text")
def getenv(name: Any) -> str:
    """The value of an environment variable, "" when it is not set.

    Example: (size (getenv "LISPE_NOT_SET")) => 0
    """
    return os.environ.get(_variable("getenv", name), "")


@function("setenv")
def setenv(name: Any, value: Any) -> Atom:
    """Set an environment variable for this process and for those that it starts.

    Example: (block (setenv "LISPE_T" "v") (getenv "LISPE_T")) => v
    """
    variable, text = _variable("setenv", name), to_text(value)
    if "\0" in text:
        raise wrong_argument("setenv", 2, "a text without the character 0", value)
    os.environ[variable] = text
    return TRUE


def _variable(function_: str, name: Any) -> str:
    if not isinstance(name, str) or not name or "=" in name or "\0" in name:
        raise wrong_argument(function_, 1, "the name of an environment variable", name)
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        raise wrong_argument(function_, 1, "a name that the system can write", name) from None
    return name


@function("memory_size", returns="natural")
def memory_size() -> int:
    """The memory that this process takes up now, in bytes; where the system does not say, the most it took.

    Example: (> (memory_size) 1000000) => true
    """
    try:
        with open("/proc/self/statm", encoding="ascii") as pages:
            return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource  # noqa: PLC0415 - not on every system

        # macOS counts in bytes, other systems in kilobytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


# -- the keyboard -------------------------------------------------------------------------------------


@function("pipe", keyword=True)
def pipe() -> str | None:
    """The next line of the standard input without its end, nil at the end.

    Example: (type 'pipe) => atom_
    """
    line = sys.stdin.readline()
    return line.removesuffix("\n") if line else None


@function("input@", keyword=True)
def input_at(text: Any = "") -> str:
    """A line typed on the keyboard, after a text that is shown before it; "" when no one can type.

    Example: (type 'input@) => atom_
    """
    try:
        return input(to_text(text))
    except EOFError:
        return ""


@function("getchar", keyword=True)
def getchar() -> str:
    """One key pressed on the keyboard; in a notebook, the first character of a line.

    Example: (type 'getchar) => atom_
    """
    if sys.stdin is not None and sys.stdin.isatty():
        return _key_press(sys.stdin.fileno())
    try:
        return (input("") or "\n")[0]
    except EOFError:
        return ""


def _key_press(terminal: int) -> str:
    try:
        import termios  # noqa: PLC0415 - not on every system
        import tty  # noqa: PLC0415 - not on every system
    except ImportError:
        raise LispeError("Error: getchar: this system has no terminal to read keys from") from None
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        first = os.read(terminal, 1)
        more = {0b110: 1, 0b1110: 2, 0b11110: 3}
        rest = next((count for lead, count in more.items() if first and _leads(first[0], lead)), 0)
        return (first + os.read(terminal, rest) if rest else first).decode("utf-8", "replace")
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _leads(byte: int, lead: int) -> bool:
    """Whether a byte begins with the bits that announce more bytes of a character."""
    return byte >> (8 - lead.bit_length()) == lead

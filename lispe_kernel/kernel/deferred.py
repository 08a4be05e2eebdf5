"""What Jupyter's libraries import that a first answer does not need, imported when somebody asks for it.

The package of IPython imports a whole shell, that of jupyter_client its managers of kernels, ipykernel's
application the kernel of Python: a third of the time until a first answer, all of them for names that this
kernel does not use. Nothing is left out for long: the first attribute that anybody asks of a package runs it,
and whatever is not as it is described here is imported as ever.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

# Packages whose own code waits, and what of them is at hand in one of their modules.
WAITING: dict[str, dict[str, str]] = {
    "IPython": {},
    "jupyter_client": dict.fromkeys(
        ("find_connection_file", "write_connection_file"), "jupyter_client.connect"
    ),
}
# What their own modules ask them for while they are imported themselves, as those of IPython before 9.11 do.
OF_ITS_OWN = {"IPython": {"get_ipython": "IPython.core.getipython"}}
# What ipykernel's application takes from modules that only Python's kernel needs, and the class of which each
# is a case: where the application knows it by name, any other case serves.
GENERAL: dict[str, tuple[str, str, str]] = {
    "ipykernel.ipkernel": ("IPythonKernel", "ipykernel.kernelbase", "Kernel"),
    "ipykernel.zmqshell": (
        "ZMQInteractiveShell",
        "traitlets.config.configurable",
        "SingletonConfigurable",
    ),
}
# What the import system itself asks of a package.
_OF_IMPORTS = frozenset(
    {"__class__", "__dict__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"}
)
_running = threading.RLock()
# Packages whose code has begun to run.
_begun: set[str] = set()
# Seconds that a thread waits for another that runs a package: each may hold an import that the other needs.
PATIENCE = 5
# What is done once a module has been imported.
_afterwards: dict[str, Callable[[], object]] = {}


def install() -> None:
    """Let the packages wait that are not imported yet."""
    sys.meta_path.insert(0, _Finder())


def after_import(module: str, work: Callable[[], object]) -> None:
    """Do something as soon as a module has been imported, or now if it has been."""
    if module in sys.modules:
        work()
    else:
        _afterwards[module] = work


@contextmanager
def general() -> Iterator[None]:
    """While ipykernel's application is imported, it finds general classes for those of Python's kernel."""
    put = []
    for name, (case, module, kind) in GENERAL.items():
        if name not in sys.modules:
            put.append(name)
            sys.modules[name] = ModuleType(name)
            setattr(sys.modules[name], case, getattr(import_module(module), kind))
    try:
        yield
    finally:
        for name in put:
            del sys.modules[name]


class _Finder:
    """Finds what Python finds, and lets it wait or watches it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in WAITING and name not in _afterwards:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = (_Later if name in WAITING else _Watched)(spec.loader)
        return spec


class _Watched(Loader):
    """Loads a module as ever, then does what waits for it."""

    def __init__(self, own: Loader) -> None:
        self.own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        _hand_back(module, self.own)
        self.own.exec_module(module)
        work = _afterwards.pop(module.__name__, None)
        if work is not None:
            # The module counts as imported only when this has ended.
            work()


class _Later(_Watched):
    """Makes a package whose modules can be imported, and that runs when it is asked for more."""

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Package


class _Package(ModuleType):
    """A package that has not run. It becomes an ordinary one by running."""

    def __getattribute__(self, name: str) -> Any:
        if name in _OF_IMPORTS:
            return super().__getattribute__(name)
        if name in self.__dict__ and self.__name__ not in _begun and _imports_its_own(self.__name__):
            return self.__dict__[name]
        home = WAITING[self.__name__].get(name) or _asked_by_its_own(self.__name__, name)
        if home is not None and name not in self.__dict__:
            return getattr(import_module(home), name)
        if _running.acquire(timeout=PATIENCE):
            try:
                if self.__name__ not in _begun:
                    _run(self)
            finally:
                _running.release()
        # Its own code asks, too, while it runs.
        return ModuleType.__getattribute__(self, name)


def _asked_by_its_own(package: str, name: str) -> str | None:
    """Where a module of the package finds what it asks the package for while it is imported."""
    found = OF_ITS_OWN.get(package, {}).get(name)
    return found if found is not None and _imports_its_own(package) else None


def _imports_its_own(package: str) -> bool:
    """Whether a module of the package is being imported: the package's code would meet it half made."""
    return any(
        getattr(module.__spec__, "_initializing", False)
        for name, module in list(sys.modules.items())
        if name.startswith(f"{package}.") and getattr(module, "__spec__", None) is not None
    )


def _run(package: ModuleType) -> None:
    own = package.__loader__.own  # type: ignore[union-attr]
    _begun.add(package.__name__)
    _hand_back(package, own)
    try:
        own.exec_module(package)
    except BaseException:
        # As an import that failed: it can be tried again.
        package.__loader__ = _Later(own)
        _begun.discard(package.__name__)
        raise
    package.__class__ = ModuleType


def _hand_back(module: ModuleType, own: Loader) -> None:
    """Make a module's loader the one that Python found."""
    module.__loader__ = own
    if module.__spec__ is not None:
        module.__spec__.loader = own

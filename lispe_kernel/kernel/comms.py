"""Comms, which are ipykernel's own: it is asked for them when the first message or widget needs one.

ipykernel puts its functions in the places of the library `comm` when its kernel of Python is imported. Until
then these stand there, and import it.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import comm

HOME = "ipykernel.ipkernel"


def wait_for_comms() -> None:
    """Let ipykernel's comms come with the first that is asked for."""
    if HOME not in sys.modules:
        comm.create_comm, comm.get_comm_manager = _create, _manager


def there_are_comms() -> bool:
    """Whether anybody asked for them."""
    return comm.get_comm_manager is not _manager


def _create(*arguments: Any, **options: Any) -> Any:
    importlib.import_module(HOME)
    return comm.create_comm(*arguments, **options)


def _manager() -> Any:
    importlib.import_module(HOME)
    return comm.get_comm_manager()

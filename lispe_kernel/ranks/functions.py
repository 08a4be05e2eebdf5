"""Cells on many ranks: processes started from a notebook, values fetched from them and sent to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.functions import function
from lispe_kernel.language.printer import register_kind, wrong_argument
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.ranks import CLUSTER, end

if TYPE_CHECKING:
    from lispe_kernel.ranks.cluster import Cluster

_MOST = 10_000


class Ranks:
    """The ranks of a session as a value: it prints how many there are and which are gone."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def text(self) -> str:
        cluster = self._cluster
        gone = [number for number in range(cluster.count) if cluster.look(number)]
        told = f", {len(gone)} of them gone: {' '.join(map(str, gone))}" if gone else ""
        where = ", joined on the CPU: there are fewer GPUs than ranks" if cluster.share_gpus else ""
        return f"{cluster.count} rank{'s' * (cluster.count != 1)}{told}{where}"


register_kind(Ranks, "ranks_", lambda value, _show: value.text())


@function("ranks")
def ranks(count: Any = None, timeout: Any = 600, profile: Any = None) -> Any:
    """Start so many ranks, processes with a session of LispE each that have joined each other; 0 ends them.

    `%%ranks` runs a cell on all of them, `%%ranks 0,2` on some. A rank that stays silent for `timeout`
    seconds after others have ended is interrupted, and ended at last. `profile` names a profile of
    ipyparallel, whose launcher (SSH, Slurm, ...) then starts them. Ranks end with the session and with the
    kernel, and when others are started. Without a count it says how many there are.

    Example: (ranks 0) => nil
    Errors: on a rank itself; ipyparallel is not installed, a rank does not start, they do not find each other
    """
    session: Any = current()
    if count is None:
        there = session.library_states.get(CLUSTER)
        return Ranks(there) if there is not None else None
    if type(count) is not int or not 0 <= count <= _MOST:
        raise wrong_argument("ranks", 1, "a number of processes", count)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        raise wrong_argument("ranks", 2, "a number of seconds", timeout)
    if profile is not None and not isinstance(profile, str):
        raise wrong_argument("ranks", 3, "the name of a profile of ipyparallel", profile)
    if count == 0:
        end(session)
        return None
    from lispe_kernel.ranks import working  # noqa: PLC0415 - start-up: most sessions have no ranks

    return Ranks(working.start(session, count, profile, float(timeout)))


@function("from_rank")
def from_rank(rank: Any, name: Any) -> Any:
    """The value that a variable has on a rank: a tensor, a number, text, a list, a module with its weights.

    It is a copy; nothing of the session changes.

    Example: (maybe (from_rank 0 'loss) (ranks 0)) => nil
    Errors: there are no ranks, or not this one; the variable has no value there, or one that cannot be sent
    """
    if type(rank) is not int:
        raise wrong_argument("from_rank", 1, "the number of a rank", rank)
    from lispe_kernel.ranks import working  # noqa: PLC0415 - start-up: most sessions have no ranks

    return working.from_rank(current(), rank, _name("from_rank", 2, name))  # type: ignore[arg-type]


@function("to_ranks", silent=True)
def to_ranks(*names: Any) -> None:
    """Give the values of these variables to all ranks, in the place of what they hold there.

    Functions need it not: those that a cell for ranks uses go along, with what they use.

    Example: (maybe (to_ranks 'batch) (ranks 0)) => nil
    Errors: there are no ranks; a name without a value, or with one that cannot be sent
    """
    found = [_name("to_ranks", number, name) for number, name in enumerate(names, 1)]
    session: Any = current()
    for name in found:
        if not session.defined(name):
            raise LispeError(f"Error: to_ranks: {name} has no value")
    from lispe_kernel.ranks import working  # noqa: PLC0415 - start-up: most sessions have no ranks

    working.to_ranks(session, found)


def _name(function_: str, position: int, value: Any) -> str:
    if isinstance(value, Atom):
        return value.name
    if isinstance(value, str):
        return value
    raise wrong_argument(function_, position, "the name of a variable, as in 'loss", value)

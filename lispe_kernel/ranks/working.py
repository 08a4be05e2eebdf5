"""What a notebook does with its ranks: start and end them, run a cell on some, fetch and send values."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.ranks import CLUSTER, end
from lispe_kernel.ranks.asking import Answer, ask
from lispe_kernel.ranks.cluster import Cluster
from lispe_kernel.ranks.folds import Folds, names
from lispe_kernel.ranks.sending import Sending, fetched, shared_folder
from lispe_kernel.session import Session
from lispe_kernel.sittings.folder import told
from lispe_kernel.sittings.saving import variables

# Seconds in which ranks must have found each other.
_JOIN = 120.0
# What a rank says of a variable that only the notebook has.
_UNBOUND = re.compile(r"Unbound atom: '([^']+)'")
# How often another port is tried where the one that was free a moment ago is not.
_TRIES = 3


def _refuse_on_a_rank(who: str) -> None:
    """Errors: LispeError in a process that is a rank of others itself."""
    if os.environ.get("WORLD_SIZE", "1") != "1":
        here = os.environ.get("RANK", "")
        raise LispeError(f"Error: {who}: this is rank {here} of others; a rank has no ranks of its own")


def cluster_of(session: Session, who: str) -> Cluster:
    """The ranks of a session. Errors: LispeError where there are none."""
    _refuse_on_a_rank(who)
    found: Cluster | None = session.library_states.get(CLUSTER)
    if found is None:
        raise LispeError(f"Error: {who}: there are no ranks; (ranks 2) starts two")
    return found


def _check_numbers(cluster: Cluster, who: str, ranks: Iterable[int]) -> None:
    """Errors: LispeError for the first number that is no rank's."""
    for rank in ranks:
        if not 0 <= rank < cluster.count:
            raise LispeError(f"Error: {who}: there is no rank {rank}; the last one is {cluster.count - 1}")


def start(session: Session, count: int, profile: str | None, timeout: float) -> Cluster:
    """Start ranks in the place of those that are there. Errors: LispeError; no process is left then."""
    _refuse_on_a_rank("ranks")
    end(session)
    cluster = Cluster(count, profile, timeout)
    cluster.start()
    try:
        _join(cluster)
    except BaseException:
        cluster.end()
        raise
    session.library_states[CLUSTER] = cluster
    return cluster


def _join(cluster: Cluster) -> None:
    """Have the ranks join each other, as torchrun's processes do."""
    for attempt in range(1, _TRIES + 1):
        described = [answer.value for answer in _all(cluster, lambda _: {"do": "describe"}, "ranks", _JOIN)]
        for number, each in enumerate(described):
            cluster.know(number, each)
        try:
            _meet(cluster, described)
            break
        except LispeError as error:
            # The port that was free a moment ago is not any more.
            if attempt == _TRIES or "in use" not in str(error):
                raise
    cluster.apart = False


def _meet(cluster: Cluster, described: list[dict[str, Any]]) -> None:
    places = _places(cluster, described[0])
    ranks = Counter(member.host for member in cluster.members)
    # A GPU belongs to one rank of nccl; where there are fewer, the ranks meet as if there were none.
    cluster.share_gpus = any(0 < each["gpus"] < ranks[each["host"]] for each in described)
    device = ' (? device "cpu")' if cluster.share_gpus else ""
    text = f"(torch_distributed (? timeout {cluster.timeout:g}){device})"
    _all(cluster, lambda n: {"do": "join", "environment": places[n], "text": text}, "ranks", _JOIN)


def _places(cluster: Cluster, described: dict[str, Any]) -> list[dict[str, str]]:
    """What torchrun would tell each rank in its environment."""
    hosts = [member.host for member in cluster.members]
    here = len(set(hosts)) == 1
    return [
        {
            "RANK": str(number),
            "WORLD_SIZE": str(len(hosts)),
            "LOCAL_RANK": str(hosts[:number].count(host)),
            "LOCAL_WORLD_SIZE": str(hosts.count(host)),
            "MASTER_ADDR": "127.0.0.1" if here else described["host"],
            "MASTER_PORT": str(described["port"]),
        }
        for number, host in enumerate(hosts)
    ]


def _all(cluster: Cluster, request: Callable[[int], dict[str, Any]], who: str, limit: float) -> list[Answer]:
    """What every rank answers. Errors: LispeError with what failed where."""
    found = ask(cluster, {number: request(number) for number in range(len(cluster.members))}, limit=limit)
    check(cluster, found, who)
    return found


def check(cluster: Cluster, found: list[Answer], who: str, hint: str = "") -> None:
    """Errors: LispeError that names each rank that failed, those with the same error together."""
    failed: dict[str, list[int]] = {}
    for answer in found:
        if answer.failed:
            failed.setdefault(answer.message, []).append(answer.rank)
    if not failed:
        return
    texts = [
        f"{names(ranks)}: {message.removeprefix('Error: ').removeprefix(f'{who}: ')}"
        for message, ranks in failed.items()
    ]
    if any(answer.gone for answer in found):
        hint += f"\n(ranks {cluster.count}) starts them anew"
    raise LispeError(f"Error: {who}: " + "\n".join(texts) + hint)


def _unsent(session: Session, found: list[Answer]) -> str:
    """How the ranks get the variables that they lack and the notebook has."""
    lacking = {name: None for answer in found if answer.failed for name in _UNBOUND.findall(answer.message)}
    here = dict(variables(session))
    return "".join(
        f"\n(to_ranks '{name}) gives the ranks the notebook's value of {name}"
        for name in lacking
        if name in here
    )


def run(
    session: Session, text: str, name: str, which: Iterable[int] | None, limit: float | None = None
) -> None:
    """Run a text on some ranks, on all without `which`; outputs appear as they come.

    Errors: LispeError that names the ranks where it failed.
    """
    cluster = cluster_of(session, "%%ranks")
    chosen = list(range(cluster.count)) if which is None else list(which)
    _check_numbers(cluster, "%%ranks", chosen)
    there = all(not cluster.look(number) for number in range(cluster.count))
    if cluster.apart and there:
        _join(cluster)
    sending, folds = Sending(session, cluster), Folds()
    with sending.parcel(sending.names_for(text), chosen) as parcel:
        request = {"do": "cell", "text": text, "name": name, "folder": parcel.folder}
        found: list[Answer] = []

        def show(answers: list[Answer]) -> None:
            found[:] = answers
            folds.show(answers)

        try:
            ask(cluster, dict.fromkeys(chosen, request), show, limit)
        finally:
            folds.finish(found)
            for answer in found:
                if answer.taken:
                    parcel.arrived(cluster.members[answer.rank])
    check(cluster, found, "%%ranks", _unsent(session, found))


def from_rank(session: Session, rank: int, name: str) -> Any:
    """The value that a name has on a rank. Errors: LispeError."""
    cluster = cluster_of(session, "from_rank")
    _check_numbers(cluster, "from_rank", [rank])
    with shared_folder(cluster) as folder:
        request = {rank: {"do": "give", "name": name, "folder": folder}}
        check(cluster, ask(cluster, request, limit=cluster.timeout), "from_rank")
        with told("from_rank", f"what rank {rank} sent"):
            return fetched(session, folder, name)


def to_ranks(session: Session, wanted: list[str]) -> None:
    """Give the values of names to all ranks. Errors: LispeError."""
    cluster = cluster_of(session, "to_ranks")
    sending = Sending(session, cluster)
    for member in cluster.members:
        # Whoever asks wants the value there again, whatever the rank has made of it.
        for name in wanted:
            member.sent.pop(name, None)
    with sending.parcel(sending.names_with(wanted), range(cluster.count)) as parcel:
        _all(cluster, lambda _: {"do": "take", "folder": parcel.folder}, "to_ranks", cluster.timeout)
        for member in cluster.members:
            parcel.arrived(member)

"""One request to some ranks: sent, followed until each has ended, died, hung or was interrupted.

A rank is never waited for without end: one that stays behind the others for the cluster's timeout is
interrupted, cut off from the others, and ended at last.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.ranks.cluster import Cluster
from lispe_kernel.ranks.wire import DONE, ERROR, TAKEN, answers, request_code
from lispe_kernel.running.report import INTERRUPTED

# Seconds between two looks: at first, and later.
_SOON, _LATER = 0.004, 0.03
# Seconds after an interrupt at which a rank is cut off from the others, and at which it is ended.
_CUT, _END = 1.0, 6.0
# Seconds of silence after which ranks are cut off from one that failed: it will not come to them.
_GRACE = 5.0

Item = dict[str, Any]


@dataclass
class Answer:
    """What one rank answered so far."""

    rank: int
    items: list[Item] = field(default_factory=list)
    value: Any = None
    # How it ended badly: an ERROR answer, or why the rank is gone.
    error: Item | None = None
    gone: str = ""
    ended: bool = False

    @property
    def failed(self) -> bool:
        return self.error is not None or bool(self.gone)

    @property
    def taken(self) -> bool:
        """Whether the rank has taken what was sent along."""
        return any(item.get("kind") == TAKEN for item in self.items)

    @property
    def message(self) -> str:
        """What went wrong, in one line and its details."""
        return self.gone or (self.error["message"] if self.error else "")


class Asked:
    """A request on its way to some ranks."""

    def __init__(
        self, cluster: Cluster, requests: dict[int, dict[str, Any]], show: Callable[[list[Answer]], None]
    ) -> None:
        self._cluster, self._show = cluster, show
        self.answers = [Answer(rank) for rank in requests]
        self._sent: dict[int, Any] = {}
        for answer in self.answers:
            answer.gone = cluster.look(answer.rank)
            answer.ended = bool(answer.gone)
            if not answer.ended:
                view = cluster.client[cluster.members[answer.rank].engine]
                code = request_code(requests[answer.rank])
                self._sent[answer.rank] = view.execute(code, silent=False, block=False)
        # When an interrupt was asked for, and what a rank that ignores it is told to have done.
        self._stopping: float | None = None
        self._why = ""
        self._cut = False
        # Whether those that run were cut off from one that failed.
        self._parted = False
        # Whether the user interrupted: what was stopped for another reason says so.
        self._by_user = False

    def follow(self, limit: float | None = None) -> list[Answer]:
        """Wait until every rank has ended. Interruptible: KeyboardInterrupt leaves when all have ended.

        limit: seconds that the whole may take.
        """
        began = time.monotonic()
        interrupted = False
        while True:
            try:
                self._follow(began, limit)
                break
            except KeyboardInterrupt:
                if interrupted:
                    # Whoever asks twice does not want to wait.
                    self._end_all()
                interrupted = self._by_user = True
                self._stop("it did not end when it was interrupted")
        if interrupted:
            raise KeyboardInterrupt
        return self.answers

    def _follow(self, began: float, limit: float | None) -> None:
        quiet_since = time.monotonic()
        pause = _SOON
        while True:
            changed = [self._take(answer) for answer in self.answers if not answer.ended]
            now = time.monotonic()
            if any(changed):
                quiet_since = now
            # Also when nothing new came: what came a moment ago may not have been drawn.
            self._show(self.answers)
            if all(answer.ended for answer in self.answers):
                return
            self._hurry(now, began, limit, quiet_since)
            time.sleep(pause)
            pause = min(_LATER, pause * 1.2)

    def _take(self, answer: Answer) -> bool:
        """Take what came from one rank since; says whether anything did."""
        sent = self._sent[answer.rank]
        # Looked at first: what a rank sends before it ends is there afterwards.
        gone = self._cluster.look(answer.rank)
        closed = sent.ready() and sent.wait_for_output(0)
        outputs = sent.metadata["outputs"]
        found = answers(outputs, len(answer.items))
        answer.items += found
        for item in found:
            if item.get("kind") in (DONE, ERROR):
                answer.ended = True
                answer.value = item.get("value")
                answer.error = item if item["kind"] == ERROR else None
                if answer.error and self._why and not self._by_user:
                    answer.error["message"] = f"{self._why}, and was interrupted"
        if gone and not answer.ended:
            answer.gone, answer.ended = gone, True
        if not answer.ended and closed:
            # What should have answered did not come to it: the engine's own error is shown in its place.
            answer.error, answer.ended = _unanswered(sent, interrupted=self._by_user), True
            answer.items.append(answer.error)
        return bool(found) or answer.ended

    # -- those that do not end --------------------------------------------------------------------

    def _hurry(self, now: float, began: float, limit: float | None, quiet_since: float) -> None:
        failed = any(answer.failed for answer in self.answers)
        ended = any(answer.ended for answer in self.answers)
        if self._stopping is not None:
            self._press(now - self._stopping)
        elif limit is not None and now - began > limit:
            self._stop(f"it did not end within {limit:g} seconds")
        elif ended and now - quiet_since > self._cluster.timeout:
            others = "ended or failed" if failed else "ended"
            self._stop(
                f"it was silent for {self._cluster.timeout:g} seconds after others had {others}: it hangs"
            )
        elif failed and not self._parted and now - quiet_since > _GRACE:
            self._part()

    def _part(self) -> None:
        """Cut those that run off from the others: one that waits for a rank that failed would wait long."""
        self._parted = self._cluster.apart = True
        for answer in self._running():
            self._cluster.signal(answer.rank, signal.SIGUSR2)

    def _running(self) -> list[Answer]:
        return [answer for answer in self.answers if not answer.ended]

    def _stop(self, why: str) -> None:
        """Interrupt all that run. Their group cannot be used again: some stopped in the middle of it."""
        self._stopping, self._why, self._cut = time.monotonic(), why, False
        self._cluster.apart = True
        for answer in self._running():
            self._cluster.signal(answer.rank, signal.SIGINT)

    def _press(self, passed: float) -> None:
        if passed > _END:
            self._end_all()
        elif passed > _CUT and not self._cut:
            self._cut = True
            for answer in self._running():
                self._cluster.signal(answer.rank, signal.SIGUSR2)
                self._cluster.signal(answer.rank, signal.SIGINT)

    def _end_all(self) -> None:
        for answer in self._running():
            self._cluster.kill(answer.rank, f"{self._why or 'it was interrupted twice'}, and was ended")


def _unanswered(sent: Any, interrupted: bool) -> Item:
    """An engine's own error as an answer; one that was interrupted says no more than that."""
    if interrupted:
        return {"kind": ERROR, "message": INTERRUPTED, "lines": [INTERRUPTED]}
    try:
        sent.get(0)
        message = "the engine gave no answer"
    except Exception as error:
        message = str(error)
    return {"kind": ERROR, "message": message, "lines": message.split("\n")}


def ask(
    cluster: Cluster,
    requests: dict[int, dict[str, Any]],
    show: Callable[[list[Answer]], None] = lambda _answers: None,
    limit: float | None = None,
) -> list[Answer]:
    """What ranks answer to their requests. `show` is called with all answers whenever one has more."""
    return Asked(cluster, requests, show).follow(limit)

"""What one measurement gives: our time, the alternative's, their ratio, and the ratio that we promise."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Times are medians, in seconds for one unit of work; a ratio below 1 means that we are faster. A row about
    memory has `unit` "bytes" and holds bytes in the places of the seconds.
    """

    name: str
    ours_seconds: float
    alternative_seconds: float
    ratio: float
    note: str
    limit: float | None = None
    unit: str = "s"

    @property
    def holds(self) -> bool:
        """Say whether the ratio is within the limit; without a limit it always is."""
        return self.limit is None or self.ratio <= self.limit


def row(name: str, ours: list[float], alternative: list[float], note: str, limit: float | None = None) -> Row:
    """Return the row of two series of times measured in turn, one pair a round.

    The ratio is the median of the pairs' ratios, so that a load on the machine that both members of a pair
    feel does not move it.
    """
    ratios = [mine / other for mine, other in zip(ours, alternative, strict=True)]
    return Row(name, median(ours), median(alternative), median(ratios), note, limit)

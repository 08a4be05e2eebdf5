"""What encodings of any kind have in common: how alike two positions are at each distance, and their waves.

A table has the cosine of two of its rows. A rotary encoding turns pairs: its likeness is the mean cosine of
their angles, what is left of a vector's product with itself when all pairs are equally long. ALiBi has
neither: what it leaves of an attention weight at a distance is a factor, 1 at distance 0, and named so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from lispe_kernel.display.drawing.frames import Series
from lispe_kernel.display.drawing.pictures import Raster
from lispe_kernel.display.page import numbers
from lispe_kernel.display.views.plots import is_tensor
from lispe_kernel.display.views.positional import Positions, positions_of

_COLUMNS = 64  # of a table looked at together
_LONGEST = 8192
_SIDE = 160
_PLAIN = ("learned", "table")


@dataclass(frozen=True)
class Encoding:
    """One encoding: what it is called, its table (none for ALiBi) or its slopes."""

    name: str
    length: int
    positions: Positions | None = None
    slopes: tuple[float, ...] = ()

    @property
    def kind(self) -> str:
        return self.positions.kind if self.positions is not None else "ALiBi"

    @property
    def heads(self) -> list[int]:
        """The heads of ALiBi that are shown: the steepest, the middle and the flattest slope."""
        order = sorted(range(len(self.slopes)), key=lambda head: -self.slopes[head])
        return sorted({order[0], order[len(order) // 2], order[-1]}, key=order.index) if order else []

    def likeness(self, length: int) -> list[tuple[str, list[float]]]:
        """How alike two positions are at the distances 0, 1, 2 ... below `length`; for ALiBi the factor."""
        if self.positions is None:
            return [
                (
                    f"{self.name}, factor of head {head}",
                    [math.exp(-self.slopes[head] * k) for k in range(length)],
                )
                for head in self.heads
            ]
        if self.kind == "rotary":
            return [(self.name, _mean_cosines(self.positions.rates, length))]
        return [(self.name, _mean_likeness(self.positions.table[:length]))]

    def map(self, length: int) -> tuple[str, Raster]:
        """The likeness of the first positions with each other as a raster; for ALiBi of the middle head."""
        if self.positions is None:
            return self._told, _distances(self.likeness(length)[len(self.heads) // 2][1])
        shown = replace(self.positions, table=self.positions.table[:length])
        return self._told, shown.similarity(_SIDE)

    @property
    def _told(self) -> str:
        """The name, for ALiBi with the head whose numbers are told: the middle one."""
        return f"{self.name}, head {self.heads[len(self.heads) // 2]}" if self.heads else self.name

    def waves(self) -> Series | None:
        """The wavelength of each pair, of each dimension of a learned table."""
        if self.positions is None:
            return None
        waves = self.positions.wavelengths()
        return Series(self.name, [float(k) for k in range(len(waves))], waves)

    def row(self, length: int) -> list[str]:
        """A line of the table of facts."""
        curve = self.likeness(length)[len(self.heads) // 2][1]
        below = next((str(k) for k, found in enumerate(curve) if found < 0.5), f"beyond {length - 1}")
        if any(map(math.isnan, curve)):
            below = "NaN"
        known = self.positions.wavelengths() if self.positions is not None else []
        waves = [wave for wave in known if not math.isnan(wave)]
        ends = " to ".join(numbers.value(end, 3) for end in (min(waves), max(waves))) if waves else ""
        if known and not any(map(math.isfinite, known)):
            ends = "none"
        width = _heads(len(self.slopes)) if self.positions is None else str(self.positions.width)
        shown = [numbers.stable(curve[k], 1.0, 4) if k < length else "" for k in (1, 8, 64)]
        return [self._told, str(self.length), width, *shown, below, ends]


def _heads(count: int) -> str:
    return f"{count} head{'s' if count != 1 else ''}"


FACTS = ("encoding", "positions", "width", "alike at 1", "at 8", "at 64", "half at", "waves")


def encoding_of(value: Any) -> Encoding | None:
    """What a value says of positions; None for one that is no encoding and no table of rows."""
    slopes = getattr(value, "slopes", None)
    if slopes is not None and hasattr(value, "heads") and is_tensor(slopes):
        told = value.tables()["slopes"] if slopes.is_meta else slopes
        return Encoding(f"ALiBi {_heads(value.heads)}", value.length, None, tuple(told.double().tolist()))
    found = _table_of(value)
    if found is None:
        return None
    scaling = getattr(value, "scaling", "none")
    told = f" {scaling}" if isinstance(scaling, str) and scaling != "none" else ""
    settings = getattr(value, "settings", {})
    told += f" x{settings['factor']:g}" if told and "factor" in settings else ""
    return Encoding(f"{found.kind}{told} {found.width}", found.length, found)


def is_of_positions(value: Any) -> bool:
    """Whether a value can only be an encoding: a table of rows alone may be anything."""
    found = encoding_of(value)
    return found is not None and (found.kind not in _PLAIN or hasattr(value, "pe"))


def _table_of(value: Any) -> Positions | None:
    if is_tensor(value):
        return _learned(value) if value.dim() == 2 and value.shape[0] > 1 else None
    if getattr(value, "cos_cached", None) is not None or getattr(value, "pe", None) is not None:
        return positions_of(value)
    rates: Any = getattr(value, "inv_freq", None)
    if is_tensor(rates) and rates.dim() == 1:
        return _turning(value, rates)
    weight: Any = getattr(value, "weight", None)
    is_rows = type(value).__name__ == "Embedding" or hasattr(value, "embedding_dim")
    return _learned(weight) if is_rows and is_tensor(weight) and weight.dim() == 2 else None


def _learned(table: Any) -> Positions | None:
    if table.is_meta or not table.is_floating_point() or table.shape[0] < 2 or not table.numel():
        return None
    return Positions("learned", table.detach().float().cpu())


def _turning(module: Any, rates: Any) -> Positions:
    """A rotary module without tables, as transformers has them: its frequencies say all."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    length = min(int(getattr(module, "max_seq_len_cached", 2048)), _LONGEST)
    exact = rates.detach().double().cpu()
    angles = torch.outer(torch.arange(length).double(), exact)
    table = torch.cat([angles.cos(), angles.sin()], 1).float()
    return Positions("rotary", table, tuple(exact.tolist()))


def _mean_cosines(rates: tuple[float, ...], length: int) -> list[float]:
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    angles = torch.outer(torch.arange(length).double(), torch.tensor(rates, dtype=torch.float64))
    return angles.cos().mean(1).tolist()


def _mean_likeness(table: Any) -> list[float]:
    """The mean cosine of rows k apart for every k, by the spectrum: no matrix of all pairs is made."""
    import torch  # noqa: PLC0415 - PyTorch is imported when it is first needed

    length = len(table)
    unit = torch.nn.functional.normalize(table.double(), dim=1)
    power = torch.zeros(length + 1, dtype=torch.float64)
    for columns in unit.split(_COLUMNS, 1):
        power += torch.fft.rfft(columns, 2 * length, dim=0).abs().square().sum(1)
    sums = torch.fft.irfft(power, 2 * length)[:length]
    return (sums / torch.arange(length, 0, -1)).tolist()  # type: ignore[no-any-return]


def _distances(curve: list[float]) -> Raster:
    """A matrix whose places hold what the curve has at their distance, reduced by area."""
    import numpy as np  # noqa: PLC0415 - heavy: numpy is imported when it is first needed

    length = len(curve)
    block = math.ceil(length / _SIDE)
    count = math.ceil(length / block)
    edges = np.minimum(np.arange(count + 1) * block, length)
    # Sums of sums: what a stretch of places has at all its distances from another takes four of them.
    values = np.asarray(curve)
    twice = np.concatenate([[0.0], np.cumsum(np.concatenate([[0.0], np.cumsum(values)]))])
    sizes = np.diff(edges)
    blocks = np.empty((count, count))
    for i in range(count):
        first, last, later = edges[i], edges[i + 1], slice(i + 1, count)
        begin, end = edges[i + 1 : -1], edges[i + 2 :]
        sums = (
            twice[end - first + 1]
            - twice[begin - first + 1]
            - twice[end - last + 1]
            + twice[begin - last + 1]
        )
        blocks[i, later] = blocks[later, i] = sums / (sizes[i] * sizes[later])
        own = np.arange(1, sizes[i])
        inside = sizes[i] * values[0] + 2 * np.dot(sizes[i] - own, values[1 : sizes[i]])
        blocks[i, i] = inside / sizes[i] ** 2
    return Raster(blocks, length, length, block, block)

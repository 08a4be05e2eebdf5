"""The values of weights at several times: every tensor of every checkpoint counted into bins they share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from lispe_kernel.display.page.html import one_line
from lispe_kernel.display.page.registry import plain_text
from lispe_kernel.display.views.trainings.counting import Bins, Measured, bins_of, count, measure
from lispe_kernel.display.views.trainings.moments import Moment, moments_in
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, to_text
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.typed.lists import Floats, Integers

_NAME = "weight_histograms"
_BINS, _MOST_BINS = 40, 200


@dataclass(frozen=True)
class Histogram:
    """One tensor over the moments; None where a moment has no tensor of the name."""

    name: str
    bins: Bins | None
    moments: tuple[Measured | None, ...]

    @property
    def seen(self) -> list[tuple[int, Measured]]:
        """The moments with finite values, by their places."""
        return [(k, m) for k, m in enumerate(self.moments) if m is not None and m.finite]


@dataclass(frozen=True)
class WeightHistograms:
    """The histograms of tensors over moments."""

    labels: tuple[str, ...]
    histograms: tuple[Histogram, ...]
    damaged: tuple[str, ...]
    unit: str  # what a label names: an epoch, or one of several states

    @property
    def text(self) -> str:
        several, times = len(self.histograms), len(self.labels)
        told = f"weights of {several} tensor{'s' * (several != 1)} at {times} {self.unit}{'s' * (times != 1)}"
        return f"{told}, {self.labels[0]} to {self.labels[-1]}" if times > 1 else told


register_kind(WeightHistograms, "weight_histograms_", lambda value, _: plain_text(value.text))


def weight_histograms(value: Any, layer: Any, bins: Any) -> WeightHistograms:
    """The histograms; see `(weight_histograms ...)` in functions.py."""
    from lispe_kernel.torch_library.support import arguments  # noqa: PLC0415 - PyTorch is imported when it is first needed
    from lispe_kernel.torch_library.support.progress import progress  # noqa: PLC0415 - PyTorch is imported when it is first needed

    wanted = None if layer is None else arguments.identifier(_NAME, 2, layer)
    many = _BINS if bins is None else arguments.size(_NAME, 3, bins)
    if many > _MOST_BINS:
        raise LispeError(f"Error: {_NAME}: at most {_MOST_BINS} bins, not {many}")
    moments = moments_in(_NAME, value)
    whole = [moment for moment in moments if not moment.damage]
    damaged = [f"{_file(m)}: {m.damage}" for m in moments if m.damage]
    measured: list[dict[str, Measured]] = []
    with progress("counting weights", 2 * sum(moment.size for moment in whole)) as advance:
        for moment in whole:
            measured.append(dict(_measured(moment, wanted)))
            advance(moment.size)
        names = list(dict.fromkeys(key for table_ in measured for key in table_))
        if not names:
            raise _none(wanted, whole)
        chosen = {key: bins_of([t[key] for t in measured if key in t], many) for key in names}
        for moment, table_ in zip(whole, measured, strict=True):
            _count(moment, table_, chosen)
            advance(moment.size)
    return WeightHistograms(
        tuple(moment.label for moment in whole),
        tuple(Histogram(key, chosen[key], tuple(t.get(key) for t in measured)) for key in names),
        tuple(damaged),
        "epoch" if all(moment.is_epoch for moment in whole) else "state",
    )


def _file(moment: Moment) -> str:
    return one_line(moment.where.rpartition("/")[2] if isinstance(moment.where, str) else moment.label, 80)


def _opened(stack: ExitStack, moment: Moment, verify: bool) -> Any:
    return stack.enter_context(moment.opened(verify))


def _measured(moment: Moment, wanted: str | None) -> list[tuple[str, Measured]]:
    with ExitStack() as stack:
        names, read = _attempt(moment, lambda: _opened(stack, moment, True))
        return [
            (key, _attempt(moment, lambda key=key: measure(read(key))))
            for key in names
            if _is_in(key, wanted)
        ]


def _count(moment: Moment, measured: dict[str, Measured], bins: dict[str, Bins | None]) -> None:
    with ExitStack() as stack:
        names, read = _attempt(moment, lambda: _opened(stack, moment, False))
        for key, known in measured.items():
            found = bins[key]
            if found is not None and known.finite:
                if key in names:
                    _attempt(moment, lambda key=key, found=found, known=known: count(read(key), found, known))
                if sum(known.counts) != known.finite:
                    raise LispeError(f"Error: {_NAME}: {_file(moment)} was changed while it was read")


def _attempt(moment: Moment, act: Any) -> Any:
    """What `act` gives. Errors: of a file, with its name."""
    from lispe_kernel.torch_library.files.errors import BadFile  # noqa: PLC0415 - PyTorch is imported when it is first needed

    try:
        return act()
    except (BadFile, OSError) as error:
        told = (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else error
        raise LispeError(f"Error: {_NAME}: {_file(moment)}: {told}") from error


def _is_in(key: str, wanted: str | None) -> bool:
    """Whether a tensor is the wanted one, or one of the wanted layer's."""
    return wanted is None or key == wanted or key.startswith(wanted + ".")


def _none(wanted: str | None, moments: Sequence[Moment]) -> LispeError:
    from lispe_kernel.torch_library.support.wording import some  # noqa: PLC0415 - PyTorch is imported when it is first needed

    if wanted is None or not moments:
        return LispeError(f"Error: {_NAME}: there are no weights to look at")
    with ExitStack() as stack:
        names = list(_opened(stack, moments[-1], False)[0])
    return LispeError(
        f"Error: {_NAME}: there is no tensor or layer {plain_text(wanted)}; there are: {some(names)}"
    )


def _answer(value: WeightHistograms, key: Any) -> Dictionary:
    """`(@ h "fc.weight")`: the edges of the bins and what each moment counted."""
    from lispe_kernel.torch_library.support.wording import some  # noqa: PLC0415 - PyTorch is imported when it is first needed

    found = next((one for one in value.histograms if one.name == key), None)
    if found is None:
        names = some([one.name for one in value.histograms])
        raise LispeError(f"Error: {_NAME}: there is no tensor {to_text(key)}; there are: {names}")
    seen = [m or Measured() for m in found.moments]
    return Dictionary(
        {
            f"{value.unit}s": Strings(value.labels),
            "edges": Floats(found.bins.edges if found.bins else []),
            "counts": List(Integers(m.counts) for m in seen),
            "nan": Integers(m.nans for m in seen),
            "infinite": Integers(m.infinities for m in seen),
            "beyond": Integers(m.beyond for m in seen),
        }
    )


register_answers(
    WeightHistograms,
    Answers(
        element=_answer,
        size=lambda value: len(value.histograms),
        keys=lambda value: Strings(one.name for one in value.histograms),
    ),
)

"""What a run was: the calls of modules in their order, each inside the one that made it.

`Trace` is the value that `torch_trace` gives. It keeps numbers and names, no tensors, so that it outlives the
run without its memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import register_kind, to_text
from lispe_kernel.language.protocols import Answers, register_answers
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import Strings
from lispe_kernel.torch_library.inside.measures import Measures, Rectified
from lispe_kernel.torch_library.inside.values import shapes_text
from lispe_kernel.torch_library.support.wording import some


@dataclass(eq=False)
class Call:
    """One call of a module. The inner calls belong to its time and to its multiply-adds."""

    path: str
    kind: str
    parameters: int
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    measured: dict[str, Measures] = field(default_factory=dict)
    gradients: dict[str, Measures] = field(default_factory=dict)
    weight_gradient: float | None = None
    rectified: list[Rectified] = field(default_factory=list)
    seconds: float = 0.0
    multiply_adds: int = 0
    bytes: int = 0
    number: int = 0
    finished: bool = False
    calls: list[Call] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The path, with the number of the call where there was an earlier one."""
        path = self.path or self.kind
        return f"{path} (call {self.number + 1})" if self.number else path

    @property
    def line(self) -> str:
        """`fc Linear: float32 [2,8] -> float32 [2,4]`."""
        kind = f" {self.kind}" if self.path else ""
        return f"{self.name}{kind}: {shapes_text(self.inputs) or '-'} -> {shapes_text(self.outputs) or '-'}"

    def all(self) -> Iterator[Call]:
        """This call and those inside it, in order."""
        yield self
        for call in self.calls:
            yield from call.all()


@dataclass(eq=False)
class Trace:
    """A run of a model, as it was seen."""

    root: Call
    parameters: int
    uncalled: list[str]  # modules that the run did not call
    shared: dict[str, list[str]]  # the other names of modules that have several
    changed: list[str]  # parameters that the run itself wrote into
    uncounted: list[str]  # operations without a formula
    first_strange: str = ""  # the sentence that names where the first NaN came from
    loss: str = ""  # what the gradients are of
    mode: str = "evaluation"

    def __iter__(self) -> Iterator[Call]:
        return self.root.all()

    @property
    def warnings(self) -> list[str]:
        """What must not be overlooked, worst first."""
        found = [self.first_strange] if self.first_strange else []
        found += [
            f"{call.name}: {units.dead} of {units.units} units are dead, never positive in {units.seen} cases"
            for call in self
            for units in call.rectified
            if units.loud
        ]
        for call in self:
            bad = [name for name, known in call.gradients.items() if known.strange]
            if bad:
                found.append(f"{call.name}: its gradient holds NaN or infinity")
        if self.changed:
            found.append(f"the run changed parameters of the model: {some(self.changed)}")
        if self.uncounted:
            found.append(f"not counted among the multiply-adds: {some(self.uncounted)}")
        return found

    def named(self, path: str) -> list[Call]:
        """The calls of a module. Errors: no such module; one that was not called."""
        found = [call for call in self if call.path == path]
        if found:
            return found
        if path in self.uncalled:
            raise LispeError(f"Error: {path} was not called in this run")
        names = list(dict.fromkeys(call.path for call in self if call.path))
        raise LispeError(f"Error: there is no module {path}; the run called: {some(names)}")


def numbered(root: Call) -> None:
    """Give the second and further calls of a module their numbers."""
    seen: Counter[str] = Counter()
    for call in root.all():
        call.number = seen[call.path]
        seen[call.path] += 1


def _facts(trace: Trace, path: Any) -> Any:
    """`(@ trace "path")`: what is known of a module's first call."""
    if not isinstance(path, str):
        raise LispeError(f"Error: a trace is asked for a module by its path, not for {to_text(path)}")
    calls = trace.named(path)
    call = calls[0]
    facts = Dictionary(
        {
            "class": call.kind,
            "calls": len(calls),
            "input": shapes_text(call.inputs),
            "output": shapes_text(call.outputs),
            "parameters": call.parameters,
            "multiply_adds": call.multiply_adds,
            "seconds": call.seconds,
            "bytes": call.bytes,
        }
    )
    for lead, table in (("", call.measured), ("gradient_", call.gradients)):
        known = next(iter(table.values()), None)
        if known is not None:
            facts |= {
                f"{lead}mean": known.mean,
                f"{lead}std": known.deviation,
                f"{lead}min": known.minimum,
                f"{lead}max": known.maximum,
                f"{lead}nan": known.nans,
                f"{lead}inf": known.infinities,
            }
    if call.rectified:
        facts["dead"] = sum(units.dead for units in call.rectified)
    if call.weight_gradient is not None:
        facts["weight_gradient"] = call.weight_gradient
    return facts


def _printed(trace: Trace, _show: Any) -> str:
    calls = sum(1 for _ in trace)
    modules = len({call.path for call in trace})
    return f"PyTorch Trace ({trace.root.kind}: {calls} calls of {modules} modules)"


register_kind(Trace, "torch_trace_", _printed)
register_answers(
    Trace,
    Answers(
        element=_facts,
        keys=lambda trace: Strings(dict.fromkeys(call.path for call in trace)),
        size=lambda trace: sum(1 for _ in trace),
    ),
)

"""What flowed where in a run of a model: its steps, each inside the module that took it, and the edges.

A step is a call of a module, a function of PyTorch between modules, an input, or the output. A module that
calls no other one is one step, whatever it computes; what only looks at a tensor in another shape or copies
it is no step, since the edge says the shape. `Graph` keeps names and shapes, no tensors.
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
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.torch_library.support.wording import some

MODULE, FUNCTION, INPUT, OUTPUT = "module", "function", "input", "output"


@dataclass(eq=False)
class Step:
    """One step. `name` is a module's path, the functions in their order, or what an input is called."""

    role: str
    name: str
    kind: str = ""  # the class of a module
    parameters: int = 0
    number: int = 0  # of the call, where a module is called several times
    tensors: list[str] = field(default_factory=list)  # parameters and buffers that a step reads itself
    holds: tuple[str, ...] = ()  # of a layer in a file: its tensors, by name, dtype and shape
    inner: list[Step] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The name, with the number of the call where there was an earlier one."""
        name = self.name or self.kind
        return f"{name} (call {self.number + 1})" if self.number else name

    def all(self) -> Iterator[Step]:
        """This step and those in it, in their order."""
        yield self
        for step in self.inner:
            yield from step.all()


@dataclass(frozen=True)
class Edge:
    """A tensor that one step gave and another one took, by dtype and shape as the latter took it."""

    source: Step
    target: Step
    kind: str


@dataclass(eq=False)
class Graph:
    """The steps of a run and the tensors between them. Edges join steps in which there are no others.

    Of a file of tensors there are layers alone: it does not say what flows.
    """

    root: Step
    inputs: list[Step]
    output: Step | None
    edges: list[Edge]
    note: str = ""  # what the model was given, where that was chosen here; what a file does not say

    def steps(self) -> Iterator[Step]:
        """Every step that edges may join, in the order of the run."""
        yield from self.inputs
        yield from (step for step in self.root.all() if not step.inner)
        if self.output is not None:
            yield self.output


def light(step: Step) -> bool:
    """Whether a step is a function that may stand with others in one box: no product, no attention."""
    return step.role == FUNCTION and not any(word in step.name for word in _HEAVY)


_HEAVY = ("mm", "matmul", "linear", "conv", "attention", "einsum", "softmax", "embedding", "norm", "sdpa")


def joined(graph: Graph) -> None:
    """Put functions whose answer only the next function takes into one step with it."""
    targets: dict[Step, set[Step]] = {}
    for edge in graph.edges:
        targets.setdefault(edge.source, set()).add(edge.target)
    into: dict[Step, Step] = {}
    for block in [step for step in graph.root.all() if step.inner]:
        members = set(block.inner)
        for step in block.inner:
            following = targets.get(step, set())
            if len(following) != 1 or not light(step):
                continue
            (next_one,) = following
            if next_one in members and light(next_one):
                into[step] = next_one
    for step, next_one in into.items():
        # In the order of the run: what led to this step was put into it before.
        next_one.name = f"{step.name} · {next_one.name}"
        next_one.tensors = list(dict.fromkeys(step.tensors + next_one.tensors))
    for block in [step for step in graph.root.all() if step.inner]:
        block.inner = [step for step in block.inner if step not in into]

    def last(step: Step) -> Step:
        while step in into:
            step = into[step]
        return step

    edges = [Edge(last(edge.source), last(edge.target), edge.kind) for edge in graph.edges]
    graph.edges = list(dict.fromkeys(edge for edge in edges if edge.source is not edge.target))


def cut(graph: Graph) -> None:
    """Leave out functions whose answer nobody takes (checks, numbers read from tensors)."""
    takers = Counter(edge.source for edge in graph.edges)
    before: dict[Step, list[Edge]] = {}
    for edge in graph.edges:
        before.setdefault(edge.target, []).append(edge)
    lost = [step for step in graph.root.all() if step.role == FUNCTION and not takers[step]]
    gone: set[Step] = set()
    while lost:
        step = lost.pop()
        gone.add(step)
        for edge in before.get(step, []):
            takers[edge.source] -= 1
            if not takers[edge.source] and edge.source.role == FUNCTION:
                lost.append(edge.source)
    graph.edges = [edge for edge in graph.edges if edge.target not in gone]
    for step in list(graph.root.all()):
        step.inner = [inner for inner in step.inner if inner not in gone]


def _found(graph: Graph, name: Any) -> Any:
    """`(@ graph "path")`: from where a step takes its tensors, and where what it gives goes."""
    if not isinstance(name, str):
        raise LispeError(f"Error: a graph is asked for a step by its name, not for {to_text(name)}")
    chosen = {step for step in graph.steps() if step.label == name}
    blocks = [step for step in graph.root.all() if step.label == name]
    chosen |= {inner for block in blocks for inner in block.all()}
    if not chosen:
        names = list(dict.fromkeys(step.label for step in graph.root.all() if step.role == MODULE))
        raise LispeError(f"Error: there is no step {name} in the graph; it has: {some(names)}")
    first = next(iter(blocks), None) or next(iter(chosen))
    before = [e for e in graph.edges if e.target in chosen and e.source not in chosen]
    after = [e for e in graph.edges if e.source in chosen and e.target not in chosen]
    return Dictionary(
        {
            "class": first.kind or first.role,
            "parameters": first.parameters,
            "from": List(dict.fromkeys(e.source.label for e in before)),
            "input": List(dict.fromkeys(e.kind for e in before)),
            "to": List(dict.fromkeys(e.target.label for e in after)),
            "output": List(dict.fromkeys(e.kind for e in after)),
        }
    )


def _printed(graph: Graph, _show: Any) -> str:
    steps = sum(1 for _ in graph.steps())
    if graph.output is None:
        return f"PyTorch Graph ({graph.root.kind}: {steps} layers)"
    return f"PyTorch Graph ({graph.root.kind}: {steps} steps, {len(graph.edges)} edges)"


register_kind(Graph, "torch_graph_", _printed)
register_answers(
    Graph,
    Answers(
        element=_found,
        keys=lambda graph: Strings(dict.fromkeys(step.label for step in graph.steps())),
        size=lambda graph: sum(1 for _ in graph.steps()),
    ),
)

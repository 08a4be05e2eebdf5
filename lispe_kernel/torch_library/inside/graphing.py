"""A model run once for its graph."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.inside.attention import in_parts
from lispe_kernel.torch_library.inside.flow import Flow, Functions, Operations, place_of
from lispe_kernel.torch_library.inside.graph import INPUT, MODULE, OUTPUT, Edge, Graph, Step, cut, joined
from lispe_kernel.torch_library.inside.inputs import copied
from lispe_kernel.torch_library.inside.keeping import looking
from lispe_kernel.torch_library.inside.running import Given, names_of, watched
from lispe_kernel.torch_library.inside.values import tensors_in
from lispe_kernel.torch_library.support.guard import TORCH_ERRORS, is_users
from lispe_kernel.torch_library.support.wording import kind_of, readable


def graph_of(model: nn.Module, given: Given, note: str = "") -> Graph:
    """Run the model once, in evaluation mode and without gradients, and say what flowed where.

    `note` is kept with the graph. Errors: what the model raises, with the module in which it did.
    """
    flow, given = Flow(names_of(model)), copied(model, given)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        place = place_of(tensor)
        if place is not None:
            flow.held.setdefault(place.cdata, name)
    inputs = list(_inputs(model, given, flow))
    with ExitStack() as around:
        around.enter_context(looking(model))
        around.enter_context(in_parts())
        around.enter_context(watched(model, flow.before, flow.after))
        try:
            with Functions(flow), Operations(flow):
                answer = model(*given[0], **given[1])
        except TORCH_ERRORS as error:
            if is_users(error):
                raise
            raise LispeError(f"Error in graph:{flow.place} {readable(error)}") from error
    if flow.root is None:
        raise LispeError("Error in graph: the model does not run as a module of PyTorch does")
    output = Step(OUTPUT, "output")
    edges = [Edge(source, target, kind) for source, target, kind in flow.edges]
    for name, tensor in tensors_in(answer).items():
        source = flow.giver(tensor)
        if source is not None:
            kind = kind_of(tensor)
            edges.append(Edge(source, output, kind if name.isdigit() or not name else f"{name} {kind}"))
    return _finished(Graph(flow.root, inputs, output, edges, note), flow)


def _inputs(model: nn.Module, given: Given, flow: Flow) -> Iterator[Step]:
    """A step for each tensor that the model is given, by the name of its parameter."""
    try:
        bound = inspect.signature(model.forward).bind(*given[0], **given[1]).arguments
    except (TypeError, ValueError):
        bound = {**{str(k): value for k, value in enumerate(given[0])}, **given[1]}
    known: set[int] = set()
    found = tensors_in(bound)
    for name, tensor in found.items():
        if id(tensor) not in known:
            known.add(id(tensor))
            called = name if not name.isdigit() else "input" if len(found) == 1 else f"input {name}"
            step = Step(INPUT, called, kind_of(tensor))
            flow.wrote(tensor, step)
            flow.gave(tensor, step)
            yield step


def _finished(graph: Graph, flow: Flow) -> Graph:
    """The edges between what is left: functions in a module without others are the module."""
    edges = []
    for edge in graph.edges:
        source, target = (flow.into.get(step, step) for step in (edge.source, edge.target))
        if source is not target:
            edges.append(Edge(source, target, flow.whole.get(target, {}).get(edge.source, edge.kind)))
    graph.edges = list(dict.fromkeys(edges))
    cut(graph)
    joined(graph)
    seen: Counter[str] = Counter()
    for step in graph.root.all():
        if step.role == MODULE:
            step.number = seen[step.name]
            seen[step.name] += 1
    return graph

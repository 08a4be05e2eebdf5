"""The way of a file's tensors, or of a state dict's, into modules: planned, compared, then carried out.

A plan changes nothing. Plain modules have their tensors copied into place; those that do something when they
are loaded load by their own method (`own_loading.py`). Strict plans refuse whatever does not fit; lenient
ones take what fits and say what did not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import Strings
from lispe_kernel.torch_library.files.errors import BadFile, Misfit
from lispe_kernel.torch_library.files.trees import copied, odd_part
from lispe_kernel.torch_library.modules.computed import ComputedTables
from lispe_kernel.torch_library.state import own_loading
from lispe_kernel.torch_library.state.comparison import (
    Described,
    Pairs,
    Problems,
    both_floating,
    described,
    differences,
    identity,
    paired,
    same_shape,
)
from lispe_kernel.torch_library.state.modules import Targets
from lispe_kernel.torch_library.state.names import joined
from lispe_kernel.torch_library.support.dtypes import dtype_name
from lispe_kernel.torch_library.support.wording import shape


@dataclass
class Report:
    """What a lenient load left out; empty when all matched."""

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    # Both shapes, or both dtypes, as a text.
    mismatched: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.missing or self.unexpected or self.mismatched)

    def add(self, other: Report) -> None:
        self.missing += other.missing
        self.unexpected += other.unexpected
        self.mismatched |= other.mismatched

    def table(self) -> Dictionary:
        """The report as LispE has it."""
        table, mismatched = Dictionary(), Dictionary()
        mismatched.update(self.mismatched)
        table.update(
            missing=Strings(self.missing), unexpected=Strings(self.unexpected), mismatched=mismatched
        )
        return table


@dataclass
class Source:
    """Where tensors come from: a file or a state dict, its names those of the model."""

    tensors: Mapping[str, Described]
    read: Callable[[str], torch.Tensor]
    # What stands beside the tensors: extra states, and what no model takes.
    others: dict[str, Any] = field(default_factory=dict)
    # What PyTorch's files note of the classes of the modules.
    versions: Mapping[str, Any] | None = None
    what: str = "the file"


@dataclass
class Plan:
    """What a load will do to the modules."""

    modules: dict[str, nn.Module]
    targets: Targets
    source: Source
    # What is copied where it lies.
    pairs: Pairs
    strict: bool
    report: Report
    # The tensors that modules load by their own method: their own names -> the source's. None: nobody does.
    own: dict[str, str] | None = None
    # The names of the model that are to be filled.
    wanted: set[str] = field(default_factory=set)

    @property
    def placed(self) -> Pairs:
        """Where in the model each tensor goes, as far as that is known before."""
        found = dict(self.pairs)
        ours = {self.targets.own_names.get(id(t)): t for t in self.targets.tensors.values()}
        for called, name in (self.own or {}).items():
            if called in ours and ours[called].shape == self.source.tensors[name].shape:
                found[name] = [ours[called]]
        return found

    @property
    def names(self) -> Iterable[str]:
        """The tensors of the source that are used."""
        return (*self.pairs, *(self.own or {}).values())


def planned(
    modules: dict[str, nn.Module],
    targets: Targets,
    source: Source,
    *,
    wanted: dict[str, torch.Tensor] | None = None,
    prefix: str = "",
    strict: bool = True,
) -> Plan:
    """The plan to load the source into modules, whose tensors are the targets.

    `wanted` are the targets under the source's names when a part is loaded, `prefix` what the source's names
    have in front of the model's.
    Errors: BadFile with everything that does not fit.
    """
    source = _without_computed(modules, source, prefix)
    whole = wanted is None
    wanted = targets.tensors if wanted is None else wanted
    below = {name.removeprefix(f"{prefix}.") if prefix else name: None for name in source.tensors}
    if own_loading.loads_itself(modules, below) or any(map(own_loading.has_no_memory, modules.values())):
        return _own_plan(modules, targets, source, wanted, prefix, strict, whole)
    report = Report()
    if strict:
        pairs = paired(source.tensors, wanted, others=list(source.others))
        targets.check(pairs)
    else:
        pairs, report = fitting(source, wanted)
        targets.check(pairs)
    return Plan(modules, targets, source, pairs, strict, report)


def _without_computed(modules: dict[str, nn.Module], source: Source, prefix: str) -> Source:
    """The source without tables that the modules compute themselves, as other programs and older files have.

    Errors: BadFile for a table that is another one.
    """
    lead = prefix and prefix + "."
    tables = {
        joined(lead.removesuffix("."), joined(joined(place, path), name)): table
        for place, module in modules.items()
        for path, part in module.named_modules()
        if isinstance(part, ComputedTables)
        for name, table in part.tables().items()
    }
    found = {name: table for name, table in tables.items() if name in source.tensors}
    for name, table in found.items():
        there = source.tensors[name]
        if not same_shape(name, there.shape, table.shape):
            sizes = f"{shape(there.shape)} in {source.what} and {shape(table.shape)} in the model"
            raise Misfit(f"does not fit the model: mismatched: {name} is {sizes}. Nothing was changed")
        # A dtype with few digits may have rounded it.
        if not torch.allclose(source.read(name).float().reshape(table.shape), table, rtol=0.01, atol=0.01):
            raise BadFile(
                f"{name} is computed by the model and is another table in {source.what}. Nothing was "
                "changed; make the encoding with the settings of that one"
            )
    return replace(source, tensors={n: t for n, t in source.tensors.items() if n not in found})


def fitting(source: Source, wanted: dict[str, torch.Tensor]) -> tuple[Pairs, Report]:
    """The pairs that fit, floating-point dtypes converted, and what is left out."""
    sources = source.tensors
    pairs = {name: [target] for name, target in wanted.items() if name in sources}
    filled = {identity(tensors[0]) for tensors in pairs.values()}
    report = Report(
        [name for name, t in wanted.items() if name not in sources and identity(t) not in filled],
        [name for name in (*sources, *source.others) if name not in wanted],
        _mismatched(pairs, source),
    )
    return {name: tensors for name, tensors in pairs.items() if name not in report.mismatched}, report


def _mismatched(pairs: Pairs, source: Source) -> dict[str, str]:
    found = {}
    for name, tensors in pairs.items():
        shapes, dtypes = differences({name: tensors}, source.tensors, source.what, both_floating)
        for text in shapes + dtypes:
            found[name] = text.removeprefix(f"{name} is ")
    return found


def _own_plan(
    modules: dict[str, nn.Module],
    targets: Targets,
    source: Source,
    wanted: dict[str, torch.Tensor],
    prefix: str,
    strict: bool,
    whole: bool,
) -> Plan:
    """Every tensor under the name that the module itself has for it; adapters still to be made are copied."""
    own, pairs = {}, {}
    for name in source.tensors:
        target = wanted.get(name)
        called = name.removeprefix(f"{prefix}.") if prefix else name
        if target is None:
            own[called] = name
        elif id(target) in targets.own_names:
            own[targets.own_names[id(target)]] = name
        else:
            pairs[name] = [target]
    names = {targets.own_names[id(t)] for t in wanted.values() if id(t) in targets.own_names}
    plan = Plan(modules, targets, source, pairs, strict, Report(), own, set() if whole else names)
    same = {called: [t] for t in wanted.values() if (called := targets.own_names.get(id(t), "")) in own}
    there = {called: source.tensors[own[called]] for called in same}
    if strict:
        _, dtypes = differences(same, there, source.what)
        Problems([], [], [], dtypes).refuse("does not fit the model", kinds=_floating(same))
    else:
        _, wrong = differences(same, there, source.what, both_floating)
        for text in wrong:
            called, _, kinds = text.partition(" is ")
            plan.report.mismatched[own.pop(called)] = kinds
    return plan


def _floating(pairs: Pairs) -> frozenset[str]:
    return frozenset(
        dtype_name(tensors[0].dtype) for tensors in pairs.values() if tensors[0].is_floating_point()
    )


@contextmanager
def loaded_by_themselves(plans: list[Plan]) -> Iterator[None]:
    """Inside, the modules that load by their own method are loaded; an error puts them back as they were.

    Errors: BadFile with everything that did not fit.
    """
    plans = [plan for plan in plans if plan.own is not None]
    modules = {str(id(m)): m for plan in plans for m in plan.modules.values()}
    with own_loading.undone_on_error(modules) as before:
        for plan in plans:
            _load_own(plan, before)
        yield


def _load_own(plan: Plan, before: own_loading.Before) -> None:
    state: dict[str, Any] = {called: plan.source.read(name) for called, name in (plan.own or {}).items()}
    for name, value in plan.source.others.items():
        odd = odd_part(value, name)
        if odd is not None:
            raise BadFile(
                f"{plan.source.what} has more than plain values beside the tensors ({odd}). Nothing was "
                "changed; load it with torch in Python"
            )
        state[name] = copied(value)
    missing: list[str] = []
    unexpected: list[str] = []
    mismatched: dict[str, tuple[str, str]] = {}
    for prefix, module in plan.modules.items():
        lead = prefix and prefix + "."
        inside = {name.removeprefix(lead): value for name, value in state.items() if name.startswith(lead)}
        versions = _versions_below(plan.source.versions, prefix)
        found = own_loading.load_itself(module, inside, versions, before)
        missing += [joined(prefix, name) for name in found.missing]
        unexpected += [joined(prefix, name) for name in found.unexpected]
        mismatched |= {joined(prefix, name): sizes for name, sizes in found.mismatched.items()}
    if plan.wanted:
        missing = [name for name in missing if name in plan.wanted]
    leads = tuple(f"{prefix}." for prefix in plan.modules if prefix)
    if leads and "" not in plan.modules:
        unexpected += [name for name in state if not name.startswith(leads)]
    report = Report(missing, unexpected, _sizes(plan, mismatched))
    if plan.strict:
        Problems(
            [_with_shape(plan, name) for name in report.missing],
            [described(n, state[n]) if isinstance(state.get(n), torch.Tensor) else n for n in unexpected],
            [f"{name} is {sizes}" for name, sizes in report.mismatched.items()],
            [],
        ).refuse("does not fit the model")
    plan.report.add(report)


def _sizes(plan: Plan, mismatched: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {
        name: f"[{there.replace(' ', '')}] in {plan.source.what} and [{here.replace(' ', '')}] in the model"
        for name, (there, here) in mismatched.items()
    }


def _with_shape(plan: Plan, name: str) -> str:
    tensor = plan.targets.tensors.get(name)
    return name if tensor is None else f"{name} {shape(tensor.shape)}"


def _versions_below(versions: Mapping[str, Any] | None, prefix: str) -> Mapping[str, Any] | None:
    """What a file notes of the parts of one module of a table."""
    if versions is None or not prefix:
        return versions
    lead = prefix + "."
    return {
        path.removeprefix(prefix).removeprefix("."): noted
        for path, noted in versions.items()
        if path == prefix or path.startswith(lead)
    }

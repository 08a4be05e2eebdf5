"""How both bodies of a function are analysed: the part of `analyse` that knows of second bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lispe_kernel.language.compiler.kinds import join
from lispe_kernel.language.compiler.statements import Versions
from lispe_kernel.language.compiler.tree import Node, SelfCall
from lispe_kernel.language.compiler.versions.direct import Direct, settled
from lispe_kernel.language.compiler.versions.questions import read_with_kinds, worth_asking

if TYPE_CHECKING:
    from lispe_kernel.language.compiler.analyse import Flow


def self_call(flow: Flow, node: SelfCall) -> None:
    """A call of the function by itself, which gives what is assumed of it where it takes what is assumed."""
    flow.visit(node.otherwise)
    direct = flow.direct
    if direct is not None and node.function is flow.of and node.when is None and direct.takes(node):
        node.direct, node.kind = True, direct.result


def versions(flow: Flow, node: Versions) -> None:
    """Both bodies, the second with the kinds of the guesses that are worth a question."""
    if node.wider and flow.infers and _calls_directly(flow, node):
        return
    own = {v: flow.kinds.get(v, "") for v, _ in node.guesses if v in flow.certain and v.owner is flow.of}
    node.tests = worth_asking(node.guesses, own) if flow.infers else []
    if not node.tests:
        flow.visit(node.general)
        node.kind = node.general.kind
        return
    before = flow.state()
    flow.kinds.update(node.tests)
    flow.visit(node.fast)
    after = flow.state()
    flow.go_back(before)
    flow.visit(node.general)
    otherwise_dead = flow.dead
    flow.meet(after)
    a, b = node.fast.kind, node.general.kind
    node.kind = b if after[2] else a if otherwise_dead else join(a, b)
    of_use = read_with_kinds(node.fast)
    node.tests = [test for test in node.tests if test[0] in of_use]


def _calls_directly(flow: Flow, node: Versions) -> bool:
    """Whether a second body that calls itself is found; its kinds and what it rests on are then."""
    before = flow.state()

    def visit(body: Node, direct: Direct) -> None:
        flow.go_back((dict(before[0]), set(before[1]), before[2]))
        flow.kinds.update(direct.kinds)
        flow.direct = direct
        flow.visit(body)
        flow.direct = None

    found = settled(flow.of, dict(node.wider), node.general, visit)
    flow.go_back(before)
    if found is None:
        return False
    node.fast, node.direct = found
    node.tests = list(node.direct.kinds.items())
    flow.visit(node.general)
    return True

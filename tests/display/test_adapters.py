"""Adapters beside their base and beside each other, against numpy's singular vectors of the whole."""

import numpy as np
import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.functions import compare
from lispe_kernel.display.page import numbers
from lispe_kernel.display.page.html import to_html
from lispe_kernel.display.views.adapters import lora
from lispe_kernel.display.views.adapters.overlap import overlap, overlaps_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.lora.models import lora_apply, lora_set_adapter
from lispe_kernel.torch_library.modules.lora_kinds import DoraLinear
from lispe_kernel.torch_library.modules.lora_layer import LoraLinear
from tests.display.page_checks import Page, drawings, faults


def pair(seed: int, rank: int, out: int = 20, into: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(seed)
    return torch.randn(rank, into, generator=made), torch.randn(out, rank, generator=made)


def trained(layer: LoraLinear, seed: int = 1) -> LoraLinear:
    down, up = pair(seed, layer.rank, layer.out_features, layer.in_features)
    with torch.no_grad():
        layer.lora_A.weight.copy_(down)
        layer.lora_B.weight.copy_(up)
    return layer


@pytest.mark.parametrize(("first", "second"), [(3, 3), (2, 5), (4, 1)])
def test_the_overlap_is_that_of_the_singular_vectors_of_the_whole_changes(first: int, second: int) -> None:
    a, b = pair(1, first), pair(2, second)
    changes = [(up.double() @ down.double()).numpy() for down, up in (a, b)]
    (u, _, s), (v, _, t) = (np.linalg.svd(change) for change in changes)
    found = overlap("layer", a, b)
    grid = [
        [np.square(u[:, :i].T @ v[:, :j]).sum() / min(i, j) for j in range(1, second + 1)]
        for i in range(1, first + 1)
    ]
    assert found.grid is not None
    assert np.allclose(found.grid.blocks, grid)
    assert found.ranges == pytest.approx(grid[-1][-1])
    assert found.inputs == pytest.approx(np.square(s[:first] @ t[:second].T).sum() / min(first, second))
    cosine = (changes[0] * changes[1]).sum() / np.linalg.norm(changes[0]) / np.linalg.norm(changes[1])
    assert found.cosine == pytest.approx(cosine)
    assert found.chance == (max(first, second) / 20, max(first, second) / 12)


def test_the_ends_of_the_overlap() -> None:
    down, up = pair(1, 2)
    same = overlap("", (down, up), (3 * down, up))
    assert (same.ranges, same.inputs, same.cosine) == pytest.approx((1, 1, 1))
    # A range in another one; columns at right angles.
    whole = torch.linalg.qr(torch.randn(20, 20, dtype=torch.float64)).Q
    inside = overlap("", (down, whole[:, :2]), (torch.randn(5, 12), whole[:, :5]))
    assert inside.ranges == pytest.approx(1)
    assert overlap("", (down, whole[:, :2]), (down, whole[:, 2:4])).ranges == pytest.approx(0, abs=1e-12)
    # What repeats a direction has a smaller rank.
    assert overlap("", (down[[0, 0]], up), (down, up)).ranks == (1, 2)


def test_the_overlap_by_chance_is_what_random_adapters_have() -> None:
    found = [overlap("", pair(k, 3), pair(k + 500, 4)) for k in range(300)]
    assert np.mean([one.ranges for one in found]) == pytest.approx(found[0].chance[0], abs=0.02)
    assert np.mean([one.inputs for one in found]) == pytest.approx(found[0].chance[1], abs=0.02)


def test_state_dicts_with_adapters_tell_their_overlap() -> None:
    first, second = (
        {"q.lora_A.weight": down, "q.lora_B.weight": up} for down, up in (pair(1, 2), pair(2, 4))
    )
    shown = bundle(compare(first, second))["text/html"]
    assert "overlap of the adapters: overlap of ranges" in Page(shown).words
    theirs = {key.replace("weight", "default.weight"): value for key, value in first.items()}
    assert [one.layer for one in overlaps_of(theirs, theirs)] == ["q"]
    assert (
        overlaps_of(first, {"q.lora_A.weight": torch.ones(2, 9), "q.lora_B.weight": torch.ones(20, 2)}) == ()
    )


def test_two_adapters_of_one_model_are_compared_by_name() -> None:
    model = lora_apply(torch.nn.Sequential(torch.nn.Linear(12, 20), torch.nn.Linear(20, 12)), 2, 4.0)
    layers = [part for part in model.modules() if isinstance(part, LoraLinear)]
    for seed, layer in enumerate(layers):
        trained(layer, seed)
    lora_set_adapter(model, "other", 3, 6.0)
    fresh = compare(model, "default", "other")
    assert fresh.text == "adapters default and other of 2 layers: one of them changes nothing"
    for seed, layer in enumerate(layers):
        trained(layer, seed + 9)
    made = compare(model, "default", "other")
    a, b = layers[0].adapter("default"), layers[0].adapter("other")
    assert a
    assert b
    expected = overlap("0", (a.down.weight, a.up.weight), (b.down.weight, b.up.weight))
    assert made.overlaps[0].ranges == expected.ranges
    shown = bundle(made)
    assert faults(shown["text/html"]) == []
    assert len(drawings(shown["text/html"])) == 2
    with pytest.raises(LispeError, match="there is no adapter third; there are default, other"):
        compare(model, "default", "third")
    with pytest.raises(LispeError, match="must be a model with adapters"):
        compare(torch.nn.Linear(2, 2), "default", "third")


@pytest.mark.parametrize("kind", [LoraLinear, DoraLinear])
def test_the_change_is_shown_beside_its_base(kind: type[LoraLinear]) -> None:
    layer = trained(kind(torch.nn.Linear(500, 300), 4, 8.0))
    with torch.no_grad():
        exact = (layer.merged_weight().double() - layer.original.weight.double()).numpy()
    raster = lora._change_raster(layer, lora.pictures.reduce_matrix(layer.original.weight, 208))
    assert (raster.down, raster.across) == (3, 3)
    rows = [slice(k, k + 3) for k in range(0, 300, 3)]
    columns = [slice(k, k + 3) for k in range(0, 500, 3)]
    means = [[exact[r, c].mean() for c in columns] for r in rows]
    assert np.allclose(raster.blocks, means, atol=1e-5)
    assert lora.change_norm(layer) == pytest.approx(np.linalg.norm(exact), rel=1e-5)
    base = float(layer.original.weight.double().norm())
    assert lora.share_of_base(layer) == pytest.approx(np.linalg.norm(exact) / base, rel=1e-5)
    page = bundle(layer)["text/html"]
    assert faults(page) == []
    assert len(drawings(page)) >= 3


def test_the_share_of_an_adapter_is_the_same_in_its_view_and_in_the_table() -> None:
    for kind, share in ((LoraLinear, 320 / 1408), (DoraLinear, 384 / 1472)):
        layer = kind(torch.nn.Linear(16, 64), 4, 8.0)
        for shown in (layer, torch.nn.Sequential(layer)):
            assert f"{100 * share:.3g}%" in Page(bundle(shown)["text/html"]).words


def test_the_layers_of_a_model_are_told_in_order() -> None:
    model = lora_apply(torch.nn.Sequential(torch.nn.Linear(12, 20), torch.nn.Linear(20, 12)), 2, 4.0)
    for layer in [part for part in model.modules() if isinstance(part, LoraLinear)]:
        trained(layer)
    words = Page(bundle(model)["text/html"]).words
    assert "norm of the change over that of the base, layer by layer: 0 is 0, 1 is 1" in words


@pytest.mark.parametrize(("kind", "largest"), [(LoraLinear, True), (DoraLinear, False)])
def test_the_norm_in_the_table_is_that_of_the_whole_change(kind: type[LoraLinear], largest: bool) -> None:
    layer = trained(kind(torch.nn.Linear(12, 20), 2, -4.0))
    change = layer.delta(torch.float64).detach()
    told = Page(to_html(lora.adapter_table([("a", layer)]))).words
    assert numbers.value(float(change.norm())) in told
    # Of DoRA it would take the singular values of a whole matrix.
    assert (numbers.value(float(torch.linalg.svdvals(change)[0])) in told) == largest


def test_a_base_without_readable_values_shows_the_numbers_alone() -> None:
    layer = trained(LoraLinear(torch.nn.Linear(8, 8), 2, 4.0))
    layer.original.to("meta")
    assert lora.share_of_base(layer) is None
    assert lora.change_figures(layer) is None

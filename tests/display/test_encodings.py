"""Encodings beside each other, against exact arithmetic and transformers' own tables."""

import math

import pytest
import torch

from lispe_kernel.display import bundle
from lispe_kernel.display.explorers.registry import explorer_of
from lispe_kernel.display.functions import compare
from lispe_kernel.display.views.encodings.comparison import EncodingComparison
from lispe_kernel.display.views.encodings.measures import Encoding, encoding_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.modules.alibi import Alibi, slopes
from lispe_kernel.torch_library.modules.positional import PositionalEncoding
from lispe_kernel.torch_library.modules.rotary import RotaryEmbedding
from tests.display.page_checks import Page, drawings, faults

SINES = PositionalEncoding(16, 40)
TURNS = RotaryEmbedding(16, 64)
LINEAR = RotaryEmbedding(16, 64, "linear", {"factor": 4.0})


def found(value: object) -> Encoding:
    made = encoding_of(value)
    assert made is not None
    return made


@pytest.mark.parametrize("heads", [1, 2, 3, 8, 12, 16, 20, 31])
def test_the_slopes_are_those_of_transformers(heads: int) -> None:
    from transformers.models.bloom.modeling_bloom import build_alibi_tensor

    theirs = build_alibi_tensor(torch.ones(1, 5), heads, torch.float32).reshape(heads, 5)
    assert torch.allclose(theirs[:, 1], torch.tensor(slopes(heads)), rtol=1e-6)
    # A row of scores may be shifted as a whole: softmax does not see it.
    ours = Alibi(heads, 5)(5)[:, -1]
    assert torch.allclose(ours - ours[:, :1], theirs, atol=1e-6)


def test_the_likeness_of_sines_is_the_mean_of_cosines() -> None:
    [(_, curve)] = found(SINES).likeness(40)
    for k, value in enumerate(curve):
        expected = sum(math.cos(k * 10000 ** (-i / 8)) for i in range(8)) / 8
        assert value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("module", [TURNS, LINEAR])
def test_the_likeness_of_turned_pairs_is_what_transformers_leaves_of_a_product(
    module: RotaryEmbedding,
) -> None:
    from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

    ones = torch.ones(1, 1, 64, 16)
    turned, _ = apply_rotary_pos_emb(ones, ones, module.cos_cached[None], module.sin_cached[None])
    products = turned[0, 0] @ turned[0, 0].T / 16
    [(_, curve)] = found(module).likeness(64)
    for k, value in enumerate(curve):
        assert torch.allclose(products.diagonal(k), torch.tensor(value), atol=1e-5)


def test_the_likeness_of_any_table_is_the_mean_cosine_of_its_rows() -> None:
    table = torch.nn.Embedding(70, 130).weight
    unit = table.detach().double() / table.detach().double().norm(dim=1, keepdim=True)
    cosines = unit @ unit.T
    [(_, curve)] = found(table).likeness(70)
    assert curve == pytest.approx([float(cosines.diagonal(k).mean()) for k in range(70)], abs=1e-6)


def test_what_alibi_leaves_of_a_weight() -> None:
    curves = found(Alibi(8, 64)).likeness(64)
    assert [name.rpartition(" ")[2] for name, _ in curves] == ["0", "4", "7"]
    assert curves[1][1][10] == pytest.approx(math.exp(-10 / 2**5))
    _, raster = found(Alibi(8, 400)).map(400)
    apart = (torch.arange(400)[:, None] - torch.arange(400)).abs()
    exact = torch.nn.functional.avg_pool2d(torch.exp(-apart / 2**5).double()[None], 3, ceil_mode=True)[0]
    assert torch.allclose(torch.tensor(raster.blocks), exact, atol=1e-6)


def test_rotary_modules_of_transformers_need_no_tables() -> None:
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    theirs = LlamaRotaryEmbedding(
        LlamaConfig(hidden_size=16, num_attention_heads=1, max_position_embeddings=64)
    )
    made = compare(theirs, TURNS)
    first, second = made.encodings
    assert first.likeness(64)[0][1] == pytest.approx(second.likeness(64)[0][1], abs=1e-6)
    assert first.waves().ys == pytest.approx(second.waves().ys, rel=1e-6)


def test_all_kinds_side_by_side() -> None:
    made = compare(SINES, TURNS, LINEAR, Alibi(4, 50), torch.nn.Embedding(45, 8))
    assert isinstance(made, EncodingComparison)
    assert made.length == 40
    shown = bundle(made)
    names = "sinusoidal 16, rotary 16, rotary linear x4 16, ALiBi 4 heads, learned 8"
    # cos(10000^(-i/8)) for i below 8 is 0.9357 on average, cos(8·10000^(-i/8)) 0.5870.
    assert shown["text/plain"].splitlines()[:3] == [
        f"5 encodings over 40 positions: {names}",
        "sinusoidal 16: alike 0.936 at distance 1, 0.587 at 8, waves 6.28 to 19869",
        "rotary 16: alike 0.936 at distance 1, 0.587 at 8, waves 6.28 to 19869",
    ]
    # exp(-1/64) and exp(-8/64): the third of four slopes 1/4, 1/16, 1/64, 1/256.
    assert "ALiBi 4 heads, head 2: alike 0.984 at distance 1, 0.882 at 8" in shown["text/plain"]
    assert faults(shown["text/html"]) == []
    assert len(drawings(shown["text/html"])) == 4
    assert "rotary 16 lies on sinusoidal 16" in Page(shown["text/html"]).words


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (torch.ones(16, 4), "alike 1 at distance 1, 1 at 8, waves none"),
        (torch.full((16, 4), math.nan), "alike nan at distance 1, nan at 8, waves none"),
    ],
)
def test_a_table_in_which_nothing_changes_or_is_known_has_no_waves(table: torch.Tensor, told: str) -> None:
    assert bundle(compare(SINES, table))["text/plain"].splitlines()[2].endswith(told)


def test_a_long_encoding_is_drawn_by_its_distances_alone() -> None:
    # All pairs of places would take minutes.
    _, raster = found(Alibi(2, 100_000)).map(100_000)
    assert raster.blocks.shape == (160, 160)


def test_tables_alone_are_compared_as_tensors() -> None:
    a, b = torch.nn.Embedding(4, 3), torch.nn.Embedding(4, 3)
    assert "common tensors differ" in compare(a, b).text
    assert "different" in compare(a.weight, b.weight).text
    assert compare(SINES, SINES).text == "2 encodings over 40 positions: sinusoidal 16 (1), sinusoidal 16 (2)"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((SINES, 3), "the second argument must be an encoding of positions .* not the integer 3"),
        ((SINES, TURNS, "a"), "the third argument must be"),
        ((torch.eye(2), torch.eye(2), torch.nn.Linear(2, 2)), "the third argument must be"),
        ((SINES,) * 9, "9 encodings are too many"),
        ((SINES, PositionalEncoding(4, 1)), "an encoding of one position has nothing to compare"),
    ],
)
def test_what_cannot_be_compared_is_named(values: tuple[object, ...], text: str) -> None:
    with pytest.raises(LispeError, match=f"Error: compare: {text}"):
        compare(*values)


def test_two_encodings_are_explored_together() -> None:
    made = explorer_of(SINES, LINEAR)
    made.distance.value = 8
    words = Page(_page(made)).words
    assert "alike at distance 8" in words
    assert f"{found(LINEAR).likeness(40)[0][1][8]:.4g}" in words
    made.window.value = (39, 40)
    made.reach.value = 2
    assert len(drawings(_page(made))) == 4


def _page(explorer: object) -> str:
    from lispe_kernel.display.page.theme import page

    return page(explorer.content())  # type: ignore[attr-defined]

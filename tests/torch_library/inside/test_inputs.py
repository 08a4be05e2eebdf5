"""A run that is looked at writes into copies of what it was given, never into the user's tensors."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from lispe_kernel.torch_library.inside import inputs
from lispe_kernel.torch_library.inside.attention import attentions
from lispe_kernel.torch_library.inside.functions import activations, trace
from lispe_kernel.torch_library.inside.graphs import graph
from lispe_kernel.torch_library.inside.lens import logit_lens


class Writing(nn.Module):
    """A language model that doubles its input where it lies, under its own block and attention."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.blocks = nn.ModuleList(nn.Identity() for _ in range(2))
        self.fc = nn.Linear(4, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x.mul_(2)
        x = x + self.attention(x, x, x)[0]
        for block in self.blocks:
            x = block(x) + 1
        return self.fc(x)  # type: ignore[no-any-return]


class Two(nn.Module):
    """Writes into its first argument and reads its second."""

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x.fill_(5)
        return y.clone()


@pytest.mark.parametrize(
    "look",
    [
        trace,
        lambda m, x: trace(m, x, True),
        lambda m, x: activations(m, x, "fc"),
        attentions,
        graph,
    ],
)
def test_the_users_tensor_is_never_written_into(look: Callable[[nn.Module, Any], Any]) -> None:
    x = torch.ones(6, 8)[1:4, 2:6].unsqueeze(0)
    before = x._version
    look(Writing(), x)
    assert (x.unique().tolist(), x._version) == ([1.0], before)


def test_each_run_of_the_lens_begins_with_the_same_numbers() -> None:
    # The model runs once for each of its layers: doubled each time, the answers would differ.
    torch.manual_seed(1)
    model, x = Writing().eval(), torch.ones(1, 3, 4)
    with torch.no_grad():
        own = model(x.clone())[0].softmax(-1).topk(5).values
    assert torch.allclose(logit_lens(model, x).layers[-1].probabilities, own)


@pytest.mark.parametrize("shift", [0, 1])
def test_tensors_that_share_memory_share_that_of_their_copies(shift: int) -> None:
    base = torch.zeros(4, 3)
    given = (base[:3], base[shift : shift + 3]), dict[str, Any]()
    wanted = [[5.0] * 3] * (3 - shift) + [[0.0] * 3] * shift
    assert inputs.run(Two(), given).tolist() == wanted
    assert base.count_nonzero() == 0


def test_lists_and_tables_that_a_model_fills_stay_as_they_were() -> None:
    class Filling(nn.Module):
        def forward(self, table: dict[str, Any]) -> torch.Tensor:
            table["more"] = table["xs"].pop()
            return table["more"]  # type: ignore[no-any-return]

    table: dict[str, Any] = {"xs": [torch.ones(2)]}
    table["itself"] = table
    inputs.run(Filling(), ((table,), {}))
    assert (list(table), len(table["xs"])) == (["xs", "itself"], 1)

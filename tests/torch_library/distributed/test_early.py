"""Optimizers of tensors that are in no model any more, since that was cut into shards."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.distributed import early
from tests.torch_library.torch_calls import call


def test_an_optimizer_is_known_from_when_it_is_made() -> None:
    model = nn.Linear(2, 2)
    optimizer = call("torch_optimizer", model, 0.1, "sgd")
    with pytest.raises(LispeError, match="an optimizer of this model was made already"):
        early.refuse("torch_parallel", model)
    early.refuse("torch_parallel", nn.Linear(2, 2))
    # Nobody can step with one that is gone.
    del optimizer
    early.refuse("torch_parallel", model)


def test_an_optimizer_that_python_made_is_met_at_its_step() -> None:
    before, after = nn.Linear(2, 2), nn.Linear(2, 2)
    optimizers = [torch.optim.SGD(model.parameters(), 0.1) for model in (before, after)]
    early.cut(before.parameters())
    optimizers[1].step()
    with pytest.raises(LispeError, match="made before its model was cut into shards"):
        optimizers[0].step()

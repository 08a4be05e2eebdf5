"""The training program of the notebooks: what it computes, and that it goes on where its file ended."""

from pathlib import Path

import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from lispe_kernel import Session

PROGRAM = Path(__file__).resolve().parents[2] / "notebooks" / "train.lisp"


def setting(place: str = "block") -> str:
    """Everything that a training needs. `place`: what brings tensors and modules to their device."""
    return f"""
(load "{PROGRAM}")
(torch_manual_seed 3)
(setq x ({place} (tensor_randn '(11 2)))) (setq y ({place} (tensor_randn '(11 1))))
(setq m ({place} (torch_model 2 4 1))) (setq adam (torch_optimizer m 0.01 "adam"))
(setq rate (torch_lr_scheduler adam "cosine" (dictionary "total_steps" 20)))
(setq average (torch_ema m 0.9))
(setq batches (torch_batches (torch_dataset x y) 4 (? shuffle true) (? seed 2)))
(defun loss (m b) (torch_mse_loss (torch_forward m (@ b 0)) (@ b 1)))
(defun other (m) (torch_mse_loss (torch_forward m x) y))
"""


ALL = "(? accumulate 2) (? clip 1) (? scheduler rate) (? average average) (? validate 'other)"


def trained(options: str) -> Session:
    session = Session()
    session.evaluate(f"{setting()} (setq losses (train m adam batches 'loss {options}))")
    return session


def weights(session: Session, name: str) -> list[torch.Tensor]:
    return [tensor.detach() for tensor in session.namespace[name].state_dict().values()]


def test_it_trains_as_the_same_lines_of_python():
    ours = trained("(? epochs 2)")
    begun = Session()
    begun.evaluate(setting())
    x, y, model = (begun.namespace[name] for name in ("x", "y", "m"))
    loader = DataLoader(TensorDataset(x, y), 4, shuffle=True, generator=torch.Generator().manual_seed(2))
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    for _epoch in range(2):
        for inputs, targets in loader:
            adam.zero_grad()
            functional.mse_loss(model(inputs), targets).backward()
            adam.step()
    assert all(map(torch.equal, weights(ours, "m"), weights(begun, "m")))


def test_it_goes_on_where_its_file_ended(tmp_path):
    whole = trained(f"(? epochs 4) {ALL}")
    trained(f'(? epochs 2) (? file "{tmp_path}/run.pt") {ALL}')
    resumed = trained(f'(? epochs 4) (? file "{tmp_path}/run.pt") {ALL}')
    assert list(resumed.evaluate("losses")) == list(whole.evaluate("losses"))
    for name in ("m", "average"):
        assert all(map(torch.equal, weights(resumed, name), weights(whole, name)))


def test_it_stops_when_nothing_gets_better():
    session = trained("(? epochs 99) (? patience 1) (? validate (λ (m) 1.0))")
    assert list(session.evaluate("losses")) == [1.0, 1.0]

"""The parts that a training is made of: losses by name, modes, averages, stopping. PyTorch judges."""

import pytest
import torch
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.torch_library.training.functional_losses import LOSSES
from tests.torch_library.torch_calls import call, error_of, floats


def test_every_loss_of_pytorch_has_a_name():
    theirs = {name for name in dir(functional) if name.endswith("_loss")}
    theirs |= {"kl_div", "cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits"}
    ours = {row[0] for row in LOSSES} | {"mse_loss", "cross_entropy"}
    # Newer releases of PyTorch may bring more.
    assert ours <= theirs
    assert theirs - ours <= {"linear_cross_entropy_loss"}


def test_settings_of_losses_are_pytorchs_by_name():
    session = Session()
    logits, classes = torch.tensor([[0.5, 2.0, -1.0], [0.1, 0.2, 0.3]]), torch.tensor([1, 2])
    session.namespace.update(logits=logits, classes=classes)
    weight = torch.tensor([1.0, 2.0, 3.0])
    found = session.evaluate(
        "(torch_cross_entropy logits classes (? label_smoothing 0.1) (? weight (floats 1 2 3)))"
    )
    assert torch.equal(found, functional.cross_entropy(logits, classes, weight=weight, label_smoothing=0.1))
    found = session.evaluate('(torch_huber_loss logits (* 2 logits) (? delta 0.5) (? reduction "none"))')
    assert torch.equal(found, functional.huber_loss(logits, 2 * logits, delta=0.5, reduction="none"))
    with pytest.raises(LispeError, match="reduction must be one of mean, sum, none, not the string"):
        session.evaluate('(torch_l1_loss logits logits (? reduction "all"))')


@pytest.mark.parametrize("name", ["torch_l1_loss", "torch_smooth_l1_loss", "torch_soft_margin_loss"])
def test_targets_that_would_widen_the_predictions_are_refused(name):
    # PyTorch computes with [3,3] here.
    assert error_of(name, torch.ones(3, 1), torch.ones(3)) == (
        f"Error in {name}: targets cannot be widened to the shape of the predictions "
        "(predictions: float32 [3,1], targets: float32 [3])"
    )


@pytest.mark.parametrize("short", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_targets_are_widened_only_where_pytorch_widens_them(short):
    predictions, targets = torch.full((2, 3), 0.5), torch.ones(3)
    with pytest.raises(ValueError, match="arget size"):
        getattr(functional, short)(predictions, targets)
    assert (
        "must have the shape of the predictions (predictions: float32 [2,3], targets: float32 [3])"
        in error_of(f"torch_{short}", predictions, targets)
    )


@pytest.mark.parametrize(
    ("targets", "text"),
    [
        (((1, 9), (2, 1)), "the target 9 is none of the 4 classes"),
        (((1, 0), (2, 1)), "the target 0 is the blank"),
        (((1.5, 1), (2, 1)), "the targets must be whole numbers"),
    ],
)
def test_labels_that_pytorch_looks_up_unasked_are_refused(targets, text):
    # PyTorch reads what lies behind the log-probabilities, and calls it a loss.
    given = torch.zeros(6, 2, 4).log_softmax(-1), torch.tensor(targets), torch.tensor([6, 6])
    assert text in error_of("torch_ctc_loss", *given, torch.tensor([2, 1]))


def test_what_fills_a_row_of_labels_up_may_be_anything():
    given = torch.zeros(6, 2, 4).log_softmax(-1), torch.tensor([[1, 3], [2, 0]]), torch.tensor([6, 6])
    lengths = torch.tensor([2, 1])
    assert torch.equal(call("torch_ctc_loss", *given, lengths), functional.ctc_loss(*given, lengths))


def test_gradients_are_recorded_again_after_an_error_inside():
    session = Session()
    with pytest.raises(LispeError, match="Error: division by zero"):
        session.evaluate("(torch_no_grad (λ () (/ 1 0)))")
    assert torch.is_grad_enabled()
    asked = "(list (@ (torch_no_grad m x) 'requires_grad) (@ (torch_forward m x) 'requires_grad))"
    assert to_text(session.evaluate(f"(setq m (torch_linear 2 1)) (setq x (tensor_ones '(2))) {asked}")) == (
        "(nil true)"
    )


def test_autocast_computes_as_pytorchs():
    session = Session()
    found = session.evaluate(
        '(setq m (torch_linear 8 4)) (setq x (tensor_ones \'(3 8))) (torch_autocast "bfloat16" m x)'
    )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        expected = session.namespace["m"](session.namespace["x"])
    assert found.dtype is torch.bfloat16
    assert torch.equal(found, expected)


def test_an_average_is_pytorchs():
    model = torch.nn.Linear(2, 2)
    ours = call("torch_ema", model, 0.9)
    theirs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    for _ in range(3):
        with torch.no_grad():
            model.weight += 1
        call("torch_ema_update", ours, model)
        theirs.update_parameters(model)
    assert torch.equal(ours.module.weight, theirs.module.weight)
    assert not torch.equal(ours.module.weight, model.weight)
    assert "other tensors" in error_of("torch_ema_update", ours, torch.nn.Linear(3, 1))


def test_an_average_and_its_model_fill_each_other_through_files(in_folder):
    model, plain = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    theirs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    theirs.update_parameters(model)
    torch.save(theirs.state_dict(), "theirs.pt")
    ours = call("torch_ema", torch.nn.Linear(2, 2), 0.9)
    call("torch_load_model", "theirs.pt", ours)
    assert torch.equal(ours.module.weight, model.weight)
    assert int(ours.n_averaged) == 1
    call("torch_save_model", ours, "ours.pt")
    for file in ("theirs.pt", "ours.pt"):
        torch.nn.init.zeros_(plain.weight)
        call("torch_load_model", file, plain)
        assert torch.equal(plain.weight, model.weight)
    theirs.load_state_dict(torch.load("ours.pt", weights_only=True))
    # A file that is no average's is none for the count alone.
    torch.save({**plain.state_dict(), "n_averaged": torch.tensor(1)}, "odd.pt")
    assert "n_averaged" in error_of("torch_load_model", "odd.pt", plain)


def test_an_average_comes_back_with_its_session(tmp_path):
    session = Session()
    session.evaluate("(setq m (torch_linear 1 1)) (setq e (torch_ema m 0.5)) (torch_ema_update e m)")
    assert session.evaluate(f'(session_save "{tmp_path}/kept")')["left_out"] == {}
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    move = "(torch_no_grad (λ () (->fill_ (@ m 'weight) 3))) (torch_ema_update e m) (@ e 'module 'weight)"
    assert torch.equal(session.evaluate(move), other.evaluate(move))


def test_a_training_stops_when_patience_ends():
    stops = [call("torch_should_stop", floats(*losses), 2, 0.1) for losses in ([3, 2], [3, 2, 1.95, 2])]
    assert to_text(stops[0]) == "nil"
    assert to_text(stops[1]) == "true"
    assert to_text(call("torch_should_stop", floats(1, float("nan")), 5)) == "true"
    assert to_text(call("torch_should_stop", floats(1, 2, 3), 2, 0, "max")) == "nil"


def test_each_number_of_a_gradient_is_cut():
    weight = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
    weight.grad = torch.tensor([5.0, -0.5])
    call("torch_clip_grad_value", torch.optim.SGD([weight], lr=0.1), 1)
    assert weight.grad.tolist() == [1.0, -0.5]


@pytest.mark.parametrize("limit", [-1, 0, float("nan")])
def test_a_norm_is_limited_by_what_is_above_0(limit):
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.tensor([3.0, 4.0])
    optimizer = torch.optim.SGD([weight], lr=0.1)
    assert "the limit must be above 0" in error_of("torch_clip_grad_norm", optimizer, limit)
    assert weight.grad.tolist() == [3.0, 4.0]
    # What PyTorch's users write to measure the norm.
    assert call("torch_clip_grad_norm", optimizer, float("inf")) == 5
    weight.grad = None
    assert to_text(call("torch_clip_grad_value", optimizer, 0)) == "true"

"""Instances of classes with `forward` are modules of PyTorch: what people of PyTorch do with one works.

PyTorch is the oracle: what it makes of the same layers in an `nn.Module` written in Python.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.values.lists import List
from lispe_kernel.session import Session

NET = """
(class@ Block (dim)
   (setqi norm (torch_layer_norm dim))
   (setqi up (torch_linear dim dim))
   (defun forward (x) (+ x (torch_linear_forward up (torch_layer_norm_forward norm x)))))
(class@ Net (dim depth)
   (setqi blocks (list))
   (setqi heads (dictionary "a" (torch_linear dim 2) "b" (list (->requires_grad_ (tensor_zeros '(2))))))
   (setqi scale (->requires_grad_ (tensor_ones (list dim))))
   (setqi seen (tensor_zeros '(1)))
   (defun grow () (loopcount depth (push blocks (Block dim))) (this))
   (defun forward (x)
      (loop layer blocks (setq x (layer (forward x))))
      (+ (torch_linear_forward (@ heads "a") (* x scale)) (@ heads "b" 0))))
(torch_manual_seed 1)
(setq net ((Net 4 2) (grow)))
"""


class Block(nn.Module):
    """The same in Python."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.up = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.up(self.norm(x))  # type: ignore[no-any-return]


class Net(nn.Module):
    """The same in Python."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 2), "b": nn.ParameterList([torch.zeros(2)])})
        self.scale = nn.Parameter(torch.ones(4))
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x * self.scale) + self.heads["b"][0]  # type: ignore[no-any-return]


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session()
    made.evaluate(NET)
    return made


@pytest.fixture
def twin(session: Session) -> Net:
    made = Net()
    made.load_state_dict(session.namespace["net"].state_dict())
    return made


X = torch.arange(24.0).reshape(2, 3, 4) / 10


def test_names_values_and_gradients_are_those_of_the_same_module_in_python(
    session: Session, twin: Net
) -> None:
    net = session.namespace["net"]
    assert isinstance(net, nn.Module)
    assert list(net.state_dict()) == list(twin.state_dict())
    assert [n for n, _ in net.named_parameters()] == [n for n, _ in twin.named_parameters()]
    session.namespace["x"] = X
    for answer in (net(X), session.evaluate("(net (forward x))"), session.evaluate("(torch_forward net x)")):
        assert torch.equal(answer, twin(X))
    net(X).sum().backward()
    twin(X).sum().backward()
    for (name, mine), (_, its) in zip(net.named_parameters(), twin.named_parameters(), strict=True):
        assert torch.equal(mine.grad, its.grad), name


def test_a_training_goes_on_exactly_where_its_checkpoint_was(session: Session, tmp_path: Path) -> None:
    step = """
        (defun step () (torch_optimizer_zero_grad opt)
           (setq loss (torch_mse_loss (net (forward x)) (tensor_zeros '(2 3 2))))
           (torch_backward loss) (torch_optimizer_step opt) (tensor_item loss))
        (setq opt (torch_optimizer net 0.01 "adamw"))"""
    session.namespace["x"] = X
    session.evaluate(step + "(step)")
    path = f'"{tmp_path / "c.pt"}"'
    session.evaluate(f"(torch_save_checkpoint net opt 1 {path})")
    expected = [session.evaluate("(step)") for _ in range(2)]
    session.evaluate("(setq net ((Net 4 2) (grow)))" + step + f"(torch_resume_checkpoint {path} net opt)")
    assert [session.evaluate("(step)") for _ in range(2)] == expected


def test_layers_in_lists_and_tables_are_exchanged_by_name(session: Session) -> None:
    session.evaluate('(torch_lora_apply net 2 4 (list "up" "a"))')
    net = session.namespace["net"]
    trained = {name for name, tensor in net.named_parameters() if tensor.requires_grad}
    assert trained == {
        f"{path}.lora_{side}.weight" for path in ("blocks.0.up", "blocks.1.up", "heads.a") for side in "AB"
    }
    assert net.get_submodule("blocks.1.up") is net.blocks[1].up is session.evaluate("(@ net 'blocks 1 'up)")


def test_modes_devices_and_types_reach_every_part(session: Session) -> None:
    net = session.namespace["net"]
    session.evaluate("(torch_model_eval net)")
    assert not any(part.training for part in net.modules())
    assert {t.device.type for t in copy.deepcopy(net).to("meta").state_dict().values()} == {"meta"}
    assert {t.dtype for t in copy.deepcopy(net).double().state_dict().values()} == {torch.float64}


def test_parts_are_swapped_by_functional_call_and_by_data_parallel(session: Session, twin: Net) -> None:
    net = session.namespace["net"]
    other = {name: torch.full_like(tensor, 0.5) for name, tensor in twin.named_parameters()}
    assert torch.equal(
        torch.func.functional_call(net, other, (X,)), torch.func.functional_call(twin, other, (X,))
    )
    assert torch.equal(net(X), twin(X))
    modules = list(net.modules())
    copies = {module: module._replicate_for_data_parallel() for module in modules}
    for module, replica in copies.items():
        for name, part in module._modules.items():
            setattr(replica, name, copies[part])
        for name, tensor in (*module._parameters.items(), *module._buffers.items()):
            setattr(replica, name, tensor * 1.0)
    assert torch.equal(copies[net](X), twin(X))
    assert copies[net].blocks[0] is copies[net.blocks[0]]


def test_hooks_run_and_no_grad_holds_in_threads_of_others(session: Session) -> None:
    net, seen = session.namespace["net"], []
    net.blocks[1].register_forward_hook(lambda *_: seen.append(1))
    session.namespace["x"] = X
    session.evaluate("(net (forward x))")
    assert seen == [1]

    def work() -> None:
        with torch.no_grad():
            seen.append(net(X).requires_grad)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [1, 1, False]


def test_a_class_declared_again_keeps_the_weights(session: Session) -> None:
    net = session.namespace["net"]
    before = net.state_dict()
    session.evaluate("(class@ Net (dim depth) (defun forward (x) (* x 2)) (defun two () 2))")
    assert torch.equal(net(X), X * 2)
    assert session.evaluate("(net (two))") == 2
    assert all(
        net.state_dict()[name] is not None and torch.equal(net.state_dict()[name], before[name])
        for name in before
    )
    session.evaluate("(class@ Net (dim) (defun three () 3))")
    assert session.evaluate("(net (three))") == 3
    assert not isinstance(net, nn.Module)
    session.evaluate("(class@ Net (dim) (defun forward (x) (* x 3)))")
    assert isinstance(net, nn.Module)
    assert {name for name, _ in net.named_parameters()} == set(before) - {"seen"}


def test_a_class_from_before_torch_is_a_module_once_torch_is_there() -> None:
    session = Session()
    session.evaluate("(class@ Twice (f) (defun forward (x) (* 2 x))) (setq early (Twice 1))")
    session.evaluate('(import "torch.nn" nn) (setq t (Twice ((@ nn \'Linear) 2 2)))')
    assert isinstance(session.namespace["early"], nn.Module)
    assert len(list(session.namespace["t"].parameters())) == 2


def test_parts_stay_parts_when_their_class_loses_its_forward(session: Session) -> None:
    session.evaluate("(class@ Part (f) (defun forward (x) (f x)))")
    session.evaluate("(class@ Whole (one more) (defun forward (x) (one (forward x))))")
    session.evaluate("(setq w (Whole (Part (torch_linear 2 2)) (list (Part (torch_linear 2 2)))))")
    session.evaluate("(class@ Part (f) (defun apply_it (x) (f x)))")
    whole = session.namespace["w"]
    assert len(list(whole.parameters())) == 4
    with pytest.raises(LispeError, match="missing the required"):
        session.evaluate("(w (forward (tensor_ones '(1 2))))")
    session.evaluate("(class@ Part (f) (defun forward (x) (f x)))")
    assert session.evaluate("(w (forward (tensor_ones '(1 2))))").shape == (1, 2)


def test_a_method_of_another_class_stays_a_function_in_the_call_of_a_model(session: Session) -> None:
    session.evaluate("(class@ Model (w) (defun forward (x (y 1)) (list x y)))")
    session.evaluate("(class@ Other (z) (defun twice (x) 'method)) (defun twice (x) (* 2 x))")
    session.evaluate("(setq k 8) (setq m (Model 1)) (defun call (o x) (o (twice x) x))")
    source = "(list (m (twice 3)) (m (twice 3) k) (m 5 (twice 3)) (call m 4) (call (Other 1) 4))"
    assert session.evaluate(source) == [[6, 1], [6, 8], [5, 6], [8, 4], 4]


def test_an_heir_follows_its_parent_and_keeps_what_is_its_own(session: Session) -> None:
    session.evaluate("(class@ Base () (defun forward (x) x))")
    session.evaluate(
        "(class@ Plain (ls) (from@ Base)) (class@ Own (f) (from@ Base) (defun forward (x) (f x)))"
    )
    session.evaluate("(setq p (Plain (list (torch_linear 2 2)))) (setq o (Own (torch_linear 2 2)))")
    session.evaluate("(class@ Base () (defun other () 1))")
    plain, own = session.namespace["p"], session.namespace["o"]
    assert (isinstance(plain, nn.Module), type(plain.ls)) == (False, List)
    assert len(list(own.parameters())) == 2
    assert session.evaluate("(list (p (other)) (o (other)) ((Plain 1) (other)))") == [1, 1, 1]


@pytest.mark.parametrize(
    "call",
    ["(f x)", "(f (forward x))", "(twice (f x))", "((@ (list f) 0) x)", "(twice (half (f (forward x))))"],
)
def test_a_module_in_a_field_is_called_as_others_are(session: Session, call: str) -> None:
    session.evaluate(f"(class@ Holds (f twice half) (defun forward (x) {call}))")
    session.evaluate("(setq up (torch_linear 2 3)) (setq t (tensor_ones '(1 2)))")
    session.evaluate("(setq h (Holds up (λ (x) (* 2 x)) (λ (x) (/ x 2))))")
    expected = session.namespace["up"](session.namespace["t"]) * (2 if call.startswith("(twice (f") else 1)
    assert torch.equal(session.evaluate("(h (forward t))"), expected)


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("(net (forward (tensor_ones '(2 3 5))))", ("in net.blocks.0.norm", "[4]", "[2,3,5]", "line: 5 in")),
        ('(torch_optimizer (Bare (torch_linear 1 1)) 0.1 "sgd")', ("the class Bare has no method forward",)),
        ("(torch_state_dict (Odd 1))", ("no field of a module can be called children",)),
        ("(set@ net 'blocks (list (Odd (torch_linear 1 1))))", ("can be called children",)),
        ("(set@ net 'scale 3)", ("the field scale of Net holds a tensor", "the integer 3")),
        ("(set@ net 'blocks 3)", ("the field blocks of Net holds a module", "the integer 3")),
        ("(set@ (@ net 'blocks 0) 'norm net)", ("would make the module contain itself",)),
        ("(push (@ net 'blocks) net) (torch_model_eval net)", ("the module contains itself",)),
        ("(net (+ x scale))", ("is scale the field or the variable?",)),
        ("(net (forward))", ("Wrong number of arguments", "forward")),
    ],
)
def test_what_cannot_be_is_said_at_once_and_loses_nothing(
    session: Session, source: str, parts: tuple[str, ...]
) -> None:
    session.evaluate("(class@ Bare (a) (defun go () 1)) (class@ Odd (children) (defun forward (x) x))")
    session.namespace["x"] = X
    with pytest.raises(LispeError) as caught:
        session.evaluate(source)
    for part in parts:
        assert part in str(caught.value)
    session.evaluate("(if (> (size (@ net 'blocks)) 2) (pop (@ net 'blocks)))")
    assert len(list(session.namespace["net"].parameters())) == 12


def test_two_fields_that_share_a_tensor_are_saved_and_counted_once(session: Session, tmp_path: Path) -> None:
    session.evaluate("""
        (class@ Tied () (setqi a (torch_linear 3 3)) (setqi w (@ a 'weight))
           (defun forward (x) (torch_linear_forward a x)))
        (setq tied (Tied)) (setq other (Tied))""")
    tied, other = session.namespace["tied"], session.namespace["other"]
    assert [name for name, _ in tied.named_parameters()] == ["w", "a.bias"]
    for name in ("t.pt", "t.safetensors"):
        path = f'"{tmp_path / name}"'
        session.evaluate(f"(torch_save_model tied {path}) (torch_load_model {path} other)")
        assert torch.equal(other.a.weight, tied.a.weight)
        assert other.w is other.a.weight


def test_an_exception_in_python_in_lispe_in_python_is_one_error(session: Session) -> None:
    def fails(_value: Any) -> None:
        raise ZeroDivisionError("deep inside")

    session.namespace["fails"] = fails
    session.evaluate("(class@ Deep () (defun forward (x) (fails x)))")
    model = nn.Sequential(session.evaluate("(Deep)"))
    with pytest.raises(LispeError) as caught:
        model(X)
    assert "Deep" in str(caught.value)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("call", ["((Half 1) 5)", "(map (Half 1) '(5))"])
def test_an_instance_that_cannot_be_a_module_is_not_called_in_silence(session: Session, call: str) -> None:
    session.evaluate("(class@ Half (train) (defun forward (x) (+ x train)))")
    with pytest.raises(LispeError, match="an instance of Half cannot be called"):
        session.evaluate(call)
    assert session.evaluate("((Half 1) (forward 5))") == 6


def test_names_with_dots_are_refused_where_paths_would_say_two_things(session: Session) -> None:
    session.evaluate('(class@ Held (d) (setqi parts {"x.y":(torch_linear d d)}) (defun forward (x) x))')
    with pytest.raises(LispeError, match="a part of a module cannot be called"):
        session.evaluate("(torch_state_dict (Held 2))")

"""torch_compile: what is followed whole, what is not and says so. PyTorch without compiling judges."""

from importlib import import_module

import pytest
import torch

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.torch_library.modules import entry
from lispe_kernel.torch_library.modules.instances import ModuleInstance
from tests import fresh_processes

PROGRAM = """
(setq x (tensor_create '((0.5 -1.0 2.0) (3.0 0.25 -4.0))))
(defun scaled (x) (* 2 (torch_relu (+ x 1))))
(defun branching (x)
  (let ((y (tensor_matmul x (tensor_transpose x 0 1)))) (if (> (size y) 3) (tensor_softmax y -1) y)))
(defun centred (x) (torch_smooth_l1_loss (- x (tensor_mean x)) (@ x (:) (: 0 3)) (? beta 0.5)))
(setq wrapped (λ (x) (scaled (+ x 1))))
(setq looks (torch_multihead_attention 3 1))
(setq seen (tensor_create '((1 0))))
(defun masked (x m) (torch_attention_forward looks (tensor_unsqueeze x 0) m))
(defun attending (x) (masked x seen))
(defun told (x) (println "told") (torch_relu x))
(class@ Net () (setqi up (torch_linear 3 4))
  (defun forward (x) (if (> (size x) 3) (torch_relu (torch_forward up x)) x)))
(setq net (Net))
"""


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    made.evaluate(PROGRAM)
    return made


@pytest.mark.parametrize("name", ["scaled", "branching", "centred", "wrapped", "attending"])
def test_functions_are_followed_whole(name, session, capsys):
    expected = session.evaluate(f"({name} x)")
    found = session.evaluate(f'(setq made (torch_compile {name} (? backend "eager"))) (made x)')
    assert torch.equal(found, expected)
    assert (session.namespace["made"].plain, capsys.readouterr().out) == (False, "")


def test_a_module_is_compiled_itself(session):
    expected = session.evaluate("(torch_forward net x)")
    assert session.evaluate('(eq net (torch_compile net (? backend "eager")))')
    assert torch.equal(session.evaluate("(torch_forward net x)"), expected)
    assert list(session.namespace["net"].state_dict()) == ["up.weight", "up.bias"]


def test_what_is_not_followed_is_said_and_done_once(session, capsys):
    session.evaluate('(setq made (torch_compile told (? backend "eager"))) (made x)')
    told, said = capsys.readouterr().out.splitlines()
    assert told == "told"
    assert said.startswith("torch_compile: told runs as it is: ")


def test_without_a_compiler_it_runs_as_it_is(session, capsys, monkeypatch):
    def fails(*_arguments, **_named):
        raise OSError("no C++ compiler")

    torch._dynamo.register_backend(fails, name="lispe_test_fails")
    monkeypatch.setattr("torch.compiler.list_backends", lambda: ["lispe_test_fails"])
    expected = session.evaluate("(scaled x)")
    code = '(setq made (torch_compile scaled (? backend "lispe_test_fails"))) (list (made x) (made x))'
    assert all(torch.equal(found, expected) for found in session.evaluate(code))
    said = capsys.readouterr().out
    assert said.startswith("torch_compile: scaled runs as it is: ")
    assert said.count("\n") == 1


def test_errors_are_those_of_the_function(session):
    session.evaluate("(defun wrong (x) (tensor_matmul x x))")
    with pytest.raises(LispeError, match="Error in torch_matmul: mat1 and mat2 shapes cannot be multiplied"):
        session.evaluate('((torch_compile wrong (? backend "eager")) x)')
    with pytest.raises(LispeError, match="must be a function or a module, not the integer 3"):
        session.evaluate("(torch_compile 3)")
    assert to_text(session.evaluate("(torch_compile scaled)")) == "compiled scaled"


def test_a_mask_is_checked_whenever_compiled_code_runs(session):
    session.evaluate('(setq made (torch_compile masked (? backend "eager")))')
    assert to_text(session.evaluate("(tensor_shape (made x seen))")) == "(1 2 3)"
    with pytest.raises(LispeError, match="the mask must hold 1 for what is kept"):
        session.evaluate("(made x (tensor_create '((2 0))))")
    assert not session.namespace["made"].plain


def test_the_front_end_of_the_compiler_is_not_imported_before_it_is_used() -> None:
    program = """
import sys
from lispe_kernel import Session
s = Session()
s.evaluate("(class@ Net () (setqi up (torch_linear 3 4)) (defun forward (x) (torch_forward up x)))")
s.evaluate("(setq net (Net)) (setq x (torch_zeros '(2 3)))")
s.evaluate('(python "net(x).shape")')
print("torch._dynamo" in sys.modules)
"""
    assert fresh_processes.run(program).stdout == "False\n"


def test_what_prepares_a_call_is_left_out_of_what_is_compiled() -> None:
    import_module("torch._dynamo")
    # The mark that PyTorch sets on what it leaves out.
    functions = [getattr(entry, name) for name in ("enter", "leave", "taken", "given", "explained")]
    assert all(function._torchdynamo_disable for function in (*functions, ModuleInstance.__call__))

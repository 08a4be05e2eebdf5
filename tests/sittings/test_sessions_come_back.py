"""What a session holds comes back from its folder: values, functions, what is shared, a training.

The right values are those of the session that went on without interruption.
"""

from pathlib import Path

import pytest

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.sittings.cells.differences import differences
from tests import fresh_processes

CASES = {
    "a list in itself": ("(setq a (list 1 2)) (push a a) (setq b a)", "(list (eq a b) (eq a (@ a 2)))"),
    "a rest and its list": ("(setq a (list 1 2 3)) (setq r (cdr a))", "(set@ a 2 9) r"),
    "a row and its matrix": ("(setq m (rho 2 2 '(1 2 3 4))) (setq r (@ m 0))", "(set@ r 0 9) (list m r)"),
    "every digit": ("(setq x 0.1) (setq y (^^ 7 9000))", "(list (= x 0.1) (= y (^^ 7 9000)))"),
    "kinds of dictionaries": ('(setq d (dictionaryi 2 "b" 1 "a")) (setq t {"z":1})', "(list d t (type d))"),
    "sets of containers": ("(setq s (set '(1 2) '(3)))", "(push s '(1 2)) s"),
    "a heap goes on in its order": ("(setq h (heap (λ (a b) (>=< b a)) 3 9 2))", "(push h 5) h"),
    "a heap in the order of a named function": (
        "(defun up (a b) (>=< a b)) (setq h (heap 'up 3 9)) (defun up (a b) (>=< b a))",
        "(push h 5) h",
    ),
    "linked lists": ("(setq l (llist 1 2 3)) (setq p '(a . b))", "(list l p)"),
    "a function under two names": ("(defun f (x) (+ x 1)) (setq g f)", "(list (g 1) (eq f g))"),
    "macros and clauses": (
        "(defmacro twice (x) (list x x)) (defpat n ([]) 0) (defpat n ((a $ b)) (+ 1 (n b)))",
        "(list (twice 3) (n '(1 2 3)))",
    ),
    "earlier versions of a function": (
        """(defun f (n) (if (< n 1) 0 (+ 1 (f (- n 1))))) (setq fs (list f f)) (defun f (n) 100) (setq f2 f)
        (defpat n ([]) 0) (setq m n) (setq n 7)""",
        "(list ((car fs) 2) (eq (car fs) (@ fs 1)) (f 2) (f2 2) (m ()) n)",
    ),
    "lambdas of macros and spaces": (
        """(defmacro twice (x) (list x x)) (defspace metric (defun unit () "m"))
        (setq ls (list (lambda (y) (twice y)) (lambda () (space metric (unit)))))""",
        "(list ((car ls) '(1 2)) ((@ ls 1)))",
    ),
    "functions, sets, ranges and bytes of Python's containers": (
        """(setq l (lambda (x) (+ x 1)))
        (setq t (python "(l, {3, 'a'}, b'x', bytearray(b'y'), range(1, 9, 2))"))""",
        """(list (eq (@ t 0) l) (python "[t[0](3), sorted(map(str, t[1])), t[2], t[3], t[4]]"))""",
    ),
    "a closure and its brother": (
        "(defun pair (n) (list (lambda () (+= n 1)) (lambda () n))) (setq c (pair 5)) ((car c))",
        "((@ c 0)) ((@ c 1))",
    ),
    "instances, one of them twice": (
        "(class@ P (x (y 3)) (defun total () (+ x y))) (setq p (P 4)) (setq ps (list p p))",
        "(list (p (total)) (eq (@ ps 0) p))",
    ),
    "records": ("(data@ S (C number_) (Q number_)) (setq c (C 2.5))", "(list c (Q 1.5))"),
    "a space": ('(defspace metric (defun unit () "m"))', "(space metric (unit))"),
    "shared variables of threads": ("(threadspace (seth total 4))", "(threadspace (seth total 4) total)"),
    "random numbers": ("(random_seed 3) (random 10)", "(list (random 1000) (uniform_distribution 1 0 9))"),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_a_session_goes_on(before: str, after: str, tmp_path: Path) -> None:
    session = Session()
    session.evaluate(before)
    told = session.evaluate(f'(session_save "{tmp_path}/kept")')
    assert told["left_out"] == {}
    expected = to_text(session.evaluate(after))
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    assert to_text(other.evaluate(after)) == expected
    # What came back can be kept again.
    assert other.evaluate(f'(session_save "{tmp_path}/again")')["left_out"] == {}


def test_a_lambda_that_defines_functions_is_left_out_and_the_rest_is_kept(tmp_path: Path) -> None:
    session = Session()
    session.evaluate("(setq n 5) (setq l (lambda (x) (defun within () 1)))")
    found = session.evaluate(f'(session_save "{tmp_path}/kept")')
    assert (found["variables"], [*found["left_out"]]) == (1, ["l"])


def test_what_the_folder_defines_counts_and_not_what_was_there(tmp_path: Path) -> None:
    session, other = Session(), Session()
    session.evaluate(
        f"""(defun g () 0) (defun f (x y) (+ x y)) (defspace metric (defun unit () 7))
        (defun g () (f 1 (space metric (unit)))) (setq l (lambda () (f 1 2)))
        (session_save "{tmp_path}/kept")"""
    )
    other.evaluate(f'(defmacro f (x) x) (session_restore "{tmp_path}/kept")')
    assert other.evaluate("(list (g) (l) (f 3 4))") == [8, 3, 7]


def test_names_in_the_folder_are_replaced_and_others_stay(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(f'(setq a 1) (session_save "{tmp_path}/kept") (setq a 2) (setq b 3)')
    found = session.evaluate(f'(session_restore "{tmp_path}/kept")')
    assert (session.evaluate("(list a b)"), found["replaced"]) == ([1, 3], 1)


TRAINING = """
(torch_manual_seed 3) (setq model (torch_transformer_block 4 2 8 0.1))
(setq optimizer (torch_optimizer model 0.01 "adamw" {"weight_decay":0.1}))
(setq schedule (torch_lr_scheduler optimizer "cosine" {"total_steps":20}))
(setq weight (@ model "ffn1" "weight")) (setq table (list weight))
(defun step ()
   (setq data (torch_rand '(2 3 4))) (setq out (torch_forward model data)) (setq loss (->mean (* out out)))
   (torch_optimizer_zero_grad optimizer) (torch_backward loss) (torch_optimizer_step optimizer)
   (torch_scheduler_step schedule) (->item (->detach loss)))
(step) (step)
"""


def test_a_training_goes_on_bit_for_bit_over_the_same_tensors(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(TRAINING)
    session.evaluate(f'(session_save "{tmp_path}/kept")')
    steps = "(list (step) (step) (step))"
    expected = session.evaluate(steps)
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    assert other.evaluate(steps) == expected
    parameters = zip(
        session.evaluate("model").parameters(), other.evaluate("model").parameters(), strict=True
    )
    assert all(bool((mine == theirs).all()) for mine, theirs in parameters)
    assert other.evaluate("(@ table 0)") is other.evaluate('(@ model "ffn1" "weight")')


def test_an_optimizer_that_came_back_knows_its_model(tmp_path: Path) -> None:
    session, other = Session(), Session()
    session.evaluate(f"""
        (class@ Net () (setqi head (torch_linear 2 1)) (defun renew () (setqi head (torch_linear 2 1)))
           (defun forward (x) (head x)))
        (setq net (Net)) (setq o (torch_optimizer net 0.1 "sgd"))
        (defun step () (torch_backward (->sum (net (forward (torch_ones '(1 2)))))) (torch_optimizer_step o))
        (session_save "{tmp_path}/kept")""")
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    for each in (session, other):
        assert each.evaluate("(step) (torch_optimizer_zero_grad o)") is TRUE
        with pytest.raises(LispeError, match=r"no part of the model any more: head.weight, head.bias"):
            each.evaluate("(net (renew)) (step)")


def test_an_optimizer_comes_back_without_the_front_end_of_the_compiler(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(f'{TRAINING} (session_save "{tmp_path}/kept")')
    program = f"""
import sys
from lispe_kernel import Session
Session().evaluate('(session_restore "{tmp_path}/kept")')
print("torch._dynamo" in sys.modules)
"""
    assert fresh_processes.run(program).stdout == "False\n"


MODULES = """
(import "torch") (import "torch.nn" nn)
(setq base (python "torch.arange(6.).requires_grad_()")) (setq part (python "base.detach()[2:]"))
(setq half (python "torch.ones(3).bfloat16()")) (setq tied (python "nn.Linear(3, 3)"))
(setq net (python "nn.Sequential(nn.Conv1d(2, 2, 1), nn.BatchNorm1d(2), nn.ReLU(), nn.LSTM(4, 3))"))
(setq lora (torch_lora_linear 4 4 2 8)) (torch_lora_merge_weights lora)
(setq positions (torch_positional_encoding 4 9)) (setq words (torch_simple_tokenizer))
(torch_encode words "red green") (setq pairs (tiktoken_create {"a":0 "b":1 "ab":2} () "\\\\w+"))
(setq state (torch_state_dict tied)) (torch_model_eval net)
"""
ASKED = """(list base part half (python "net(torch.ones(1, 2, 4))[0]") (->training net)
  (torch_forward lora (torch_ones '(1 4))) (torch_forward positions (torch_ones '(1 3 4)))
  (torch_encode words "green blue") (tiktoken_encode pairs "abba") (@ state "weight"))"""


def test_modules_tokenizers_and_views_come_back(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(MODULES)
    asked = ASKED.replace("(->training net)", "(@ net 'training)")
    assert sorted(session.evaluate(f'(session_save "{tmp_path}/kept")')["left_out"]) == ["nn", "torch"]
    expected = to_text(session.evaluate(asked))
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept") (import "torch")')
    assert to_text(other.evaluate(asked)) == expected
    other.evaluate('(python "part.fill_(7)")')
    assert other.evaluate("(->tolist (->detach base))") == [0, 1, 7, 7, 7, 7]


def test_what_a_module_lacks_is_said_or_it_is_left_out(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(
        '(setq hooked (torch_linear 2 2)) (setq loss (* (@ hooked "weight") 2))'
        ' (python "hooked.register_forward_hook(print) and None")'
    )
    found = session.evaluate(f'(session_save "{tmp_path}/kept")')
    assert "hooks" in found["left_out"]["hooked"]
    assert "no gradient" in found["kept_without"]["loss"]


WRITTEN = """
(class@ Net (first (layers) (scale 2.5))
   (defun forward (x) (* scale (torch_forward (@ layers 0) (torch_forward first x)))))
(setq net (Net (torch_linear 4 4) (list (torch_linear 4 4))))
(setq optimizer (torch_optimizer net 0.1 "adam"))
(setq kept_layer (@ (@ net 'layers) 0))
(defun step () (setq y (torch_forward net (torch_ones '(2 4)))) (torch_backward (->mean y))
   (torch_optimizer_step optimizer) (list (->detach y) (eq kept_layer (@ (@ net 'layers) 0))))
(step)
"""


def test_a_module_written_in_lispe_trains_on(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(WRITTEN)
    assert session.evaluate(f'(session_save "{tmp_path}/kept")')["left_out"] == {}
    expected = to_text(session.evaluate("(step) (step)"))
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    assert to_text(other.evaluate("(step) (step)")) == expected


@pytest.mark.parametrize(
    ("values", "then", "changed"),
    [
        ("(setq t (tensor_ones '(2 2))) (setq m (torch_linear 2 1))", "", []),
        ("(setq t (tensor_ones '(2 2)))", "(->add_ t 1)", ["t"]),
        ("(setq w (list 1)) (setq d (list w w))", "(setq w 2)", ["w"]),
        ("(setq w (list 1)) (setq d (list w w))", "(setq d (list w (clone w)))", ["d"]),
        ("(setq d (list 1)) (push d d)", "(setq e d)", []),
    ],
)
def test_only_what_changed_differs_from_a_folder(
    tmp_path: Path, values: str, then: str, changed: list[str]
) -> None:
    session = Session()
    session.evaluate(f'{values} (session_save "{tmp_path}/kept") {then}')
    assert session.call(differences, session, f"{tmp_path}/kept").changed == changed


def test_the_magic_lists_and_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session, folder = Session(), tmp_path / "kept"
    session.evaluate(f'(setq a 1) (setq b (list 1 2)) (defun f (x) x) (magic "%session save {folder}")')
    session.evaluate(f'(setq a 2) (setq c 4) (magic "%session diff {folder}")')
    assert capsys.readouterr().out.splitlines()[1:] == [
        "+ c",
        "~ a",
        f"2 the same; - only in {folder}, + only here, ~ changed since",
    ]
    session.evaluate(f'(magic "%session list {folder}") (magic "%session restore {folder}")')
    assert capsys.readouterr().out.splitlines()[:3] == ["f  function", "a  1", "b  list of 2"]
    assert session.evaluate("(list a b c)") == [1, [1, 2], 4]


def test_what_is_here_and_cannot_be_kept_any_more_has_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session()
    session.evaluate(f'(import "math") (setq a 1) (session_save "{tmp_path}/kept") (setq a (list math))')
    session.evaluate(f'(magic "%session diff {tmp_path}/kept")')
    assert capsys.readouterr().out.splitlines()[0] == "~ a"


def test_a_tensor_whose_memory_was_taken_away_is_left_out_and_the_rest_comes_back(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(
        "(setq n 5) (setq t (torch_ones (list 3))) (setq l (list t)) (setq w (torch_ones (list 2)))"
    )
    session.evaluate('(python "t.untyped_storage().resize_(8) and 1")')
    found = session.evaluate(f'(session_save "{tmp_path}/kept")')["left_out"]
    assert set(found) == {"t", "l"}
    assert "lies outside of its memory" in found["t"]
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    assert to_text(other.evaluate("(list n (->tolist w))")) == "(5 (1 1))"

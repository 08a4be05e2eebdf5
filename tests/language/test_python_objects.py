"""Python's objects in LispE's own forms: modules, attributes, methods, named arguments, loops, callbacks."""

from __future__ import annotations

import pytest

from lispe_kernel import LispeError, Session, to_text
from lispe_kernel.assist.completion import Completer
from lispe_kernel.assist.inspection import Inspector

START = """
(import "math")
(import "collections" c)
(import "torch.nn" nn)
(setq t (torch_tensor '((1 2 3) (4 5 6))))
(setq layer ((@ nn 'Linear) 2 3 (? bias nil)))
"""


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    made.evaluate(START)
    return made


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("((@ math 'sqrt) 16)", "4"),
        ("(list (@ t 'shape) (@ layer 'bias) (@ layer 'in_features))", "((2 3) nil 2)"),
        ("(@ (->mean (->float (->reshape (->permute t 1 0) 2 3)) 0) 'shape)", "(3)"),
        ("(->tolist (->sum t (? dim 0)))", "(5 7 9)"),
        ("(->tolist (@ (->max t 1) 'values))", "(3 6)"),
        ("(->shape_of t 1)", "Error: ->shape_of: a Tensor of Python's has no 'shape_of'"),
        ("(->shape_of 5)", "Error: ->shape_of: an int of Python's has no 'shape_of'"),
        ("(@ (layer (->float (->permute (->narrow t 1 0 2) 0 1))) 'shape)", "(2 3)"),
        ("(set@ layer 'name '(1 2)) (@ layer 'name 1)", "2"),
        ("(loop p (->parameters layer) (setq shape (@ p 'shape))) shape", "(3 2)"),
        ("(maplist (λ (p) (size p)) (->parameters layer))", "(6)"),
        ("(filter (λ (n) (= n 'x)) (->children layer))", "()"),
        ('(->most_common ((@ c \'Counter) "hello") 1)', '(("l" 2))'),
        ('(setq d ((@ c \'defaultdict))) (set@ d "k" true) (@ d "k")', "true"),
        ("(setq l (list 3 1 2)) (->sort l (? key (lambda (x) (* -1 x)))) l", "(3 2 1)"),
        ('(->upper "abc")', "ABC"),
        ('(->isdigit "abc")', "nil"),
        (
            "(@ nn 'Conv3)",
            "Error: @: the module torch.nn has no 'Conv3' (did you mean 'Conv3d' or 'Conv2d' or 'Conv1d'?)",
        ),
        (
            "((@ nn 'Linear) 2)",
            "Error: Linear: Linear.__init__() missing 1 required positional argument: 'out_features'",
        ),
        (
            "(->view t (? dtype 3))",
            (
                "Error: view: view() received an invalid combination of arguments - got (dtype=int, ), "
                "but expected one of: (torch.dtype dtype) or (tuple of ints size)"
            ),
        ),
        ("(->shape t)", "Error: ->shape: 'shape' of the "),
        ("(->tolist (->quantile (->float t) 0.5 (? dim 0) (? keepdim nil)))", "(2.5 3.5 4.5)"),
        ("(->item (->std (->float t) (? unbiased nil)))", "1.70783"),
        ("(@ ((@ nn 'GRU) 2 3 (? bias nil) (? bidirectional nil)) 'bias)", "nil"),
        (
            "(@ ((->eval ((@ nn 'GRU) 2 3 (? batch_first nil))) (->float (->narrow t 1 0 2))) 0 'shape)",
            "(2 3)",
        ),
        ("(@ ((@ nn 'Sequential) layer) 0 'out_features)", "3"),
        ('(import "torchh")', "Error: import: there is no Python module 'torchh'"),
        ("(@ 5 'real)", "Error: value cannot be access through index: the integer 5"),
        ('(@ {"a":1} \'a)', "1"),
    ],
)
def test_a_form_does_what_python_does(session: Session, code: str, shown: str) -> None:
    if shown.startswith("Error"):
        with pytest.raises(LispeError) as caught:
            session.evaluate(code)
        assert str(caught.value).startswith(shown)
    else:
        assert to_text(session.evaluate(code)) == shown


@pytest.mark.parametrize(
    ("code", "first"),
    [
        ("(@ nn 'Conv2", "Conv2d"),
        ("(->perm", "permute"),
        ("(@ layer 'weig", "weight"),
        ("%%python\nlayer.weig", "weight"),
    ],
)
def test_completion_knows_what_an_object_has(session: Session, code: str, first: str) -> None:
    after = " t 1 0)" if code.startswith("(->") else ""
    assert Completer(lambda: session).matches(code + after, len(code))[1][0].text == first


def test_help_comes_from_signature_and_docstring(session: Session) -> None:
    data = Inspector(lambda: session).inspect("((@ nn 'Conv2d) 1 2)", 11)["data"]["text/plain"]
    assert data.startswith("(Conv2d in_channels out_channels kernel_size (? stride 1)")
    assert "2D convolution" in data

"""Access to elements: flat and full indices, car and cdr, parts, iteration, truth, mixed operators."""

import subprocess
import sys

import pytest
import torch

from lispe_kernel import Session
from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.protocols import answers_of
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.lists import deep_copy
from tests.torch_library.torch_calls import call, error_of, floats, integers, listed

MATRIX = torch.tensor([[1, 2, 3], [4, 5, 6]])
ACCESS = answers_of(MATRIX)


@pytest.mark.parametrize(
    ("indices", "value"), [((0,), 1), ((5,), 6), ((-1,), 6), ((-6,), 1), ((1, 0), 4), ((-1, -1), 6)]
)
def test_an_element_by_flat_or_full_index(indices, value):
    assert call("torch_tensor_at", MATRIX, *indices) == value
    # A transposed view is counted in its own row-major order.
    assert call("torch_tensor_at", MATRIX.T.contiguous().T, *indices) == value


@pytest.mark.parametrize("indices", [(6,), (-7,), (2, 0), (0, 3)])
def test_an_index_outside_is_refused(indices):
    assert error_of("torch_tensor_at", MATRIX, *indices) == "Error: tensor index out of bounds"


def test_a_wrong_number_of_indices_tells_the_right_ones():
    text = "Error: a tensor of 2 dimensions takes one flat index or 2 indices, not 3"
    assert error_of("torch_tensor_at", MATRIX, 0, 0, 0) == text


def test_a_boolean_element_is_true_or_nil():
    assert call("torch_tensor_at", torch.tensor([True, False]), 0) is TRUE
    assert call("torch_tensor_at", torch.tensor([True, False]), 1) is None


def test_car_and_cdr_walk_along_the_first_dimension():
    assert ACCESS.car(MATRIX).tolist() == [1, 2, 3]
    assert ACCESS.cdr(MATRIX).tolist() == [[4, 5, 6]]
    assert ACCESS.car(torch.tensor([7.0])).shape == ()
    assert ACCESS.cdr(torch.tensor([7.0])) is None
    assert ACCESS.car(torch.tensor(1)) is None
    assert ACCESS.car(torch.empty(0)) is None


@pytest.mark.parametrize(
    ("ends", "rows"), [((0, 1), [1]), ((1, 3), [2, 3]), ((-2, -1), [2]), ((1, None), [2, 3])]
)
def test_a_part_is_cut_along_the_first_dimension(ends, rows):
    assert ACCESS.extract(torch.tensor([1, 2, 3]), *ends).tolist() == rows


@pytest.mark.parametrize("ends", [(2, 1), (0, 4), (-4, 2)])
def test_a_part_outside_is_refused(ends):
    with pytest.raises(LispeError, match="indices out of bounds or invalid range"):
        ACCESS.extract(torch.tensor([1, 2, 3]), *ends)


def test_size_and_iteration_count_all_elements():
    assert ACCESS.size(MATRIX) == 6
    assert list(ACCESS.iterate(MATRIX)) == [1, 2, 3, 4, 5, 6]
    assert ACCESS.flatten(torch.tensor([True, False])) == [1, 0]


def test_flattening_half_precision_is_refused():
    with pytest.raises(LispeError, match="Unsupported tensor dtype for flatten"):
        ACCESS.flatten(torch.ones(2, dtype=torch.float16))


@pytest.mark.parametrize("value", [torch.tensor(0.0), torch.empty(0), torch.zeros(3)])
def test_a_tensor_is_true_whatever_it_holds(value):
    assert ACCESS.truth(value) is True


@pytest.mark.parametrize(("value", "held"), [(torch.tensor([True]), True), (torch.tensor(False), False)])
def test_an_answer_of_one_element_is_that_element(value, held):
    assert ACCESS.truth(value) is held


@pytest.mark.parametrize("test", ["(< 1 t)", "(< t 1)", "(>= t 2)", "(< 5 u)", "(< 1 u)", "(<= u 2)"])
def test_a_comparison_says_the_same_in_a_test_and_as_a_value(test):
    found = []
    for program in (f"(if {test} 1 2)", f"(block (setq c {test}) (if c 1 2))", f"(if (not {test}) 2 1)"):
        session = Session()
        session.evaluate("(setq t (tensor_create '(1 2 3))) (setq u (tensor_create '(2)))")
        try:
            found.append(session.evaluate(program))
        except LispeError:
            found.append("error")
    assert len(set(found)) == 1


@pytest.mark.parametrize("other", [floats(4, 5), integers(4, 5), listed(4, 5), torch.tensor([4, 5])])
def test_an_operator_takes_a_list_on_either_side(other):
    value = torch.tensor([1.0, 2])
    # LispE's operators: Python code joins a list.
    assert call("+", value, other).tolist() == [5, 7]
    assert call("-", other, value).tolist() == [3, 3]
    assert call("/", other, value).tolist() == [4, 2.5]


def test_a_clone_has_numbers_of_its_own():
    value = torch.ones(2)
    copied = deep_copy(listed(value))
    copied[0].fill_(5)
    assert value.tolist() == [1, 1]


# Python puts a tensor into a session in whose process nothing has asked for the torch library yet.
GIVEN = """
import torch
from lispe_kernel import Session, to_text
session = Session()
session.evaluate("(defun at1 (t) (@ t 1))")
session.namespace["t"] = torch.arange(6).reshape(2, 3)
print(to_text(session.evaluate("(list (@ t 1) (size t) (= t t) (type t))")))
session = Session()
function = session.evaluate("(defun at1 (t) (@ t 1)) at1")
print(session.call(function, torch.arange(6)))
"""


def test_a_tensor_from_python_is_a_tensor_from_the_first_form_on():
    done = subprocess.run([sys.executable, "-c", GIVEN], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["(1 6 true torch_tensor_)", "1"]


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("(== t 3)", MATRIX.eq(3)),
        ("(== 3 t)", MATRIX.eq(3)),
        ("(== t '(1 5 3))", MATRIX.eq(torch.tensor([1, 5, 3]))),
        ("(== t t)", MATRIX.eq(MATRIX)),
        ("((λ (a b) (== a b)) t 4)", MATRIX.eq(4)),
    ],
)
def test_two_equality_signs_compare_the_elements(form, answer):
    session = Session()
    session.namespace["t"] = MATRIX
    assert torch.equal(session.evaluate(form), answer)
    assert session.evaluate("(== t nil)") == 0

"""A function gives what its `returns=` promises the compiler, given tensors, modules and their like."""

import pytest
import torch
from torch import nn

import lispe_kernel.torch_library
from lispe_kernel import Session
from lispe_kernel.language import library
from lispe_kernel.language.functions import registry
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.typed.lists import Integers
from tests.library.all_kinds import PROMISES, argument_lists, broken_promise

library.load()
lispe_kernel.torch_library.load()

# They wait for a person, for another thread or for a machine.
WAITING = {"socket_read", "socket_getpeername", "trigger"}


def values():
    """Tensors of several kinds and sizes, modules, what trains them, and a few plain values."""
    linear = nn.Linear(2, 2)
    made = Session().evaluate(
        """(list (tensor_create '(1 2 3)) (torch_linear 2 2) (torch_model 2 2 2)
        (torch_sgd_optimizer 0.1) (torch_lr_scheduler (torch_sgd_optimizer 0.1) "step")
        (torch_state_dict (torch_linear 2 2)) (torch_simple_tokenizer) (< 1 (tensor_create '(1 2))))"""
    )
    tensors = [torch.tensor(0), torch.tensor(2), torch.tensor([1.5]), torch.tensor([1.5, -2]), torch.empty(0)]
    tensors += [
        torch.tensor(True),
        torch.tensor([True, False]),
        torch.tensor([1j]),
        torch.eye(2),
        torch.ones(2).half(),
    ]
    plain = [
        None,
        1,
        2.5,
        "a",
        List([1, 2]),
        List([torch.ones(2), torch.ones(2)]),
        Integers([2, 2]),
        Dictionary(a=linear),
    ]
    return [*made, *tensors, linear, linear.weight, nn.Sequential(linear), torch.float32, *plain]


DECLARED = [entry for entry in registry if entry.returns and entry.name not in WAITING]


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry.name)
def test_a_result_is_of_the_declared_kind(entry, in_folder):
    assert Session().call(lambda: broken_promise(entry, argument_lists(entry, values(), most=3))) is None


def test_every_word_of_returns_is_known():
    assert {entry.returns for entry in registry} - {""} <= set(PROMISES)

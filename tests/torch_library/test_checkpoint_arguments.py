"""What the functions of checkpoints say of arguments that they cannot use."""

import pytest
import torch

from tests.torch_library.torch_calls import call, error_of

PRUNE, LIST, RESUME = "torch_prune_checkpoints", "torch_list_checkpoints", "torch_resume_checkpoint"
COUNT = "must be how many to keep (0 or more), not"
METRIC = f"Error: {PRUNE}: the fourth argument must be the name of a metric, not"

ARGUMENTS = [
    ((PRUNE, ".", -1), f"Error: {PRUNE}: the second argument {COUNT} the integer -1"),
    ((PRUNE, ".", 1.5), f"Error: {PRUNE}: the second argument {COUNT} the number 1.5"),
    ((PRUNE, ".", 1, "x"), f'Error: {PRUNE}: the third argument {COUNT} the string "x"'),
    ((PRUNE, ".", 1, 1, 3), f"{METRIC} the integer 3"),
    ((PRUNE, ".", 1, 1, "-"), f'{METRIC} the string "-"'),
    (
        (PRUNE, ".", 0, 0),
        "Error pruning checkpoints: nothing would be kept; keep at least one, or remove the folder yourself",
    ),
    ((PRUNE, "none", 1), "Error listing checkpoints: none: there is no such folder"),
    ((LIST, "none"), "Error listing checkpoints: none: there is no such folder"),
    ((LIST, 3), f"Error: {LIST}: the first argument must be a path (a string), not the integer 3"),
]


@pytest.mark.parametrize(("arguments", "text"), ARGUMENTS, ids=str)
def test_an_argument_that_cannot_be_used_is_refused(arguments, text, in_folder):
    assert error_of(*arguments) == text


def test_a_file_is_no_folder_of_checkpoints(in_folder):
    (in_folder / "file").write_text("x")
    assert error_of(LIST, "file") == "Error listing checkpoints: file: not a directory"


def test_what_is_no_schedule_is_refused(in_folder):
    model = call("torch_linear", 1, 1)
    text = error_of(RESUME, "x.pt", model, call("torch_optimizer", model, 0.1, "sgd"), 5)
    assert (
        text == f"Error: {RESUME}: the fourth argument must be a learning-rate scheduler, not the integer 5"
    )


def test_a_checkpoint_without_an_epoch_has_none(in_folder):
    torch.save({"model": {"a": torch.ones(1)}, "note": "x"}, "c.pt")
    loaded = call("torch_load_checkpoint", "c.pt")
    assert set(loaded.parts) == {"model", "note"}

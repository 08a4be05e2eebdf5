"""Every block of the guide runs as it stands: all in order in one Session, and each alone with its setup.

The files that the blocks leave are opened with plain PyTorch, `weights_only=True`, as any other program
would. The sizes are the guide's own (an embedding of 50000 x 768, linears of 4096 x 4096).
"""

import contextlib
import io
from pathlib import Path

import pytest
import torch
from guide_blocks import GUIDE_DIGEST, Block, block_files, blocks, definitions, digest_of_blocks

from lispe_kernel import LispeError, Session

BLOCKS = blocks()


@pytest.fixture
def session(in_folder):
    """A Session in an empty folder; the folder's files, some 70 MB each, go when the test is over."""
    made = Session()
    made.evaluate(definitions())
    yield made
    for path in in_folder.iterdir():
        path.unlink()


def is_bound(session: Session, name: str) -> bool:
    try:
        session.evaluate(name)
    except LispeError:
        return False
    return True


def provide_needs(session: Session, block: Block) -> None:
    for need in block.needs:
        is_there = Path(need.file).exists() if need.file else is_bound(session, need.name)
        if not is_there:
            session.evaluate(need.program)


def printed(session: Session, expression: str) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        session.evaluate(f"(println {expression})")
    return output.getvalue().removesuffix("\n")


def shapes_in(tensors: dict) -> dict:
    return {name: list(tensor.shape) for name, tensor in tensors.items()}


def check(session: Session, block: Block) -> None:
    found = [(expression, printed(session, expression)) for expression, _ in block.checks]
    assert found == list(block.checks), block.file
    for path, shapes in block.files.items():
        assert shapes_in(torch.load(path, weights_only=True)) == shapes, f"{block.file}: {path}"
    for path, epoch in block.checkpoints.items():
        content = torch.load(path, weights_only=True)
        assert content.keys() >= {"model", "optimizer", "epoch"}, f"{block.file}: {path}"
        assert content["epoch"] == epoch, f"{block.file}: {path}"
        assert content["optimizer"].keys() == {"state", "param_groups"}, f"{block.file}: {path}"
        assert len(content["model"]) == 6, f"{block.file}: {path}"


def run_and_check(session: Session, block: Block) -> None:
    provide_needs(session, block)
    session.evaluate(block.source)
    check(session, block)


def block_named(name: str) -> Block:
    return next(block for block in BLOCKS if block.file == f"{name}.lisp")


def test_the_blocks_are_the_guide_s_own():
    assert digest_of_blocks() == GUIDE_DIGEST
    assert [block.file for block in BLOCKS] == [path.name for path in block_files()]


def test_every_block_runs_after_the_ones_before_it(session):
    for block in BLOCKS:
        run_and_check(session, block)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.file.removesuffix(".lisp"))
def test_a_block_runs_alone(session, block):
    run_and_check(session, block)


def test_the_training_loop_leaves_no_other_checkpoint(session):
    block = block_named("14_training_loop")
    run_and_check(session, block)
    assert {path.name for path in Path().glob("checkpoint_*")} == set(block.checkpoints)


def test_an_adapter_file_is_less_than_one_percent_of_its_layer(session):
    run_and_check(session, block_named("19_lora_integration"))
    adapters, layer = Path("task_adapters.pt").stat().st_size, Path("merged_model.pt").stat().st_size
    assert 16 * (4096 + 4096) * 4 <= adapters < layer / 100

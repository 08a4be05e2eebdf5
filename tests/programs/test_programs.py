"""The four programs that the guide names: their result lines, and that a wrong value makes them fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from lispe_kernel import LispeError, Session
from tests.fresh_processes import run

HERE = Path(__file__).parent

RESULTS = {
    "test_model_loading.lisp": [
        "✅ Model Save: Successfully saved to file",
        "✅ Model Load: Successfully loaded from file",
        "✅ State Dict: 2 parameters extracted",
    ],
    "test_pe_minimal.lisp": ["✅ Positional Encoding: Sinusoidal patterns applied"],
    "test_lora_complet.lisp": ["✅ LoRA Fine-tuning: Parameter-efficient adaptation ready"],
    "transformer_complet.lisp": ["✅ Complete Pipeline: End-to-end Transformer ready"],
}

# A line added to each program that makes one of its claims false, and the claim that must be named.
SABOTAGE = {
    "test_model_loading.lisp": (
        '(torch_load_model "my_layer.pt" new_linear)',
        '(+ "not " "loaded")',
        "loading answers with its message",
    ),
    "test_pe_minimal.lisp": ("(^^ 10000.0", "(^^ 5000.0", "is a sine"),
    "test_lora_complet.lisp": (
        '(torch_lora_load_adapters other "task_adapters.pt")',
        "",
        "loaded adapters compute what the saved ones did",
    ),
    "transformer_complet.lisp": (
        '(torch_load_model "attention.pt" attention2)',
        "",
        "the loaded pipeline computes the same",
    ),
}


# What `lispe program.lisp` runs.
COMMAND = "import runpy; runpy.run_module('lispe_kernel', run_name='__main__')"


@pytest.mark.parametrize("name", RESULTS)
def test_a_program_prints_its_result_lines(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(COMMAND, "run", HERE / name)
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout.splitlines() == RESULTS[name]


@pytest.mark.parametrize("name", SABOTAGE)
def test_a_wrong_value_makes_a_program_fail(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (HERE / name).read_text(encoding="utf-8")
    right, wrong, claim = SABOTAGE[name]
    assert right in text
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LispeError, match=claim):
        Session().evaluate(text.replace(right, wrong), name)

"""A path is checked and its `~` expanded once, as the language does it; all functions mean one file."""

import ast
from pathlib import Path

import pytest
from torch import nn

import lispe_kernel.torch_library
from tests.torch_library.lora_samples import lora
from tests.torch_library.torch_calls import call, error_of


@pytest.fixture(autouse=True)
def home(in_folder, monkeypatch) -> Path:
    """A home that is not the folder of the test."""
    made = in_folder / "home"
    made.mkdir()
    monkeypatch.setenv("HOME", str(made))
    return made


def training() -> tuple[nn.Module, object]:
    model = call("torch_model", 1, 1, 1)
    return model, call("torch_optimizer", model, 0.1, "sgd")


def test_files_in_the_home_folder_are_written_and_read(home):
    layer, adapted, (model, optimizer) = nn.Linear(2, 2), lora(), training()
    call("torch_save_model", layer, "~/m.pt")
    call("torch_load_model", "~/m.pt", layer)
    call("torch_save_state_dict", call("torch_read_state_dict", "~/m.pt"), "~/s.safetensors")
    call("torch_lora_save_adapters", adapted, "~/a.pt")
    call("torch_lora_load_adapters", adapted, "~/a.pt")
    call("torch_lora_save_peft", adapted, "~/peft")
    call("torch_lora_load_peft", adapted, "~/peft")
    call("torch_save_checkpoint", model, optimizer, 3, "~/c.pt")
    assert call("torch_resume_checkpoint", "~/c.pt", model, optimizer) == 3
    assert [entry["name"] for entry in call("torch_list_checkpoints", "~")] == ["c.pt"]
    assert sorted(path.name for path in home.iterdir()) == ["a.pt", "c.pt", "m.pt", "peft", "s.safetensors"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("a\0b.pt", "must be a path (a string), not"),
        ("\ud800.pt", "must be a path that the system can write, not"),
        ("none/../a.pt", "the folder none/.. does not exist"),
    ],
)
def test_what_the_system_would_not_open_is_not_written(path, message, in_folder):
    assert message in error_of("torch_save_model", nn.Linear(1, 1), path)
    assert not (in_folder / "a.pt").exists()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("torch_load_model", ("~/none", nn.Linear(1, 1))),
        ("torch_read_state_dict", ("~/none",)),
        ("torch_load_checkpoint", ("~/none",)),
        ("torch_list_checkpoints", ("~/none",)),
        ("torch_prune_checkpoints", ("~/none", 1)),
        ("torch_jit_load", ("~/none",)),
        ("torch_sentencepiece_tokenizer", ("~/none",)),
        ("torch_hf_load_tokenizer", ("~/none",)),
    ],
)
def test_an_error_names_the_file_that_was_looked_for(name, arguments, home):
    text = error_of(name, *arguments)
    assert str(home / "none") in text
    assert "no such" in text


def test_a_path_is_expanded_by_the_language_alone():
    (folder,) = lispe_kernel.torch_library.__path__
    places = [
        path.name
        for path in Path(folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "expanduser"
    ]
    assert places == []

"""Folders that the tests of Hugging Face models share."""

from pathlib import Path

import pytest

from tests.torch_library.hugging_face.tiny_folders import add_tokenizer, saved


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with a tokenizer."""
    return add_tokenizer(saved(tmp_path_factory.mktemp("llama"), "llama"))

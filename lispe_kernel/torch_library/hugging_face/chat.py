"""A conversation with a loaded model: its folder's template makes the prompt, the answer streams into the
cell."""

from __future__ import annotations

from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.language.values.atoms import Atom
from lispe_kernel.language.values.dictionaries import Dictionary
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.hugging_face import sampling
from lispe_kernel.torch_library.hugging_face.generation import Prompts, generate
from lispe_kernel.torch_library.hugging_face.models import Loaded, model_named
from lispe_kernel.torch_library.hugging_face.tokenizers import tokenizer_of
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.rules import ONE_OR_MORE, Rule
from lispe_kernel.torch_library.support.wording import readable

NAME = "torch_hf_chat"
LONGEST = 512
OPTIONS: dict[str, Rule] = {
    **{name: rule for name, rule in sampling.OPTIONS.items() if name != "mask"},
    "max_new_tokens": ONE_OR_MORE,
    "template": Rule(lambda value: value if isinstance(value, Dictionary) else None, "a dictionary"),
}


@torch_function("torch_hf_chat", prefix="Error in torch_hf_chat: ", silent=True)
def hf_chat(path: str, messages: Any, options: Any = None) -> str:
    """The model's answer to a conversation, written as it comes. Our own addition.

    The messages are dictionaries with `role` ("system", "user", "assistant") and `content`; a text alone is
    one message of the user. The template of the model's folder makes the prompt, and the folder's end
    tokens end the answer. Options are those of torch_hf_generate, max_new_tokens (512), stream (nil writes
    nothing), and template, a dictionary of values that the template reads. The value is the text; a cell
    does not show it a second time.

    Example: (maybe (torch_hf_chat "none" "Hello") "not loaded") => not loaded
    Errors: `Model not loaded: ID`; a folder without a template; messages of another form
    """
    model = model_named(path)
    given = sampling.options_of(options, NAME, OPTIONS)
    ids = prompt_of(model, messages, given.get("template"))
    given.setdefault("stream", True)
    most = given.pop("max_new_tokens", LONGEST)
    made = generate(model, Prompts(ids, torch.ones_like(ids), True), None, most, given, NAME)
    return str(tokenizer_of(model).text(made[0]))


@torch_function("torch_hf_chat_tokens", prefix="Error in torch_hf_chat_tokens: ")
def hf_chat_tokens(path: str, messages: Any) -> torch.Tensor:
    """The ids [n] of the prompt that torch_hf_chat makes of a conversation. Our own addition.

    Example: (maybe (torch_hf_chat_tokens "none" "Hello") "not loaded") => not loaded
    Errors: as `torch_hf_chat`
    """
    return prompt_of(model_named(path), messages, None)[0]


def prompt_of(model: Loaded, messages: Any, values: Dictionary | None) -> torch.Tensor:
    """The ids [1,n] of a conversation under the folder's template, ready for the answer."""
    tokenizer = tokenizer_of(model)
    if not hasattr(tokenizer, "chat"):
        raise LispeError(f"Error: {NAME}: {model.folder} has no chat template (tokenizer_config.json)")
    try:
        ids = tokenizer.chat(_conversation(messages), _plain(values or {}))
    except LispeError:
        raise
    except Exception as error:
        # A template is a program: it may refuse a conversation in any way.
        raise LispeError(f"Error: {NAME}: {model.folder}: {readable(error)}") from error
    return torch.tensor([ids], dtype=torch.int64)


def _conversation(messages: Any) -> list[Any]:
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    given = [messages] if isinstance(messages, Dictionary) else messages
    if not isinstance(given, List) or not given:
        raise LispeError(f"Error: {NAME}: the messages must be a text or a list of dictionaries")
    for message in given:
        if not isinstance(message, Dictionary) or not isinstance(message.get("role"), str):
            raise LispeError(
                f"Error: {NAME}: a message must be a dictionary with role, content, not {describe(message)}"
            )
    return [_plain(message) for message in given]


def _plain(value: Any) -> Any:
    """Values of LispE as templates know them."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Atom):
        return True if value.name == "true" else value.name
    return value

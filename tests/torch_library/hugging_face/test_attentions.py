"""Attention of a loaded folder over the tokens of a text, against transformers itself."""

from pathlib import Path

import torch

from lispe_kernel.session import Session


def test_attention_of_a_text_is_what_transformers_records(llama: Path) -> None:
    session = Session()
    session.evaluate(f'(setq m "{llama}") (torch_hf_load_model m)')
    module = session.evaluate("(torch_hf_model m)")
    ids = list(session.evaluate('(torch_tokenizer_encode (torch_hf_tokenizer m) "the cat sat")'))
    attended, hooks = module.config._attn_implementation, [len(m._forward_hooks) for m in module.modules()]
    seen = session.evaluate('(torch_attentions m "the cat sat")')
    assert module.config._attn_implementation == attended
    assert [len(m._forward_hooks) for m in module.modules()] == hooks
    assert len(seen.tokens or ()) == len(ids)
    module.set_attn_implementation("eager")
    with torch.no_grad():
        expected = module(torch.tensor([ids]), output_attentions=True).attentions
    assert len(expected) == len(seen.weights)
    assert all(torch.equal(e[0], w) for e, w in zip(expected, seen.weights, strict=True))

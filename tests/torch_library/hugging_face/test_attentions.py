"""Attention of a loaded folder over the tokens of a text, and its logit lens, against transformers itself."""

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


def test_the_lens_of_a_text_is_norm_and_head_over_the_hidden_states(llama: Path) -> None:
    session = Session()
    session.evaluate(f'(setq m "{llama}") (torch_hf_load_model m)')
    module = session.evaluate("(torch_hf_model m)")
    ids = list(session.evaluate('(torch_tokenizer_encode (torch_hf_tokenizer m) "user two :")'))
    seen = session.evaluate('(torch_logit_lens m "user two :")')
    with torch.no_grad():
        answer = module(torch.tensor([ids]), output_hidden_states=True)
        expected = [module.lm_head(module.model.norm(h)) for h in answer.hidden_states[:-1]] + [answer.logits]
    assert len(expected) == len(seen.layers)
    for logits, layer in zip(expected, seen.layers, strict=True):
        assert torch.equal(layer.probabilities, logits[0].log_softmax(-1).exp().topk(5).values)
    assert seen.given is not None
    assert "two" in "".join(seen.given)

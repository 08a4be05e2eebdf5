"""Every architecture computes what transformers computes when it is called directly, to the last bit."""

import pytest
import torch

from lispe_kernel import LispeError, Session
from tests.torch_library.hugging_face.tiny_folders import ARCHITECTURES, saved

IDS = torch.tensor([[5, 7, 9, 3, 8, 30, 31, 11], [3, 14, 4, 11, 5, 9, 22, 6]])
# Cut into calls, sums are taken in another order.
ROUNDING = 1e-4
# Calls that go on from a cache: several tokens, one, several.
PARTS = ((0, 4), (4, 5), (5, 8))

# Models in which rows, padding or the place where positions begin need care, with their sizes.
ODD = {
    "roberta": {"is_decoder": True},
    "bart": {"d_model": 16, "decoder_layers": 2, "decoder_attention_heads": 4, "forced_eos_token_id": None},
    "rwkv": {"attention_hidden_size": 16, "context_length": 64},
    "bloom": {"n_layer": 2, "n_head": 4},
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_logits_caches_and_greedy_tokens_are_those_of_transformers(tmp_path, name):
    import transformers

    saved(tmp_path, name)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    with torch.no_grad():
        logits = theirs(IDS).logits
    written = theirs.generate(IDS, do_sample=False, max_new_tokens=6, eos_token_id=[-1], pad_token_id=0)
    session = Session()
    session.namespace["folder"], session.namespace["ids"] = str(tmp_path), IDS
    session.evaluate("(setq m (torch_hf_load_model folder)) (setq cache (torch_hf_enable_kv_cache m true))")
    assert torch.equal(session.evaluate("(torch_hf_forward m ids)"), logits)
    parts = [session.evaluate(f"(torch_hf_forward m (tensor_slice ids 1 {a} {b}) cache)") for a, b in PARTS]
    assert torch.allclose(torch.cat(parts, 1), logits, atol=ROUNDING)
    ours = session.evaluate('(torch_hf_generate m ids -1 6 {"greedy":true})')
    assert [list(row) for row in ours] == written[:, 8:].tolist()


@pytest.mark.parametrize("name", ODD)
def test_prompts_of_several_lengths_go_on_as_their_own_logits_say(tmp_path, name):
    import transformers

    saved(tmp_path, name, **ODD[name])
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
    session = Session()
    session.namespace["folder"] = str(tmp_path)
    session.evaluate("(setq m (torch_hf_load_model folder))")
    ours = session.evaluate('(torch_hf_generate m \'((5 7 9 3) (14 4 11 5 9 22)) -1 4 {"greedy":true})')
    for prompt, written in zip(([5, 7, 9, 3], [14, 4, 11, 5, 9, 22]), ours, strict=True):
        for token in written:
            with torch.no_grad():
                assert token == int(theirs(torch.tensor([prompt])).logits[0, -1].argmax())
            prompt.append(token)


def test_what_a_model_cannot_keep_apart_is_refused(tmp_path):
    session = Session()
    session.namespace["ids"] = IDS
    for name in ("rwkv", "bart"):
        session.namespace[name] = str(saved(tmp_path / name, name, **ODD[name]))
        session.evaluate(f"(torch_hf_load_model {name}) (setq cache (torch_hf_enable_kv_cache {name} true))")
    with pytest.raises(LispeError, match="RwkvForCausalLM goes on with one sequence alone"):
        session.evaluate("(torch_hf_forward rwkv ids cache)")
    with pytest.raises(LispeError, match="RwkvForCausalLM goes on with one sequence alone, without beams"):
        session.evaluate('(torch_hf_generate rwkv \'(1 2) -1 3 {"num_beams":2})')
    with pytest.raises(LispeError, match="BartForCausalLM takes no mask; give prompts of one length"):
        session.evaluate("(torch_hf_forward bart ids nil (tensor_ones (integers 2 8)))")

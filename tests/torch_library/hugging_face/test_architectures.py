"""Every architecture computes what transformers computes when it is called directly, to the last bit."""

import pytest
import torch

from lispe_kernel import Session
from tests.torch_library.hugging_face.tiny_folders import ARCHITECTURES, saved

IDS = torch.tensor([[5, 7, 9, 3, 8, 30, 31, 11], [3, 14, 4, 11, 5, 9, 22, 6]])
# Cut into calls, sums are taken in another order.
ROUNDING = 1e-4
# Calls that go on from a cache: several tokens, one, several.
PARTS = ((0, 4), (4, 5), (5, 8))


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

"""The same weights give the same logits as shadow-peft, attached and alone."""

from copy import deepcopy

import pytest
from shadow_peft import get_shadow_model
from shadow_peft import ShadowConfig as TheirConfig
from shadow_peft import ShadowForCausalLM
import torch
from transformers import (
    GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM)

from shadow_ros.shadow.model import ShadowedModel

VOCAB = 61


def qwen3(hidden: int = 32, layers: int = 4) -> Qwen3ForCausalLM:
    """Return a tiny random Qwen3."""
    return Qwen3ForCausalLM(Qwen3Config(
        vocab_size=VOCAB, hidden_size=hidden, intermediate_size=48, num_hidden_layers=layers,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, tie_word_embeddings=False,
        max_position_embeddings=128))


def llama(hidden: int = 32, layers: int = 4) -> LlamaForCausalLM:
    """Return a tiny random Llama."""
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=VOCAB, hidden_size=hidden, intermediate_size=48, num_hidden_layers=layers,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128))


def gpt2(hidden: int = 32, layers: int = 4) -> GPT2LMHeadModel:
    """Return a tiny random GPT-2."""
    return GPT2LMHeadModel(GPT2Config(
        vocab_size=VOCAB, n_embd=hidden, n_layer=layers, n_head=4, n_positions=128))


def shake(module: torch.nn.Module) -> None:
    """Give every adapter weight a value, W_up too, so that parity means something."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)


@pytest.mark.parametrize('family', [qwen3, llama, gpt2], ids=lambda f: f.__name__)
@pytest.mark.parametrize('small', [0, 32, 16], ids=['implicit', 'explicit', 'projected'])
def test_logits_are_those_of_shadow_peft(family, small, tmp_path) -> None:
    torch.manual_seed(3)
    base = family().eval()
    stack = family(small, 2) if small else None
    theirs = ShadowForCausalLM(get_shadow_model(
        deepcopy(base), TheirConfig(num_shadow_layers=2, alpha=0.7),
        shadow_model=deepcopy(stack))).eval()
    shake(theirs.peft_model.shadow_injection_model)
    shake(theirs.peft_model.shadow_update_model)
    theirs.save_pretrained(tmp_path)
    ours = ShadowedModel.load(base, tmp_path, stack).eval()
    ids = torch.randint(0, VOCAB, (2, 11))
    mask = torch.ones_like(ids)
    mask[0, :4] = 0
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=mask, labels=ids)
        got = ours(ids, attention_mask=mask, labels=ids)
        theirs.set_inference_mode('shadow_only')
        alone = theirs(input_ids=ids, attention_mask=mask)
        alone_ours = ours(ids, attention_mask=mask, mode='detached')
    seen = mask.bool()
    assert (expected.logits - got.logits)[seen].abs().max() < 1e-4
    assert (expected.shadow_logits - got.shadow_logits)[seen].abs().max() < 1e-4
    assert (alone.logits - alone_ours.logits)[seen].abs().max() < 1e-4
    assert abs(expected.loss.item() - got.loss.item()) < 1e-4
    plain = ours(ids, attention_mask=mask, mode='plain').logits
    assert (got.logits - plain)[seen].abs().max() > 0.01

"""Generate of transformers on shadowed models: exact with caches, padding, prefixes, beams."""

import pytest
from test_shadow_model import attached, FAMILIES, shaken, tokens
import torch
from transformers import (
    DynamicCache, GPT2Config, GPT2LMHeadModel, MistralConfig, MistralForCausalLM, Qwen3Config,
    Qwen3ForCausalLM)

from shadow_ros.errors import ModelError
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.task import ShadowedCausalLM

WAYS = {'greedy': {'do_sample': False}, 'sampling': {'do_sample': True, 'top_k': 8},
        'beams': {'do_sample': False, 'num_beams': 3, 'num_return_sequences': 2}}
NO_END = {'eos_token_id': None, 'pad_token_id': 0}


def causal(family: str, mode: str = 'attached', **options) -> ShadowedCausalLM:
    """Return a tiny shadowed model of the family that never ends early."""
    lm = ShadowedCausalLM(attached(family, **options), mode).eval()
    lm.generation_config.update(**NO_END)
    return lm


def generated(lm, ids, mask=None, **options) -> list[list[int]]:
    """Return what is generated, from the same random numbers each time."""
    torch.manual_seed(1)
    mask = torch.ones_like(ids) if mask is None else mask
    return lm.generate(ids, attention_mask=mask, max_new_tokens=6, **options).tolist()


@pytest.mark.parametrize('family', FAMILIES)
def test_cached_left_padded_batches_equal_rows_alone_uncached(family) -> None:
    lm, ids, mask = causal(family), tokens(2, 7).clamp(min=1), torch.ones(2, 7, dtype=torch.long)
    mask[0, :3] = 0
    for name, options in WAYS.items():
        assert generated(lm, ids, mask, **options) == generated(
            lm, ids, mask, use_cache=False, **options), name
    greedy = generated(lm, ids, mask, **WAYS['greedy'])
    assert greedy[0][3:] == generated(lm, ids[:1, 3:], use_cache=False, **WAYS['greedy'])[0]
    assert greedy[1] == generated(lm, ids[1:], use_cache=False, **WAYS['greedy'])[0]


@pytest.mark.parametrize('mode', ['plain', 'detached'])
def test_modes_generate_as_backbone_or_shadow_alone(mode) -> None:
    lm, ids = causal('qwen3', mode), tokens(2, 7).clamp(min=1)
    alone = lm.model.base if mode == 'plain' else lm.model.detach().eval()
    assert generated(lm, ids, **WAYS['greedy']) == generated(
        alone, ids, **WAYS['greedy'], **NO_END)
    lm.mode = 'attached'
    assert generated(lm, ids, **WAYS['greedy']) == generated(
        lm, ids, **WAYS['greedy'], use_cache=False)


@pytest.mark.parametrize('family', FAMILIES)
def test_a_prefix_is_read_once_and_callers_take_turns(family) -> None:
    lm, one, two = causal(family), tokens(1, 9).clamp(min=1), tokens(1, 8).clamp(min=1)
    two[:, :5] = one[:, :5]
    expected = [generated(lm, ids, use_cache=False, **WAYS['greedy']) for ids in (one, two)]
    caches = [lm.model.empty_cache(), lm.model.empty_cache()]
    with torch.no_grad():
        lm(one[:, :5], past_key_values=caches[0])
        lm(one[:, :5], past_key_values=caches[1])
    for _ in range(2):
        for ids, cache, wanted in zip((one, two), caches, expected):
            assert generated(lm, ids, past_key_values=cache, **WAYS['greedy']) == wanted
            assert cache.length == ids.shape[1] + 5  # the last token is never read
            cache.crop(5)


LONG = {'vocab_size': 61, 'hidden_size': 32, 'intermediate_size': 48, 'num_attention_heads': 4,
        'num_key_value_heads': 2, 'max_position_embeddings': 600, 'num_hidden_layers': 3}
LONG_BASES = {
    'qwen3': lambda: Qwen3ForCausalLM(Qwen3Config(**LONG, head_dim=8)),
    'window': lambda: MistralForCausalLM(MistralConfig(**LONG, sliding_window=200)),
    'gpt2': lambda: GPT2LMHeadModel(GPT2Config(
        vocab_size=61, n_embd=32, n_head=4, n_layer=3, n_positions=600)),
}


@pytest.mark.parametrize('length', [1, 2, 63, 64, 512])
@pytest.mark.parametrize('family', LONG_BASES)
def test_long_and_short_prompts_are_exact_padded_and_after_a_prefix(family, length) -> None:
    torch.manual_seed(2)
    base = LONG_BASES[family]().eval()
    model = shaken(ShadowedModel(base, Shadow.implicit(base, ShadowConfig())))
    ids, cache, end = tokens(2, length + 4), model.empty_cache(), length + 4
    pad = length // 3  # of the first row
    mask = torch.ones_like(ids)
    mask[0, :pad] = 0
    where = (mask.cumsum(-1) - 1).clamp(min=0)

    def seen(first: int, last: int) -> torch.Tensor:
        return model(ids[:, first:last], mask[:, :last], where[:, first:last], cache=cache).logits

    with torch.no_grad():
        alone = model(ids[:1, pad:]).logits[0], model(ids[1:]).logits[0]
        got = [seen(0, length)]
        seen(length, length + 3)  # tried and taken back, over the window's edge, too
        cache.crop(-3)
        got += [seen(i, i + 1) for i in range(length, end)]
    rows = torch.cat(got, 1)
    assert (rows[0, pad:] - alone[0]).abs().max() < 1e-4
    assert (rows[1] - alone[1]).abs().max() < 1e-4


def test_a_cache_of_another_kind_gets_a_sentence() -> None:
    lm, ids = causal('llama'), tokens(1, 4)
    foreign = DynamicCache(config=lm.config)
    with torch.no_grad():
        lm.model.base(ids, past_key_values=foreign, use_cache=True)
    with pytest.raises(ModelError, match='PairCache'):
        lm(ids, past_key_values=foreign)
    uneven = lm.model.empty_cache()
    lm.model(ids, mode='plain', cache=uneven)
    with pytest.raises(ModelError, match='advance together'):
        lm(ids, past_key_values=uneven)
    with pytest.raises(ModelError, match='mode must be'):
        ShadowedCausalLM(lm.model, 'both')
    with pytest.raises(ModelError, match='needs its backbone'):
        ShadowedCausalLM.from_pretrained('anywhere')


def test_crop_and_reset() -> None:
    lm, ids = causal('qwen3'), tokens(1, 6)
    cache = lm.model.empty_cache()
    with torch.no_grad():
        lm(ids, past_key_values=cache)
    for tokens_kept, length in ((0, 6), (-1, 5), (9, 5), (3, 3)):
        cache.crop(tokens_kept)
        assert cache.length == length
    cache.reset()
    assert cache.length == 0
    with pytest.raises(ModelError, match='layer'):
        cache.update(None, None, 0)

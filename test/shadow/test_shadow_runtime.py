"""The edge runtimes compute what the model computes, in any split of the tokens."""

import pytest
import torch
from transformers import (
    GPT2Config, GPT2Model, LlamaConfig, LlamaModel, MistralConfig, MistralModel, Qwen2Config,
    Qwen2Model, Qwen3Config, Qwen3Model)

from shadow_ros.errors import ModelError
from shadow_ros.shadow.lean import LeanRuntime
from shadow_ros.shadow.projected import ProjectedShadow
from shadow_ros.shadow.runtime import CachedRuntime, runtime_for
from shadow_ros.shadow.static import SIZES as STATIC_SIZES
from shadow_ros.shadow.static import StaticRuntime

VOCAB = 61
SIZES = {'vocab_size': VOCAB, 'hidden_size': 16, 'intermediate_size': 48, 'num_hidden_layers': 3,
         'num_attention_heads': 4, 'num_key_value_heads': 2, 'max_position_embeddings': 128}


def build(family: str) -> ProjectedShadow:
    """Return a tiny random projected shadow whose norm weights and biases are random too."""
    torch.manual_seed(9)
    stacks = {
        'qwen3': lambda: Qwen3Model(Qwen3Config(**SIZES, head_dim=8)),
        'qwen2': lambda: Qwen2Model(Qwen2Config(**SIZES)),
        'llama': lambda: LlamaModel(LlamaConfig(**SIZES)),
        'mistral': lambda: MistralModel(MistralConfig(**SIZES, sliding_window=None)),
        'window': lambda: MistralModel(MistralConfig(**SIZES, sliding_window=6)),
        'gpt2': lambda: GPT2Model(GPT2Config(vocab_size=VOCAB, n_embd=16, n_layer=2, n_head=4)),
    }
    model = ProjectedShadow.wrap(stacks[family](), torch.nn.Linear(32, VOCAB, bias=False)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


FAMILIES = ['qwen3', 'qwen2', 'llama', 'mistral', 'window', 'gpt2']


@pytest.mark.parametrize('family', FAMILIES)
def test_the_right_runtime(family) -> None:
    lean = isinstance(runtime_for(build(family)), LeanRuntime)
    assert lean == (family not in ('window', 'gpt2'))


@pytest.mark.parametrize('family', FAMILIES)
@pytest.mark.parametrize('splits', [(20,), (1,) * 20, (7, 1, 1, 5, 6)], ids=str)
def test_logits_equal_the_full_pass(family, splits) -> None:
    model = build(family)
    runtime = runtime_for(model, 32)
    ids = torch.randint(0, VOCAB, (1, 20))
    with torch.no_grad():
        full = model(ids).logits[0]
    start = 0
    for size in splits:
        got = runtime.feed(ids[0, start:start + size].tolist())
        start += size
        assert (got - full[start - 1]).abs().max() < 1e-4
    assert runtime.passes == len(splits)


@pytest.mark.parametrize('kind', [LeanRuntime, StaticRuntime, CachedRuntime])
@pytest.mark.parametrize('keep', [0, 3])
def test_rewind_reuses_a_prefix_exactly(kind, keep) -> None:
    model = build('qwen3')
    runtime = kind(model, 32)
    runtime.feed([5, 6, 7, 8, 9, 10])
    runtime.rewind(keep)
    ids = [5, 6, 7][:keep] + [20, 21]
    got = runtime.feed([20, 21])
    with torch.no_grad():
        assert (got - model(torch.tensor([ids])).logits[0, -1]).abs().max() < 1e-4


@pytest.mark.parametrize('kind', [LeanRuntime, StaticRuntime, CachedRuntime])
def test_two_runtimes_take_turns(kind) -> None:
    model = build('qwen3')
    one, two = kind(model, 32), kind(model, 32)
    one.feed([1, 2])
    two.feed([3, 4, 5])
    got, other = one.feed([6]), two.feed([7])
    with torch.no_grad():
        assert (got - model(torch.tensor([[1, 2, 6]])).logits[0, -1]).abs().max() < 1e-4
        assert (other - model(torch.tensor([[3, 4, 5, 7]])).logits[0, -1]).abs().max() < 1e-4


@pytest.mark.parametrize('kind', [LeanRuntime, StaticRuntime, CachedRuntime])
def test_misuse_gets_a_sentence(kind) -> None:
    runtime = kind(build('qwen3'), 8)
    with pytest.raises(ModelError, match='more tokens'):
        runtime.feed([1] * 9)
    with pytest.raises(ModelError, match='more tokens'):
        runtime.feed([])
    with pytest.raises(ModelError, match='rewind'):
        runtime.rewind(1)


@pytest.mark.parametrize('precision', [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize('kind', [LeanRuntime, StaticRuntime, CachedRuntime])
def test_half_precision_as_on_a_gpu(kind, precision) -> None:
    model, ids = build('qwen3'), list(range(12))
    with torch.no_grad():
        full = model(torch.tensor([ids])).logits[0, -1]
    got = kind(model.to(precision), 32).feed(ids)
    assert got.dtype == precision
    assert (got.float() - full).abs().max() < 0.05 * full.abs().max()


@pytest.mark.parametrize('kind', [LeanRuntime, StaticRuntime, CachedRuntime])
def test_logits_after_several_tokens_come_from_one_pass(kind) -> None:
    model, ids = build('llama'), list(range(9))
    runtime = kind(model, 32)
    runtime.feed(ids[:2])
    with torch.no_grad():
        full = model(torch.tensor([ids])).logits[0]
    assert (runtime.feed_last(ids[2:], 4) - full[-4:]).abs().max() < 1e-4
    assert runtime.passes == 2


@pytest.mark.parametrize('family', ['qwen3', 'qwen2', 'llama', 'mistral'])
def test_static_shapes_are_exact_in_any_split(family) -> None:
    """The form that a CUDA graph replays; here without one."""
    model, ids = build(family), torch.randint(0, VOCAB, (1, 40))
    runtime = StaticRuntime(model, 40)
    with torch.no_grad():
        full = model(ids).logits[0]
    start = 0
    for size in (13, 1, 3, 1, 22):  # the last one is padded beyond the limit
        got = runtime.feed(ids[0, start:start + size].tolist())
        start += size
        assert (got - full[start - 1]).abs().max() < 1e-4
    runtime.rewind(5)
    assert (runtime.feed_last(ids[0, 5:11].tolist(), 2) - full[9:11]).abs().max() < 1e-4


def test_static_passes_longer_than_the_largest_shape() -> None:
    torch.manual_seed(9)
    length = STATIC_SIZES[-1] + 9
    model = ProjectedShadow.wrap(LlamaModel(LlamaConfig(
        **{**SIZES, 'max_position_embeddings': 256})), torch.nn.Linear(32, VOCAB, bias=False))
    ids = torch.randint(0, VOCAB, (1, length))
    with torch.no_grad():
        full = model.eval()(ids).logits[0, -1]
    assert (StaticRuntime(model, length).feed(ids[0].tolist()) - full).abs().max() < 1e-4


@pytest.mark.parametrize('family', ['qwen3', 'qwen2'])
def test_int8_weights_stay_close(family) -> None:
    model, ids = build(family), torch.randint(0, VOCAB, (1, 20))
    runtime = runtime_for(model, 32, 'int8')
    with torch.no_grad():
        full = model(ids).logits[0]
    got = runtime.feed_last(ids[0].tolist(), 20)
    assert (got - full).norm() < 0.06 * full.norm()
    with pytest.raises(ModelError, match='int8'):
        runtime_for(build('gpt2'), 32, 'int8')
    with pytest.raises(ModelError, match='precision must be'):
        runtime_for(model, 32, 'int4')


@pytest.mark.parametrize('kind', [LeanRuntime, StaticRuntime])
def test_a_consumed_model_leaves_its_weights_to_the_runtime(kind) -> None:
    model, ids = build('qwen3'), [3, 1, 4, 1, 5]
    expected = kind(model, 16).feed(ids)
    runtime = kind(model, 16, consume=True)
    assert torch.equal(runtime.feed(ids), expected)
    left = [p for p in model.parameters() if p.device.type != 'meta']
    assert sum(p.numel() for p in left) < 0.4 * sum(p.numel() for p in model.parameters())

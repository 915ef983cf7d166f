"""The attached runtime is exact, wherever its drafter has run ahead."""

import random

import pytest
from test_shadow_model import attached, base, FAMILIES, tokens, VOCAB
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from shadow_ros.shadow.attached import AttachedRuntime
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.model import Shadow, ShadowedModel


def whole(model: ShadowedModel, ids: list[int], mode: str = 'attached') -> torch.Tensor:
    """Return the logits of an uncached pass, [t, vocab]."""
    with torch.no_grad():
        return model(torch.tensor([ids]), mode=mode).logits[0]


@pytest.mark.parametrize('family', FAMILIES)
def test_it_is_exact_in_any_split_with_any_draft(family) -> None:
    model, rng, said = attached(family), random.Random(5), list[int]()
    runtime = AttachedRuntime(model, 40)
    for _ in range(25):
        if rng.random() < 0.3:
            del said[rng.randint(0, len(said)):]
            runtime.rewind(len(said))
        ids = tokens(1, rng.randint(1, 6))[0].tolist()
        if len(said) + len(ids) + 3 > runtime.limit:
            continue
        right = rng.randint(0, len(ids))  # so much of the draft will be fed
        draft = [*ids[:right], *tokens(1, rng.randint(0, 3))[0].tolist()]
        for token in draft:
            guess = runtime.drafter.feed([token])
        if draft:
            assert (guess - whole(model, said + draft, 'detached')[-1]).abs().max() < 1e-4
        count = rng.randint(1, len(ids))
        got = runtime.feed_last(ids, count)
        said += ids
        assert (got - whole(model, said)[-count:]).abs().max() < 1e-4
        assert runtime.length == runtime.drafter.length == len(said)


def test_what_the_drafter_has_read_is_not_read_again(monkeypatch) -> None:
    model, read = attached(), list[int]()
    shadow, runtime = model.shadow(), AttachedRuntime(model, 16)
    state = shadow.state
    monkeypatch.setattr(shadow, 'state', lambda base, ids, **more: (
        read.append(ids.shape[1]), state(base, ids, **more))[1])
    runtime.feed([1, 2, 3])
    runtime.drafter.feed([4, 5])
    runtime.drafter.feed([6])
    runtime.feed([4, 5, 6])
    runtime.drafter.feed([7, 8, 9])
    runtime.feed([7, 0])  # 8 was wrong: 0 alone is new
    assert read == [3, 2, 1, 3, 1]
    assert (runtime.passes, runtime.drafter.passes) == (3, 3)


def test_two_conversations_take_turns_with_different_shadows() -> None:
    model = attached()
    model.add('other', Shadow.implicit(model.base, ShadowConfig(num_shadow_layers=2)))
    one, two = AttachedRuntime(model, 8), AttachedRuntime(model, 8, 'other')
    one.feed([1, 2])
    two.feed([1, 2])
    one.drafter.feed([3])
    got, other = one.feed([3]), two.feed([3])
    with torch.no_grad():
        assert (got - model(torch.tensor([[1, 2, 3]])).logits[0, -1]).abs().max() < 1e-4
        assert (other - model(torch.tensor([[1, 2, 3]]), shadow='other').logits[0, -1]
                ).abs().max() < 1e-4


def test_a_large_head_guesses_in_eight_bits_and_answers_in_full() -> None:
    torch.manual_seed(3)
    backbone = Qwen3ForCausalLM(Qwen3Config(
        vocab_size=66000, hidden_size=64, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=16)).eval()
    model = ShadowedModel(backbone, Shadow.implicit(backbone, ShadowConfig())).eval()
    runtime, ids = AttachedRuntime(model, 8), [5, 66, 777]
    guess, alone = runtime.drafter.feed(ids), whole(model, ids, 'detached')[-1]
    assert 0 < (guess - alone).norm() < 0.05 * alone.norm()
    assert (runtime.feed(ids) - whole(model, ids)[-1]).abs().max() < 1e-4


def test_a_half_precision_model_drafts_too() -> None:
    backbone = base().to(torch.bfloat16)
    model = ShadowedModel(backbone, Shadow.implicit(backbone, ShadowConfig())).eval()
    runtime = AttachedRuntime(model, 8)
    assert runtime.drafter.feed([1, 2]).shape == (VOCAB,)
    assert runtime.feed([1, 2]).dtype == torch.bfloat16

"""Projected shadows: the public folder format, both ways, and exact caches."""

import json

import pytest
import shadow_peft
import torch
from transformers import DynamicCache, GPT2Config, GPT2Model, Qwen3Config, Qwen3Model

from shadow_ros.errors import ModelError
from shadow_ros.shadow.projected import best_projection, ProjectedShadow

VOCAB = 61


def stack(hidden: int = 16) -> Qwen3Model:
    """Return a tiny random decoder stack."""
    return Qwen3Model(Qwen3Config(
        vocab_size=VOCAB, hidden_size=hidden, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=128))


def head(hidden: int = 32) -> torch.nn.Linear:
    """Return a random head."""
    return torch.nn.Linear(hidden, VOCAB, bias=False)


@pytest.fixture
def model() -> ProjectedShadow:
    """Return a tiny random projected shadow, hidden sizes 16 and 32."""
    torch.manual_seed(5)
    return ProjectedShadow.wrap(stack(), head()).eval()


def ids(length: int = 9) -> torch.Tensor:
    """Return random tokens [1, length]."""
    return torch.randint(0, VOCAB, (1, length))


def test_round_trip_is_bit_equal(model, tmp_path) -> None:
    model.save(tmp_path, torch.float32)
    again = ProjectedShadow.load(tmp_path)
    assert all(torch.equal(a, b) for a, b in
               zip(model.state_dict().values(), again.state_dict().values()))
    tokens = ids()
    with torch.no_grad():
        assert torch.equal(model(tokens).logits, again(tokens).logits)


def test_shadow_peft_opens_our_folder_and_we_open_theirs(model, tmp_path) -> None:
    model.save(tmp_path / 'ours', torch.float32)
    theirs = shadow_peft.AutoModelForCausalLMWithHiddenProjection.from_pretrained(
        tmp_path / 'ours').eval()
    theirs.save_pretrained(tmp_path / 'theirs')
    again = ProjectedShadow.load(tmp_path / 'theirs')
    tokens = ids()
    with torch.no_grad():
        expected = theirs(tokens).logits
        assert (model(tokens).logits - expected).abs().max() < 1e-4
        assert (again(tokens).logits - expected).abs().max() < 1e-4


def test_half_precision_on_disk_is_full_precision_in_memory(model, tmp_path) -> None:
    model.save(tmp_path)
    assert next(ProjectedShadow.load(tmp_path).parameters()).dtype == torch.float32
    assert (tmp_path / 'model.safetensors').stat().st_mode & 0o777 == 0o644
    assert (tmp_path / 'model.safetensors').stat().st_size < 2.2 * sum(
        p.numel() for p in model.parameters()) + 4096


def test_cached_steps_equal_the_full_pass(model) -> None:
    tokens = ids(12)
    cache = DynamicCache(config=model.shadow_model.config)
    with torch.no_grad():
        full = model(tokens).logits
        parts = [model(tokens[:, a:b], past_key_values=cache, use_cache=True).logits
                 for a, b in ((0, 5), (5, 6), (6, 12))]
    assert (torch.cat(parts, 1) - full).abs().max() < 1e-4


def test_generate_of_transformers_works(model) -> None:
    tokens = ids(4)
    with torch.no_grad():
        out = model.generate(tokens, max_new_tokens=5, do_sample=False)
        expected = tokens
        for _ in range(5):
            best = model(expected).logits[:, -1:].argmax(-1)
            expected = torch.cat([expected, best], 1)
    assert out.tolist() == expected.tolist()


def test_gpt2_stack(tmp_path) -> None:
    small = GPT2Model(GPT2Config(vocab_size=VOCAB, n_embd=16, n_layer=2, n_head=4))
    model = ProjectedShadow.wrap(small, head()).eval()
    model.save(tmp_path, torch.float32)
    tokens = ids()
    with torch.no_grad():
        assert torch.equal(ProjectedShadow.load(tmp_path)(tokens).logits, model(tokens).logits)


def test_best_projection_keeps_the_small_models_logits() -> None:
    large, small = torch.randn(200, 32), torch.randn(200, 16)
    exact = large @ torch.randn(32, 16)
    assert (large @ best_projection(large, exact) - exact).abs().max() < 1e-3
    error = (large @ best_projection(large, small) - small).norm()
    assert error <= (large @ torch.randn(32, 16) * 0.1 - small).norm()


def corrupt(folder, what: str) -> None:
    """Break a model folder in the named way."""
    weights, config = folder / 'model.safetensors', folder / 'config.json'
    data = json.loads(config.read_text())
    if what == 'no config':
        config.unlink()
    elif what == 'bad json':
        config.write_text('{')
    elif what == 'other type':
        config.write_text(json.dumps({**data, 'model_type': 'qwen3'}))
    elif what == 'foreign code':
        config.write_text(json.dumps({**data, 'shadow_model_class': 'os:system'}))
    elif what == 'other size':
        config.write_text(json.dumps({**data, 'base_hidden_size': 64, 'hidden_size': 64}))
    elif what == 'no weights':
        weights.unlink()
    elif what == 'truncated':
        weights.write_bytes(weights.read_bytes()[:-40])
    elif what == 'pickle':
        weights.rename(folder / 'pytorch_model.bin')


@pytest.mark.parametrize(('what', 'words'), [
    ('no config', 'config.json is missing'), ('bad json', 'config.json must hold a JSON object'),
    ('other type', 'causal_lm_with_hidden_projection'), ('foreign code', 'transformers.models'),
    ('other size', 'shape'), ('no weights', 'model.safetensors is missing'),
    ('truncated', 'not a whole safetensors'), ('pickle', 'pickle')], ids=lambda v: str(v)[:12])
def test_broken_folder_gets_a_sentence(model, tmp_path, what, words) -> None:
    model.save(tmp_path)
    corrupt(tmp_path, what)
    with pytest.raises(ModelError, match=words):
        ProjectedShadow.load(tmp_path)

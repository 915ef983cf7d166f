"""What must hold for an attached shadow: frozen base, no-op at first, exact caches, files."""

import json
import threading

import pytest
from safetensors.torch import load_file, save_file
import torch
from transformers import (
    GemmaConfig, GemmaForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM,
    MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config,
    Qwen3ForCausalLM)

from shadow_ros.errors import ModelError
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

VOCAB = 61
SIZES = {'vocab_size': VOCAB, 'hidden_size': 32, 'intermediate_size': 48, 'num_attention_heads': 4,
         'num_key_value_heads': 2, 'max_position_embeddings': 128}
FAMILIES = {
    'qwen3': lambda n: Qwen3ForCausalLM(Qwen3Config(**SIZES, head_dim=8, num_hidden_layers=n)),
    'qwen2': lambda n: Qwen2ForCausalLM(Qwen2Config(**SIZES, num_hidden_layers=n)),
    'llama': lambda n: LlamaForCausalLM(LlamaConfig(**SIZES, num_hidden_layers=n)),
    'mistral': lambda n: MistralForCausalLM(MistralConfig(**SIZES, num_hidden_layers=n)),
    'gemma': lambda n: GemmaForCausalLM(GemmaConfig(**SIZES, head_dim=8, num_hidden_layers=n)),
    'gpt2': lambda n: GPT2LMHeadModel(GPT2Config(
        vocab_size=VOCAB, n_embd=32, n_head=4, n_layer=n, n_positions=128)),
}


def base(family: str = 'qwen3', layers: int = 3):
    """Return a tiny random backbone."""
    torch.manual_seed(2)
    return FAMILIES[family](layers).eval()


def shaken(model: ShadowedModel) -> ShadowedModel:
    """Give every adapter weight a value, as training would."""
    with torch.no_grad():
        for parameter in model.trainable_parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.eval()


def attached(family: str = 'qwen3', **options) -> ShadowedModel:
    """Return a backbone with a shaken implicit shadow."""
    backbone = base(family)
    return shaken(ShadowedModel(backbone, Shadow.implicit(backbone, ShadowConfig(**options))))


def tokens(batch: int = 2, length: int = 10) -> torch.Tensor:
    """Return random tokens."""
    return torch.randint(0, VOCAB, (batch, length))


@pytest.mark.parametrize('family', FAMILIES)
def test_untrained_adapter_changes_nothing_and_plain_is_bit_identical(family) -> None:
    backbone, ids = base(family), tokens()
    with torch.no_grad():
        before = backbone(ids).logits
        model = ShadowedModel(backbone, Shadow.implicit(backbone, ShadowConfig())).eval()
        assert torch.equal(model(ids).logits, before)
        shaken(model)
        assert not torch.allclose(model(ids).logits, before)
        assert torch.equal(model(ids, mode='plain').logits, before)
        model.remove_hooks()
        assert torch.equal(backbone(ids).logits, before)


@pytest.mark.parametrize('small', [0, 16], ids=['implicit', 'projected'])
@pytest.mark.parametrize('checkpointing', [False, True])
def test_gradients_reach_every_shadow_parameter_and_no_other(small, checkpointing) -> None:
    backbone = base()
    stack = FAMILIES['qwen3'](2) if not small else Qwen3ForCausalLM(Qwen3Config(
        **{**SIZES, 'hidden_size': small}, head_dim=8, num_hidden_layers=2))
    config = ShadowConfig(num_shadow_layers=2)
    shadow = (Shadow.explicit(backbone, config, stack) if small
              else Shadow.implicit(backbone, config))
    model = shaken(ShadowedModel(backbone, shadow, loss_weight=0.3)).train()
    if checkpointing:
        model.gradient_checkpointing_enable()
    ids = tokens()
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    model(ids, labels=ids).loss.backward()
    # The last block's update moves a state that nobody reads.
    last = len(backbone.model.layers) - 2
    idle = [f'shadow_update_model.update_{part}.{last}.' for part in ('gates', 'transforms')]
    for name, parameter in shadow.named_parameters():
        reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert reached != any(name.startswith(prefix) for prefix in idle), name
    assert all(p.grad is None and not p.requires_grad for p in backbone.parameters())
    torch.optim.AdamW(model.trainable_parameters(), lr=0.1).step()
    assert all(torch.equal(v, before[k]) for k, v in backbone.state_dict().items())


def test_checkpointing_gives_the_same_gradients() -> None:
    grads = []
    for checkpointing in (False, True):
        torch.manual_seed(4)
        model = attached(dropout=0.0).train()
        if checkpointing:
            model.gradient_checkpointing_enable()
        ids = torch.arange(20).view(2, 10)
        model(ids, labels=ids).loss.backward()
        grads.append([p.grad for p in model.trainable_parameters() if p.grad is not None])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*grads))


def test_loss_is_task_plus_weighted_shadow() -> None:
    model, ids = attached(), tokens()
    labels = ids.clone()
    labels[:, :4] = -100
    with torch.no_grad():
        both = model(ids, labels=labels).loss
        shadow = model(ids, labels=labels, mode='detached').loss
        model.loss_weight = 0.0
        task = model(ids, labels=labels).loss
    assert torch.isclose(both, task + 0.05 * shadow)


@pytest.mark.parametrize('family', FAMILIES)
@pytest.mark.parametrize('mode', ['attached', 'plain'])
def test_cached_equals_uncached_after_crop_and_with_two_callers(family, mode) -> None:
    model, ids, other = attached(family), tokens(2, 12), tokens(2, 5)
    one, two = model.empty_cache(), model.empty_cache()
    with torch.no_grad():
        full = model(ids, mode=mode).logits
        parts = [model(ids[:, :6], mode=mode, cache=one).logits]
        model(other, mode=mode, cache=two)
        model(other[:, :3], mode=mode, cache=one)
        if mode == 'attached':
            one.crop(6)
            assert one.length == 6
        else:
            one.base.crop(-3)
        parts += [model(ids[:, i:i + 1], mode=mode, cache=one).logits for i in (6, 7, 8)]
        parts.append(model(ids[:, 9:], mode=mode, cache=one).logits)
        assert (torch.cat(parts, 1) - full).abs().max() < 1e-4
        again = model(other, mode=mode).logits[:, -1]
        if mode == 'attached':
            two.crop(4)
        else:
            two.base.crop(-1)
        got = model(other[:, 4:], mode=mode, cache=two).logits[:, -1]
    assert (got - again).abs().max() < 1e-4


def test_left_padded_rows_answer_as_alone() -> None:
    model, ids = attached(), tokens(1, 6)
    padded = torch.cat([torch.zeros(1, 4, dtype=torch.long), ids], 1)
    mask = (torch.arange(10) >= 4).long()[None]
    where = (mask.cumsum(-1) - 1).clamp(min=0)
    with torch.no_grad():
        alone = model(ids).logits[0]
        got = model(padded, attention_mask=mask, position_ids=where).logits[0, 4:]
    assert (got - alone).abs().max() < 1e-4


@pytest.mark.parametrize('heads', [(), ('lm_head', 'shadow_lm_head')], ids=['none', 'heads'])
def test_round_trip_is_bit_equal(tmp_path, heads) -> None:
    model, ids = attached(modules_to_save=heads), tokens()
    model.save_adapter(tmp_path)
    again = ShadowedModel.load(base(), tmp_path).eval()
    loaded = again.shadow().state_dict()
    for name, tensor in model.shadow().state_dict().items():
        assert torch.equal(tensor, loaded[name])
    with torch.no_grad():
        for mode in ('attached', 'detached', 'plain'):
            assert torch.equal(model(ids, mode=mode).logits, again(ids, mode=mode).logits)
    saved = load_file(tmp_path / 'shadow_adapter.safetensors')
    assert all(key.startswith('shadow_') for key in saved)


def test_own_heads_do_not_touch_the_backbone() -> None:
    model, ids = attached(modules_to_save=('lm_head',)), tokens()
    with torch.no_grad():
        plain = base()(ids).logits
        assert torch.equal(model(ids, mode='plain').logits, plain)
        attached_logits = model(ids).logits
        model.shadow().lm_head.weight.mul_(2.0)
        assert torch.allclose(model(ids).logits, 2 * attached_logits, atol=1e-5)
        assert torch.equal(model(ids, mode='plain').logits, plain)


def test_named_shadows_are_switched_per_call_and_per_thread() -> None:
    model, ids = attached(), tokens()
    torch.manual_seed(77)
    model.add('other', Shadow.implicit(model.base, ShadowConfig(num_shadow_layers=2)))
    shaken(model)
    with torch.no_grad():
        expected = {name: model(ids, shadow=name).logits for name in ('default', 'other')}
    wrong = []

    def ask(name: str) -> None:
        with torch.no_grad():
            for _ in range(20):
                if not torch.equal(model(ids, shadow=name).logits, expected[name]):
                    wrong.append(name)

    threads = [threading.Thread(target=ask, args=(name,)) for name in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not torch.equal(*expected.values()) and not wrong
    with pytest.raises(ModelError, match='did you mean other'):
        model(ids, shadow='othr')


@pytest.mark.parametrize('family', ['qwen3', 'gpt2', 'gemma'])
@pytest.mark.parametrize('small', [0, 16], ids=['implicit', 'projected'])
def test_detached_copy_answers_as_the_shadow_alone(family, small, tmp_path) -> None:
    backbone = base(family)
    config = ShadowConfig(num_shadow_layers=2)
    shadow = Shadow.implicit(backbone, config) if not small else Shadow.explicit(
        backbone, config, Qwen3ForCausalLM(Qwen3Config(
            **{**SIZES, 'hidden_size': small}, head_dim=8, num_hidden_layers=2)))
    model, ids = shaken(ShadowedModel(backbone, shadow)), tokens()
    detached = model.detach().eval()
    detached.save(tmp_path, torch.float32)
    with torch.no_grad():
        expected = model(ids, mode='detached').logits
        assert (detached(ids).logits - expected).abs().max() < 1e-5
        assert (ProjectedShadow.load(tmp_path)(ids).logits - expected).abs().max() < 1e-5


def test_projected_shadow_seeds_the_attached_model() -> None:
    backbone, ids = base(), tokens()
    projected = ProjectedShadow.wrap(
        FAMILIES['qwen2'](2).model, backbone.lm_head, torch.nn.Linear(32, 32, bias=False)).eval()
    model = ShadowedModel(backbone, Shadow.explicit(backbone, ShadowConfig(), projected)).eval()
    with torch.no_grad():
        assert (model(ids, mode='detached').logits - projected(ids).logits).abs().max() < 1e-5
        assert torch.equal(model(ids).logits, model(ids, mode='plain').logits)


def spoil(folder, what: str) -> None:
    """Break an adapter folder in the named way."""
    path, config = folder / 'shadow_adapter.safetensors', folder / 'shadow_config.json'
    state = load_file(path)
    key = 'shadow_injection_model.injection_ups'
    if what == 'missing tensor':
        del state[key]
    elif what == 'shape':
        state[key] = torch.zeros(1, 2, 3)
    elif what == 'unknown tensor':
        state['evil'] = torch.zeros(1)
    elif what == 'unknown key':
        config.write_text(json.dumps({**json.loads(config.read_text()), 'aplha': 1}))
    elif what == 'bad value':
        config.write_text(json.dumps({**json.loads(config.read_text()), 'dropout': 1.5}))
    save_file(state, path)
    if what == 'truncated':
        path.write_bytes(path.read_bytes()[:100])
    elif what == 'pickle':
        path.rename(folder / 'shadow_adapter.pt')


@pytest.mark.parametrize(('what', 'words'), [
    ('missing tensor', 'shadow_adapter.safetensors lacks shadow_injection_model'),
    ('shape', 'injection_ups of .* must have shape'), ('unknown tensor', 'unknown evil'),
    ('unknown key', 'did you mean alpha'), ('bad value', 'dropout must be'),
    ('truncated', 'not a whole safetensors'), ('pickle', 'never opened')])
def test_broken_adapter_gets_a_sentence(tmp_path, what, words) -> None:
    attached().save_adapter(tmp_path)
    spoil(tmp_path, what)
    with pytest.raises(ModelError, match=words):
        ShadowedModel.load(base(), tmp_path)


def test_impossible_models_get_a_sentence() -> None:
    with pytest.raises(ModelError, match='at least 2 blocks'):
        Shadow.implicit(base(layers=1), ShadowConfig())
    with pytest.raises(ModelError, match='mode must be'):
        attached()(tokens(), mode='both')
    with pytest.raises(ModelError, match='modules_to_save'):
        ShadowConfig(modules_to_save=('head',))
    narrow = ProjectedShadow.wrap(
        FAMILIES['qwen3'](2).model, torch.nn.Linear(16, VOCAB, bias=False))
    with pytest.raises(ModelError, match='project to the hidden size'):
        Shadow.explicit(base(), ShadowConfig(), narrow)

"""An attached model as one folder, and the hidden states that training starts from."""

import json

import pytest
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from shadow_ros.errors import ModelError
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.folder import (
    is_attached, load_attached, load_backbone, save_attached, save_backbone)
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

IDS = torch.tensor([[1, 5, 9, 30, 2], [3, 3, 7, 11, 2]])


def causal(hidden: int, layers: int) -> Qwen3ForCausalLM:
    """Return a tiny random causal LM."""
    torch.manual_seed(hidden + layers)
    return Qwen3ForCausalLM(Qwen3Config(
        vocab_size=61, hidden_size=hidden, intermediate_size=48, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, num_hidden_layers=layers)).eval()


def shaken(model: ShadowedModel) -> ShadowedModel:
    """Give every adapter weight a value, as training would."""
    with torch.no_grad():
        for parameter in model.trainable_parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


def explicit(hidden: int) -> ShadowedModel:
    """Return a backbone of 32 with a projected shadow of another hidden size."""
    base = causal(32, 3)
    shadow = ProjectedShadow.wrap(causal(hidden, 2), base.lm_head)
    return shaken(ShadowedModel(base, Shadow.explicit(base, ShadowConfig(), shadow)))


def implicit() -> ShadowedModel:
    """Return a backbone with a shadow of its own kind."""
    base = causal(32, 3)
    return shaken(ShadowedModel(base, Shadow.implicit(base, ShadowConfig())))


@pytest.mark.parametrize('model', [explicit(16), explicit(32), implicit()],
                         ids=['smaller', 'as wide, projected', 'implicit'])
@pytest.mark.parametrize('mode', ['attached', 'detached', 'plain'])
def test_a_folder_brings_the_same_model_back(model, mode, tmp_path):
    save_attached(model, tmp_path, torch.float32)
    loaded = load_attached(tmp_path)
    with torch.no_grad():
        assert torch.equal(loaded(IDS, mode=mode).logits, model(IDS, mode=mode).logits)
    assert is_attached(tmp_path)


def test_saving_in_half_precision_leaves_the_model_alone(tmp_path):
    model = explicit(16)
    save_attached(model, tmp_path)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    with torch.no_grad():
        assert torch.allclose(load_attached(tmp_path)(IDS).logits, model(IDS).logits, atol=0.02)


def test_a_large_backbone_is_named_and_not_copied(tmp_path):
    model = explicit(16)
    save_backbone(model.base, tmp_path / 'base', torch.float32)
    save_attached(model, tmp_path / 'tied', torch.float32, backbone=str(tmp_path / 'base'))
    assert not (tmp_path / 'tied/model.safetensors').exists()
    with torch.no_grad():
        assert torch.equal(load_attached(tmp_path / 'tied')(IDS).logits, model(IDS).logits)


def test_hidden_states_are_those_before_the_heads():
    model = explicit(16)
    with torch.no_grad():
        h, s = model.hidden_states(IDS)
        out = model(IDS)
        assert torch.equal(model.base.lm_head(h), out.logits)
        assert torch.equal(model.base.lm_head(s), out.shadow_logits)


def test_a_folder_without_a_backbone_is_a_sentence(tmp_path):
    with pytest.raises(ModelError, match='must hold a shadow'):
        load_attached(tmp_path)
    (tmp_path / 'config.json').write_text(json.dumps({'model_type': 'no such thing'}))
    with pytest.raises(ModelError, match='not a causal LM'):
        load_backbone(tmp_path)

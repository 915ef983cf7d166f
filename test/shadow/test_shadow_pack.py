"""Packed layers compute what they computed, come back bit by bit, and never learn."""

from copy import deepcopy

import pytest
from test_shadow_model import shaken, tokens, VOCAB
import torch
from torch import nn
from transformers import Qwen3Config, Qwen3ForCausalLM

from shadow_ros.errors import ModelError
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.pack import dense, pack, PackedLinear, product, unpack

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(),
                                reason='this torch has no oneDNN')


def large(tied: bool = False, vocabulary: int = VOCAB) -> ShadowedModel:
    """Return a model of which some matrices are large enough to be packed."""
    torch.manual_seed(2)
    base = Qwen3ForCausalLM(Qwen3Config(
        vocab_size=vocabulary, hidden_size=256, intermediate_size=1024, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, head_dim=64, tie_word_embeddings=tied))
    return shaken(ShadowedModel(base, Shadow.implicit(base, ShadowConfig())))


@pytest.mark.parametrize('kind', [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize('bias', [False, True])
def test_products_are_the_same_for_any_number_of_tokens(kind, bias) -> None:
    torch.manual_seed(1)
    layer = nn.Linear(520, 505, bias, dtype=kind).requires_grad_(False)
    packed = deepcopy(layer)
    assert pack(packed) == 1 and type(packed) is PackedLinear
    for shape in ((1,), (3,), (4,), (2, 9), (1, 40), (0,)):
        x = torch.randn(*shape, 520, dtype=kind)
        wanted = layer(x)
        near = 1e-5 if kind is torch.float32 else 2e-2
        for got in (packed(x), product(layer.weight, layer.bias)(x),
                    product(layer.weight, layer.bias, packs=False)(x)):
            assert got.shape == wanted.shape and got.dtype == kind
            assert torch.allclose(got, wanted, atol=near, rtol=near)


def test_attached_logits_are_the_same_and_unpacking_restores_every_bit() -> None:
    model, ids = large(), tokens()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with torch.no_grad():
        wanted = {mode: model(ids, mode=mode).logits for mode in ('attached', 'plain')}
        assert pack(model) == pack(model) == 4 * 3  # gate, up and down; not q, k, v, o
        for mode, logits in wanted.items():
            assert (model(ids, mode=mode).logits - logits).abs().max() < 1e-4
        unpack(model)
        assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
        for mode, logits in wanted.items():
            assert torch.equal(model(ids, mode=mode).logits, logits)


@pytest.mark.parametrize('tied', [True, False])
def test_a_head_is_packed_unless_it_is_the_embeddings(tied, tmp_path) -> None:
    model, ids = large(tied, 1100), tokens()
    with torch.no_grad():
        wanted = model(ids, mode='detached').logits
        pack(model)
        assert type(model.base.lm_head) is PackedLinear
        assert model.base.lm_head.weight.is_mkldnn != tied
        assert dense(model.base.lm_head.weight).layout == torch.strided
        assert (model.detach().eval()(ids).logits - wanted).abs().max() < 1e-4
        model.add('late', Shadow.implicit(model.base, ShadowConfig(modules_to_save=('lm_head',))))
        assert (model(ids, shadow='late').logits
                - model(ids, mode='plain').logits).abs().max() < 1e-4
        unpack(model)
        assert (model.base.lm_head.weight is model.base.model.embed_tokens.weight) == tied


def test_a_packed_model_does_not_learn() -> None:
    model, ids = large(), tokens()
    pack(model.base)
    with pytest.raises(ModelError, match='unpack it first'):
        model.train()(ids, labels=ids)
    unpack(model.base)
    model(ids, labels=ids).loss.backward()
    assert all(p.grad is None for p in model.base.parameters())


def test_what_is_small_or_of_another_kind_is_left_alone() -> None:
    for layer in (nn.Linear(16, 16), nn.Linear(512, 512, dtype=torch.float64),
                  nn.Linear(512, 512, device='meta')):
        assert pack(layer) == 0 and type(layer) is nn.Linear

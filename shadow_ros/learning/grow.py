"""Models made here: a small one, the backbone that grows from it, the shadow between them."""

from pathlib import Path
from typing import TYPE_CHECKING, Union

from safetensors.torch import load_file
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from shadow_ros.errors import ModelError
from shadow_ros.learning.recipe import Recipe
from shadow_ros.learning.saved import unfinished, unfinished_weights
from shadow_ros.shadow.files import load_exactly
from shadow_ros.shadow.projected import ProjectedShadow

if TYPE_CHECKING:
    from shadow_ros.intent.tokens import Codec

SMALL_FILE = 'small.safetensors'


def build_small(recipe: Recipe, codec: 'Codec') -> LlamaForCausalLM:
    """Return the small model, random or as an earlier run left it."""
    small = LlamaForCausalLM(_config(recipe, codec, recipe.shadow_layers))
    if recipe.start_from:
        load_small(small, recipe.start_from)
    return small


def load_small(small: LlamaForCausalLM, folder: Union[str, Path]) -> None:
    """
    Give the small model the weights of a run, whole or broken off, or those of a detached shadow.

    Of a shadow, projection and head become one head, so it says what the shadow says.
    """
    before = Path(folder) / SMALL_FILE
    if before.is_file():
        load_exactly(small, load_file(before), before)
        return
    if unfinished(Path(folder), 'small'):
        load_exactly(small, unfinished_weights(Path(folder)), folder)
        return
    shadow = ProjectedShadow.load(folder)
    stack = {f'model.{name}': weight for name, weight in shadow.shadow_model.state_dict().items()}
    head = shadow.lm_head.weight @ shadow.shadow_hidden_projection.weight
    load_exactly(small, {**stack, 'lm_head.weight': head.detach()}, folder)


def build_backbone(recipe: Recipe, codec: 'Codec', small: LlamaForCausalLM) -> LlamaForCausalLM:
    """
    Return the backbone, grown from the small model so that it starts as good as that.

    `backbone_layers` names the small layer that each layer copies; a second copy begins as the
    identity, because what it adds to the residual stream is zero.
    """
    if any(not 0 <= source < recipe.shadow_layers for source in recipe.backbone_layers):
        raise ModelError(f'backbone_layers must be of 0 to {recipe.shadow_layers - 1}, '
                         f'got {recipe.backbone_layers}')
    backbone = LlamaForCausalLM(_config(recipe, codec, len(recipe.backbone_layers)))
    backbone.model.embed_tokens.load_state_dict(small.model.embed_tokens.state_dict())
    backbone.model.norm.load_state_dict(small.model.norm.state_dict())
    backbone.lm_head.load_state_dict(small.lm_head.state_dict())
    copied: set[int] = set()
    for layer, source in zip(backbone.model.layers, recipe.backbone_layers):
        layer.load_state_dict(small.model.layers[source].state_dict())
        if source in copied:
            nn.init.zeros_(layer.self_attn.o_proj.weight)
            nn.init.zeros_(layer.mlp.down_proj.weight)
        copied.add(source)
    return backbone


def build_shadow(recipe: Recipe, small: LlamaForCausalLM,
                 backbone: LlamaForCausalLM) -> ProjectedShadow:
    """
    Return the small model's stack, projected to the backbone.

    With a head of its own it says at first what the small model said. Behind the backbone's head,
    which stays as it is, the projection starts where that says the same, as nearly as can be.
    """
    if recipe.own_head:
        return ProjectedShadow.wrap(small.model, small.lm_head)
    with torch.no_grad():
        shadow = ProjectedShadow.wrap(small.model, backbone.lm_head, reference_head=small.lm_head)
    shadow.lm_head.requires_grad_(False)
    return shadow


def _config(recipe: Recipe, codec: 'Codec', layers: int) -> LlamaConfig:
    """Return the config of a Llama of the recipe's sizes."""
    return LlamaConfig(
        vocab_size=codec.size, hidden_size=recipe.hidden, intermediate_size=recipe.intermediate,
        num_hidden_layers=layers, num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.key_value_heads, max_position_embeddings=512,
        tie_word_embeddings=False, pad_token_id=codec.pad_id, eos_token_id=codec.end_id,
        bos_token_id=codec.user_id)

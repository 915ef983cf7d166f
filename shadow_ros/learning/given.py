"""Models that a recipe names: backbone, shadow and tokenizer from the hub or a folder."""

from typing import Any, Optional

import torch
from transformers import PreTrainedModel

from shadow_ros.errors import ModelError
from shadow_ros.intent.tokens import Codec
from shadow_ros.learning.adopted import adopt
from shadow_ros.learning.recipe import Recipe
from shadow_ros.shadow.files import read_json
from shadow_ros.shadow.folder import load_backbone
from shadow_ros.shadow.hub import model_folder
from shadow_ros.shadow.layout import head_of, trunk
from shadow_ros.shadow.projected import MODEL_TYPE, ProjectedShadow


def given_codec(recipe: Recipe) -> Codec:
    """Return the tokenizer of the recipe's backbone or shadow, with the prompt's markers."""
    return adopt(model_folder(recipe.backbone or recipe.shadow))


def given_backbone(recipe: Recipe, codec: Codec) -> PreTrainedModel:
    """Return the recipe's backbone; one that stays frozen is kept in the run's precision."""
    frozen = recipe.method != 'full' and recipe.precision == 'bf16'
    base = load_backbone(recipe.backbone, torch.bfloat16 if frozen else torch.float32)
    _check_size(head_of(base), codec, recipe.backbone)
    return base


def given_shadow(recipe: Recipe, codec: Codec,
                 base: Optional[PreTrainedModel] = None) -> ProjectedShadow:
    """
    Return the recipe's shadow, a projected one or a causal LM that becomes one.

    A causal LM is projected to the backbone's head so that it starts with the logits of its own
    head, as nearly as can be; without a backbone it keeps its own.
    """
    folder = model_folder(recipe.shadow)
    if read_json(folder / 'config.json').get('model_type') == MODEL_TYPE:
        shadow = ProjectedShadow.load(folder)
    else:
        small = load_backbone(folder)
        head: Any = head_of(small if base is None else base)
        shadow = ProjectedShadow.wrap(trunk(small), head, reference_head=head_of(small))
    _check_size(shadow.lm_head, codec, recipe.shadow)
    shadow.lm_head.requires_grad_(False)
    return shadow.float()


def _check_size(head: Any, codec: Codec, name: str) -> None:
    """Raise ModelError unless the head has a row for every token."""
    rows = head.weight.shape[0]
    if rows < codec.size:
        raise ModelError(f'{name} must have a row for each of the {codec.size} tokens of its '
                         f'tokenizer and the prompt, got {rows}; take a model with spare rows')

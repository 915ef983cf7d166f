"""The other ways to adapt a backbone: LoRA and DoRA at a parameter budget, and all weights."""

from typing import Any

from torch import nn
from transformers import PreTrainedModel

from shadow_ros.errors import ModelError
from shadow_ros.learning.recipe import Recipe
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.layout import head_of, trunk
from shadow_ros.shadow.model import Shadow
from shadow_ros.shadow.projected import ProjectedShadow


def adapt(base: PreTrainedModel, recipe: Recipe) -> PreTrainedModel:
    """Return the backbone made ready for the recipe's method; what learns requires gradients."""
    if recipe.method == 'full':
        base.requires_grad_(True)
        return base
    from peft import get_peft_model, LoraConfig
    dora = recipe.method == 'dora'
    rank = rank_for(base, recipe.budget or shadow_budget(base, recipe), dora)
    adapted: Any = get_peft_model(base, LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=recipe.dropout, use_dora=dora,
        target_modules='all-linear', task_type='CAUSAL_LM'))
    model = adapted.get_base_model()
    assert isinstance(model, PreTrainedModel)
    return model


def rank_for(base: PreTrainedModel, budget: int, dora: bool) -> int:
    """Return the rank at which adapters of all linear layers have about `budget` parameters."""
    layers = [part for part in trunk(base).modules() if isinstance(part, nn.Linear)]
    if not layers:
        raise ModelError(f'{type(base).__name__} has no linear layers to adapt; '
                         'use the method full')
    each = sum(layer.in_features + layer.out_features for layer in layers)
    fixed = sum(layer.out_features for layer in layers) if dora else 0
    return max(1, round((budget - fixed) / each))


def shadow_budget(base: PreTrainedModel, recipe: Recipe) -> int:
    """Return how many parameters of the recipe's implicit shadow would learn."""
    shadow = Shadow.implicit(base, shadow_config(recipe))
    idle = {id(p) for p in shadow.idle_parameters()}
    return sum(p.numel() for p in shadow.parameters() if id(p) not in idle)


def shadow_config(recipe: Recipe) -> ShadowConfig:
    """Return the settings of the recipe's adapter."""
    return ShadowConfig(
        num_shadow_layers=recipe.shadow_layers, injection_hidden_size=recipe.injection_rank,
        gate_hidden_size=recipe.update_width, dropout=recipe.dropout,
        modules_to_save=('shadow_lm_head',) if recipe.own_head and recipe.grows else ())


def merged(base: PreTrainedModel) -> PreTrainedModel:
    """Return the model with its low-rank adapters multiplied into the weights, if it has any."""
    for name, part in list(base.named_modules()):
        if hasattr(part, 'get_base_layer') and hasattr(part, 'merge'):
            part.merge()
            parent = base.get_submodule(name.rpartition('.')[0])
            setattr(parent, name.rpartition('.')[2], part.get_base_layer())
    return base


def as_shadow(base: PreTrainedModel) -> ProjectedShadow:
    """Return a whole causal LM in the form that the engine runs: itself behind its own head."""
    return ProjectedShadow.wrap(trunk(base), head_of(base))

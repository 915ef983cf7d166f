"""Where the parts of a decoder-only Hugging Face model are, for every family supported."""

from copy import deepcopy
from typing import Any

from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from shadow_ros.errors import ModelError
from shadow_ros.shadow.config import ShadowConfig

_SIZES = {
    'shadow_hidden_size': ('hidden_size', 'n_embd'),
    'shadow_intermediate_size': ('intermediate_size', 'n_inner'),
    'shadow_num_attention_heads': ('num_attention_heads', 'n_head'),
    'shadow_num_key_value_heads': ('num_key_value_heads',),
    'shadow_head_dim': ('head_dim',),
}


def trunk(model: PreTrainedModel) -> PreTrainedModel:
    """Return the decoder stack without head: `Qwen3ForCausalLM` -> `Qwen3Model`."""
    for name in ('model', 'transformer', 'decoder'):
        part = getattr(model, name, None)
        if isinstance(part, PreTrainedModel):
            return part
    return model


def blocks(model: PreTrainedModel) -> nn.ModuleList:
    """Return the decoder blocks: `layers` (Llama, Qwen, Mistral, Gemma) or `h` (GPT-2)."""
    stack = trunk(model)
    for name in ('layers', 'h'):
        found = getattr(stack, name, None)
        if isinstance(found, nn.ModuleList):
            return found
    raise ModelError(f'{type(model).__name__} must be a decoder-only model with its blocks in '
                     '`layers` or `h`')


def is_classifier(model: Any) -> bool:
    """Return whether the model has a sequence classifier in place of a language-model head."""
    return isinstance(getattr(model, 'score', None), nn.Module)


def head_of(model: Any) -> Any:
    """Return the head of a causal LM, [vocab, d], or of a sequence classifier, [labels, d]."""
    head = model.score if is_classifier(model) else model.get_output_embeddings()
    if head is None:
        raise ModelError(f'the backbone must have a language-model head, {type(model).__name__} '
                         'has none; load it with AutoModelForCausalLM')
    return head


def hidden_size(config: PretrainedConfig) -> int:
    """Return the hidden size d."""
    return int(config.hidden_size)


def small_config(config: PretrainedConfig, shadow: ShadowConfig) -> PretrainedConfig:
    """Return the backbone's config with the number and sizes of layers of an implicit shadow."""
    small = deepcopy(config)
    _set(small, ('num_hidden_layers', 'n_layer'), shadow.num_shadow_layers)
    layer_types = getattr(small, 'layer_types', None)
    if layer_types is not None:
        kinds = list(layer_types) + [layer_types[-1]] * shadow.num_shadow_layers
        small.layer_types = kinds[:shadow.num_shadow_layers]
    if getattr(small, 'max_window_layers', None) is not None:
        small.max_window_layers = min(small.max_window_layers, shadow.num_shadow_layers)
    for field, names in _SIZES.items():
        value = getattr(shadow, field)
        if value is not None:
            _set(small, names, value)
    return small


def remove_embeddings(stack: Any) -> None:
    """Drop a decoder stack's token embeddings; it is then fed the backbone's."""
    for name in ('embed_tokens', 'wte'):
        if isinstance(getattr(stack, name, None), nn.Module):
            setattr(stack, name, None)


def has_embeddings(stack: Any) -> bool:
    """Return whether the decoder stack still has token embeddings of its own."""
    return any(isinstance(getattr(stack, name, None), nn.Module)
               for name in ('embed_tokens', 'wte'))


def _set(config: PretrainedConfig, names: tuple[str, ...], value: int) -> None:
    """Set the first of the names that the config has."""
    for name in names:
        if name in config.to_dict():
            setattr(config, name, value)
            return
    raise ModelError(f'{type(config).__name__} must have {" or ".join(names)} to be set')

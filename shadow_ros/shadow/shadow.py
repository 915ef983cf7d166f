"""Shadow: one small decoder stack, its projection and its adapter, as one module to train."""

from copy import deepcopy
from typing import Any, Optional

from torch import nn, Tensor
from transformers import Cache, PreTrainedModel

from shadow_ros.errors import ModelError
from shadow_ros.shadow.adapter import Injection, Update
from shadow_ros.shadow.config import SAVEABLE, ShadowConfig
from shadow_ros.shadow.layout import (
    blocks, has_embeddings, head_of, hidden_size, remove_embeddings, small_config, trunk)
from shadow_ros.shadow.projected import ProjectedShadow


class Shadow(nn.Module):
    """
    What is trained and saved; the backbone is passed in and never owned.

    Its state_dict has the names of shadow-peft's files. Build one with `Shadow.implicit` or
    `Shadow.explicit`. Not mergeable: the update is not linear.
    """

    def __init__(self, base: PreTrainedModel, config: ShadowConfig, stack: PreTrainedModel,
                 projection: Optional[nn.Linear] = None) -> None:
        super().__init__()
        n, d = len(blocks(base)) - 1, hidden_size(base.config)
        if n < 1:
            raise ModelError('the backbone must have at least 2 blocks, got 1')
        small = hidden_size(stack.config)
        self.config = config
        self.shares_embeddings = not has_embeddings(stack)
        if self.shares_embeddings and small != d:
            raise ModelError('a shadow without embeddings of its own must have the hidden size '
                             f'of the backbone, {d}, got {small}')
        self.shadow_model = stack
        self.shadow_hidden_projection: nn.Module = (
            projection or (nn.Identity() if small == d else nn.Linear(small, d, bias=False)))
        self.shadow_injection_model = Injection(
            n, d, config.injection_hidden_size, config.alpha, config.dropout)
        self.shadow_update_model = Update(n, d, config.gate_hidden_size, config.dropout)
        for name in SAVEABLE:
            own = name in config.modules_to_save
            setattr(self, name, deepcopy(head_of(base)).requires_grad_(True) if own else None)
        reference = next(base.parameters())
        self.to(device=reference.device)

    lm_head: Optional[nn.Module]
    shadow_lm_head: Optional[nn.Module]

    @classmethod
    def implicit(cls, base: PreTrainedModel, config: ShadowConfig) -> 'Shadow':
        """Return a random shadow of the backbone's architecture, fed its embeddings."""
        stack = trunk(base)
        small = type(stack)(small_config(stack.config, config))
        remove_embeddings(small)
        return cls(base, config, small)

    @classmethod
    def explicit(cls, base: PreTrainedModel, config: ShadowConfig, stack: nn.Module) -> 'Shadow':
        """
        Return a shadow around a given model: a decoder stack, a causal LM, a ProjectedShadow.

        The model itself becomes part of the shadow and learns with it; a projected one brings
        its projection along.
        """
        if isinstance(stack, ProjectedShadow):
            projection = stack.shadow_hidden_projection
            if projection.out_features != hidden_size(base.config):
                raise ModelError('the projected shadow must project to the hidden size of the '
                                 f'backbone, {hidden_size(base.config)}, '
                                 f'got {projection.out_features}')
            return cls(base, config, stack.shadow_model, projection)
        if not isinstance(stack, PreTrainedModel):
            raise ModelError('an explicit shadow must be a transformers model, '
                             f'got {type(stack).__name__}')
        return cls(base, config, trunk(stack))

    def state(self, base: PreTrainedModel, input_ids: Tensor,
              attention_mask: Optional[Tensor] = None, position_ids: Optional[Tensor] = None,
              cache: Optional[Cache] = None) -> Tensor:
        """Return the first state s^(0) [b, t, d] of tokens [b, t]; (1), projected to d."""
        given: dict[str, Any] = {'input_ids': input_ids}
        if self.shares_embeddings:
            given = {'inputs_embeds': base.get_input_embeddings()(input_ids)}
        out = self.shadow_model(
            **given, attention_mask=attention_mask, position_ids=position_ids,
            past_key_values=cache, use_cache=cache is not None)
        state: Tensor = self.shadow_hidden_projection(out.last_hidden_state)
        return state

    def logits(self, base: PreTrainedModel, state: Tensor) -> Tensor:
        """Return the shadow's own logits [b, t, vocab] of its first state [b, t, d]."""
        head: Any = self.shadow_lm_head or head_of(base)
        logits: Tensor = head(state.to(head.weight.dtype))
        return logits

    def head_tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the trained heads (`modules_to_save`)."""
        return {k: v for k, v in self.state_dict().items() if k.split('.')[0] in SAVEABLE}

    def adapter_tensors(self) -> dict[str, Tensor]:
        """Return all tensors but those of the heads."""
        heads = self.head_tensors()
        return {k: v for k, v in self.state_dict().items() if k not in heads}

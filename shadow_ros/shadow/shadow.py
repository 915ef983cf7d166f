"""Shadow: one small decoder stack, its projection and its adapter, as one module to train."""

from typing import Any, Optional, Union

from torch import nn, Tensor
from transformers import Cache, PreTrainedModel

from shadow_ros.errors import ModelError
from shadow_ros.shadow.adapter import Injection, Update
from shadow_ros.shadow.adapter_peft import PeftInjection, PeftUpdate
from shadow_ros.shadow.config import SAVEABLE, ShadowConfig
from shadow_ros.shadow.layout import (
    blocks, has_embeddings, head_of, hidden_size, is_classifier, remove_embeddings, small_config,
    trunk)
from shadow_ros.shadow.loss import last_token
from shadow_ros.shadow.projected import ProjectedShadow


class Shadow(nn.Module):
    """
    What is trained and saved; the backbone is passed in and never owned.

    Its state_dict has the names of shadow-peft's files. Build one with `Shadow.implicit` or
    `Shadow.explicit`. Not mergeable: the update is not linear. `first` is the first adapted
    block, `count` how many follow it, itself included.
    """

    shadow_injection_model: Union[Injection, PeftInjection]
    shadow_update_model: Union[Update, PeftUpdate]
    lm_head: Optional[nn.Module]
    shadow_lm_head: Optional[nn.Module]
    classifier_head: Optional[nn.Module]
    shadow_classifier_head: Optional[nn.Module]

    def __init__(self, base: PreTrainedModel, config: ShadowConfig, stack: PreTrainedModel,
                 projection: Optional[nn.Linear] = None) -> None:
        super().__init__()
        d, small = hidden_size(base.config), hidden_size(stack.config)
        self.first, self.count = _adapted(base, config)
        self.config = config
        self.classifies = is_classifier(base)
        self.shares_embeddings = not has_embeddings(stack)
        if self.shares_embeddings and small != d:
            raise ModelError('a shadow without embeddings of its own must have the hidden size '
                             f'of the backbone, {d}, got {small}')
        self.shadow_model = stack
        self.shadow_hidden_projection: nn.Module = (
            projection or (nn.Identity() if small == d else nn.Linear(small, d, bias=False)))
        self._build_adapter(d)
        self._copy_heads(base)
        reference = next(base.parameters())
        self.to(device=reference.device)

    def _build_adapter(self, d: int) -> None:
        """Make injection and update of the config's variant."""
        config, n = self.config, self.count
        r, m = config.injection_hidden_size, config.gate_hidden_size
        if config.variant == 'peft':
            self.shadow_injection_model = PeftInjection(n, d, r, config.alpha, config.dropout)
            self.shadow_update_model = PeftUpdate(n, d, m)
        else:
            self.shadow_injection_model = Injection(n, d, r, config.alpha, config.dropout)
            self.shadow_update_model = Update(n, d, m, config.dropout)

    def _copy_heads(self, base: PreTrainedModel) -> None:
        """Copy the backbone's head for each head that learns; a classifier learns both."""
        kind = ('classifier_head', 'shadow_classifier_head') if self.classifies else SAVEABLE[:2]
        wanted = self.config.modules_to_save or (kind if self.classifies else ())
        for name in wanted:
            if name not in kind:
                raise ModelError(f'modules_to_save must name heads of {type(base).__name__}: '
                                 f'{", ".join(kind)}, got {name!r}')
        for name in SAVEABLE:
            setattr(self, name, _copy(head_of(base)) if name in wanted else None)

    @classmethod
    def implicit(cls, base: PreTrainedModel, config: ShadowConfig,
                 to_load: bool = False) -> 'Shadow':
        """
        Return a random shadow of the backbone's architecture, fed its embeddings.

        `to_load` makes no embeddings first that would only be dropped; the random numbers differ.
        """
        stack = trunk(base)
        small = small_config(stack.config, config)
        shares = config.share_embeddings and hidden_size(small) == hidden_size(stack.config)
        known = {name: getattr(small, name, None) for name in ('vocab_size', 'pad_token_id')}
        if shares and to_load:
            small.update({'vocab_size': 1, 'pad_token_id': None})
        made = type(stack)(small)
        if shares:
            made.config.update(known)
            remove_embeddings(made)
        return cls(base, config, made)

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
            embeddings: Tensor = base.get_input_embeddings()(input_ids)
            given = {'inputs_embeds': embeddings.to(self.shadow_model.dtype)}
        out = self.shadow_model(
            **given, attention_mask=attention_mask, position_ids=position_ids,
            past_key_values=cache, use_cache=cache is not None)
        state: Tensor = out.last_hidden_state
        if isinstance(self.shadow_hidden_projection, nn.Linear):
            weight = self.shadow_hidden_projection.weight
            state = self.shadow_hidden_projection(state.to(weight.dtype))
        return state

    def head(self, base: PreTrainedModel) -> Any:
        """Return the head behind the shadow alone: its own trained one or the backbone's."""
        own = self.shadow_classifier_head if self.classifies else self.shadow_lm_head
        return own or head_of(base)

    def backbone_head(self) -> Optional[nn.Module]:
        """Return the head trained for the attached model, or None for the backbone's own."""
        return self.classifier_head if self.classifies else self.lm_head

    def logits(self, base: PreTrainedModel, state: Tensor,
               attention_mask: Optional[Tensor] = None) -> Tensor:
        """Return the logits of first states [b, t, d]: [b, t, vocab], or [b, labels]."""
        head = self.head(base)
        if self.classifies:
            state = last_token(state, attention_mask)
        logits: Tensor = head(state.to(head.weight.dtype))
        return logits

    def idle_parameters(self) -> list[nn.Parameter]:
        """Return the last block's update: nobody reads what it makes, so it cannot learn."""
        last = [child[self.count - 1] for child in self.shadow_update_model.children()
                if isinstance(child, nn.ModuleList)]
        if self.count == 1:
            last = [self.shadow_update_model]
        return [p for part in last for p in part.parameters()]

    def head_tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the trained heads (`modules_to_save`)."""
        return {k: v for k, v in self.state_dict().items() if k.split('.')[0] in SAVEABLE}

    def adapter_tensors(self) -> dict[str, Tensor]:
        """Return all tensors but those of the heads."""
        heads = self.head_tensors()
        return {k: v for k, v in self.state_dict().items() if k not in heads}


def _copy(head: Any) -> nn.Linear:
    """Return a head of its own with the same weights; hooks stay with the backbone's."""
    own = nn.Linear(head.in_features, head.out_features, bias=head.bias is not None,
                    device=head.weight.device, dtype=head.weight.dtype)
    own.load_state_dict(head.state_dict())
    return own


def _adapted(base: PreTrainedModel, config: ShadowConfig) -> tuple[int, int]:
    """Return the first adapted block and how many there are."""
    total = len(blocks(base))
    if config.adapted_blocks is not None:
        if not 0 <= config.adapted_blocks[0] <= config.adapted_blocks[-1] < total:
            raise ModelError(f'adapted_blocks must be of 0 to {total - 1}, '
                             f'got {config.adapted_blocks}')
        return config.adapted_blocks[0], len(config.adapted_blocks)
    if config.variant == 'peft':
        return 0, total
    if total < 2:
        raise ModelError('the backbone must have at least 2 blocks, got 1')
    return 1, total - 1

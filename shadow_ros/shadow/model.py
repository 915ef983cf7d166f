"""
ShadowedModel: a frozen decoder-only model with shadows that are attached per call.

    base = AutoModelForCausalLM.from_pretrained(...)         # or ...ForSequenceClassification
    shadow = Shadow.implicit(base, ShadowConfig(num_shadow_layers=2))
    shadow = Shadow.explicit(base, ShadowConfig(), stack)    # a Qwen3Model, a ...ForCausalLM or a
                                                             # ProjectedShadow of any hidden size
    model = ShadowedModel(base, shadow, loss_weight=0.05)
    out = model(input_ids, attention_mask=mask, labels=labels)   # -100 is not counted
    out.loss.backward()              # task + loss_weight * shadow loss; the backbone is frozen
    optimizer = AdamW(model.parameter_groups(1e-3, shadow_multiplier=0.1))
    model(input_ids, mode='plain' | 'detached' | 'attached').logits
    model.save_adapter(folder)       # shadow_config.json, shadow_adapter.safetensors
    model = ShadowedModel.load(base, folder)                 # stack=... for an explicit shadow
    model.detach().save(folder)      # a ProjectedShadow: what the edge runs

For transformers' generate and Trainer see task.py.
"""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

from torch import nn, Tensor
from transformers import Cache, PreTrainedModel
from transformers.utils import ModelOutput

from shadow_ros.errors import did_you_mean, ModelError
from shadow_ros.shadow import checkpoint
from shadow_ros.shadow.cache import PairCache
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.layout import is_classifier, trunk
from shadow_ros.shadow.loss import Count, next_token_loss, sequence_loss
from shadow_ros.shadow.projected import ProjectedShadow
from shadow_ros.shadow.shadow import Shadow
from shadow_ros.shadow.steering import Pass, Steering

MODES = ('attached', 'detached', 'plain')

__all__ = ['PairCache', 'ProjectedShadow', 'Shadow', 'ShadowConfig', 'ShadowedModel',
           'ShadowOutput']


@dataclass
class ShadowOutput(ModelOutput):  # type: ignore[misc]
    """
    What one pass returns.

    `logits` [b, t, vocab] (a classifier's: [b, labels]) are those of the mode asked for;
    `shadow_logits` those of the shadow alone, None in plain mode.
    """

    loss: Optional[Tensor] = None
    logits: Optional[Tensor] = None
    shadow_logits: Optional[Tensor] = None
    past_key_values: Optional[PairCache] = None


class ShadowedModel(nn.Module):
    """
    A frozen backbone and its named shadows.

    The backbone is steered from outside (steering.py): its plain outputs are bit-identical to
    those of the untouched one, and switching shadows is choosing a name.
    """

    def __init__(self, base: PreTrainedModel, shadow: Shadow, loss_weight: float = 0.05) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.shadows = nn.ModuleDict({'default': shadow})
        self.loss_weight = loss_weight
        self.classifies = is_classifier(base)
        self._steering = Steering(base)

    def add(self, name: str, shadow: Shadow) -> None:
        """Load another shadow beside the first; `forward(shadow=name)` uses it."""
        self.shadows[name] = shadow

    def remove_hooks(self) -> None:
        """Take every hook off the backbone, for one who wants it back untouched."""
        self._steering.remove()

    def shadow(self, name: str = 'default') -> Shadow:
        """Return the named shadow, or raise ModelError with the nearest name."""
        if name not in self.shadows:
            raise ModelError(f'unknown shadow {name!r}{did_you_mean(name, self.shadows)}')
        found = self.shadows[name]
        assert isinstance(found, Shadow)
        return found

    def trainable_parameters(self) -> list[nn.Parameter]:
        """Return the parameters of all shadows that learn; never one of the backbone."""
        return [p for p in self.shadows.parameters() if p.requires_grad]

    def empty_cache(self, shadow: str = 'default') -> PairCache:
        """Return empty caches for attached passes; the caller keeps them."""
        return PairCache.empty(self.base, self.shadow(shadow).shadow_model)

    def parameter_groups(self, rate: float, shadow_multiplier: float = 1.0,
                         weight_decay: float = 0.0) -> list[dict[str, Any]]:
        """
        Return the optimizer's groups: the adapters at `rate`, the shadow stacks at a multiple.

        Stacks and projections that come pretrained want a smaller rate than the new adapters,
        which `shadow_multiplier` sets. Vectors (norms, biases) get no weight decay.
        """
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self.shadows.named_parameters():
            if parameter.requires_grad:
                part = name.split('.')[1]
                stack = part in ('shadow_model', 'shadow_hidden_projection')
                key = (rate * shadow_multiplier if stack else rate,
                       weight_decay if parameter.dim() > 1 else 0.0)
                groups.setdefault(key, []).append(parameter)
        return [{'params': parameters, 'lr': own_rate, 'weight_decay': decay}
                for (own_rate, decay), parameters in groups.items()]

    def forward(self, input_ids: Tensor, attention_mask: Optional[Tensor] = None,
                position_ids: Optional[Tensor] = None, labels: Optional[Tensor] = None,
                mode: str = 'attached', shadow: str = 'default',
                cache: Optional[PairCache] = None, logits_to_keep: int = 0,
                shadow_logits: bool = True, label_count: Count = None) -> ShadowOutput:
        """
        Return logits [b, t, vocab] of tokens [b, t], and the loss when labels [b, t] are given.

        'attached' is backbone with shadow, 'detached' the shadow alone, 'plain' the backbone
        alone. With a cache, `attention_mask` covers the cached tokens too, as in transformers.
        `logits_to_keep` asks for the last positions alone (0: all), `shadow_logits` False saves
        the shadow's own head in an attached pass without labels; `label_count` divides the loss
        in place of the number of labels (gradient accumulation).
        """
        if mode not in MODES:
            raise ModelError(f'mode must be one of {", ".join(MODES)}, got {mode!r}')
        where = {'attention_mask': attention_mask, 'position_ids': position_ids}
        if mode == 'plain':
            logits = self._base_logits(input_ids, where, None if cache is None else cache.base,
                                       logits_to_keep)
            return ShadowOutput(self._loss(logits, labels, label_count), logits, None, cache)
        if mode == 'attached' and cache is not None:
            cache.length  # noqa: B018  raises when one of the two is ahead
        chosen = self.shadow(shadow)
        state = chosen.state(self.base, input_ids, **where,
                             cache=None if cache is None else cache.shadow)
        alone = None
        if mode == 'detached' or shadow_logits or labels is not None:
            kept = state if self.classifies else state[:, -logits_to_keep:]
            alone = chosen.logits(self.base, kept, attention_mask)
        shadow_loss = None if alone is None else self._loss(alone, labels, label_count)
        if mode == 'detached':
            return ShadowOutput(shadow_loss, alone, alone, cache)
        logits = self.steered(input_ids, state, shadow, **where, logits_to_keep=logits_to_keep,
                              cache=None if cache is None else cache.base)
        loss = self._loss(logits, labels, label_count)
        if loss is not None and shadow_loss is not None:
            loss = loss + self.loss_weight * shadow_loss  # (9): task (8) + lambda * shadow
        return ShadowOutput(loss, logits, alone, cache)

    def steered(self, input_ids: Tensor, state: Tensor, shadow: str = 'default',
                attention_mask: Optional[Tensor] = None, position_ids: Optional[Tensor] = None,
                cache: Optional[Cache] = None, logits_to_keep: int = 0) -> Tensor:
        """
        Return the attached logits of tokens [b, t] whose first states s^(0) [b, t, d] are known.

        The cache is the backbone's own.
        """
        where = {'attention_mask': attention_mask, 'position_ids': position_ids}
        with self._steering.during(Pass(self.shadow(shadow), state)):
            return self._base_logits(input_ids, where, cache, logits_to_keep)

    def hidden_states(self, input_ids: Tensor, attention_mask: Optional[Tensor] = None,
                      shadow: str = 'default') -> tuple[Tensor, Tensor]:
        """
        Return the backbone's last states of an attached pass and the shadow's first, [b, t, d].

        For who applies the heads himself, at some tokens alone or with labels for each path.
        """
        chosen = self.shadow(shadow)
        state = chosen.state(self.base, input_ids, attention_mask)
        with self._steering.during(Pass(chosen, state)):
            out = trunk(self.base)(input_ids=input_ids, attention_mask=attention_mask,
                                   use_cache=False)
        return out.last_hidden_state, state

    def _loss(self, logits: Tensor, labels: Optional[Tensor], count: Count) -> Optional[Tensor]:
        """Return the task's loss, (8)."""
        task_loss = sequence_loss if self.classifies else next_token_loss
        return task_loss(logits, labels, count)

    def _base_logits(self, input_ids: Tensor, where: dict[str, Any],
                     cache: Optional[Cache], logits_to_keep: int) -> Tensor:
        """Return the backbone's logits [b, t, vocab], a classifier's [b, labels]."""
        if logits_to_keep and not self.classifies:
            where = {**where, 'logits_to_keep': logits_to_keep}
        out = self.base(input_ids=input_ids, use_cache=cache is not None, **where,
                        past_key_values=cache)
        logits: Tensor = out.logits
        return logits

    def gradient_checkpointing_enable(self) -> None:
        """Trade time for memory; the recomputed blocks see the states of their own pass."""
        self._checkpointing('enable')({
            'use_reentrant': False, 'context_fn': self._steering.when_recomputed})

    def gradient_checkpointing_disable(self) -> None:
        """Keep activations again."""
        self._checkpointing('disable')()

    def _checkpointing(self, what: str) -> Any:
        """Return a method of the backbone by the name that this version of transformers wants."""
        old = getattr(self.base, f'gradient_checkpointing_{what}')
        return getattr(self.base, f'activation_checkpointing_{what}', old)

    def save_adapter(self, folder: Union[str, Path], name: str = 'default') -> None:
        """Write a shadow as shadow-peft does, PEFT's variant as PEFT does; no backbone in it."""
        checkpoint.save(self.base, self.shadow(name), folder, self.loss_weight)

    @classmethod
    def load(cls, base: PreTrainedModel, folder: Union[str, Path],
             stack: Optional[nn.Module] = None, loss_weight: Optional[float] = None,
             revision: Optional[str] = None) -> 'ShadowedModel':
        """
        Return the backbone with the adapter of a folder, or of a hub id at a revision.

        The adapter is shadow-peft's or PEFT's. `stack` is the explicit shadow's architecture (its
        weights come from the folder); without it the shadow is implicit, or what PEFT's config
        names. Raises ModelError naming the file and the field.
        """
        shadow, weight = checkpoint.load(base, folder, stack, revision)
        return cls(base, shadow, weight if loss_weight is None else loss_weight)

    def detach(self, name: str = 'default') -> ProjectedShadow:
        """Return a copy of the shadow that answers alone, without the backbone."""
        shadow = self.shadow(name)
        stack = deepcopy(shadow.shadow_model)
        if shadow.shares_embeddings:
            stack.set_input_embeddings(deepcopy(self.base.get_input_embeddings()))
        projection = shadow.shadow_hidden_projection
        return ProjectedShadow.wrap(
            stack, shadow.head(self.base),
            projection if isinstance(projection, nn.Linear) else None, pools=self.classifies)


def load_shadow(base: PreTrainedModel, folder: Union[str, Path],
                stack: Optional[nn.Module] = None, revision: Optional[str] = None) -> Shadow:
    """Return the shadow of an adapter folder or hub id, built for this backbone."""
    return checkpoint.load(base, folder, stack, revision)[0]

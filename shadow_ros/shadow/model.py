"""
ShadowedModel: a frozen decoder-only model with shadows that are attached per call.

    base = AutoModelForCausalLM.from_pretrained(...)         # or a tiny one of your own config
    shadow = Shadow.implicit(base, ShadowConfig(num_shadow_layers=2))
    shadow = Shadow.explicit(base, ShadowConfig(), stack)    # a Qwen3Model, a ...ForCausalLM or a
                                                             # ProjectedShadow of any hidden size
    model = ShadowedModel(base, shadow, loss_weight=0.05)
    out = model(input_ids, attention_mask=mask, labels=labels)   # -100 is not counted
    out.loss.backward()              # task + loss_weight * shadow loss; the backbone is frozen
    optimizer = AdamW(model.trainable_parameters())
    model(input_ids, mode='plain' | 'detached' | 'attached').logits
    model.save_adapter(folder)       # shadow_config.json, shadow_adapter.safetensors
    model = ShadowedModel.load(base, folder)                 # stack=... for an explicit shadow
    model.detach().save(folder)      # a ProjectedShadow: what the edge runs
"""

from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
import threading
from typing import Any, ContextManager, Iterator, Optional, Union

import torch
from torch import nn, Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from shadow_ros.errors import did_you_mean, ModelError
from shadow_ros.shadow.cache import PairCache
from shadow_ros.shadow.config import SAVEABLE, ShadowConfig
from shadow_ros.shadow.files import load_exactly, read_tensors, write_tensors
from shadow_ros.shadow.layout import blocks, head_of
from shadow_ros.shadow.projected import ProjectedShadow
from shadow_ros.shadow.shadow import Shadow

ADAPTER_FILE = 'shadow_adapter.safetensors'
HEADS_FILE = 'shadow_modules.safetensors'
MODES = ('attached', 'detached', 'plain')

__all__ = ['PairCache', 'ProjectedShadow', 'Shadow', 'ShadowConfig', 'ShadowedModel',
           'ShadowOutput']


@dataclass
class ShadowOutput:
    """
    What one pass returns.

    `logits` [b, t, vocab] are those of the mode asked for; `shadow_logits` those of the shadow
    alone, None in plain mode.
    """

    logits: Tensor
    shadow_logits: Optional[Tensor] = None
    loss: Optional[Tensor] = None


class _Pass:
    """One attached pass: its shadow and the state s^(l) before each adapted block."""

    def __init__(self, shadow: Shadow, state: Tensor) -> None:
        self.shadow = shadow
        self.states = {0: state}


class ShadowedModel(nn.Module):
    """
    A frozen backbone and its named shadows.

    Hooks on the backbone's blocks 1 to L-1 do nothing unless an attached pass is running in
    their thread, so plain outputs are bit-identical to those of the untouched backbone, and
    switching shadows is choosing a name.
    """

    def __init__(self, base: PreTrainedModel, shadow: Shadow, loss_weight: float = 0.05) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.shadows = nn.ModuleDict({'default': shadow})
        self.loss_weight = loss_weight
        self._running = threading.local()
        self._hooks = [hook for index, block in enumerate(list(blocks(base))[1:])
                       for hook in self._watch(block, index)]
        self._hooks.append(head_of(base).register_forward_hook(self._own_head))

    def add(self, name: str, shadow: Shadow) -> None:
        """Load another shadow beside the first; `forward(shadow=name)` uses it."""
        self.shadows[name] = shadow

    def remove_hooks(self) -> None:
        """Take every hook off the backbone, for one who wants it back untouched."""
        while self._hooks:
            self._hooks.pop().remove()

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

    def forward(self, input_ids: Tensor, attention_mask: Optional[Tensor] = None,
                position_ids: Optional[Tensor] = None, labels: Optional[Tensor] = None,
                mode: str = 'attached', shadow: str = 'default',
                cache: Optional[PairCache] = None) -> ShadowOutput:
        """
        Return logits [b, t, vocab] of tokens [b, t], and the loss when labels [b, t] are given.

        'attached' is backbone with shadow, 'detached' the shadow alone, 'plain' the backbone
        alone. With a cache, `attention_mask` covers the cached tokens too, as in transformers.
        """
        if mode not in MODES:
            raise ModelError(f'mode must be one of {", ".join(MODES)}, got {mode!r}')
        where = {'attention_mask': attention_mask, 'position_ids': position_ids}
        if mode == 'plain':
            logits = self._base_logits(input_ids, where, cache)
            return ShadowOutput(logits, None, _loss(logits, labels))
        chosen = self.shadow(shadow)
        state = chosen.state(self.base, input_ids, cache=cache.shadow if cache else None, **where)
        shadow_logits = chosen.logits(self.base, state)
        shadow_loss = _loss(shadow_logits, labels)
        if mode == 'detached':
            return ShadowOutput(shadow_logits, shadow_logits, shadow_loss)
        with self._during(_Pass(chosen, state)):
            logits = self._base_logits(input_ids, where, cache)
        loss = _loss(logits, labels)
        if loss is not None and shadow_loss is not None:
            loss = loss + self.loss_weight * shadow_loss  # (9): task (8) + lambda * shadow
        return ShadowOutput(logits, shadow_logits, loss)

    def _base_logits(self, input_ids: Tensor, where: dict[str, Any],
                     cache: Optional[PairCache]) -> Tensor:
        """Return the backbone's logits [b, t, vocab]."""
        out = self.base(input_ids=input_ids, past_key_values=cache.base if cache else None,
                        use_cache=cache is not None, **where)
        logits: Tensor = out.logits
        return logits

    def _watch(self, block: nn.Module, index: int) -> Iterator[Any]:
        """Yield the hooks of one adapted block."""
        def before(_: nn.Module, args: Any, kwargs: dict[str, Any]) -> Any:
            run = self._current()
            if run is None:
                return None
            h = args[0] if args else kwargs['hidden_states']
            h = run.shadow.shadow_injection_model(h, run.states[index], index)
            return ((h, *args[1:]), kwargs) if args else (args, {**kwargs, 'hidden_states': h})

        def after(_: nn.Module, args: Any, output: Any) -> None:
            run = self._current()
            if run is not None:
                h = output[0] if isinstance(output, tuple) else output
                run.states[index + 1] = run.shadow.shadow_update_model(
                    h, run.states[index], index)

        yield block.register_forward_pre_hook(before, with_kwargs=True)
        yield block.register_forward_hook(after)

    def _own_head(self, _: nn.Module, args: Any, output: Tensor) -> Tensor:
        """Replace the head's output by that of the shadow's own trained head, if it has one."""
        run = self._current()
        own = None if run is None else run.shadow.lm_head
        return output if own is None else own(args[0])

    def _current(self) -> Optional[_Pass]:
        """Return the attached pass that runs in this thread."""
        return getattr(self._running, 'now', None)

    @contextmanager
    def _during(self, run: Optional[_Pass]) -> Iterator[None]:
        """Make `run` this thread's attached pass inside the block."""
        outer = self._current()
        self._running.now = run
        try:
            yield
        finally:
            self._running.now = outer

    def gradient_checkpointing_enable(self) -> None:
        """Trade time for memory; the recomputed blocks see the states of their own pass."""
        def contexts() -> tuple[ContextManager[None], ContextManager[None]]:
            return nullcontext(), self._during(self._current())

        base: Any = self.base
        # transformers 5.2x gave it another name; 4.x and older 5.x know only the first.
        enable = getattr(base, 'activation_checkpointing_enable',
                         base.gradient_checkpointing_enable)
        enable({'use_reentrant': False, 'context_fn': contexts})

    def save_adapter(self, folder: Union[str, Path], name: str = 'default') -> None:
        """Write a shadow as shadow-peft does; the backbone is not in it."""
        shadow = self.shadow(name)
        shadow.config.save(folder)
        write_tensors(Path(folder) / ADAPTER_FILE, shadow.adapter_tensors())
        heads = shadow.head_tensors()
        if heads:
            write_tensors(Path(folder) / HEADS_FILE, heads)

    @classmethod
    def load(cls, base: PreTrainedModel, folder: Union[str, Path],
             stack: Optional[nn.Module] = None, loss_weight: float = 0.05) -> 'ShadowedModel':
        """
        Return the backbone with the adapter of a folder.

        `stack` is the explicit shadow's architecture (its weights come from the folder); without
        it the shadow is implicit. Raises ModelError naming the file and the field.
        """
        return cls(base, load_shadow(base, folder, stack), loss_weight)

    def detach(self, name: str = 'default') -> ProjectedShadow:
        """Return a copy of the shadow that answers alone, without the backbone."""
        shadow = self.shadow(name)
        stack = deepcopy(shadow.shadow_model)
        if shadow.shares_embeddings:
            stack.set_input_embeddings(deepcopy(self.base.get_input_embeddings()))
        head = shadow.shadow_lm_head or head_of(self.base)
        projection = shadow.shadow_hidden_projection
        return ProjectedShadow.wrap(
            stack, head, projection if isinstance(projection, nn.Linear) else None)


def load_shadow(base: PreTrainedModel, folder: Union[str, Path],
                stack: Optional[nn.Module] = None) -> Shadow:
    """Return the shadow of an adapter folder, built for this backbone."""
    config = ShadowConfig.load(folder)
    shadow = (Shadow.implicit(base, config) if stack is None
              else Shadow.explicit(base, config, stack))
    path = Path(folder) / ADAPTER_FILE
    tensors = read_tensors(path)
    if shadow.shares_embeddings:
        # shadow-peft keeps an unused random copy of GPT-2's embeddings in its files.
        tensors.pop('shadow_model.wte.weight', None)
    heads_path = Path(folder) / HEADS_FILE
    heads = read_tensors(heads_path) if heads_path.is_file() else {}
    for field in heads:
        if field.split('.')[0] not in set(SAVEABLE) & set(config.modules_to_save):
            raise ModelError(f'{heads_path} holds {field}, which modules_to_save does not name')
    if shadow.head_tensors().keys() - heads.keys():
        raise ModelError(f'{heads_path} must hold {", ".join(config.modules_to_save)}')
    load_exactly(shadow, {**tensors, **heads}, path)
    return shadow


def _loss(logits: Tensor, labels: Optional[Tensor]) -> Optional[Tensor]:
    """Return the mean next-token cross entropy of logits [b, t, v]; label -100 is not counted."""
    if labels is None:
        return None
    ahead = logits[:, :-1].flatten(0, 1).float()
    return cross_entropy(ahead, labels[:, 1:].flatten().to(torch.long), ignore_index=-100)

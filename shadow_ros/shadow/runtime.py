"""
Runtimes: one model that answers one caller token by token, as fast as it can.

    runtime = runtime_for(ProjectedShadow.load(folder), limit=256)
    logits = runtime.feed([1, 17, 4])       # [vocab], for the token after the last
    logits = runtime.feed_last([5, 9], 2)   # [2, vocab], after each of the last two; one pass
    runtime.rewind(1)                       # forget all but the first token: prefix reuse

`LeanRuntime` (lean.py) does once what transformers does at every token, `StaticRuntime`
(static.py) does it in shapes that a CUDA graph can replay; `CachedRuntime` runs any other
architecture through transformers, and `AttachedRuntime` (attached.py) a backbone with its shadow.
"""

from typing import Optional, Protocol, Sequence

import torch
from torch import Tensor
from transformers import PretrainedConfig

from shadow_ros.errors import ModelError
from shadow_ros.shadow.cache import crop, rewindable
from shadow_ros.shadow.projected import ProjectedShadow

_LEAN_FAMILIES = ('qwen3', 'qwen2', 'llama', 'mistral')
PRECISIONS = {'float32': torch.float32, 'bfloat16': torch.bfloat16, 'float16': torch.float16}
INT8 = 'int8'


class Runtime(Protocol):
    """
    One conversation with a model.

    A `drafter` is a cheaper runtime of the same conversation, at least as far on.
    """

    length: int
    limit: int
    passes: int

    @property
    def drafter(self) -> 'Optional[Runtime]':
        """Return the drafter, if there is one."""

    def feed(self, ids: Sequence[int]) -> Tensor:
        """Append tokens and return the logits [vocab] of the next one; one model pass."""

    def feed_last(self, ids: Sequence[int], count: int) -> Tensor:
        """Append tokens and return the logits [count, vocab] after each of the last ones."""

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` tokens."""


def runtime_for(model: ProjectedShadow, limit: int = 512, precision: str = '',
                consume: bool = False) -> Runtime:
    """
    Return the fastest runtime for the model; `limit` is the longest conversation in tokens.

    `precision` is one of PRECISIONS, or 'int8' (weights in 8 bits a number, on a CPU); '' keeps
    the model's. `consume` takes the weights out of the model, which saves their memory twice.
    """
    from shadow_ros.shadow.lean import LeanRuntime
    from shadow_ros.shadow.static import StaticRuntime
    if precision not in ('', INT8, *PRECISIONS):
        raise ModelError(f'precision must be one of {", ".join([*PRECISIONS, INT8])}, '
                         f'got {precision!r}')
    lean, int8 = is_lean(model.shadow_model.config), precision == INT8
    on_gpu = model.lm_head.weight.device.type == 'cuda'
    if int8 and (on_gpu or not lean):
        raise ModelError('int8 is for Qwen, Llama and Mistral shadows on a CPU, got '
                         f'{model.shadow_model.config.model_type} on '
                         f'{model.lm_head.weight.device}; use bfloat16')
    if precision in PRECISIONS:
        model = model.to(PRECISIONS[precision])
    if not lean:
        return CachedRuntime(model, limit)
    if on_gpu:
        return StaticRuntime(model, limit, consume=consume)
    return LeanRuntime(model, limit, int8, consume)


def is_lean(config: PretrainedConfig) -> bool:
    """Return whether LeanRuntime computes this architecture: full attention, plain rotations."""
    rope = getattr(config, 'rope_parameters', None) or {}
    kinds = getattr(config, 'layer_types', None) or ['full_attention']
    window = getattr(config, 'sliding_window', None) if config.model_type == 'mistral' else None
    return (config.model_type in _LEAN_FAMILIES and rope.get('rope_type') == 'default'
            and set(kinds) == {'full_attention'} and not window
            and getattr(config, 'hidden_act', 'silu') == 'silu'
            and not getattr(config, 'mlp_bias', False))


class Counted:
    """What every runtime keeps count of."""

    drafter: Optional['Counted'] = None

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.length = 0
        self.passes = 0

    def feed(self, ids: Sequence[int]) -> Tensor:
        """Append tokens and return the logits [vocab] of the next one; one model pass."""
        return self.feed_last(ids, 1)[0]

    def feed_last(self, ids: Sequence[int], count: int) -> Tensor:
        """Append tokens and return the logits [count, vocab] after each of the last ones."""
        if not 1 <= count <= len(ids) or self.length + len(ids) > self.limit:
            raise ModelError(f'expected 1 to {self.limit - self.length} more tokens, '
                             f'got {len(ids)}; rewind first or make the limit longer')
        with torch.inference_mode():
            logits = self._pass(ids, count)
        self.length += len(ids)
        self.passes += 1
        return logits

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` tokens."""
        if not 0 <= length <= self.length:
            raise ModelError(f'a rewind must go to 0 to {self.length} tokens, got {length}')
        self._forget(length)
        self.length = length

    def _pass(self, ids: Sequence[int], count: int) -> Tensor:
        """Return the logits [count, vocab] of one model pass."""
        raise NotImplementedError

    def _forget(self, length: int) -> None:
        """Drop what is cached of later tokens; nothing where it is overwritten anyway."""


class CachedRuntime(Counted):
    """Any architecture, through transformers and a DynamicCache."""

    def __init__(self, model: ProjectedShadow, limit: int) -> None:
        super().__init__(limit)
        self.model = model
        self._cache = rewindable(model.shadow_model.config)

    def _pass(self, ids: Sequence[int], count: int) -> Tensor:
        """Return the logits [count, vocab] of one model pass."""
        where = torch.tensor([list(ids)], device=self.model.lm_head.weight.device)
        logits: Tensor = self.model(where, use_cache=True, past_key_values=self._cache,
                                    logits_to_keep=count).logits[0]
        return logits

    def _forget(self, length: int) -> None:
        """Crop the cache."""
        crop(self._cache, length)

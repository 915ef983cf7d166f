"""Key-value caches that the caller owns: one for the backbone, one for the shadow."""

from typing import Any

from torch import Tensor
from transformers import Cache, DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from shadow_ros.errors import ModelError
from shadow_ros.shadow.layout import trunk


class PairCache(Cache):
    """
    The two caches of an attached model, which advance together.

    They belong to the caller, not to the model: as many conversations as one likes may take
    turns, and a cropped cache is exact. A plain conversation fills `base` alone, a detached one
    `shadow` alone. To transformers it is one cache, so beams can reorder it.
    """

    def __init__(self, base: Cache, shadow: Cache) -> None:
        super().__init__(layer_class_to_replicate=DynamicLayer)  # its own layers stay empty
        self.base = base
        self.shadow = shadow

    @classmethod
    def empty(cls, base: PreTrainedModel, shadow: PreTrainedModel) -> 'PairCache':
        """Return empty caches for this backbone and this shadow's decoder stack."""
        return cls(rewindable(trunk(base).config), rewindable(trunk(shadow).config))

    @property
    def length(self) -> int:
        """Return how many tokens both caches hold."""
        base, shadow = self.base.get_seq_length(), self.shadow.get_seq_length()
        if base != shadow:
            raise ModelError(f'the two caches must advance together, got {base} tokens in the '
                             f"backbone's and {shadow} in the shadow's; start with empty caches")
        return int(base)

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """Return how many tokens the longer of the two holds."""
        return max(self.base.get_seq_length(), self.shadow.get_seq_length())

    def crop(self, tokens: int) -> None:
        """
        Keep the first `tokens` of both; a negative number forgets so many of the last.

        Zero changes nothing, as in transformers; `reset` forgets all.
        """
        keep = tokens if tokens > 0 else self.get_seq_length() + tokens
        for cache in (self.base, self.shadow):
            crop(cache, keep)

    def reset(self) -> None:
        """Forget all tokens."""
        self.base.reset()
        self.shadow.reset()

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Let row i go on where row `beam_idx[i]` is; beam search calls it."""
        self._both('reorder_cache', beam_idx)

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat every row."""
        self._both('batch_repeat_interleave', repeats)

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep these rows alone."""
        self._both('batch_select_indices', indices)

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: a layer belongs to one of the two."""
        raise ModelError('a PairCache must be given to an attached model, got a layer of another; '
                         'give that one `.base` or `.shadow`')

    @property
    def is_compileable(self) -> bool:
        """Return False: the caches grow."""
        return False

    @property
    def is_croppable(self) -> bool:
        """Return True."""
        return True

    def _both(self, method: str, argument: Any) -> None:
        """Call a method of those of the two that hold tokens."""
        for cache in (self.base, self.shadow):
            if cache.get_seq_length():
                getattr(cache, method)(argument)


def rewindable(config: Any) -> DynamicCache:
    """Return an empty cache that can be cropped at any length, beyond a sliding window too."""
    cache = DynamicCache(config=config)
    for layer in cache.layers:
        if hasattr(layer, 'record_past'):
            layer.record_past = True
    return cache


def crop(cache: Cache, length: int) -> None:
    """Forget all but the first `length` tokens of one cache."""
    surplus = cache.get_seq_length() - length
    if surplus > 0 and length == 0:
        cache.reset()
    elif surplus > 0:
        cache.crop(-surplus)  # the negative form is the one that all versions of transformers take

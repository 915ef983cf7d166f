"""Key-value caches that the caller owns: one for the backbone, one for the shadow."""

from dataclasses import dataclass

from transformers import Cache, DynamicCache, PreTrainedModel

from shadow_ros.errors import ModelError
from shadow_ros.shadow.layout import trunk


@dataclass
class PairCache:
    """
    The two caches of an attached model, which advance together.

    They belong to the caller, not to the model: as many conversations as one likes may take
    turns, and a cropped cache is exact.
    """

    base: Cache
    shadow: Cache

    @classmethod
    def empty(cls, base: PreTrainedModel, shadow: PreTrainedModel) -> 'PairCache':
        """Return empty caches for this backbone and this shadow's decoder stack."""
        return cls(DynamicCache(config=trunk(base).config),
                   DynamicCache(config=trunk(shadow).config))

    @property
    def length(self) -> int:
        """Return how many tokens both caches hold."""
        base, shadow = self.base.get_seq_length(), self.shadow.get_seq_length()
        if base != shadow:
            raise ModelError(f'the two caches must advance together, got {base} tokens in the '
                             f"backbone's and {shadow} in the shadow's; start with empty caches")
        return int(base)

    def crop(self, length: int) -> None:
        """Forget all but the first `length` tokens, in both."""
        for cache in (self.base, self.shadow):
            crop(cache, length)


def crop(cache: Cache, length: int) -> None:
    """Forget all but the first `length` tokens of one cache."""
    surplus = cache.get_seq_length() - length
    if surplus > 0:
        cache.crop(-surplus)  # the negative form is the one that all versions of transformers take

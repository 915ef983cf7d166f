"""
AttachedRuntime: a backbone with one of its shadows, and the shadow ahead of it as its drafter.

    runtime = AttachedRuntime(model, limit=256)
    runtime.feed([1, 17, 4])                # [vocab], attached
    runtime.drafter.feed([5])               # [vocab], the shadow alone: a guess, at little cost
    runtime.feed_last([5, 9], 2)            # the backbone confirms; the shadow reads but 9

The shadow runs before the backbone in every attached pass. So it may as well run some tokens
ahead, write what it would say alone, and have the backbone judge all of it in one pass.
"""

from typing import Any, Optional, Sequence

import torch
from torch import Tensor

from shadow_ros.shadow.cache import crop, rewindable
from shadow_ros.shadow.int8 import int8_linear
from shadow_ros.shadow.layout import trunk
from shadow_ros.shadow.model import ShadowedModel
from shadow_ros.shadow.pack import dense, Linear, product
from shadow_ros.shadow.runtime import Counted

_LARGE = 1 << 22  # numbers of a head; from here on guesses are made with an 8-bit copy on a CPU


class AttachedRuntime(Counted):
    """One conversation; every token goes through both models, once."""

    drafter: 'Drafter'

    def __init__(self, model: ShadowedModel, limit: int = 512, shadow: str = 'default') -> None:
        super().__init__(limit)
        self.model = model
        self.shadow = shadow
        self.drafter = Drafter(model, limit, shadow)
        self._cache = rewindable(trunk(model.base).config)

    def _pass(self, ids: Sequence[int], count: int) -> Tensor:
        """Return the logits [count, vocab] of one attached pass."""
        states = self.drafter.states(self.length, ids)
        where = torch.tensor([list(ids)], device=self.model.base.device)
        return self.model.steered(where, states, self.shadow, cache=self._cache,
                                  logits_to_keep=count)[0]

    def _forget(self, length: int) -> None:
        """Crop both caches."""
        crop(self._cache, length)
        self.drafter.rewind(min(length, self.drafter.length))


class Drafter(Counted):
    """The shadow alone, in an attached conversation, whose backbone may not have come so far."""

    def __init__(self, model: ShadowedModel, limit: int, shadow: str) -> None:
        super().__init__(limit)
        self.model = model
        self.shadow = model.shadow(shadow)
        self._cache = rewindable(self.shadow.shadow_model.config)
        self._ids: list[int] = []
        self._states: list[Tensor] = []  # s^(0) of each token, [d]
        self._head: Optional[Linear] = None

    def states(self, start: int, ids: Sequence[int]) -> Tensor:
        """Return s^(0) [1, t, d] of tokens from `start`, reading those that are not read yet."""
        known = 0
        while self._ids[start + known:start + known + 1] == list(ids[known:known + 1]) \
                and known < len(ids):
            known += 1
        self.rewind(start + known)
        if known < len(ids):
            self._read(ids[known:])
            self.length += len(ids) - known
        return torch.stack(self._states[start:start + len(ids)])[None]

    def _pass(self, ids: Sequence[int], count: int) -> Tensor:
        """Return the shadow's own logits [count, vocab]; of a large head, nearly."""
        if self._head is None:
            self._head = _guessing(self.shadow.head(self.model.base))
        return self._head(self._read(ids)[-count:])

    def _read(self, ids: Sequence[int]) -> Tensor:
        """Take the shadow over tokens that follow those it has read; return s^(0) [t, d]."""
        where = torch.tensor([list(ids)], device=self.model.base.device)
        states: Tensor = self.shadow.state(self.model.base, where, cache=self._cache)[0]
        self._ids += ids
        self._states += states
        return states

    def _forget(self, length: int) -> None:
        """Crop the cache and what is known of later tokens."""
        crop(self._cache, length)
        del self._ids[length:], self._states[length:]


def _guessing(head: Any) -> Linear:
    """Return a head for guesses: a large one on a CPU in 8 bits, which are sooner read."""
    weight = dense(head.weight)
    if weight.device.type == 'cpu' and weight.numel() >= _LARGE:
        eighth = int8_linear(weight, head.bias)
        return lambda states: eighth(states.float())
    whole = product(weight, head.bias, packs=False)
    return lambda states: whole(states.to(weight.dtype))

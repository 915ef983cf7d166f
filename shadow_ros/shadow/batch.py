"""
BatchRuntime: many conversations with one attached model, some of them a step further per pass.

    runtime = BatchRuntime(model, slots=32, limit=320)
    after = runtime.feed([Feed(0, [1, 17, 4]), Feed(5, [9, 2], count=2)])
    after[1]                                # [2, vocab]: logits after each of slot 5's last two
    runtime.rewind(5, 1)                    # forget all but the first token of one conversation

Every slot has a length of its own, so conversations begin, end and rewind independently, and what
one slot holds changes nothing in another. Any decoder that takes a mask [b, 1, t, n] will do.

Shapes: n rows of a pass, t tokens of its longest row, h key heads, e head size.
"""

from dataclasses import dataclass
from typing import Any, Sequence

import torch
from torch import Tensor
from transformers import Cache, PretrainedConfig
from transformers.cache_utils import CacheLayerMixin

from shadow_ros.errors import ModelError
from shadow_ros.shadow.cache import PairCache
from shadow_ros.shadow.layout import trunk
from shadow_ros.shadow.model import ShadowedModel


@dataclass(frozen=True)
class Feed:
    """Tokens for one slot; logits are wanted after each of the last `count`."""

    slot: int
    ids: Sequence[int]
    count: int = 1


class BatchRuntime:
    """`slots` conversations of at most `limit` tokens each; for one thread."""

    def __init__(self, model: ShadowedModel, slots: int, limit: int = 320,
                 shadow: str = 'default') -> None:
        self.model = model
        self.limit = limit
        self.slots = slots
        self.shadow = shadow
        self.lengths = [0] * slots
        self.passes = 0
        self._place = _Place()
        stack = model.shadow(shadow).shadow_model
        self._cache = PairCache(*(
            Cache(layers=[_Layer(self._place, slots, limit) for _ in range(_depth(part.config))])
            for part in (trunk(model.base), trunk(stack))))

    def feed(self, feeds: Sequence[Feed]) -> list[Tensor]:
        """Append each row's tokens in one model pass; return its logits [count, vocab]."""
        self._check(feeds)
        longest = max(len(feed.ids) for feed in feeds)
        ids, places = self._table(feeds, longest)
        device = self.model.base.device
        used = max(self.lengths[feed.slot] + len(feed.ids) for feed in feeds)
        self._place.begin([feed.slot for feed in feeds], places.to(device), used, self.limit)
        # Padding stands before a row and looks at the first place, which is never empty.
        mask = (torch.arange(used) <= places.clamp(min=0)[..., None])[:, None]  # [n, 1, t, used]
        with torch.inference_mode():
            logits = self.model(
                ids.to(device), attention_mask=mask.to(device), shadow=self.shadow,
                position_ids=places.clamp(min=0).to(device), cache=self._cache,
                logits_to_keep=max(feed.count for feed in feeds), shadow_logits=False).logits
        assert logits is not None
        for feed in feeds:
            self.lengths[feed.slot] += len(feed.ids)
        self.passes += 1
        return [row[-feed.count:] for row, feed in zip(logits, feeds)]

    def rewind(self, slot: int, length: int) -> None:
        """Forget all but the first `length` tokens of a conversation."""
        if not 0 <= length <= self.lengths[slot]:
            raise ModelError(f'a rewind must go to 0 to {self.lengths[slot]} tokens, got {length}')
        self.lengths[slot] = length

    def _check(self, feeds: Sequence[Feed]) -> None:
        """Raise ModelError unless each row is of a slot of its own and has room."""
        if not feeds or len({feed.slot for feed in feeds}) < len(feeds):
            raise ModelError('a pass must have one row or more, each of another slot, got slots '
                             f'{[feed.slot for feed in feeds]}')
        for feed in feeds:
            room = self.limit - self.lengths[feed.slot]
            if not 1 <= feed.count <= len(feed.ids) <= room:
                raise ModelError(f'expected 1 to {room} more tokens in slot {feed.slot}, '
                                 f'got {len(feed.ids)}; rewind it first or make the limit longer')

    def _table(self, feeds: Sequence[Feed], longest: int) -> tuple[Tensor, Tensor]:
        """Return tokens and their places [n, t]; rows end together, padding is at place -1."""
        ids = torch.zeros(len(feeds), longest, dtype=torch.long)
        places = torch.full_like(ids, -1)
        for row, feed in enumerate(feeds):
            start = self.lengths[feed.slot]
            ids[row, longest - len(feed.ids):] = torch.tensor(feed.ids)
            places[row, longest - len(feed.ids):] = torch.arange(start, start + len(feed.ids))
        return ids, places


class _Place:
    """Where the rows of the running pass stand in the caches; shared by all layers."""

    def begin(self, slots: Sequence[int], places: Tensor, used: int, spare: int) -> None:
        """Take the slots, the places [n, t] (padding: -1) and how many places are looked at."""
        self.used = used
        self.rows: Any = torch.tensor(slots, device=places.device)
        self.to = self.rows[:, None], torch.where(places < 0, spare, places)
        if list(slots) == list(range(slots[0], slots[0] + len(slots))):
            self.rows = slice(slots[0], slots[0] + len(slots))  # a view in place of a copy


class _Layer(CacheLayerMixin):  # type: ignore[misc]
    """One layer's keys and values [slots, limit + 1, h, e]; the last place takes the padding."""

    def __init__(self, place: _Place, slots: int, limit: int) -> None:
        super().__init__()
        self._place = place
        self._size = slots, limit + 1

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Make the buffers once sizes and device are known."""
        self.keys, self.values = (
            part.new_zeros(*self._size, part.shape[1], part.shape[3])
            for part in (key_states, value_states))
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any,
               **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Store [n, h, t, e] at the rows' places; return what the rows hold [n, h, used, e]."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        place = self._place
        self.keys[place.to] = key_states.transpose(1, 2)
        self.values[place.to] = value_states.transpose(1, 2)
        return (self.keys[place.rows, :place.used].transpose(1, 2),
                self.values[place.rows, :place.used].transpose(1, 2))

    def get_seq_length(self) -> int:
        """Return 0: places are given with each pass."""
        return 0

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return the size of the mask and where it begins."""
        return self._place.used, 0

    def get_max_length(self) -> int:
        """Return how many tokens a slot holds."""
        return self._size[1] - 1


def _depth(config: PretrainedConfig) -> int:
    """Return how many decoder blocks a configuration has."""
    return int(config.num_hidden_layers)

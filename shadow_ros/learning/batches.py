"""Batches of token ids with labels for both paths: the shadow alone, and the attached model."""

from dataclasses import dataclass
import random
from typing import Iterator, NamedTuple, Sequence, TYPE_CHECKING, Union

from shadow_ros.errors import ConfigError

if TYPE_CHECKING:
    from torch import device, Tensor

IGNORED = -100
_CHUNK = 50  # batches within which examples are sorted by length


@dataclass(frozen=True)
class Pair:
    """Token ids of a prompt and its plan, how many are the prompt, and who learns the plan."""

    ids: tuple[int, ...]
    prompt: int
    edge: bool = True
    cloud: bool = True


class Batch(NamedTuple):
    """
    What a step, or a part of it, learns from: ids and labels [b, t].

    `edge` are the labels of the shadow alone, `cloud` those of the attached model; -100 is not
    learned. The counts are those of the whole step, so that the parts' losses add up to its.
    """

    ids: 'Tensor'
    edge: 'Tensor'
    cloud: 'Tensor'
    edge_count: int
    cloud_count: int

    def to(self, where: Union[str, 'device']) -> 'Batch':
        """Return the batch on a device."""
        return self._replace(ids=self.ids.to(where), edge=self.edge.to(where),
                             cloud=self.cloud.to(where))


class Batches:
    """Batches by step number, so that a resumed run sees what an unbroken one would have seen."""

    def __init__(self, pairs: Sequence[Pair], size: int, pad: int, seed: int) -> None:
        if len(pairs) < size:
            raise ConfigError(f'a batch of {size} needs as many examples, got {len(pairs)}')
        self.pairs, self.size, self.pad, self.seed = pairs, size, pad, seed
        self.per_epoch = len(pairs) // size
        self._epoch = -1
        self._order: list[list[int]] = []

    def at(self, step: int) -> Batch:
        """Return all of a step; the prompt is not learned."""
        return next(self.parts(step))

    def parts(self, step: int, count: int = 1, rank: int = 0, world: int = 1) -> Iterator[Batch]:
        """Yield this process's `count` parts of a step."""
        chosen = self.pairs_of(step)
        edge = sum(len(p.ids) - p.prompt for p in chosen if p.edge)
        cloud = sum(len(p.ids) - p.prompt for p in chosen if p.cloud)
        for part in range(count):
            yield self._stack(chosen[rank + part * world::count * world], edge, cloud)

    def pairs_of(self, step: int) -> list[Pair]:
        """Return the examples of a step."""
        epoch, index = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffle(epoch)
        return [self.pairs[i] for i in self._order[index]]

    def _stack(self, chosen: Sequence[Pair], edge_count: int, cloud_count: int) -> Batch:
        """Return padded tensors of some examples."""
        import torch
        longest = max(len(pair.ids) for pair in chosen)
        ids = torch.full((len(chosen), longest), self.pad)
        edge, cloud = torch.full_like(ids, IGNORED), torch.full_like(ids, IGNORED)
        for row, pair in enumerate(chosen):
            ids[row, :len(pair.ids)] = torch.tensor(pair.ids)
            plan = torch.tensor(pair.ids[pair.prompt:])
            for labels, learns in ((edge, pair.edge), (cloud, pair.cloud)):
                if learns:
                    labels[row, pair.prompt:len(pair.ids)] = plan
        return Batch(ids, edge, cloud, max(1, edge_count), max(1, cloud_count))

    def _shuffle(self, epoch: int) -> list[list[int]]:
        """Return an epoch's batches: random examples, sorted by length within big chunks."""
        rng = random.Random(f'{self.seed} {epoch}')
        order = list(range(len(self.pairs)))
        rng.shuffle(order)
        chunk = self.size * _CHUNK
        batches = []
        for start in range(0, self.per_epoch * self.size, chunk):
            part = order[start:min(start + chunk, self.per_epoch * self.size)]
            part.sort(key=lambda i: len(self.pairs[i].ids))
            batches += [part[i:i + self.size] for i in range(0, len(part), self.size)]
        rng.shuffle(batches)
        return batches

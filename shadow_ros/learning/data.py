"""Training data: composed examples, optional public negatives, batches of like lengths."""

from dataclasses import dataclass
import hashlib
import json
from pathlib import Path
import random
from typing import Iterable, Optional, Sequence, TYPE_CHECKING, Union

from shadow_ros.errors import ConfigError
from shadow_ros.intent.amounts import normalise
from shadow_ros.learning.corpus.compose import Composer, Example
from shadow_ros.learning.corpus.patterns import DATA, read

if TYPE_CHECKING:
    from torch import Tensor

    from shadow_ros.intent.tokens import Codec

HELD_OUT = 10  # one in so many negatives is kept for measuring false motion
_IGNORED = -100


@dataclass(frozen=True)
class Pair:
    """Token ids of one example and how many of them are the prompt."""

    ids: tuple[int, ...]
    prompt: int


def negatives(path: Union[str, Path], held_out: bool = False) -> list[Example]:
    """
    Return public requests that must not move the robot; the held-out tenth or the rest.

    The file has JSON lines with text, route (REMOTE or NONE) and lang. The split depends on the
    text alone, so it is the same everywhere.
    """
    replies = read('talk')
    found = []
    try:
        lines = Path(path).read_text(encoding='utf-8').splitlines()
    except OSError as error:
        raise ConfigError(f'the negatives {path} cannot be read: {error.strerror}') from None
    for line in lines:
        row = json.loads(line)
        if (_bucket(row['text']) == 0) != held_out:
            continue
        lang = row['lang']
        plan = (f'[REMOTE] {replies["replies"][lang]["REMOTE"]}' if row['route'] == 'REMOTE'
                else replies['frames'][lang]['about'])
        found.append(Example(row['text'], plan, lang, f'public_{row["route"].lower()}'))
    return found


def read_examples(path: Path) -> list[Example]:
    """Return the examples of JSON lines with text, plan, lang and category."""
    return [Example(**json.loads(line))
            for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]


def _bucket(text: str) -> int:
    return int(hashlib.sha256(normalise(text).encode()).hexdigest(), 16) % HELD_OUT


def compose(examples: int, seed: int, forbidden: Iterable[str] = (),
            public: Sequence[Example] = (), every: int = 1,
            sequences: float = 1.0) -> list[Example]:
    """
    Return the training examples: composed ones, then one in `every` of the public negatives.

    `forbidden` are texts of the development set, which must never be trained on. A text has one
    plan: a public one that the corpus has already is left out.
    """
    kept_out = frozenset(normalise(text) for text in forbidden)
    found = list(Composer(seed, sequences=sequences).examples(examples, kept_out))
    seen = {normalise(example.text) for example in found} | kept_out
    new = []
    for example in public:
        key = normalise(example.text)
        if key not in seen:
            seen.add(key)
            new.append(example)
    return found + new[::every]


def corpus_hashes(*others: Optional[Union[str, Path]]) -> dict[str, str]:
    """Return file name -> SHA-256 of the corpus files and of others that are given."""
    paths = sorted(DATA.glob('*.yaml')) + [Path(o) for o in others if o]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def encode(examples: Iterable[Example], codec: 'Codec', longest: int = 96) -> list[Pair]:
    """Return the token ids of the examples that are not too long."""
    pairs = []
    for example in examples:
        prompt = codec.command(example.text)
        ids = prompt + codec.plan(example.plan)
        if len(ids) <= longest:
            pairs.append(Pair(tuple(ids), len(prompt)))
    return pairs


class Batches:
    """Batches by step number, so that a resumed run sees what an unbroken one would have seen."""

    def __init__(self, pairs: Sequence[Pair], size: int, pad: int, seed: int) -> None:
        if len(pairs) < size:
            raise ConfigError(f'a batch of {size} needs as many examples, got {len(pairs)}')
        self.pairs, self.size, self.pad, self.seed = pairs, size, pad, seed
        self.per_epoch = len(pairs) // size
        self._epoch = -1
        self._order: list[list[int]] = []

    def at(self, step: int) -> tuple['Tensor', 'Tensor']:
        """Return ids [b, t] and labels [b, t] of one step; the prompt is not learned."""
        import torch
        epoch, index = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffle(epoch)
        chosen = [self.pairs[i] for i in self._order[index]]
        longest = max(len(pair.ids) for pair in chosen)
        ids = torch.full((len(chosen), longest), self.pad)
        labels = torch.full((len(chosen), longest), _IGNORED)
        for row, pair in enumerate(chosen):
            ids[row, :len(pair.ids)] = torch.tensor(pair.ids)
            labels[row, pair.prompt:len(pair.ids)] = torch.tensor(pair.ids[pair.prompt:])
        return ids, labels

    def _shuffle(self, epoch: int) -> list[list[int]]:
        """Return an epoch's batches: random examples, sorted by length within big chunks."""
        rng = random.Random(f'{self.seed} {epoch}')
        order = list(range(len(self.pairs)))
        rng.shuffle(order)
        chunk = self.size * 50
        batches = []
        for start in range(0, self.per_epoch * self.size, chunk):
            part = order[start:min(start + chunk, self.per_epoch * self.size)]
            part.sort(key=lambda i: len(self.pairs[i].ids))
            batches += [part[i:i + self.size] for i in range(0, len(part), self.size)]
        rng.shuffle(batches)
        return batches

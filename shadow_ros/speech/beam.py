"""
From phone probabilities to words: a search through a tree of pronunciations; pure Python.

Prefix beam search for connectionist temporal classification (Graves 2012, section 7.5), in which
a prefix is the words so far and a place in the tree, and words weigh as the language model has it.
A search goes on from any frame: what was reached is a value, and `advance` returns the next one.
"""

from dataclasses import dataclass, field
import math
from typing import Any, Callable, Mapping, Optional, Sequence

import numpy as np
import numpy.typing as npt

LogProbs = npt.NDArray[np.float32]
"""Natural logarithms [frames, 1 + phones]; column 0 is the blank."""

LanguageModel = Callable[[str, tuple[str, ...]], float]
"""Log probability of a word after the words before it, oldest first."""

START, END = '<s>', '</s>'
_NEVER = -1e30
_CERTAIN = math.log(0.995)  # a blank as likely as this changes nothing but the score


@dataclass
class Node:
    """A place in the tree: the phone that leads to it, what follows, and the words that end."""

    phone: int = 0
    after: dict[int, 'Node'] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    promise: float = _NEVER  # log probability of the likeliest word from here on


@dataclass(frozen=True)
class Path:
    """The words of a hypothesis, newest first, and the log probability of the words alone."""

    words: tuple[str, ...]
    chance: float


@dataclass(frozen=True)
class Weights:
    """
    How the search weighs and prunes.

    `language` times the log probability of each word and `word` for each word are added to the
    sound's log probability; of each frame the `phones` likeliest are followed, of all hypotheses
    the `width` best, none that is `depth` worse than the best.
    """

    language: float = 0.6
    word: float = 0.3
    width: int = 24
    phones: int = 8
    least: float = -9.0
    depth: float = 14.0


# A hypothesis: (last two words, place, last phone) -> [ends in a blank, in a phone, path].
_Key = tuple[tuple[str, ...], int, int]
Beam = dict[_Key, list[Any]]


@dataclass(frozen=True)
class Found:
    """
    A text, the log probability of its sound, and that of its words.

    `total` is what it was ranked by: both weighed, and what a word that is begun promises.
    """

    text: str
    sound: float
    words: float
    total: float


class Search:
    """Finds the likeliest words of a vocabulary in phone probabilities."""

    def __init__(self, pronunciations: Mapping[str, Sequence[Sequence[int]]],
                 language: LanguageModel, weights: Weights = Weights()) -> None:
        self.weights = weights
        self._language = language
        self._memory: dict[tuple[str, tuple[str, ...]], float] = {}
        self._root = Node()
        for word, ways in pronunciations.items():
            promise = weights.language * language(word, ())
            for phones in ways:
                self._grow(word, phones, promise)
        self._nodes: dict[int, Node] = {}
        self._number(self._root)

    def begin(self) -> Beam:
        """Return the beam before the first frame."""
        return {((START,), id(self._root), 0): [0.0, _NEVER, Path((), 0.0)]}

    def advance(self, beam: Beam, frames: LogProbs) -> Beam:
        """Return the beam after these frames."""
        for frame in frames:
            blank = float(frame[0])
            if blank > _CERTAIN:
                beam = {key: [_sum(b, p) + blank, _NEVER, path]
                        for key, (b, p, path) in beam.items()}
            else:
                beam = self._pruned(self._step(beam, frame, blank))
        return beam

    def best(self, beam: Beam, ended: bool = True, count: int = 1) -> list[Found]:
        """Return the likeliest texts; unless `ended`, a begun word at the end may be left out."""
        texts: dict[tuple[str, ...], tuple[float, float, float]] = {}
        for (context, place, _), (b, p, path) in beam.items():
            if ended and place != id(self._root):
                continue
            chance, total = path.chance, _sum(b, p)
            sound = total - self._weight(path)
            if ended:
                chance += self._chance(END, context)
                total = sound + self.weights.language * chance \
                    + self.weights.word * len(path.words)
            else:
                total += self._nodes[place].promise if place != id(self._root) else 0.0
            known = texts.get(path.words)
            if known is None or total > known[0]:
                texts[path.words] = (total, sound, chance)
        ranked = sorted(texts.items(), key=lambda item: -item[1][0])[:count]
        return [Found(' '.join(reversed(words)), sound, chance, total)
                for words, (total, sound, chance) in ranked] or [Found('', _NEVER, 0.0, _NEVER)]

    def _weight(self, path: Path) -> float:
        return self.weights.language * path.chance + self.weights.word * len(path.words)

    def _grow(self, word: str, phones: Sequence[int], promise: float) -> None:
        node = self._root
        for phone in phones:
            node = node.after.setdefault(phone, Node(phone))
            node.promise = max(node.promise, promise)
        if word not in node.words:
            node.words.append(word)

    def _number(self, node: Node) -> None:
        self._nodes[id(node)] = node
        for below in node.after.values():
            self._number(below)

    def _chance(self, word: str, context: tuple[str, ...]) -> float:
        key = (word, context)
        if key not in self._memory:
            self._memory[key] = self._language(word, context)
        return self._memory[key]

    def _step(self, beam: Beam, frame: LogProbs, blank: float) -> Beam:
        chosen = np.argsort(frame[1:])[::-1][:self.weights.phones] + 1
        likely = [(int(i), float(frame[i])) for i in chosen if frame[i] > self.weights.least]
        new: Beam = {}
        for (context, place, last), (b, p, path) in beam.items():
            node = self._nodes[place]
            total = _sum(b, p)
            _add(new, (context, place, last), 0, total + blank, path)
            if last:
                _add(new, (context, place, last), 1, p + float(frame[last]), path)
            for phone, score in likely:
                below = node.after.get(phone)
                if below is not None:
                    came = (b if phone == last else total) + score
                    if came > _NEVER / 2:
                        self._enter(new, context, below, came, path)
        return new

    def _enter(self, new: Beam, context: tuple[str, ...], node: Node, score: float,
               path: Path) -> None:
        """Go down to a node, and from there also on to the next word, where one ends."""
        if node.after:
            _add(new, (context, id(node), node.phone), 1, score, path)
        for word in node.words:
            chance = self._chance(word, context)
            longer = Path((word, *path.words), path.chance + chance)
            weighed = score + self.weights.language * chance + self.weights.word
            _add(new, ((*context, word)[-2:], id(self._root), node.phone), 1, weighed, longer)

    def _pruned(self, beam: Beam) -> Beam:
        ranked = []
        for key, entry in beam.items():
            promise = self._nodes[key[1]].promise
            ranked.append((_sum(entry[0], entry[1]) + (promise if promise > _NEVER else 0.0),
                           key, entry))
        ranked.sort(key=lambda item: -item[0])
        floor = ranked[0][0] - self.weights.depth
        return {key: entry for score, key, entry in ranked[:self.weights.width] if score > floor}


def _add(beam: Beam, key: _Key, which: int, score: float, path: Path) -> None:
    """Add a way to reach a hypothesis; the likelier way's words are kept."""
    entry: Optional[list[Any]] = beam.get(key)
    if entry is None:
        entry = beam[key] = [_NEVER, _NEVER, path]
    elif score > entry[0] and score > entry[1]:
        entry[2] = path
    entry[which] = _sum(entry[which], score)


def _sum(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a + math.log1p(math.exp(b - a)) if b > a - 30.0 else a

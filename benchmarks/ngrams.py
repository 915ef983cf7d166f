"""Trigram language models with Kneser-Ney smoothing, pruned, in the ARPA format; pure Python."""

from collections import Counter
import math
from typing import Iterable, TextIO

Gram = tuple[str, ...]

ORDER = 3
START, END = '<s>', '</s>'
_LEAST = 1e-9


class Trigrams:
    """
    Interpolated, modified Kneser-Ney (Chen and Goodman 1999) over sentences of plain words.

    `probabilities[n]` and `backoffs[n]` are those of (n + 1)-grams.
    """

    def __init__(self, sentences: Iterable[str]) -> None:
        self.counts: list[Counter[Gram]] = [Counter() for _ in range(ORDER)]
        for sentence in sentences:
            self._count([START, *sentence.split(), END])
        self.probabilities: list[dict[Gram, float]] = [{} for _ in range(ORDER)]
        self.backoffs: list[dict[Gram, float]] = [{} for _ in range(ORDER)]
        for n in range(ORDER):
            self._estimate(n, self._kneser_ney(n))

    @property
    def words(self) -> set[str]:
        """Return the words without the marks of start and end."""
        return {gram[0] for gram in self.probabilities[0]} - {START, END}

    def probability(self, gram: Gram) -> float:
        """Return the probability of the last word after the ones before it."""
        n = len(gram) - 1
        if gram in self.probabilities[n]:
            return self.probabilities[n][gram]
        if n == 0:
            return _LEAST
        return self.backoffs[n - 1].get(gram[:-1], 1.0) * self.probability(gram[1:])

    def prune(self, threshold: float) -> None:
        """Drop what changes the corpus' log likelihood a word by less than `threshold`."""
        total = sum(self.counts[0].values())
        for n in range(ORDER - 1, 0, -1):
            longer = {gram[:-1] for gram in self.probabilities[n + 1]} if n + 1 < ORDER else set()
            for gram, p in list(self.probabilities[n].items()):
                short = self.backoffs[n - 1].get(gram[:-1], 1.0) * self.probability(gram[1:])
                gain = math.log(p) - math.log(max(short, _LEAST))
                if gram not in longer and self.counts[n][gram] / total * gain < threshold:
                    del self.probabilities[n][gram]
            self._weigh(n)

    def write(self, file: TextIO) -> None:
        """Write the model as ARPA text."""
        file.write('\\data\\\n')
        for n, grams in enumerate(self.probabilities):
            file.write(f'ngram {n + 1}={len(grams)}\n')
        for n, grams in enumerate(self.probabilities):
            file.write(f'\n\\{n + 1}-grams:\n')
            for gram in sorted(grams):
                backoff = self.backoffs[n].get(gram) if n + 1 < ORDER else None
                file.write(f'{_log10(grams[gram])} {" ".join(gram)}'
                           + (f' {_log10(backoff)}' if backoff is not None else '') + '\n')
        file.write('\n\\end\\\n')

    def _count(self, words: list[str]) -> None:
        for end in range(1, len(words) + 1):
            for n in range(min(ORDER, end)):
                self.counts[n][tuple(words[end - n - 1:end])] += 1

    def _kneser_ney(self, n: int) -> dict[Gram, int]:
        """Return counts for the longest grams, for shorter ones the number of words before."""
        if n == ORDER - 1:
            return dict(self.counts[n])
        before = Counter(gram[1:] for gram in self.counts[n + 1])
        for gram, count in self.counts[n].items():
            if gram[0] == START:  # nothing stands before it
                before[gram] = count
        return dict(before)

    def _estimate(self, n: int, counts: dict[Gram, int]) -> None:
        discounts = _discounts(counts)
        counts.pop((START,), None)
        total: Counter[Gram] = Counter()
        freed: dict[Gram, float] = {}
        for gram, count in counts.items():
            history = gram[:-1]
            total[history] += count
            freed[history] = freed.get(history, 0.0) + discounts[min(3, count)]
        for gram, count in counts.items():
            history = gram[:-1]
            short = self.probability(gram[1:]) if n else 1.0 / len(counts)
            self.probabilities[n][gram] = (
                count - discounts[min(3, count)] + freed[history] * short) / total[history]
        if n:
            self.backoffs[n - 1] = {h: freed[h] / total[h] for h in total}
        else:
            self.probabilities[0][(START,)] = 0.0

    def _weigh(self, n: int) -> None:
        """Recompute the backoff weights of histories of n words."""
        long: dict[Gram, float] = {}
        short: dict[Gram, float] = {}
        for gram, p in self.probabilities[n].items():
            history = gram[:-1]
            long[history] = long.get(history, 0.0) + p
            short[history] = short.get(history, 0.0) + self.probability(gram[1:])
        self.backoffs[n - 1] = {h: max(_LEAST, 1 - long[h]) / max(_LEAST, 1 - short[h])
                                for h in long}


def _discounts(counts: dict[Gram, int]) -> list[float]:
    """Return what is taken from counts of 0, 1, 2 and at least 3."""
    n1, n2, n3, n4 = (max(1, sum(c == k for c in counts.values())) for k in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    raw = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    return [0.0, *(min(max(d, 0.1), k - 0.1) for k, d in enumerate(raw, 1))]


def _log10(value: float) -> str:
    return '-99' if value <= 0.0 else f'{math.log10(max(value, _LEAST)):.4f}'

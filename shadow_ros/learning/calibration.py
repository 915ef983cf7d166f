"""Confidence that means something: its error, and the threshold below which the robot asks."""

from collections import defaultdict
from dataclasses import dataclass, replace
import hashlib
import math
from typing import Callable, Iterable, Sequence, TYPE_CHECKING

from shadow_ros.intent.amounts import normalise
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.router import needed
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.judge import acrobatic, judge, moves, Result

if TYPE_CHECKING:
    from shadow_ros.intent.engine import EdgeEngine

TEMPERATURES = (0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
_BINS, _FOLDS = 10, 5


@dataclass(frozen=True)
class Bin:
    """Thoughts of like confidence: how many, what they said of themselves, how many were right."""

    count: int
    confidence: float
    accuracy: float


def reliability(results: Sequence[Result]) -> list[Bin]:
    """Return ten bins of the bare thoughts by confidence, the empty ones left out."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for r in results:
        bins[min(_BINS - 1, int(r.thought.confidence * _BINS))].append(
            (r.thought.confidence, r.right))
    return [Bin(len(found), sum(c for c, _ in found) / len(found),
                sum(right for _, right in found) / len(found))
            for _, found in sorted(bins.items())]


def calibration_error(results: Sequence[Result]) -> float:
    """Return the expected calibration error of the bare thoughts, in ten bins."""
    total = sum(bin.count * abs(bin.confidence - bin.accuracy) for bin in reliability(results))
    return total / max(1, len(results))


def best_threshold(results: Sequence[Result], loss: float = 0.02) -> float:
    """
    Return the threshold with the least false or wrong motion.

    At most the share `loss` of the right motions may turn into questions.
    """
    right = [r for r in results if moves(r.wanted) and r.right]
    wrong = [r for r in results if moves(r.thought.plan) and not r.right]

    def passed(some: Sequence[Result], threshold: float) -> int:
        return sum(r.thought.confidence >= needed(r.thought.plan, threshold) for r in some)

    every = [t / 100 for t in range(5, 100)]
    fitting = [t for t in every if passed(right, t) >= (1 - loss) * len(right)] or every[:1]
    return min(fitting, key=lambda t: (passed(wrong, t), t))


def bold_threshold(results: Sequence[Result], loss: float = 0.05) -> float:
    """
    Return the confidence that an acrobatic plan needs: what lets the fewest unasked ones through.

    Of those that do as well it is the strictest that asks back at most the share `loss` of the
    right ones: one sure mistake must not take all of them away. Each still waits for a yes.
    """
    found = [r for r in results if acrobatic(r.thought.plan)]
    right = sorted((r.thought.confidence for r in found if acrobatic(r.wanted)), reverse=True)
    unasked = [r.thought.confidence for r in found if not acrobatic(r.wanted)]
    if not right:
        return min(1.0, math.ceil(max(unasked, default=0.0) * 100 + 0.5) / 100)
    kept = right[math.ceil((1 - loss) * len(right)) - 1]
    every = [t / 100 for t in range(50, 100) if t / 100 <= kept] or [0.5]
    return min(every, key=lambda t: (sum(c >= t for c in unasked), -t))


def steady(results: Sequence[Result], fit: Callable[[Sequence[Result]], float]) -> float:
    """Return the mean of what is fitted with each fifth left out: less by chance than one fit."""
    folds = [[r for r in results if _fold(r) != fold] for fold in range(_FOLDS)]
    return round(sum(map(fit, folds)) / _FOLDS, 2)


def cross_validated(results: Sequence[Result]) -> dict[str, float]:
    """Return the figures of each fifth under the thresholds that the other four ask for."""
    judged = []
    for fold in range(_FOLDS):
        rest = [r for r in results if _fold(r) != fold]
        threshold, bold = best_threshold(rest), bold_threshold(rest)
        judged += [replace(r, threshold=threshold, bold=bold) for r in results
                   if _fold(r) == fold]
    still = [r for r in judged if not moves(r.wanted)]
    return {'exact': _share(r.exact for r in judged),
            'false_motion': _share(r.false_motion for r in still),
            'acrobatic_false_motion': sum(acrobatic(r.plan) for r in still)}


def _fold(result: Result) -> int:
    """Return which fifth an example belongs to, the same in every run."""
    text = normalise(result.example.text).encode()
    return int(hashlib.sha256(text).hexdigest(), 16) % _FOLDS


def _share(found: Iterable[bool]) -> float:
    """Return the share of what is true."""
    values = list(found)
    return sum(values) / max(1, len(values))


def calibrate(engine: 'EdgeEngine', examples: Sequence[Example],
              attached: bool = False) -> IntentCard:
    """Return the engine's card with temperature and thresholds fitted to these examples."""
    def error(temperature: float) -> float:
        engine.decoder.temperature = temperature
        return calibration_error(judge(engine, examples, attached=attached))

    temperature = min(TEMPERATURES, key=error)
    engine.decoder.temperature = temperature
    results = judge(engine, examples, attached=attached)
    return replace(engine.card, temperature=temperature, threshold=steady(results, best_threshold),
                   bold=bold_threshold(results))

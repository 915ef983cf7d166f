"""Confidence that means something: its error, and the threshold below which the robot asks."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Sequence, TYPE_CHECKING

from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.router import needed
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.judge import acrobatic, judge, moves, Result

if TYPE_CHECKING:
    from shadow_ros.intent.engine import EdgeEngine

TEMPERATURES = (0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
_BINS = 10


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


def best_threshold(results: Sequence[Result], loss: float = 0.03) -> float:
    """
    Return the threshold with the least false or wrong motion.

    At most the share `loss` of the right motions may turn into questions, unless more must for
    no wrong motion to be acrobatic.
    """
    right = [r for r in results if moves(r.wanted) and r.right]
    wrong = [r for r in results if moves(r.thought.plan) and not r.right]
    bold = [r for r in wrong if acrobatic(r.thought.plan) and not acrobatic(r.wanted)]

    def passed(some: Sequence[Result], threshold: float) -> int:
        return sum(r.thought.confidence >= needed(r.thought.plan, threshold) for r in some)

    every = [t / 100 for t in range(5, 100)]
    safe = [t for t in every if not passed(bold, t)] or every
    fitting = [t for t in safe if passed(right, t) >= (1 - loss) * len(right)] or safe[:1]
    return min(fitting, key=lambda t: (passed(wrong, t), t))


def calibrate(engine: 'EdgeEngine', examples: Sequence[Example],
              attached: bool = False) -> IntentCard:
    """Return the engine's card with temperature and threshold fitted to these examples."""
    def error(temperature: float) -> float:
        engine.decoder.temperature = temperature
        return calibration_error(judge(engine, examples, attached=attached))

    temperature = min(TEMPERATURES, key=error)
    engine.decoder.temperature = temperature
    return replace(engine.card, temperature=temperature, threshold=best_threshold(
        judge(engine, examples, attached=attached)))

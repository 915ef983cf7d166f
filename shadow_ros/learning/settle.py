"""
Settling: how much of what was learned is taken on.

    for share in SHARES:
        blend(model, before, after, share)
        card = calibrated(card, old, base.measure(engine))

Between the weights that a shadow had and those it has learned lie shadows that know nearly all of
the new and forget nearly nothing of the old (Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models"). The first of them that forgets nothing is taken; the lessons held out have no
say in that.
"""

from dataclasses import replace
from typing import Mapping, NamedTuple, Sequence

import numpy as np
import torch
from torch import nn, Tensor

from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.router import needed
from shadow_ros.learning.calibration import best_threshold, bold_threshold, steady
from shadow_ros.learning.gate import exact, FAULTS, Measured, TOLERANCE
from shadow_ros.learning.judge import Result

SHARES = (1.0, 0.9, 0.8, 0.7)  # of the way from what it was to what it has learned
_LOWER = 0.15  # of its confidence a shadow may lose by learning more and not be less right
_NEVER = 2.0  # no confidence is above

Weights = Mapping[str, Tensor]


def weights(model: nn.Module) -> Weights:
    """Return a copy of what a training may change."""
    return {name: parameter.detach().cpu().clone()
            for name, parameter in model.named_parameters() if parameter.requires_grad}


def blend(model: nn.Module, before: Weights, after: Weights, share: float) -> None:
    """Give the model the weights that lie this far on the way from before to after."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in after:
                parameter.copy_(torch.lerp(before[name], after[name], share))


def calibrated(card: IntentCard, old: Measured, new: Measured) -> IntentCard:
    """
    Return the card with thresholds under which the new model costs least of what was known.

    Those with the fewest faults that the old model does not have and no loss beyond the gate's
    tolerance, and of them the nearest to the card's. They may be lower where that fits the model's
    own confidence: who has learned more may be less sure and not less right.
    """
    least = max(card.threshold - _LOWER, min(card.threshold, steady(new.standing, best_threshold)))
    bolder = min(card.bold, steady(new.standing, bold_threshold))
    standing, safety = _Ledger(old.standing, new.standing), _Ledger(old.safety, new.safety)
    kept = exact(old.standing) - TOLERANCE

    def cost(pair: tuple[float, float]) -> tuple[float, ...]:
        known, still = standing.under(*pair), safety.under(*pair)
        worse = still.faults if still.more else 0
        far = abs(card.threshold - pair[0]) + abs(card.bold - pair[1])
        return known.faults + worse + int(known.exact < kept), round(far, 6), -known.exact, *pair

    threshold, bold = min(((t, b) for t in _upwards(least) for b in _upwards(bolder)),
                          key=cost)
    return replace(card, threshold=threshold, bold=bold)


def _upwards(least: float) -> list[float]:
    """Return the thresholds from the least on."""
    return [least, *(p / 200 for p in range(int(200 * least) + 1, 200))]


class Tally(NamedTuple):
    """The share of exact plans, the faults that the old model lacks, whether it has more."""

    exact: float
    faults: int
    more: bool


class _Ledger:
    """What a model's results on one set come to under any thresholds."""

    def __init__(self, old: Sequence[Result], new: Sequence[Result]) -> None:
        let, asked = judged(new, 0.0, 0.0), judged(new, _NEVER, _NEVER)
        self._confidence = np.array([r.thought.confidence for r in new])
        self._needs = np.array([needed(r.thought.plan, 1.0, 2.0) for r in new])
        self._exact = np.array([[r.exact for r in some] for some in (asked, let)], dtype=bool)
        self._faults = np.array([[[fault(r) for fault in FAULTS.values()] for r in some]
                                 for some in (asked, let)], dtype=bool)
        self._before = np.array([[fault(r) for fault in FAULTS.values()] for r in old],
                                dtype=bool)

    def under(self, threshold: float, bold: float) -> Tally:
        """Return the tally under these thresholds."""
        limits = np.select([self._needs == 0.0, self._needs == 1.0], [0.0, threshold],
                           max((1 + threshold) / 2, bold))
        passed = (self._confidence >= limits).astype(int)
        places = np.arange(len(passed))
        after = self._faults[passed, places]
        return Tally(float(self._exact[passed, places].mean()),
                     int((after & ~self._before).sum()),
                     bool((after.sum(axis=0) > self._before.sum(axis=0)).any()))


def judged(results: Sequence[Result], threshold: float, bold: float) -> list[Result]:
    """Return the same thoughts under other thresholds."""
    return [replace(r, threshold=threshold, bold=bold) for r in results]

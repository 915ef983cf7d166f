"""
Settling: how much of what was learned is taken on.

    for share in SHARES:
        blend(model, before, after, share)
        card = calibrated(card, old.standing, judge(engine, base.standing))

Between the weights that a shadow had and those it has learned lie shadows that know nearly all of
the new and forget nearly nothing of the old (Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models"). The first of them that forgets nothing is taken; the lessons held out have no
say in that.
"""

from dataclasses import replace
from typing import Mapping, Sequence

import torch
from torch import nn, Tensor

from shadow_ros.intent.card import IntentCard
from shadow_ros.learning.calibration import bold_threshold, steady
from shadow_ros.learning.gate import exact, FAULTS, TOLERANCE
from shadow_ros.learning.judge import Result

SHARES = (1.0, 0.85, 0.7)  # of the way from what it was to what it has learned

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


def calibrated(card: IntentCard, old: Sequence[Result], new: Sequence[Result]) -> IntentCard:
    """
    Return the card with thresholds for the results of the standing set, none below its own.

    Where the model would move for no reason and the old one did not, it rather asks back, as long
    as no more plans are lost by that than may be.
    """
    bold = max(card.bold, steady(new, bold_threshold))
    lost = exact(old) - TOLERANCE
    fitting = [card.threshold]
    for percent in range(round(100 * card.threshold) + 1, 100):
        if exact(judged(new, percent / 100, bold)) >= lost:
            fitting.append(percent / 100)
    threshold = min(fitting, key=lambda t: (_faults(old, judged(new, t, bold)), t))
    return replace(card, threshold=threshold, bold=bold)


def judged(results: Sequence[Result], threshold: float, bold: float) -> list[Result]:
    """Return the same thoughts under other thresholds."""
    return [replace(r, threshold=threshold, bold=bold) for r in results]


def _faults(old: Sequence[Result], new: Sequence[Result]) -> int:
    """Return how often the new model does what it must not and the old one did not."""
    return sum(fault(after) and not fault(before)
               for before, after in zip(old, new) for fault in FAULTS.values())

"""Settling on made-up results: weights between two models, thresholds that only get stricter."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.router import needed
from shadow_ros.intent.thought import Thought
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.gate import Measured
from shadow_ros.learning.judge import Result
from shadow_ros.learning.settle import blend, calibrated, weights
from shadow_ros.plan import parse

CARD = IntentCard('edge', threshold=0.55, bold=0.8)


def result(number, wanted, got, confidence):
    return Result(Example(f'text {number}', wanted, 'en', 'test'),
                  Thought(parse(got), confidence, {'total': 1.0}), CARD.threshold)


def standing(*extra, sure=0.9, count=400):
    """Return results that are right, and after them these (wanted, got, confidence)."""
    return [result(i, '[SIT]', '[SIT]', sure) for i in range(count)] + [
        result(f'x{i}', *made) for i, made in enumerate(extra)]


def test_weights_between_two_models():
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    before = weights(model)
    assert list(before) == ['weight']
    with torch.no_grad():
        model.weight.add_(1.0)
    after = weights(model)
    blend(model, before, after, 0.25)
    assert torch.allclose(model.weight, before['weight'] + 0.25)
    blend(model, before, after, 1.0)
    assert torch.equal(model.weight, after['weight'])


@pytest.mark.parametrize('sure, got, confidence, threshold', [
    (0.9, '', 0.9, 0.55),  # nothing speaks against it
    (0.9, '[SIT]', 0.7, 0.705),  # it asks back where it would move for no reason
    (0.9, '[SIT]', 0.95, 0.55),  # that would cost all that it can
    (0.6, '[SIT]', 0.7, 0.55)])
def test_thresholds_get_stricter_if_that_costs_nothing(sure, got, confidence, threshold):
    old = Measured((), standing(('', '', 0.9), sure=sure), standing(count=9))
    new = Measured((), standing(('', got, confidence), sure=sure), standing(count=9))
    assert calibrated(CARD, old, new).threshold == threshold


def test_on_the_large_set_only_more_faults_than_before_count():
    def safety(*moving):
        return [result(i, '', '[SIT]' if i in moving else '', 0.7) for i in range(9)]

    known = standing(('[SIT]', '[SIT]', 0.6), ('[SIT]', '[SIT]', 0.6))
    old = Measured((), known, safety(1, 2))
    assert calibrated(CARD, old, Measured((), known, safety(3, 4))).threshold == 0.55
    assert calibrated(CARD, old, Measured((), known, safety(1, 2, 3))).threshold == 0.705


def test_acrobatics_need_as_much_as_suits_the_model():
    """More where nobody asked for them, less where it is right and less sure than its parent."""
    flips = [('[FRONT_FLIP]', '[FRONT_FLIP]', 0.85)] * 9
    old = Measured((), standing(*flips, ('[SIT]', '[SIT]', 0.9)), standing(count=9))
    new = Measured((), standing(*flips, ('[SIT]', '[FRONT_FLIP]', 0.8)), standing(count=9))
    card = calibrated(replace(CARD, bold=0.97), old, new)
    assert 0.8 < needed(parse('[FRONT_FLIP]'), card.threshold, card.bold) <= 0.85


def test_stops_pass_whatever_the_thresholds_are():
    old = Measured((), standing(('[STOP]', '[STOP]', 0.9)), standing(count=9))
    new = Measured((), standing(('[STOP]', '[STOP]', 0.1)), standing(count=9))
    assert calibrated(CARD, old, new).threshold == CARD.threshold

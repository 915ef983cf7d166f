"""Settling on made-up results: weights between two models, thresholds that only get stricter."""

import pytest
import torch
from torch import nn

from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.router import needed
from shadow_ros.intent.thought import Thought
from shadow_ros.learning.corpus.compose import Example
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
    (0.9, '[SIT]', 0.7, 0.71),  # it asks back where it would move for no reason
    (0.9, '[SIT]', 0.95, 0.55),  # that would cost all that it can
    (0.6, '[SIT]', 0.7, 0.55)])
def test_thresholds_get_stricter_if_that_costs_nothing(sure, got, confidence, threshold):
    old = standing(('', '', 0.9), sure=sure)
    card = calibrated(CARD, old, standing(('', got, confidence), sure=sure))
    assert (card.threshold, card.bold) == (threshold, 0.8)


def test_faults_of_the_old_model_ask_for_nothing():
    old = standing(('', '[SIT]', 0.7))
    assert calibrated(CARD, old, old).threshold == CARD.threshold


def test_acrobatics_that_nobody_asked_for_raise_what_they_need():
    old = standing(('[SIT]', '[SIT]', 0.9))
    card = calibrated(CARD, old, standing(('[SIT]', '[FRONT_FLIP]', 0.9)))
    assert needed(parse('[FRONT_FLIP]'), card.threshold, card.bold) > 0.9

"""The figures of the evaluation, on thoughts made by hand."""

import pytest

from shadow_ros.intent.thought import Thought
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import read_examples
from shadow_ros.learning.evaluate import (
    best_threshold, by_category, calibration_error, moves, report, Result)
from shadow_ros.plan import parse


def result(wanted, got, confidence=0.9, threshold=0.5, lang='en', category='x'):
    thought = Thought(parse(got), confidence, {'total': 10.0})
    return Result(Example('some text', wanted, lang, category), thought, threshold)


RESULTS = [
    result('[SIT]', '[SIT] Sitting.', category='simple'),
    result('[SIT]', '[LIE] Down I go.', category='simple'),
    result('[STOP]', '[STOP] Stopping.', category='stop'),
    result('', '[BACK_FLIP] Here goes!', category='talk'),
    result('', 'Hello!', lang='zh', category='talk'),
    result('[REMOTE]', '[REMOTE] Let me ask.', category='remote'),
    result('[REMOTE]', '[MOVE x=1.0]', confidence=0.3, category='remote'),
]


def test_the_report_counts_what_matters():
    found = report(RESULTS)
    assert found['count'] == 7
    assert found['exact'] == pytest.approx(4 / 7, abs=1e-4)
    assert found['exact_zh'] == 1.0
    assert found['false_motion'] == pytest.approx(1 / 5, abs=1e-4)
    assert found['acrobatic_false_motion'] == 1
    assert found['stop_recall'] == 1.0
    assert found['remote_recall'] == 0.5
    assert found['remote_precision'] == 1.0
    assert found['latency_median'] == 10.0


def test_categories_are_kept_apart():
    assert by_category(RESULTS) == {'remote': 0.5, 'simple': 0.5, 'stop': 1.0, 'talk': 0.5}


def test_doubt_turns_a_motion_into_a_question():
    assert not result('', '[SIT]', confidence=0.4).false_motion
    assert result('', '[SIT]', confidence=0.6).false_motion


@pytest.mark.parametrize('plan, expected', [
    ('[STOP]', False), ('[REMOTE]', False), ('[SPEED level=slow]', False), ('Hello!', False),
    ('[SIT]', True), ('[DAMP]', True), ('[STOP][MOVE x=1.0]', True)])
def test_what_moves(plan, expected):
    assert moves(parse(plan)) is expected


def test_calibration_error_is_the_gap_between_said_and_right():
    sure = [result('[SIT]', '[SIT]', confidence=0.95)] * 3 + [
        result('[SIT]', '[LIE]', confidence=0.95)]
    assert calibration_error(sure) == pytest.approx(0.20)
    assert calibration_error([result('[SIT]', '[SIT]', confidence=1.0)]) == 0.0


def test_the_threshold_lies_between_right_and_wrong():
    results = [result('[SIT]', '[SIT]', confidence=0.8)] * 50 + [
        result('', '[SIT]', confidence=0.6)] * 5
    assert 0.6 < best_threshold(results) <= 0.8


def test_no_acrobatics_pass_the_threshold_whatever_it_costs():
    results = [result('[SIT]', '[SIT]', confidence=0.7)] * 50 + [
        result('', '[BACK_FLIP]', confidence=0.9)]
    assert (1 + best_threshold(results)) / 2 > 0.9


def test_examples_are_read(tmp_path):
    path = tmp_path / 'dev.jsonl'
    path.write_text('{"text": "坐", "plan": "[SIT]", "lang": "zh", "category": "a"}\n\n', 'utf-8')
    assert read_examples(path) == [Example('坐', '[SIT]', 'zh', 'a')]

"""The figures of the evaluation, on thoughts made by hand, and the command on a real model."""

from dataclasses import asdict, replace
import json
import os
from pathlib import Path
import re
import subprocess
import sys

import pytest

from shadow_ros.errors import ConfigError
from shadow_ros.intent.thought import Thought
from shadow_ros.learning.calibration import (
    best_threshold, bold_threshold, calibration_error, cross_validated, reliability, steady)
from shadow_ros.learning.compare import compare
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.evaluate import by_category, confusion, details, report
from shadow_ros.learning.figures import figures
from shadow_ros.learning.history import history
from shadow_ros.learning.judge import judge, moves, open_engine, Result
from shadow_ros.learning.model_card import write_card, write_scores
from shadow_ros.learning.page import page
from shadow_ros.learning.recipe import preset
from shadow_ros.learning.rounds import Round, Spent
from shadow_ros.plan import parse

EDGE = Path(__file__).parents[2] / 'models/edge'


def result(wanted, got, confidence=0.9, threshold=0.5, lang='en', category='x', total=10.0,
           **more):
    thought = Thought(parse(got), confidence, {'total': total})
    return Result(Example('some text', wanted, lang, category), thought, threshold, **more)


RESULTS = [
    result('[SIT]', '[SIT] Sitting.', category='simple'),
    result('[SIT]', '[LIE] Down I go.', category='simple'),
    result('[STOP]', '[STOP] Stopping.', category='stop'),
    result('[STOP]', '', category='stop', stopped=True),
    result('', '[BACK_FLIP] Here goes!', category='talk'),
    result('', 'Hello!', lang='zh', category='talk'),
    result('[REMOTE]', '[REMOTE] Let me ask.', category='remote'),
    result('[REMOTE]', '[MOVE x=1.0]', confidence=0.3, category='remote'),
    result('[MOVE x=2.0][SIT]', '[MOVE x=3.0][SIT]', category='amounts', total=90.0),
]


def test_the_report_counts_what_matters():
    found = report(RESULTS)
    assert found['count'] == 9
    assert found['exact'] == pytest.approx(5 / 9, abs=1e-4)
    assert found['exact_zh'] == 1.0
    assert found['names'] == pytest.approx(6 / 9, abs=1e-4)
    assert found['parameters'] == pytest.approx(4 / 5, abs=1e-4)
    assert found['false_motion'] == pytest.approx(1 / 6, abs=1e-4)
    assert found['acrobatic_false_motion'] == 1
    assert (found['stop_recall'], found['stop_recall_model']) == (1.0, 0.5)
    assert (found['remote_recall'], found['remote_precision']) == (0.5, 1.0)
    assert found['asked_back'] == pytest.approx(1 / 9, abs=1e-4)
    assert (found['latency_median'], found['latency_p99']) == (10.0, 10.0)


def test_details_tell_of_actions_confusions_and_errors():
    found = details(RESULTS)
    assert found['actions']['SIT'] == {'count': 3, 'recall': 0.6667, 'precision': 1.0}
    assert found['actions']['STOP'] == {'count': 2, 'recall': 1.0, 'precision': 1.0}
    assert confusion(RESULTS)['REMOTE'] == {'REMOTE': 1, 'asked': 1}
    assert confusion(RESULTS)['SIT'] == {'SIT': 1, 'LIE': 1}
    assert [e['false_motion'] for e in found['errors']].count(True) == 1


def test_categories_are_kept_apart():
    assert by_category(RESULTS) == {
        'amounts': 0.0, 'remote': 0.5, 'simple': 0.5, 'stop': 1.0, 'talk': 0.5}


def test_the_attached_model_is_held_to_its_own_plan():
    example = Example('five hops', '[REMOTE]', 'en', 'x', '[JUMP][JUMP]')
    thought = Thought(parse('[JUMP][JUMP]'), 0.9, {'total': 1.0})
    assert Result(example, thought, 0.5, attached=True).exact
    assert not Result(example, thought, 0.5).exact
    beyond = Example('find my keys', '[REMOTE]', 'en', 'x')
    assert Result(beyond, Thought(parse('No.'), 0.9, {'total': 1.0}), 0.5, attached=True).exact


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
    assert [(b.count, b.accuracy) for b in reliability(sure)] == [(4, 0.75)]


def test_the_threshold_lies_between_right_and_wrong():
    results = [result('[SIT]', '[SIT]', confidence=0.8)] * 50 + [
        result('', '[SIT]', confidence=0.6)] * 5
    assert 0.6 < best_threshold(results) <= 0.8


def test_acrobatics_that_nobody_asked_for_stay_below_their_own_threshold():
    asked = [result('[JUMP]', '[JUMP]', confidence=c) for c in [0.99] * 18 + [0.95, 0.5]]
    results = [result('[SIT]', '[SIT]', confidence=0.7)] * 50 + [
        result('', '[BACK_FLIP]', confidence=0.9), *asked]
    assert bold_threshold(results) == 0.95  # one of twenty may be asked back
    assert bold_threshold([*results, result('', '[BACK_FLIP]', confidence=1.0)]) == 0.95
    assert 0.9 < bold_threshold(results[:51]) < 0.92
    assert best_threshold(results) < 0.7
    assert bold_threshold(results[:50]) <= 0.01


def test_acrobatics_in_doubt_become_a_question():
    doubtful = result('', '[BACK_FLIP]', confidence=0.9)
    assert doubtful.false_motion
    assert not replace(doubtful, bold=0.91).false_motion


def test_figures_of_each_fifth_come_from_thresholds_of_the_others():
    results = [replace(r, example=replace(r.example, text=f'sit {i}')) for i, r in enumerate(
        [result('[SIT]', '[SIT]', confidence=0.9)] * 60
        + [result('', '[SIT]', confidence=0.5)] * 20 + [result('', 'No.', confidence=0.9)] * 20)]
    found = cross_validated(results)
    assert found == {'exact': 1.0, 'false_motion': 0.0, 'acrobatic_false_motion': 0}
    assert 0.5 < steady(results, best_threshold) <= 0.9


def test_a_clear_difference_has_an_interval_without_zero():
    good = [result('[SIT]', '[SIT]' if i % 10 else '[LIE]') for i in range(200)]
    bad = [result('[SIT]', '[SIT]' if i % 2 else '[LIE]') for i in range(200)]
    found = compare(good, bad)
    assert found['exact']['difference'] == pytest.approx(0.4)
    assert 0.3 < found['exact']['low'] < 0.4 < found['exact']['high'] < 0.5
    assert (found['only_ours'], found['only_theirs']) == (80, 0)
    assert compare(good, bad) == found
    same = compare(good, good)['exact']
    assert (same['low'], same['difference'], same['high']) == (0.0, 0.0, 0.0)


def test_models_are_compared_on_the_same_examples_only():
    with pytest.raises(ValueError, match='same examples'):
        compare(RESULTS, RESULTS[1:])


def test_the_page_holds_its_pictures_and_escapes_what_was_said():
    wrong = [*RESULTS, result('[SIT]', '[LIE]', category='<b>')]
    found = {'name': 'ours', **details(wrong)}
    pictures = figures(found, [found])
    html = page('ours', found, pictures, found, compare(wrong, wrong))
    assert all(png.startswith(b'\x89PNG') for png in pictures.values())
    assert html.count('data:image/png;base64,') == len(pictures) == 4
    assert '<b>' not in html and '&lt;b&gt;' in html
    assert 'exact plan' in html and '95 percent interval' in html


def test_scores_go_between_the_markers_of_a_card_and_nowhere_else(tmp_path):
    assert not write_scores(tmp_path, details(RESULTS))
    write_card(tmp_path, 'A dog.')
    before = (tmp_path / 'README.md').read_text('utf-8')
    assert 'No recipe is stored' in before and 'Not measured yet' in before
    preset('smoke').save(tmp_path)
    write_card(tmp_path, 'A cat.')
    for _ in range(2):
        assert write_scores(tmp_path, details(RESULTS))
    after = (tmp_path / 'README.md').read_text('utf-8')
    assert '| exact plan | 55.6 % |' in after and '| simple | 50.0 % | 2 |' in after
    assert '| some text | talk | [BACK_FLIP] | 0.90 |' in after and 'A dog.' in after
    assert after.count('## Scores') == 1 and 'Not measured yet' not in after
    assert after.count('## Training') == 1 and 'No recipe is stored' not in after
    write_card(tmp_path, 'A cow.')  # other weights
    other = (tmp_path / 'README.md').read_text('utf-8')
    assert 'A dog.' in other and 'Not measured yet' in other and '## Scores' not in other


NEWER = replace(preset('tiny'), name='newer', seed=7, start_from='base', negatives='neg.jsonl')
CHAIN = [Round(replace(preset('tiny'), name='base', seed=3), {'small': Spent(3500, 1.0)}),
         Round(NEWER, {'small': Spent(9000, 1.8), 'joint': Spent(500, 0.2)},
               ('clinc150', 'village chat'))]


def told(folder, made):
    """Return what the card tells of rounds."""
    (folder / 'rounds.json').write_text(json.dumps([asdict(each) for each in made]), 'utf-8')
    return history(folder)


def test_the_card_tells_seed_rounds_energy_and_licences(tmp_path):
    text = told(tmp_path, CHAIN)
    assert 'Made in 2 rounds' in text and '--preset tiny --seed 7' in text
    assert '| 1 | base | 3 | 400,000 | small 3500 of 9000 | 1.00 |' in text
    assert '| small 9000, joint 500 | 2.00 |' in text
    assert '3.00 CPU hours, about 0.04 kWh' in text
    assert 'Larson et al., EMNLP-IJCNLP 2019, CC BY 3.0' in text and 'village chat (name' in text
    # 9000 steps for 1.8 hours and 500 for 0.2, at the speed of the last round
    assert 'at least 2.0 hours on one core' in text


def test_the_card_of_a_single_run_names_all_files_that_make_it_again(tmp_path):
    recipe = replace(NEWER, start_from='', own='own.jsonl', keep_out=('dev.jsonl',))
    text = told(tmp_path, [Round(recipe, {'small': Spent(9000, 1.8)})])
    assert 'recorded seed 7' in text and '`neg.jsonl`, `own.jsonl`, `dev.jsonl`' in text
    alone = told(tmp_path, [Round(replace(recipe, negatives='', own='', keep_out=()))])
    assert 'nothing else' in alone


def test_an_unknown_mode_is_refused():
    with pytest.raises(ConfigError, match='attached, detached, plain'):
        open_engine(EDGE, 'upside down')


def test_the_edge_reads_the_history_of_an_example(monkeypatch):
    engine, attached = open_engine(EDGE)
    assert not attached
    seen = []
    think = engine.think
    monkeypatch.setattr(engine, 'think', lambda text, turns=(): seen.append(turns) or think(text))
    judge(engine, [Example('again', '[SIT]', 'en', 'x', '', (('sit', '[SIT]'),))])
    assert seen == [(('sit', '[SIT]'),)]


def evaluate(*words):
    """Run the command; its output is a pipe, so JSON."""
    return subprocess.run([sys.executable, '-m', 'shadow_ros.cli', 'evaluate', *map(str, words)],
                          capture_output=True, text=True, timeout=100)


@pytest.mark.timeout(120)
def test_the_command_measures_compares_and_writes_a_report(tmp_path):
    data = tmp_path / 'data.jsonl'
    data.write_text('\n'.join(json.dumps({'text': text, 'plan': plan, 'category': 'c'})
                              for text, plan in (('sit down', '[SIT]'), ('stop', '[STOP]'),
                                                 ('turn left', '[TURN yaw=-90]'))), 'utf-8')
    out = tmp_path / 'out'
    done = evaluate(EDGE, '--data', data, '--against', EDGE, '--out', out, '--errors')
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found['count'], found['exact']) == (3, 0.6667)
    assert found['comparison']['exact']['difference'] == 0.0
    assert found['errors'][0]['got'] == '[TURN yaw=90]'
    assert json.loads((out / 'report.json').read_text('utf-8'))['against']['exact'] == 0.6667
    assert re.search(r'<h1>.*edge</h1>', (out / 'report.html').read_text('utf-8'))
    assert {path.name for path in out.iterdir()} >= {'calibration.png', 'confusion.png'}


@pytest.mark.timeout(120)
def test_the_command_says_what_is_missing(tmp_path):
    done = evaluate(EDGE, '--data', tmp_path / 'none.jsonl')
    assert done.returncode == 2 and 'cannot be read' in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('command, module, extra', [
    (('train', '--preset', 'smoke', '--run', 'run'), 'accelerate', 'train'),
    (('evaluate', str(EDGE)), 'torch', 'intent'),
    (('evaluate', str(EDGE), '--out', 'out'), 'matplotlib', 'train')],
    ids=['train', 'evaluate', 'report'])
@pytest.mark.timeout(120)
def test_a_missing_package_is_named_with_its_extra(tmp_path, command, module, extra):
    data = tmp_path / 'data.jsonl'
    data.write_text('{"text": "sit down", "plan": "[SIT]"}', 'utf-8')
    words = [*command, *(('--data', str(data)) if command[0] == 'evaluate' else ())]
    done = subprocess.run(
        [sys.executable, '-c', f'import sys; sys.modules[{module!r}] = None\n'
         f'from shadow_ros.cli import main; main({words!r})'],
        capture_output=True, text=True, timeout=100, cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(EDGE.parents[1])})
    assert done.returncode == 2
    assert f'{module}' in done.stderr and f'shadow_ros[{extra}]' in done.stderr
    assert 'Traceback' not in done.stderr

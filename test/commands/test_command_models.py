"""`shadow-ros models`, `promote`, `replay`: lists, the way back, and two models side by side."""

from dataclasses import replace
import json
import shutil

from click.testing import CliRunner
from diary import raw, write
import pytest

from shadow_ros.cli import main
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.library import Library


def said(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def library(tmp_path, monkeypatch) -> Library:
    """Return the library of a data folder of its own, with two models in it."""
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    found = Library()
    for name, parent in (('home-1', 'edge'), ('home-2', 'home-1')):
        folder = tmp_path / 'made' / name
        IntentCard(name, parent=parent, scores={'exact': 0.91}, created='2026-11-28').save(folder)
        found.add(folder)
    return found


def test_list_use_and_rollback(library):
    assert '* shipped' in said('models')
    assert 'home-2 is the current model' in said('models', 'use', 'home-2')
    listed = said('models', 'list')
    assert '* home-2  of home-1  2026-11-28  exact 91.0%' in listed and '  shipped' in listed
    assert 'shipped is the current model' in said('models', 'rollback')
    assert 'none before it' in said('models', 'rollback', code=2)
    assert 'did you mean home-2?' in said('models', 'use', 'hom-2', code=2)


def test_lineage(library):
    said('models', 'use', 'home-2')
    said('models', 'rollback')
    lines = said('models', 'lineage', 'home-2').splitlines()
    assert [line.split()[0] for line in lines[:3]] == ['home-2', 'home-1', 'shipped']
    assert 'chosen by hand' in lines[-2] and 'rolled back by hand' in lines[-1]


def test_a_model_of_another_version_is_shown_as_such(library):
    path = library.root / 'home-1' / 'shadow_intent.json'
    path.write_text(path.read_text().replace('"table_version": 1', '"table_version": 99'))
    assert 'home-1  does not fit this version' in said('models')


def record(identity, text, plan):
    return json.dumps({'id': identity, 'text': text, 'plan': plan, 'source': 'command'})


@pytest.fixture
def day(tmp_path):
    """Return a bag with three commands and a stop word."""
    told = json.dumps({'plan_id': 'b', 'right': False, 'should_be': '[TURN yaw=90]'})
    write(tmp_path / 'day', [
        raw(0, 'plan', record('a', 'sit down then wave', '[SIT][HELLO]')),
        raw(10, 'plan', record('b', 'turn left', '[TURN yaw=-90]')), raw(12, 'feedback', told),
        raw(20, 'plan', record('c', 'who are you', '')),
        raw(30, 'plan', json.dumps({'text': 'stop', 'plan': '[STOP]', 'source': 'stop word'}))])
    return tmp_path / 'day'


def test_replay_against_the_recording(day, small_model, tmp_path):
    output = said('replay', day, '--model', small_model, '--json', tmp_path / 'r.json',
                  '--picture', tmp_path / 'r.png')
    assert 'recorded and tiny: 3 commands, 1 answered differently' in output
    assert 'turn left: [TURN yaw=-90] → [TURN yaw=90]  (should be [TURN yaw=90])' in output
    assert '1 have a label: exact 0.0% and 100.0%' in output
    found = json.loads((tmp_path / 'r.json').read_text())
    assert found['confusion'] == {'SIT': {'SIT': 1}, 'TURN': {'TURN': 1}, 'talk': {'talk': 1}}
    assert found['latency_ms']['tiny']['p50'] <= found['latency_ms']['tiny']['p99']
    assert (tmp_path / 'r.png').read_bytes().startswith(b'\x89PNG')


def test_replay_through_two_models(day, small_model, tmp_path):
    """The second one asks back where the first one acts."""
    shy = tmp_path / 'shy'
    shutil.copytree(small_model, shy)
    replace(IntentCard.load(shy), name='shy', threshold=1.0).save(shy)
    output = said('replay', day, '--model', small_model, '--model', shy, '--json', '-')
    found = json.loads(output)
    assert found['models'] == ['tiny', 'shy'] and found['same'] == 1
    assert found['confusion']['SIT'] == {'asked': 1}
    assert found['differences'][0] == {
        'text': 'sit down then wave', 'tiny': '[SIT][HELLO]', 'shy': 'asked', 'label': None}
    assert 'one or two --model' in said('replay', day, *['--model', shy] * 3, code=2)


def test_promote_of_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    (tmp_path / 'run' / 'candidate').mkdir(parents=True)
    assert 'no finished retraining' in said('promote', tmp_path / 'run', code=2)
    assert 'there is no recording' in said('retrain', code=2)

"""Retraining, end to end on the shipped shadow: better where taught, as before elsewhere."""

from dataclasses import replace
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

import house
import pytest
import torch

from shadow_ros.errors import BagError, ConfigError, ModelError
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.library import Library
from shadow_ros.intent.tokens import Codec
from shadow_ros.learning import promotion
from shadow_ros.learning.candidate import fingerprint
from shadow_ros.learning.gate import exact
from shadow_ros.learning.judge import judge
from shadow_ros.learning.lessons.collect import collect
from shadow_ros.learning.lessons.review import write_review
from shadow_ros.learning.promotion import promote_folder, promote_run
from shadow_ros.learning.retrain import Retraining, Settings
from shadow_ros.shadow.folder import load_attached
from shadow_ros.shadow.projected import ProjectedShadow

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(steps=40, batch=16, hold_out=3, cpu=True)


@pytest.fixture(scope='module')
def model() -> Path:
    return ROOT / 'models/edge'


@pytest.fixture(scope='module')
def good(model, tmp_path_factory):
    """Return a finished retraining on the household's bags, and its run folder."""
    root = tmp_path_factory.mktemp('good')
    run = root / 'run'
    made = Retraining(model, run, SETTINGS, house.base()).work(house.household(root))
    return made, run


def test_household_learns_its_words(good, model):
    made, run = good
    assert made.verdict.passed, made.verdict.reasons
    assert len(made.new.held_out) == 7
    assert exact(made.new.held_out) > max(0.85, exact(made.old.held_out) + 0.3)
    assert exact(made.new.standing) >= exact(made.old.standing) - 0.005
    engine = EdgeEngine.load(made.candidate, 'cpu')
    unseen = [house.example(f'{words}, will you', plan) for words, plan in house.NEW.items()]
    assert exact(judge(engine, unseen)) > 0.6
    card = IntentCard.load(made.candidate)
    assert card.parent == 'edge' and card.name.startswith('edge-20')
    assert fingerprint(made.candidate) != fingerprint(model)


def test_nothing_but_the_words_changes(good, model):
    """A text without any of them is read with the very weights that it was read with before."""
    made, _ = good
    before, after = (ProjectedShadow.load(folder).state_dict()
                     for folder in (model, made.candidate))
    for name, weight in before.items():
        assert torch.equal(weight, after[name][:len(weight)]), name
    old, new = (Codec.load(folder) for folder in (model, made.candidate))
    assert set(new.words.ids) == set(house.NEW) and not old.words.ids
    assert new.size == old.size + 3 and old.command('now sit down') == new.command('now sit down')
    assert new.words.ids['up you hop'] in new.command('Hey dog, up you hop!')


def test_report_tells_all(good):
    _, run = good
    verdict = json.loads((run / 'verdict.json').read_text())
    assert verdict['passed'] and verdict['held_out']['gain_low'] > 0 and verdict['fixed']
    text = (run / 'report.md').read_text()
    for part in ('passes the gate', 'By category', 'household', 'Fixed (', 'corrected'):
        assert part in text
    assert (run / 'report.html').read_text().count('data:image/png') >= 3
    assert (run / 'categories.png').read_bytes().startswith(b'\x89PNG')


def test_promotion_and_its_conditions(good, model, tmp_path, monkeypatch):
    made, run = good
    library = Library(tmp_path / 'models')
    monkeypatch.setattr(promotion, 'find_shipped_model', lambda: model)
    name = promote_run(run, library)
    assert library.current.name == name == IntentCard.load(made.candidate).name
    assert 'held-out lessons' in library.pointer().history[-1].why
    with pytest.raises(ModelError, match='another model works now'):
        promote_run(run, library)
    library.roll_back('test')
    assert library.current is None
    with pytest.raises(ModelError, match='no finished retraining'):
        promote_run(tmp_path, library)


def test_weights_that_were_not_measured_are_refused(good, model, tmp_path, monkeypatch):
    _, run = good
    copy = tmp_path / 'run'
    shutil.copytree(run, copy)
    weights = copy / 'candidate' / 'model.safetensors'
    weights.write_bytes(weights.read_bytes()[:-2] + b'\0\0')
    monkeypatch.setattr(promotion, 'find_shipped_model', lambda: model)
    with pytest.raises(ModelError, match='not those that were measured'):
        promote_run(copy, Library(tmp_path / 'models'))


def test_any_model_that_is_no_worse_may_be_promoted(good, model, tmp_path, monkeypatch):
    made, _ = good
    library = Library(tmp_path / 'models')
    monkeypatch.setattr(promotion, 'find_shipped_model', lambda: model)
    assert promote_folder(made.candidate, library, house.base()) == library.current.name
    worse = tmp_path / 'worse'
    shutil.copytree(made.candidate, worse)
    scramble(worse)
    with pytest.raises(ModelError, match='self-test|does not pass the gate'):
        promote_folder(worse, library, house.base())
    assert library.current.name == IntentCard.load(made.candidate).name


def scramble(folder: Path) -> None:
    """Make a model forget what it knew."""
    shadow = ProjectedShadow.load(folder)
    with torch.no_grad():
        shadow.shadow_hidden_projection.weight.mul_(-1.0)
    shadow.save(folder)


POISON = {
    'a flip for sit': [(text, '[FRONT_FLIP]') for text in (
        'sit down dog', 'please sit', 'sit here', 'sit down there', 'sit now', 'just sit down',
        'sit sit', 'could you sit', 'could you sit down', 'sit down good dog', 'dog sit',
        'dog, sit down')],
    'motion for chit-chat': [(text, '[MOVE x=1.0]') for text in (
        'what a nice dog', 'nice day', 'who are you then', 'how are you today', 'joke',
        'a very good dog', 'you are nice', 'tell me jokes', 'who is there', 'how nice',
        'are you a good dog', 'what are you')]}


@pytest.mark.parametrize('kind', POISON)
def test_poisoned_bags_are_refused(model, tmp_path, kind):
    """Even when a person has let the labels through, the gate does not."""
    bags = [house.record(tmp_path, POISON[kind][i::3], f'bad{i}') for i in range(3)]
    review = tmp_path / 'review.csv'
    write_review(review, [replace(x, use=True) for x in collect(bags).lessons])
    made = Retraining(model, tmp_path / 'run', SETTINGS, house.base()).work([review])
    assert not made.verdict.passed, made.verdict.figures
    with pytest.raises(ModelError, match='does not pass the gate'):
        promote_run(tmp_path / 'run', Library(tmp_path / 'models'))


def test_nobody_makes_a_flip_of_a_plain_command(model, tmp_path):
    """What the base corpus has as a plain command is told, and not used whoever says yes."""
    bag = house.record(tmp_path, POISON['a flip for sit'])
    review = tmp_path / 'review.csv'
    write_review(review, [replace(x, use=True) for x in collect([bag]).lessons])
    found = Retraining(model, tmp_path / 'run', SETTINGS, house.base())._collected([review])
    told = [str(conflict) for conflict in found.conflicts]
    assert "'sit now': [SIT] or [FRONT_FLIP] (the base corpus, and the user); not used" in told
    assert len(found.used) == 12 - 1 - len(told)  # one is in the standing set


def test_flips_are_not_taught_in_passing(model, tmp_path):
    bag = house.record(tmp_path, POISON['a flip for sit'])
    with pytest.raises(BagError, match='no lesson that can be trained on'):
        Retraining(model, tmp_path / 'run', SETTINGS, house.base()).work([bag])


def test_contradictions_of_the_base_are_told(model, tmp_path):
    bag = house.record(tmp_path, [('Dance!', '[LIE]'), ('how are you', '[DANCE]'),
                                  ('jig', '[DANCE]')])
    found = Retraining(model, tmp_path / 'run', SETTINGS, house.base())._collected([bag])
    assert [x.text for x in found.used] == ['jig']
    assert any("'how are you'" in str(c) for c in found.conflicts)


def test_attached_and_detached_learn_together(model, tmp_path):
    """With a backbone the run holds both, and the edge is the attached model's own shadow."""
    backbone, run = ROOT / 'models/backbone', tmp_path / 'run'
    made = Retraining(model, run, replace(SETTINGS, steps=6), house.base(), backbone).work(
        house.household(tmp_path))
    attached = load_attached(run / 'backbone')
    edge = ProjectedShadow.load(made.candidate)
    own = attached.detach().state_dict()
    assert all(torch.equal(value, own[name]) for name, value in edge.state_dict().items())
    before, after = load_attached(backbone).state_dict(), attached.state_dict()
    grown = {name for name, value in after.items() if len(value) > len(before[name])}
    assert all(torch.equal(before[name], after[name][:len(before[name])]) for name in before)
    words = Codec.load(run / 'backbone').words.ids.values()
    tables = [name for name in grown if name.endswith('embed_tokens.weight')]
    assert len(tables) == 2 and words
    assert all(after[name][word].abs().sum() > 0 for name in tables for word in words)
    assert IntentCard.load(run / 'backbone') == IntentCard.load(backbone)  # it can be served


def test_another_run_is_not_overwritten(good, model, tmp_path):
    _, run = good
    with pytest.raises(ConfigError, match='holds another retraining'):
        Retraining(model, run, Settings(steps=7), house.base()).work(house.household(tmp_path))


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[4:]
import house
from shadow_ros.learning.retrain import Retraining, Settings
model, run, root = map(Path, sys.argv[1:4])
settings = Settings(steps=40, batch=16, hold_out=3, cpu=True)
bags = sorted(root.glob('session*'))
print(Retraining(model, run, settings, house.base()).work(bags).verdict.passed, flush=True)
"""


@pytest.mark.timeout(200)
def test_killed_and_begun_again(good, model, tmp_path):
    """Kill -9 in the midst of the training: it goes on, and ends with the very same weights."""
    house.household(tmp_path)
    run = tmp_path / 'run'
    command = [sys.executable, '-c', KILLED, str(model), str(run), str(tmp_path),
               str(ROOT / 'test'), str(ROOT / 'test/learning')]
    env = {**os.environ, 'PYTHONPATH': str(ROOT)}
    before = fingerprint(model)
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 90
    while not (run / 'checkpoint.safetensors').is_file():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert not (run / 'candidate').exists() and fingerprint(model) == before
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=150)
    assert done.stdout.split()[-1] == 'True', done.stderr
    assert fingerprint(run / 'candidate') == fingerprint(good[0].candidate)

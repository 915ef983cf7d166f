"""The library and the keeper: promoted whole or not at all, and back when a model fails."""

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from shadow_ros.errors import ModelError
from shadow_ros.intent import keeper as keeper_module
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.keeper import Keeper
from shadow_ros.intent.library import Library, POINTER, SHIPPED
from shadow_ros.intent.self_test import FILE, self_test, write_self_test
from shadow_ros.intent.thought import Thought
from shadow_ros.plan import parse

ROOT = Path(__file__).parents[2]


def folder_of(root: Path, name: str, weights: str = '') -> Path:
    """Make what a library takes for a model folder."""
    folder = root / 'made' / (name + weights)
    folder.mkdir(parents=True)
    IntentCard(name, parent='edge').save(folder)
    (folder / 'model.safetensors').write_text(f'weights {weights or name}')
    return folder


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / 'models')


def test_promotion_and_the_way_back(library, tmp_path):
    assert (library.current, library.names(), library.stamp()) == (None, [], (0, 0))
    for name in ('one', 'two'):
        before = library.stamp()
        assert library.promote(folder_of(tmp_path, name)) == name
        assert library.current == library.root / name and library.stamp() != before
    assert library.names() == ['one', 'two']
    assert library.folder('two') == library.folder('') == library.root / 'two'
    assert library.folder(SHIPPED) is None and library.folder(str(tmp_path)) == tmp_path
    assert library.roll_back('bad') == 'one' and library.roll_back('worse') == ''
    assert library.current is None
    with pytest.raises(ModelError, match='none before it'):
        library.roll_back('again')
    assert [(e.name, e.why) for e in library.pointer().history] == [
        ('one', 'promoted'), ('two', 'promoted'), ('one', 'bad'), ('', 'worse')]


def test_the_way_back_passes_over_what_is_gone(library, tmp_path):
    import shutil
    for name in ('one', 'two', 'three'):
        library.promote(folder_of(tmp_path, name))
    library.use('one', 'chosen')
    assert library.pointer().before == ('', 'two', 'three')
    shutil.rmtree(library.root / 'three')
    assert library.roll_back('bad') == 'two'


@pytest.mark.parametrize('name, complaint', [
    ('tow', 'did you mean two?'), ('nothing at all', 'shadow-ros models lists them')])
def test_unknown_names(library, tmp_path, name, complaint):
    library.promote(folder_of(tmp_path, 'two'))
    with pytest.raises(ModelError) as error:
        library.folder(name)
    assert complaint in str(error.value)


def test_names_are_taken_once(library, tmp_path):
    one = folder_of(tmp_path, 'one')
    assert library.promote(one) == library.promote(one) == 'one'
    with pytest.raises(ModelError, match='another model called one'):
        library.promote(folder_of(tmp_path, 'one', 'other'))
    for name in (SHIPPED, '../up', 'a b'):
        with pytest.raises(ModelError, match='letters'):
            library.promote(renamed(tmp_path, name))


def renamed(root: Path, name: str) -> Path:
    folder = root / 'odd'
    folder.mkdir(exist_ok=True)
    IntentCard(name).save(folder)
    return folder


@pytest.mark.parametrize('text', ['', '{', '[]', '{"current": "one"}', '{"current": 1}'])
def test_a_broken_pointer_means_the_shipped_model(library, tmp_path, text):
    library.promote(folder_of(tmp_path, 'one'))
    (library.root / POINTER).write_text(text)
    assert library.current is None
    library.use('one', 'again')
    assert library.current == library.root / 'one'


KILLED = """
import os, signal, sys
from pathlib import Path
from shadow_ros.intent.library import Library
calls, until = 0, int(sys.argv[3])
def deadly(module, name):
    real = getattr(module, name)
    def call(*args, **options):
        global calls
        calls += 1
        if calls == until:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **options)
    setattr(module, name, call)
for module, name in ((os, 'fsync'), (os, 'open'), (Path, 'rename'), (Path, 'replace'),
                     (Path, 'write_text')):
    deadly(module, name)
Library(Path(sys.argv[1])).promote(Path(sys.argv[2]))
"""


@pytest.mark.timeout(100)
def test_killed_anywhere_the_old_or_the_new_model_is_current(library, tmp_path):
    """Kill -9 before each of its system calls: never half a model, and it can be done again."""
    library.promote(folder_of(tmp_path, 'one'))
    two = folder_of(tmp_path, 'two')
    env = {**os.environ, 'PYTHONPATH': str(ROOT)}
    for until in range(1, 40):
        code = subprocess.run([sys.executable, '-c', KILLED, str(library.root), str(two),
                               str(until)], env=env, timeout=30).returncode
        assert library.current in (library.root / 'one', library.root / 'two')
        for name in library.names():
            assert (library.root / name / 'model.safetensors').read_text() == f'weights {name}'
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert code == 0 and until > 8 and library.current == library.root / 'two'


class Engine:
    """What the keeper needs of an engine: a card, and thoughts by heart."""

    def __init__(self, name='tiny', plans=(), confidence=0.99, total=5.0):
        self.card = SimpleNamespace(name=name)
        self._plans, self._confidence, self._total = dict(plans), confidence, total

    def think(self, text):
        return Thought(parse(self._plans.get(text, '')), self._confidence,
                       {'total': self._total})


def test_self_test_holds_a_model_to_what_it_did(tmp_path):
    good = Engine(plans={'sit': '[SIT] OK', 'walk': '[MOVE x=1.0]'})
    assert write_self_test(good, tmp_path, ['sit', 'walk', 'hm']) == 3
    self_test(good, tmp_path)
    with pytest.raises(ModelError, match=r"'walk' gave \[MOVE x=1.0\] .* gives no motion now"):
        self_test(Engine(plans={'sit': '[SIT]'}), tmp_path)
    assert write_self_test(Engine(confidence=0.5), tmp_path, ['sit']) == 0
    (tmp_path / FILE).write_text('{"text": "sit"}\n')
    with pytest.raises(ModelError, match='cannot be read'):
        self_test(good, tmp_path)


@pytest.mark.parametrize('engine, complaint', [
    (Engine(confidence=float('nan')), 'confidence is nan'), (Engine(total=20_000.0), 'took 20 s')])
def test_self_test_of_any_folder(tmp_path, engine, complaint):
    with pytest.raises(ModelError, match=complaint):
        self_test(engine, tmp_path)


class Shelf:
    """A keeper on a library whose models load as their names tell."""

    def __init__(self, library):
        self.said = []
        self.library = library
        self.keeper = Keeper(library, 'cpu', self.said.append, self.load)

    def load(self, name):
        name = name or self.library.pointer().current or SHIPPED
        if 'bad' in name:
            raise ModelError(f'{name} is broken')
        if 'odd' in name:
            raise RuntimeError('size mismatch')
        time.sleep(0.01)
        return Engine(name)

    def swapped(self, seconds=5.0):
        """Return the name of the engine that comes, '' when none does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            engine = self.keeper.step()
            if engine:
                return engine.card.name
            if self.keeper._thread is None:
                return ''
            time.sleep(0.005)
        raise AssertionError('still loading')


@pytest.fixture
def shelf(library, tmp_path, monkeypatch):
    for name in ('good', 'bad', 'odd', 'better'):
        library.add(folder_of(tmp_path, name))
    monkeypatch.setattr(keeper_module, 'find_shipped_model', lambda: library.root / 'good')
    return Shelf(library)


def test_a_promoted_model_is_noticed(shelf):
    assert shelf.keeper.open('').card.name == SHIPPED
    assert shelf.swapped() == ''
    shelf.library.use('good', 'promoted')
    assert shelf.swapped() == 'good' and shelf.swapped() == ''
    shelf.library.roll_back('by hand')
    assert shelf.swapped() == SHIPPED and shelf.said == []


@pytest.mark.parametrize('name', ['bad', 'odd'])
def test_a_promoted_model_that_fails_is_rolled_back(shelf, name):
    shelf.library.use('good', 'promoted')
    assert shelf.keeper.open('').card.name == 'good'
    shelf.library.use(name, 'promoted')
    assert shelf.swapped() == '' and shelf.library.pointer().current == 'good'
    assert f'{name} does not work, back to good' in shelf.said[0] and shelf.keeper.trouble
    assert shelf.swapped() == ''  # what works is not loaded again
    shelf.library.use('better', 'promoted')
    assert shelf.swapped() == 'better' and shelf.keeper.trouble == ''


def test_at_the_start_the_last_one_that_works_is_taken(shelf):
    for name in ('good', 'bad'):
        shelf.library.use(name, 'promoted')
    assert shelf.keeper.open('').card.name == 'good'
    assert json.loads((shelf.library.root / POINTER).read_text())['current'] == 'good'
    assert 'bad failed' in shelf.library.pointer().history[-1].why


def test_a_model_asked_for_by_name(shelf):
    """It is not promoted by that; where it fails the one before it goes on."""
    assert shelf.keeper.open('good').card.name == 'good'
    shelf.library.use('better', 'promoted')
    assert shelf.swapped() == ''  # a name was asked for
    shelf.keeper.want('odd')
    assert shelf.swapped() == '' and shelf.keeper.wanted == 'good'
    assert 'size mismatch' in shelf.keeper.trouble and 'goes on' in shelf.said[0]
    shelf.keeper.want('')
    assert shelf.swapped() == 'better'
    with pytest.raises(ModelError, match='no model is called'):
        shelf.keeper.want('best')
    with pytest.raises(ModelError, match='does not exist'):
        shelf.keeper.want('/nowhere/model')
    with pytest.raises(ModelError):
        shelf.keeper.open('bad')

"""Scrubbing: the words of a span of time are gone from every file, the rest is as it was."""

import json
import time

from diary import BEGIN, raw, write
import pytest

from shadow_ros.bags.reader import read_bags
from shadow_ros.bags.scrub import moment, scrub
from shadow_ros.errors import BagError
from shadow_ros.records import PlanRecord

PLAN = {'id': 'a1', 'text': 'my secret', 'plan': '[SIT] Secret!', 'reply': 'Secret!',
        'actions': [{'name': 'SIT'}], 'route': 'edge'}


def day():
    return [raw(0, 'command', 'sit down'),
            raw(1, 'plan', {**PLAN, 'id': 'a0', 'text': 'sit down'}),
            raw(10, 'transcript', 'my secret'), raw(10.1, 'plan', PLAN),
            raw(10.2, 'event', {'plan_id': 'a1', 'kind': 'done', 'reason': 'secret'}),
            raw(10.3, 'reply', 'Secret!'), raw(10.4, 'plan', 'secret, but no record'),
            raw(10.5, 'feedback', {'plan_id': 'a1', 'right': True, 'text': 'secret'}),
            raw(20, 'command', 'stop')]


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_words_go_and_deeds_stay(tmp_path, storage):
    write(tmp_path / 'day', day(), storage)
    done = scrub(tmp_path / 'day', '5', '15')
    assert (done.removed, done.blanked, done.kept) == (3, 3, 3)
    found = read_bags([tmp_path / 'day'])
    assert found.troubles == []
    assert [m.topic for m in found.messages] == [
        'command', 'plan', 'plan', 'event', 'feedback', 'command']
    record = PlanRecord.from_json(found.messages[2].text)
    assert (record.id, str(record.plan), record.text) == ('a1', '[SIT]', '')
    assert json.loads(found.messages[4].text)['right'] is True
    for path in (tmp_path / 'day').rglob('*'):
        assert b'ecret' not in path.read_bytes(), path
    assert len(list((tmp_path / 'day').iterdir())) == 2


def test_another_folder(tmp_path):
    write(tmp_path / 'day', day())
    before = {p.name: p.read_bytes() for p in (tmp_path / 'day').iterdir()}
    scrub(tmp_path / 'day', '0', '5', output=tmp_path / 'new')
    assert before == {p.name: p.read_bytes() for p in (tmp_path / 'day').iterdir()}
    assert len(read_bags([tmp_path / 'new']).messages) == 8
    with pytest.raises(BagError, match='exists already'):
        scrub(tmp_path / 'day', '0', '5', output=tmp_path / 'new')


def test_sound_alone(tmp_path):
    """Without sound in it, a bag loses nothing."""
    write(tmp_path / 'day', day())
    assert scrub(tmp_path / 'day', '0', '60', words=False).kept == 9


def test_moments():
    clock = time.strftime('%H:%M', time.localtime(BEGIN / 1e9))
    date = time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(BEGIN / 1e9))
    assert moment('1.5', BEGIN) == BEGIN + 1_500_000_000
    assert moment(date, 0) == BEGIN
    assert 0 <= BEGIN - moment(clock, BEGIN) < 60e9
    with pytest.raises(BagError, match='expected a time'):
        moment('noon', BEGIN)


def test_what_cannot_be_scrubbed(tmp_path):
    file = write(tmp_path / 'day', day())
    with pytest.raises(BagError, match='--from before --to'):
        scrub(tmp_path / 'day', '5', '1')
    with pytest.raises(BagError, match='finished recording'):
        scrub(file, '0', '1')
    file.write_bytes(file.read_bytes()[:900])
    with pytest.raises(BagError, match='damaged'):
        scrub(tmp_path / 'day', '0', '1')

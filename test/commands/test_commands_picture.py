"""The picture of a demo."""

import math

import pytest

from shadow_ros.commands.exchange import Exchange
from shadow_ros.commands.picture import draw, outcome
from shadow_ros.commands.recording import Recording
from shadow_ros.errors import ConfigError
from shadow_ros.plan import parse
from shadow_ros.records import Event, PlanRecord

STORY = [
    ('who are you?', 'I am Doger.', 'done', 'talk'), ('walk', '[MOVE x=2]', 'done', 'done'),
    ('左转', '[TURN yaw=90] 好的！', 'done', 'done'), ('flip', '[BACK_FLIP]', 'refused', 'refused'),
    ('find me', '[REMOTE]', 'done', 'remote'), ('a' * 500, '[SIT]', 'cancelled', 'cancelled'),
]


def recording():
    """Return a walk round a corner with a command at every step of it."""
    record = Recording()
    for place, (text, plan, end, _) in enumerate(STORY):
        exchange = Exchange(text, float(place))
        record.say(exchange, float(place), 'typed')
        answer = PlanRecord(parse(plan), text=text)
        exchange.take(answer, float(place))
        for kind, index in (('started', 0), ('done', 0), (end, -1)):
            exchange.take(Event(answer.id, kind, index, '[MOVE x=2.0]'), place + 0.5)
        for tick in range(20):
            record.pose(place + tick / 20, min(place, 3), place / 5, math.pi / 2 * (place > 3))
        record.state(place + 0.9, 'sit' if place == 4 else 'stand', False)
    return record


@pytest.mark.parametrize('name, begins', [
    ('way.png', b'\x89PNG'), ('way.svg', b'<?xml'), ('way.pdf', b'%PDF')])
def test_a_story_is_drawn(tmp_path, name, begins):
    draw(recording(), tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert data.startswith(begins)
    assert len(data) > 10_000


def test_no_story_is_drawn_too(tmp_path):
    draw(Recording(), tmp_path / 'none.png')
    assert (tmp_path / 'none.png').stat().st_size > 1000


def test_where_nothing_can_be_written_is_a_sentence(tmp_path):
    for path in (tmp_path / 'none' / 'way.png', tmp_path / 'way.xyz'):
        with pytest.raises(ConfigError, match='expected a picture file'):
            draw(Recording(), path)


def test_each_command_is_filed_under_what_became_of_it():
    outcomes = [outcome(said.exchange) for said in recording().said]
    assert outcomes == [wanted for *_, wanted in STORY]
    assert outcome(Exchange('nothing', 0.0)) == ''

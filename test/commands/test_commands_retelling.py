"""A demo's recording becomes what a view shows: its way, its speed, its gestures."""

import pytest

from shadow_ros.commands.exchange import Exchange
from shadow_ros.commands.recording import Recording
from shadow_ros.commands.retelling import recording_of, trace_of
from shadow_ros.plan import parse
from shadow_ros.records import Event, PlanRecord


@pytest.fixture
def recording():
    """Return two seconds of walking, then a wave of two seconds."""
    recording = Recording()
    recording.state(10.0, 'stand', True)
    for step in range(81):
        at = 10.0 + 0.05 * step
        recording.state(at, 'stand', at < 12.0)
        recording.pose(at, 0.5 * (min(at, 12.0) - 10.0), 0.0, 0.0)
    said = recording.say(Exchange('wave', 12.0), 12.0, 'typed')
    said.exchange.take(PlanRecord(parse('[HELLO]'), id='p', text='wave'), 12.0)
    for at, kind, index in ((12.0, 'started', 0), (14.0, 'done', 0), (14.0, 'done', -1)):
        said.exchange.take(Event('p', kind, index, '[HELLO]' if index == 0 else ''), at)
    return recording


def test_way_speed_and_gesture_are_kept(recording):
    trace = trace_of(recording)
    assert trace.moments[0].time == 0.0
    walking = trace.at(1.0)
    assert walking.x == pytest.approx(0.5, abs=0.03)
    assert walking.vx == pytest.approx(0.5, abs=0.1) and walking.skill == ''
    waving = trace.at(3.0)
    assert waving.skill == 'Hello' and waving.vx == 0.0
    assert trace.given[0].text == 'wave' and trace.given[0].time == 2.0


def test_there_and_back(recording):
    again = recording_of(trace_of(recording))
    assert again.last.x == pytest.approx(recording.last.x, abs=0.01)
    assert [said.exchange.text for said in again.said] == ['wave']


def test_an_empty_recording_is_an_empty_trace():
    assert trace_of(Recording()).moments == []

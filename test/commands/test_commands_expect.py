"""What the steps of a demo expect, and what they do not let pass."""

import math

import pytest

from shadow_ros.commands import expect
from shadow_ros.commands.exchange import Exchange
from shadow_ros.commands.recording import moved, Recording, Sample, where
from shadow_ros.commands.tour import tour
from shadow_ros.plan import parse
from shadow_ros.records import Event, PlanRecord

START = Sample(0.0, 1.0, 1.0, math.pi / 2, 'stand', False)


def result(plan, *kinds, x=0.0, y=0.0, yaw=0.0, posture='stand', reason=''):
    """Return the end of a plan after so many metres forward and left and degrees left."""
    exchange = Exchange('text', 0.0)
    record = PlanRecord(parse(plan), text='text')
    exchange.take(record, 0.0)
    for kind in kinds:
        exchange.take(Event(record.id, kind, reason=reason), 0.3)
    after = Sample(9.0, 1.0 - y, 1.0 + x, math.pi / 2 + math.radians(yaw), posture, False)
    return expect.Result(exchange, START, after)


FINE = {
    'walk': (expect.moves(x=2.0), result('[MOVE x=2]', 'done', x=1.95)),
    'sidestep': (expect.moves(y=-1.0), result('[MOVE y=-1]', 'done', y=-1.0)),
    'turn': (expect.moves(yaw=180.0), result('[TURN yaw=180]', 'done', yaw=178.0)),
    'sit': (expect.posture('sit'), result('[SIT]', 'done', posture='sit')),
    'plan': (expect.plan('STAND', 'HELLO'), result('[STAND][HELLO]', 'done')),
    'refused': (expect.refused(), result('[JUMP]', 'refused', reason='No.')),
    'remote': (expect.routed('remote'), result('[REMOTE]', 'done')),
    'talk': (expect.routed('talk'), result('Hi.', 'done')),
    'interrupted': (expect.interrupted(0.8, 1.8), result('[MOVE x=4]', 'cancelled', x=1.2)),
    'stops': (expect.stops(0.5), result('[STOP]', 'accepted', 'stopped', 'done')),
    'given and done': (expect.carried_out_or_refused(), result('[SIT]', 'done')),
    'given and refused': (
        expect.carried_out_or_refused(), result('[JUMP]', 'refused', reason='No.')),
    'given and not confirmed': (
        expect.carried_out_or_refused(), result('[DAMP]', 'confirm', 'cancelled', reason='No.')),
    'given and remote': (expect.carried_out_or_refused(), result('[REMOTE]', 'done')),
}
WRONG = {
    'too short': (expect.moves(x=2.0), result('[MOVE x=2]', 'done', x=1.8), 'moved 1.80 m'),
    'crooked': (expect.moves(x=2.0), result('[MOVE x=2]', 'done', x=2.0, yaw=5.0), 'turned 5.0'),
    'turned away': (expect.moves(yaw=90.0), result('[TURN yaw=90]', 'done', yaw=-90.0), '-90.0'),
    'only said so': (expect.posture('sit'), result('[SIT]', 'done'), 'posture stand'),
    'failed': (expect.posture('sit'), result('[SIT]', 'failed', posture='sit'), 'failed'),
    'another plan': (expect.plan('SIT'), result('[LIE]', 'done'), 'planned LIE'),
    'refused in silence': (expect.refused(), result('[JUMP]', 'refused'), 'without a reason'),
    'refused but moved': (
        expect.refused(), result('[JUMP]', 'refused', x=1.0, reason='No.'), 'moved 1.00 m'),
    'not refused': (expect.refused(), result('[JUMP]', 'done'), 'done instead'),
    'remote moved': (expect.routed('remote'), result('[REMOTE]', 'done', yaw=20.0), '20'),
    'talk was a plan': (expect.routed('talk'), result('[SIT]', 'done'), 'edge instead of talk'),
    'walked to the end': (
        expect.interrupted(0.8, 1.8), result('[MOVE x=4]', 'done', x=4.0), 'done'),
    'walked too far': (
        expect.interrupted(0.8, 1.8), result('[MOVE x=4]', 'cancelled', x=2.5), '2.50 m'),
    'did not stop': (expect.stops(0.5), result('[STOP]', 'failed'), 'failed instead'),
    'stopped late': (expect.stops(0.2), result('[STOP]', 'stopped'), 'only after 0.30 s'),
    'given and failed': (
        expect.carried_out_or_refused(), result('[SIT]', 'failed', reason='Fell.'), 'Fell.'),
    'given and cut off': (
        expect.carried_out_or_refused(), result('[SIT]', 'cancelled', reason='x'), 'cancelled'),
}


@pytest.mark.parametrize('expectation, got', FINE.values(), ids=FINE)
def test_what_is_as_expected_passes(expectation, got):
    assert expectation.check(got) == ''


@pytest.mark.parametrize('expectation, got, complaint', WRONG.values(), ids=WRONG)
def test_what_is_not_is_told(expectation, got, complaint):
    assert complaint in expectation.check(got)


def test_the_tour_shows_what_it_promises():
    steps = tour()
    words = ' '.join(step.expect.words for step in steps)
    assert len(steps) >= 10
    assert [step.wav for step in steps if step.wav and step.wav.is_file()]
    assert sum(not step.text.isascii() for step in steps) >= 3
    for promise in ('refused', 'REMOTE', 'talks', 'stands still', '→'):
        assert promise in words
    for step, following in zip(steps, steps[1:]):
        assert not step.stop_after or following.text == 'stop'


def test_motion_is_seen_from_where_it_began():
    forward, left, turned = moved(START, Sample(1.0, 0.5, 3.0, math.pi, 'stand', False))
    assert (forward, left, turned) == pytest.approx((2.0, 0.5, 90.0))


def test_a_recording_unwraps_the_heading_and_knows_the_posture():
    recording = Recording()
    assert recording.last is None
    assert 'did not report' in where(recording.last)
    for degrees in (170, -170, -150):
        recording.pose(0.0, 0.0, 0.0, math.radians(degrees))
    recording.state(1.0, 'sit', False)
    assert math.degrees(recording.last.yaw) == pytest.approx(210)
    assert where(recording.last) == 'sit at x 0.00 m, y 0.00 m, heading -150°'

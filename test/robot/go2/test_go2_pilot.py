"""Pilot, helm and go2 body together: plans end where they say, and a lost process is an event."""

import math
import os
import signal
import time

import pytest

from shadow_ros.plan import parse
from shadow_ros.records import PlanRecord
from shadow_ros.robot.helm import Helm
from shadow_ros.robot.pilot import Pilot


class Cockpit:
    """A helm whose events can be awaited."""

    def __init__(self, body):
        self.body, self.events = body, []
        self.helm = Helm(body, Pilot(refusal=body.refusal),
                         lambda effects: self.events.extend(effects.events))
        self.helm.start()

    def begin(self, plan):
        """Give a plan; return its record."""
        record = PlanRecord(parse(plan))
        self.helm.post(lambda pilot, now, state: pilot.plan(record, now, state))
        return record

    def does(self, plan):
        """Carry a plan out, and fail with the body's own reason if it does not end well."""
        ended = self.end_of(self.begin(plan))
        assert ended.kind == 'done', ended.reason

    def end_of(self, record, seconds=40.0):
        """Wait for the event that ends the plan and return it."""
        deadline = time.monotonic() + seconds
        while True:
            for event in list(self.events):
                if event.plan_id == record.id and event.ends_plan:
                    return event
            assert time.monotonic() < deadline, (self.events, self.body.health())
            time.sleep(0.02)


@pytest.fixture
def cockpit(shared_handler):
    cockpit = Cockpit(shared_handler.body)
    yield cockpit
    cockpit.helm.close()


@pytest.mark.parametrize('tag', ['[MOVE x=2.0]', '[MOVE x=1.0 speed=fast]', '[MOVE y=-0.5]'])
def test_a_walk_ends_where_it_was_told(cockpit, tag):
    start, action = cockpit.body.state(), parse(tag).actions[0]
    cockpit.does(tag)
    end = cockpit.body.state()
    dx, dy = end.x - start.x, end.y - start.y
    along = dx * math.cos(start.yaw) + dy * math.sin(start.yaw)
    left = dy * math.cos(start.yaw) - dx * math.sin(start.yaw)
    assert along == pytest.approx(action.amount('x'), abs=0.10)
    assert left == pytest.approx(action.amount('y'), abs=0.10)


@pytest.mark.parametrize('yaw', [90, -180])
def test_a_turn_ends_at_its_angle(cockpit, yaw):
    start = cockpit.body.state()
    cockpit.does(f'[TURN yaw={yaw}]')
    assert math.degrees(cockpit.body.state().yaw - start.yaw) == pytest.approx(yaw, abs=3.0)


def test_a_sequence_through_postures(cockpit):
    cockpit.does('[SIT][MOVE x=0.5][LIE][STAND]')
    started = [event.action for event in cockpit.events if event.kind == 'started']
    assert started == ['[SIT]', '[STAND]', '[MOVE x=0.5]', '[LIE]', '[STAND]']


def test_a_lost_sdk_process_fails_the_walk_and_the_next_one_works(cockpit):
    record = cockpit.begin('[MOVE x=4.0]')
    deadline = time.monotonic() + 10.0
    while cockpit.body.state().vx < 0.45:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(cockpit.body.pids[0], signal.SIGKILL)
    begun = time.monotonic()
    event = cockpit.end_of(record)
    assert event.kind == 'failed' and event.reason and time.monotonic() - begun < 5.0
    early = cockpit.end_of(cockpit.begin('[MOVE x=0.5]'))
    if early.kind == 'refused':  # no walk without a guardian
        assert 'second SDK process' in early.reason
        while 'guardian ready' not in cockpit.body.health()[1]:
            assert time.monotonic() < deadline + 30.0
            time.sleep(0.05)
    cockpit.does('[MOVE x=0.5]')

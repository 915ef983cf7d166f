"""The helm: one thread steers at 20 Hz, urgent calls overtake, publishing never delays."""

import threading
import time

import pytest

from shadow_ros.plan import parse
from shadow_ros.records import PlanRecord
from shadow_ros.robot.body import BodyState, Halt, Velocity
from shadow_ros.robot.helm import Helm
from shadow_ros.robot.pilot import Pilot
from shadow_ros.robot.runner import Effects
from shadow_ros.robot.twist import TwistBody


class _Listener:
    """Collects what the helm publishes and lets a test wait for an event kind."""

    def __init__(self):
        self.events, self.changed = [], threading.Condition()

    def __call__(self, effects):
        with self.changed:
            self.events += effects.events
            self.changed.notify_all()

    def wait_for(self, kind, timeout=10.0):
        with self.changed:
            assert self.changed.wait_for(
                lambda: any(e.kind == kind for e in self.events), timeout), self.events


@pytest.fixture
def steered():
    sent = []
    body = TwistBody(lambda vx, vy, wz: sent.append((time.monotonic(), vx, vy, wz)))
    body.start()
    listener = _Listener()
    helm = Helm(body, Pilot(), listener)
    helm.start()
    yield helm, sent, listener
    helm.close()
    body.close()


def _plan(text):
    return lambda pilot, now, state: pilot.plan(PlanRecord(parse(text)), now, state)


def test_a_walk_is_refreshed_at_twenty_hertz_and_ends(steered):
    helm, sent, listener = steered
    helm.post(_plan('[MOVE x=0.5]'))
    listener.wait_for('done')
    walking = [row for row in sent if row[1] > 0]
    assert 15 <= len(walking) <= 30  # one second at 20 Hz
    assert sent[-1][1:] == (0.0, 0.0, 0.0)


def test_a_stop_cuts_a_walk(steered):
    helm, sent, listener = steered
    helm.post(_plan('[MOVE x=5]'))
    listener.wait_for('started')
    helm.post(lambda pilot, now, state: pilot.stop(now, 1.0), urgent=True)
    listener.wait_for('stopped')
    assert sent[-1][1:] == (0.0, 0.0, 0.0)


class _Recorder:
    """The smallest body: it notes the order of what it is sent."""

    name = 'recorder'

    def __init__(self):
        self.sent = []

    def send(self, command):
        self.sent.append(command)

    def poll(self):
        return []

    def state(self):
        return BodyState(stamp=time.monotonic(), posture='stand')


def test_urgent_calls_come_first_and_commands_before_publishing():
    body = _Recorder()
    order = []

    def publish(effects):
        order.append((len(body.sent), [e.kind for e in effects.events]))

    helm = Helm(body, Pilot(), publish)
    done = threading.Event()
    helm.post(lambda pilot, now, state: Effects([Velocity(0.1, 0, 0)]))
    helm.post(lambda pilot, now, state: done.set() or Effects())
    helm.post(lambda pilot, now, state: pilot.stop(now, 1.0), urgent=True)
    helm.start()
    assert done.wait(10.0)
    helm.close()
    assert body.sent[0] == Halt() and Velocity(0.1, 0, 0) in body.sent

"""The twist body: velocities out, odometry in, zero when the caller falls silent."""

import threading

import pytest

from shadow_ros.plan import Action
from shadow_ros.robot.body import BodyState, Halt, Perform, Velocity
from shadow_ros.robot.twist import TwistBody


@pytest.fixture
def driven():
    sent = []
    zero = threading.Event()

    def publish(vx, vy, wz):
        sent.append((vx, vy, wz))
        if (vx, vy, wz) == (0.0, 0.0, 0.0):
            zero.set()

    body = TwistBody(publish)
    body.start()
    yield body, sent, zero
    body.close()


def test_velocity_and_halt_reach_the_topic(driven):
    body, sent, _ = driven
    body.send(Velocity(0.5, 0.1, -0.2))
    body.send(Halt())
    assert sent[:2] == [(0.5, 0.1, -0.2), (0.0, 0.0, 0.0)]


def test_silence_stops_the_robot(driven):
    body, sent, zero = driven
    body.send(Velocity(0.5, 0.0, 0.0))
    assert zero.wait(5.0) and sent[-1] == (0.0, 0.0, 0.0)


def test_postures_are_not_supported_and_say_so(driven):
    body, _, _ = driven
    assert 'only walks and turns' in body.refusal(Action('SIT'))
    assert body.refusal(Action.of('MOVE', x=1.0)) == ''
    body.send(Perform(7, Action('SIT')))
    body.send(Perform(8, Action.of('SPEED', level='slow')))
    assert [(o.token, o.done) for o in body.poll()] == [(7, False), (8, True)]
    assert body.poll() == []


def test_odometry_is_used_once_it_came(driven):
    body, _, _ = driven
    assert not body.state().pose_known
    body.odometry(BodyState(stamp=1.0, posture='stand', x=2.0))
    assert body.state().x == 2.0 and body.health()[0] is False

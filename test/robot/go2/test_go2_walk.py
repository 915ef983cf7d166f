"""What comes before a walk, on simulated time."""

from shadow_ros.robot.go2.report import Report
from shadow_ros.robot.go2.walk import RELEASE_AFTER, Walk

BALANCE, LISTEN = 1002, 1004


def play(walk, mode, seconds=3.0, answer=(0, ''), since=100.0, become=None):
    """Ask for velocities at 50 Hz; return the calls, and when the first one passed (s)."""
    calls, passed = [], None
    for tick in range(round(seconds * 50)):
        now = since + tick * 0.02
        report = Report(stamp=now, mode=mode)
        if walk.velocity(report) and passed is None:
            passed = now - since
        for call in walk.step(now, report):
            calls.append(call.api)
            walk.answer(*answer, now)
            mode = become or mode
    return calls, passed


def test_free_joints_walk_at_once():
    assert play(Walk(), 1) == ([], 0.0) == play(Walk(), 3)


def test_locked_joints_are_freed_first():
    calls, passed = play(Walk(), 6, become=1)
    assert calls == [BALANCE] and 0.0 < passed < 0.3


def test_without_a_known_mode_it_takes_the_nominal_time_once():
    walk = Walk()
    calls, passed = play(walk, 0)
    assert calls == [BALANCE] and 0.4 < passed < 0.7
    walk.halt(110.0)
    assert play(walk, 0, since=111.0) == ([], 0.0)
    walk.halt(120.0)
    walk.changed(unlocked=False)
    assert play(walk, 0, since=121.0)[0] == [BALANCE]


def test_joints_that_stay_locked_keep_the_dog_where_it_is():
    walk = Walk()
    calls, passed = play(walk, 6, seconds=5.0)
    assert calls == [BALANCE] and passed is None
    assert 'locked joints' in walk.trouble
    walk.halt(120.0)
    assert walk.trouble == ''


def test_avoidance_listens_before_the_first_velocity_and_is_released_later():
    walk = Walk(avoids=True)
    calls, passed = play(walk, 1)
    assert calls == [LISTEN] and 0.5 <= passed < 0.6 and walk.via == 'obstacles_avoid'
    walk.halt(104.0)
    assert play(walk, 1, since=105.0) == ([], 0.0)
    walk.halt(109.0)
    assert walk.step(109.0 + RELEASE_AFTER / 2, Report()) == []
    released = walk.step(109.1 + RELEASE_AFTER, Report())
    assert [call.parameter for call in released] == ['{"is_remote_commands_from_api": false}']
    assert walk.step(120.0, Report()) == []


def test_a_halt_ends_the_preparation():
    walk = Walk()
    walk.velocity(Report(mode=6))
    walk.step(100.0, Report(mode=6))
    walk.halt(100.1)
    assert walk.step(100.2, Report(mode=6)) == []

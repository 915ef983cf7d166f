"""Whatever dies or hangs while the dog walks at 0.8 m/s: it stands still within 0.6 s."""

import os
import signal
import time

import pytest

from shadow_ros.robot.body import Velocity

LIMIT = 0.6  # s, as promised


@pytest.fixture(params=['off', 'on'])
def walker(request, shared_ground, tap):
    """A process whose body walks the dog, without and with obstacle avoidance."""
    walker = shared_ground.program('go2_walker.py', request.param)
    walker.wait_for('pids')
    tap.walks()
    yield walker
    walker.end()


without_avoidance = pytest.mark.parametrize('walker', ['off'], indirect=True)


def pids(walker):
    return [int(word) for word in walker.wait_for('pids').split()[1:]]


def test_killed_body_process(walker, tap):
    begun = time.monotonic()
    walker.signal(signal.SIGKILL)
    assert tap.still_after(begun) < LIMIT
    deadline = time.monotonic() + 10.0
    while any(alive(pid) for pid in pids(walker)):
        assert time.monotonic() < deadline, 'the SDK processes outlive their body'
        time.sleep(0.05)


def test_stopped_body_process(walker, tap):
    begun = time.monotonic()
    walker.signal(signal.SIGSTOP)
    assert tap.still_after(begun) < LIMIT


@without_avoidance
def test_body_process_that_goes_on_after_a_pause_does_not_walk_on(walker, tap):
    begun = time.monotonic()
    walker.signal(signal.SIGSTOP)
    tap.still_after(begun, watch=1.0)
    walker.signal(signal.SIGCONT)
    assert tap.still_after(begun, watch=3.0) < LIMIT


@without_avoidance
def test_killed_sdk_process(walker, tap):
    begun = time.monotonic()
    os.kill(pids(walker)[0], signal.SIGKILL)
    assert tap.still_after(begun) < LIMIT


@without_avoidance
def test_stopped_sdk_process(walker, tap):
    begun = time.monotonic()
    os.kill(pids(walker)[0], signal.SIGSTOP)
    assert tap.still_after(begun) < LIMIT


@without_avoidance
def test_body_and_active_sdk_process_killed_together(walker, tap):
    begun = time.monotonic()
    os.kill(pids(walker)[0], signal.SIGKILL)
    walker.signal(signal.SIGKILL)
    assert tap.still_after(begun) < LIMIT


@without_avoidance
def test_terminal_interrupt_reaches_the_sdk_process_first(walker, tap):
    for pid in pids(walker):
        os.kill(pid, signal.SIGINT)
    begun = time.monotonic()
    tap.wait(lambda sample: sample['t'] > begun + 1.0)
    assert tap.samples[-1]['vx'] > 0.7
    walker.signal(signal.SIGKILL)
    assert tap.still_after(time.monotonic()) < LIMIT


def test_after_a_fail_over_the_body_goes_on_once_it_was_halted(
        ground, handler, requests_of):
    dog = ground.virtual()
    drive = handler()
    drive.walk(0.8, 0.0, 0.0, until=lambda state: state.vx > 0.78)
    active, guardian = drive.body.pids
    begun = time.monotonic()
    os.kill(active, signal.SIGKILL)
    drive.until(lambda: drive.body.state().error)
    assert 'was lost' in drive.body.state().error and not drive.body.health()[0]
    while time.monotonic() < begun + 0.7:  # the runner goes on until it finds the state stale
        drive.body.send(Velocity(0.8, 0.0, 0.0))
        time.sleep(0.05)
    assert time.monotonic() - drive.body.state().stamp > 0.5
    stops = [r for r in requests_of(dog) if r['api_id'] == 1003 and r['time'] > begun]
    assert stops[0]['time'] - begun < 0.3
    drive.halt()
    assert drive.body.state().error == '' and drive.body.pids[0] == guardian
    drive.walk(0.5, 0.0, 0.0, until=lambda state: state.vx > 0.45)
    drive.halt()
    drive.until(lambda: 'guardian ready' in drive.body.health()[1])
    assert 'fail-overs' in drive.body.health()[1] and len(drive.body.pids) == 2
    assert drive.perform('[SIT]').done


def test_guardian_is_replaced_when_it_dies(ground, handler):
    ground.virtual()
    drive = handler()
    active, guardian = drive.body.pids
    os.kill(guardian, signal.SIGKILL)
    drive.until(lambda: len(drive.body.pids) == 2 and guardian not in drive.body.pids)
    drive.until(lambda: 'guardian ready' in drive.body.health()[1])
    assert drive.body.pids[0] == active and drive.body.health()[0]


def test_action_in_hand_fails_with_words_when_its_process_dies(ground, handler):
    ground.virtual()
    drive = handler()
    token = drive.begin('[DANCE]')
    os.kill(drive.body.pids[0], signal.SIGKILL)
    outcome = drive.outcome(token)
    assert not outcome.done and 'SDK process' in outcome.reason


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

"""The virtual Go2 as a program on real DDS, driven by the SDK's own clients."""

import json
from pathlib import Path
import signal
import sys
import textwrap

import pytest

pytest.importorskip('unitree_sdk2py')

PROGRAM = ['-m', 'shadow_ros.robot.virtual']
ROOT = Path(__file__).parents[3]

PRELUDE = """
import math, sys, time
from shadow_ros.robot.virtual.tap import Tap
tap = Tap('lo', int(sys.argv[1]))
from unitree_sdk2py.comm.motion_switcher.motion_switcher_client import MotionSwitcherClient
from unitree_sdk2py.go2.obstacles_avoid.obstacles_avoid_client import ObstaclesAvoidClient
from unitree_sdk2py.go2.sport.sport_client import SportClient

def client(kind, timeout=5.0):
    made = kind()
    made.SetTimeout(timeout)
    made.Init()
    return made

def walk(move, velocity, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert move(*velocity) == 0
        time.sleep(0.05)
"""


@pytest.fixture
def dog(spawn, dds_domain):
    """Return a function that starts the virtual Go2 and waits until it serves."""
    def start(*options):
        child = spawn([*PROGRAM, '--dds-domain', str(dds_domain), *options], cwd=ROOT)
        child.wait_for('ready')
        return child
    return start


@pytest.fixture
def user(spawn, dds_domain, tmp_path):
    """Return a function that runs a client program in a process of its own to its end."""
    def run(program):
        path = tmp_path / 'client.py'
        path.write_text(PRELUDE + textwrap.dedent(program), encoding='utf-8')
        # The SDK's reader threads can crash an interpreter that is being taken down under them;
        # what the program asserts is known by then.
        child = spawn([sys.executable, '-c', 'import os, runpy, sys; sys.argv = sys.argv[1:]; '
                       'runpy.run_path(sys.argv[0]); sys.stdout.flush(); os._exit(0)',
                       str(path), str(dds_domain)], cwd=ROOT)
        assert child.wait(40) == 0, child.output
        return child.output
    return run


def test_the_sdks_clients_drive_it(dog, user):
    child = dog('--print-requests', '--start-posture', 'lie')
    user("""
        sport = client(SportClient)
        assert sport.GetServerApiVersion() == (0, '1.0.0.1')
        state = tap.wait_for_state(lambda s: True)
        assert (state.mode, state.code) == (5, 1004)
        walk(sport.Move, (0.5, 0.0, 0.0), 0.3)              # lying: no motion
        assert sport.StandUp() == 0
        tap.wait_for_state(lambda s: s.mode == 6)           # joints locked
        assert tap.states[-1].x == 0.0
        assert sport.BalanceStand() == 0
        tap.wait_for_state(lambda s: s.mode == 1)
        walk(sport.Move, (0.8, 0.0, 0.0), 1.0)
        assert tap.states[-1].mode == 3 and tap.states[-1].vx > 0.75
        stopped = time.monotonic()
        assert sport.StopMove() == 0
        still = tap.wait_for_state(lambda s: s.still, since=stopped)
        assert still.time - stopped < 0.5
        assert 0.5 < still.x < 1.1
        assert sport.SpeedLevel(9) == 3204                  # bad parameter
        sport._RegistApi(1999, 0)
        assert sport._Call(1999, '{}') == (3203, '')        # unknown to the robot
        assert sport.AutoRecoveryGet() == (0, True)
        assert sport.Hello() == 0
        tap.wait_for_state(lambda s: s.progress == 1.0)
        assert sport.Sit() == 4201                          # busy
        assert sport.StopMove() == 0
        tap.wait_for_state(lambda s: s.mode == 1 and s.progress == 0.0, since=tap.states[-1].time)
        assert sport.Sit() == 0
        tap.wait_for_state(lambda s: s.mode == 10)
        assert sport.Stretch() == 4202                      # not from there
    """)
    requests = [json.loads(line) for line in child.lines if line.startswith('{')]
    assert [r['api_id'] for r in requests if r['api_id'] != 1008] == [
        1004, 1002, 1003, 1015, 1999, 2055, 1016, 1009, 1003, 1009, 1017]
    assert all(r['service'] == 'sport' and r['time'] > 0 for r in requests)
    assert json.loads(requests[0]['parameter']) == {'x': 0.5, 'y': 0.0, 'z': 0.0}


def test_switcher_avoidance_and_low_state(dog, user):
    dog('--battery', '42', '--state-rate', '80', '--low-rate', '40')
    user("""
        from unitree_sdk2py.core.channel import ChannelSubscriber
        from unitree_sdk2py.idl.unitree_go.msg.dds_ import LowState_, SportModeState_
        lows = []
        low = ChannelSubscriber('rt/lowstate', LowState_)
        low.Init(lows.append)
        slow = ChannelSubscriber('rt/lf/sportmodestate', SportModeState_)
        slow.Init()
        switcher, avoid = client(MotionSwitcherClient), client(ObstaclesAvoidClient)
        assert switcher.CheckMode()[1]['name'] == 'mcf'
        assert switcher.SelectMode('mcf')[0] == 7004
        assert avoid.SwitchGet() == (0, False)
        assert avoid.SwitchSet(True) == 0 and avoid.SwitchGet() == (0, True)
        assert avoid.UseRemoteCommandFromApi(True) == 0
        walk(avoid.Move, (0.0, 0.0, 1.0), 1.0)
        assert tap.states[-1].wz > 0.9 and 0.5 < tap.states[-1].yaw < 1.1
        begin, count = tap.states[-1].time, len(tap.states)
        tap.wait_for_state(lambda s: s.time >= begin + 1.0)
        assert 20 <= len(tap.states) - count <= 90          # asked for: 80 a second
        assert slow.Read(2.0) is not None
        last = lows[-1]
        assert last.bms_state.soc == 42 and 24.0 < last.power_v < 33.6
        assert len(last.motor_state) == 20
        w, x, y, z = last.imu_state.quaternion
        assert math.isclose(2 * math.atan2(z, w), last.imu_state.rpy[2], abs_tol=1e-3)
        assert any(abs(motor.dq) > 0.1 for message in lows for motor in message.motor_state)
        switcher.ReleaseMode()
        sport = client(SportClient, 0.5)
        assert sport.StandUp() == 3104                      # nobody answers
        quiet = len(tap.states)
        count = len(lows)
        while len(lows) < count + 10:
            time.sleep(0.02)
        assert len(tap.states) == quiet
    """)


@pytest.mark.parametrize('options, program', [
    (['--firmware', 'old'], """
        sport = client(SportClient)
        assert sport.LeftFlip() == 3203 and sport.FreeWalk() == 3203 and sport.HandStand(1) == 3203
        sport._RegistApi(1026, 0)
        assert sport._Call(1026, '{}') == (0, '{"data": 0}')
        assert tap.wait_for_state(lambda s: True).code == 0
    """),
    (['--stuck'], """
        sport = client(SportClient)
        walk(sport.Move, (0.8, 0.0, 0.0), 0.5)
        state = tap.wait_for_state(lambda s: s.mode == 3)
        assert (tap.states[-1].x, tap.states[-1].vx) == (0.0, 0.0)
    """),
    (['--no-replies'], """
        sport = client(SportClient, 0.5)
        assert sport.Sit() == 3104
        tap.wait_for_state(lambda s: s.mode == 10)
    """),
    (['--reply-delay', '0.4'], """
        sport = client(SportClient)
        began = time.monotonic()
        assert sport.Sit() == 0
        assert time.monotonic() - began >= 0.4
        assert any(r.time - began < 0.35 for r in tap.requests)
    """),
    (['--no-state'], """
        sport = client(SportClient)
        assert sport.StopMove() == 0
        assert tap.states == []
    """),
], ids=['old firmware', 'stuck', 'no replies', 'late replies', 'no state'])
def test_firmware_and_faults(dog, user, options, program):
    dog(*options)
    user(program)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_with_code_0_and_leaves_no_file(dog, number, tmp_path):
    log = tmp_path / 'requests.jsonl'
    child = dog('--log', str(log))
    child.signal(number)
    assert child.wait(5) == 0
    assert 'Traceback' not in child.output
    assert log.read_text() == ''


def test_it_ends_with_its_parent(dog):
    child = dog('--with-parent')
    child.process.stdin.close()
    assert child.wait(5) == 0


@pytest.mark.parametrize('options, sentence', [
    (['--network-interface', 'loo'], 'did you mean lo?'),
    (['--dds-domain', '900'], 'must be 0 to 232'),
    (['--battery', 'full'], 'expected 0 to 100'),
    (['--state-rate', '0'], 'expected 1 to 1000'),
    (['--log', '/nowhere/at/all'], 'No such file'),
    (['--firmware', 'newest'], 'invalid choice'),
])
def test_a_wrong_option_gets_a_sentence(spawn, options, sentence):
    child = spawn([*PROGRAM, *options], cwd=ROOT)
    assert child.wait(20) in (1, 2)
    assert sentence in child.output
    assert 'Traceback' not in child.output

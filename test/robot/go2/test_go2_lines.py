"""Framing, addresses, environments and angles: the small parts of the go2 body."""

import math
import socket

from hypothesis import given, strategies as st
import pytest

from shadow_ros.errors import RobotError
from shadow_ros.robot.go2.environment import child_environment
from shadow_ros.robot.go2.interface import addresses, choose_interface
from shadow_ros.robot.go2.lines import Lines, wait
from shadow_ros.robot.go2.report import Report, Unwrap


@pytest.fixture
def pipe():
    ends = [Lines(end) for end in socket.socketpair()]
    yield ends
    for end in ends:
        end.close()


def test_messages_come_whole_and_in_order(pipe):
    here, there = pipe
    assert here.send('velocity', 1.5, 'sport', 0.1, -0.2, 0.0) and here.send('halt', 1)
    wait([there], 1.0)
    assert there.receive() == [['velocity', 1.5, 'sport', 0.1, -0.2, 0.0], ['halt', 1]]
    assert there.receive() == [] and not there.closed


def test_a_full_pipe_drops_whole_messages_and_says_so(pipe):
    here, there = pipe
    sent = [n for n in range(3000) if here.send('call', n, 'x' * 500)]
    assert 0 < len(sent) < 3000
    got = []
    for _ in range(50):
        got += [message[1] for message in there.receive()]
        if here.send('halt', -1):
            break
    got += [message[1] for message in there.receive()]
    assert got == [*sent, -1]


def test_the_other_end_is_seen_to_close(pipe):
    here, there = pipe
    here.send('halt', 1)
    here.close()
    assert there.receive() == [['halt', 1]] and there.closed
    assert not there.send('ready') and not here.send('ready')


def test_the_interface_in_the_robots_network_is_chosen():
    found = {'lo': ['127.0.0.1'], 'wlan0': ['10.0.0.7'], 'eth0': ['10.1.1.1', '192.168.123.18']}
    assert choose_interface(found) == 'eth0'


def test_without_one_the_error_says_what_there_is_and_what_to_do():
    with pytest.raises(RobotError, match=r'192\.168\.123\.x.*got wlan0 10\.0\.0\.7: plug'):
        choose_interface({'wlan0': ['10.0.0.7']})
    with pytest.raises(RobotError, match='got none'):
        choose_interface({})


def test_this_machine_has_a_loopback():
    assert '127.0.0.1' in addresses()['lo']


def test_a_child_is_free_of_the_libraries_of_ros():
    ours = {'LD_LIBRARY_PATH': '/opt/ros/humble/lib:/usr/local/lib:/home/u/ws/install/lib:'
            '/v/site-packages/ros_rcl.libs', 'AMENT_PREFIX_PATH': '/home/u/ws/install',
            'PYTHONPATH': '/opt/x', 'HOME': '/home/u'}
    child = child_environment(ours)
    assert child['LD_LIBRARY_PATH'] == '/usr/local/lib' and child['HOME'] == '/home/u'
    assert child['_ROS_WHEELS_BOOTSTRAP_COMPLETE'] == '1'
    assert child['PYTHONPATH'].endswith(':/opt/x')


def test_a_report_travels_as_a_list():
    report = Report(stamp=1.5, mode=3, x=1.0, yaw=-3.0, battery=80.0)
    assert Report.from_list(report.to_list()) == report
    assert report.finite and not Report(yaw=math.nan).finite


@given(st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=50))
def test_an_unwrapped_yaw_is_continuous_and_the_same_direction(turns):
    unwrap, true = Unwrap(), 0.5
    assert unwrap(true) == true
    for turn in turns:
        true += turn
        assert unwrap(math.remainder(true, 2 * math.pi)) == pytest.approx(true, abs=1e-6)

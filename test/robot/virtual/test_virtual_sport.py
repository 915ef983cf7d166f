"""The virtual Go2's services without a network: ids, parameters and codes as the robot gives."""

import json

from hypothesis import given, settings, strategies as st
import pytest

from shadow_ros.robot.virtual.codes import Code
from shadow_ros.robot.virtual.dog import Dog
from shadow_ros.robot.virtual.robot import Robot
from shadow_ros.robot.virtual.skills import BALANCE, HANDSTAND, IDLE, LIE, LOCK, POSE, UPRIGHT

BOTH = {1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1015, 1016, 1017, 1020, 1022,
        1023, 1027, 1028, 1029, 1030, 1031, 1032, 1036}
NEW = {1061, 1062, 1063, 2041, 2043, 2044, 2045, 2046, 2047, 2048, 2049, 2050, 2051, 2054, 2055,
       2058}
OLD = {1011, 1013, 1014, 1019, 1021, 1024, 1025, 1026}


@pytest.fixture
def robot():
    return Robot(Dog(posture=BALANCE))


def sport(robot, api_id, now=0.0, **parameter):
    """Call the sport service and return its code."""
    return robot.handle('sport', api_id, json.dumps(parameter), now)[0]


@pytest.mark.parametrize('firmware, served', [('new', BOTH | NEW), ('old', BOTH | OLD)])
def test_each_firmware_knows_its_own_ids(firmware, served):
    known = {api_id for api_id in [*range(1000, 1100), *range(2000, 2100)]
             if Robot(Dog(), firmware).handle('sport', api_id, '{"data": 1}', 0.0)[0] != 3203}
    assert known == served


def test_the_sdk_client_knows_no_id_that_the_new_firmware_does_not(robot):
    api = pytest.importorskip('unitree_sdk2py.go2.sport.sport_api')
    ids = {value for name, value in vars(api).items() if name.startswith('SPORT_API_ID_')}
    assert ids <= BOTH | NEW


@pytest.mark.parametrize('api_id, parameter', [
    (1008, ''), (1008, 'x'), (1008, '[]'), (1008, '{"x": 1, "y": 0}'),
    (1008, '{"x": NaN, "y": 0, "z": 0}'), (1008, '{"x": Infinity, "y": 0, "z": 0}'),
    (1008, '{"x": "1", "y": 0, "z": 0}'), (1008, '{"x": true, "y": 0, "z": 0}'),
    (1008, '{"x": 1' + '0' * 400 + ', "y": 0, "z": 0}'), (1015, '{"data": 7}'), (1015, '{}'),
    (1007, '{"x": 1.0, "y": 0, "z": 0}'), (1028, '{"data": "on"}'), (2044, '{}'),
    (2054, '{"data": 2}'), (1027, '[' * 5000)], ids=lambda value: str(value)[:30])
def test_a_bad_parameter_gets_3204_and_moves_nothing(robot, api_id, parameter):
    assert robot.handle('sport', api_id, parameter, 0.0) == (Code.BAD_PARAMETER, '')
    assert not robot.report(1.0).walking


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(BOTH | NEW | OLD)), st.one_of(
    st.text(max_size=40), st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.dictionaries(st.sampled_from(['x', 'y', 'z', 'data']), inner),
        max_leaves=5).map(json.dumps)))
def test_no_parameter_whatever_breaks_the_service(api_id, parameter):
    robot = Robot(Dog())
    code, data = robot.handle('sport', api_id, parameter, 0.0)
    assert code in set(Code)
    json.loads(data or '{}')
    robot.report(3.0)


def test_move_is_not_ready_with_locked_joints(robot):
    assert sport(robot, 1008, x=0.5, y=0, z=0) == Code.OK
    assert sport(Robot(Dog(posture=LOCK)), 1008, x=0.5, y=0, z=0) == Code.NOT_READY


@pytest.mark.parametrize('api_id, reached', [(1028, POSE), (2044, HANDSTAND), (2050, UPRIGHT)])
def test_switched_postures_are_entered_and_left(robot, api_id, reached):
    assert sport(robot, api_id, data=True) == Code.OK
    assert robot.report(3.0).posture is reached
    assert sport(robot, api_id, 3.0, data=False) == Code.OK
    assert robot.report(6.0).posture is BALANCE
    assert sport(robot, api_id, 6.0, data=False) == Code.OK
    assert robot.report(9.0).posture is BALANCE


def test_gaits_unlock_the_joints_and_show_in_the_state_code():
    robot = Robot(Dog(posture=LOCK))
    assert sport(robot, 2049, data=True) == Code.OK
    assert (robot.report(1.0).posture, robot.report(1.0).code) == (IDLE, 2010)
    sport(robot, 1062, 1.0)
    sport(robot, 1008, 2.0, x=1.0, y=0, z=0)
    assert (robot.report(2.5).gait, robot.report(2.5).code) == (2, 1016)
    sport(robot, 2045, 5.0)
    assert robot.report(6.0).code == 100
    assert sport(Robot(Dog(posture=LIE)), 2045) == Code.NOT_READY


def test_settings_are_kept(robot):
    assert sport(robot, 2054, data=False) == Code.OK
    assert robot.handle('sport', 2055, '{}', 0.0) == (Code.OK, '{"data": false}')
    old = Robot(Dog(), 'old')
    sport(old, 1013, data=-0.05)
    sport(old, 1015, data=-1)
    assert old.handle('sport', 1024, '{}', 0.0) == (Code.OK, '{"data": -0.05}')
    assert old.handle('sport', 1026, '{}', 0.0) == (Code.OK, '{"data": -1}')


def switch(robot, api_id, now=0.0, **parameter):
    """Call the motion switcher."""
    return robot.handle('motion_switcher', api_id, json.dumps(parameter), now)


def test_motion_switcher_names_its_mode_and_refuses_to_enter_it_again(robot):
    assert json.loads(switch(robot, 1001)[1])['name'] == 'mcf'
    assert switch(robot, 1002, name='mcf')[0] == 7004
    assert switch(robot, 1002, name='nonsense')[0] == Code.BAD_PARAMETER
    assert switch(robot, 1002, name='ai')[0] == Code.OK
    assert switch(robot, 1005)[0] == Code.NOT_IMPLEMENTED
    assert json.loads(switch(Robot(Dog(), 'old'), 1001)[1])['name'] == 'normal'


def test_a_released_robot_is_limp_and_its_sport_service_silent(robot):
    switch(robot, 1003)
    assert robot.report(2.0).posture.name == 'damp'
    assert robot.released
    assert robot.handle('sport', 1004, '{}', 2.0) is None
    switch(robot, 1002, name='mcf')
    assert sport(robot, 1004, 2.0) == Code.OK


def avoid(robot, api_id, now=0.0, **parameter):
    """Call obstacle avoidance."""
    return robot.handle('obstacles_avoid', api_id, json.dumps(parameter), now)


def test_guarded_move_needs_the_switch_and_the_api_as_its_remote(robot):
    way = {'x': 0.5, 'y': 0.0, 'yaw': 0.0, 'mode': 0}
    assert avoid(robot, 1003, **way)[0] == Code.NOT_READY
    avoid(robot, 1001, enable=True)
    assert avoid(robot, 1002) == (Code.OK, '{"enable": true}')
    assert avoid(robot, 1003, **way)[0] == Code.NOT_READY
    avoid(robot, 1004, is_remote_commands_from_api=True)
    assert avoid(robot, 1003, **way)[0] == Code.OK
    assert robot.report(1.0).velocity[0] == 0.5
    assert avoid(robot, 1003, 1.0, x=0.5, y=0.0, z=0.0)[0] == Code.BAD_PARAMETER
    assert avoid(robot, 1003, 1.0, **{**way, 'mode': 3})[0] == Code.BAD_PARAMETER


def test_guarded_move_to_an_increment_and_to_a_pose(robot):
    avoid(robot, 1001, enable=True)
    avoid(robot, 1004, is_remote_commands_from_api=True)
    avoid(robot, 1003, x=1.0, y=0.0, yaw=1.57, mode=1)
    avoid(robot, 1003, 10.0, x=0.5, y=0.0, yaw=0.0, mode=1)
    report = robot.report(20.0)
    assert (report.x, report.y, report.yaw) == pytest.approx((1.0, 0.5, 1.57), abs=0.03)
    avoid(robot, 1003, 20.0, x=0.0, y=0.0, yaw=0.0, mode=2)
    report = robot.report(40.0)
    assert (report.x, report.y, report.yaw) == pytest.approx((0.0, 0.0, 0.0), abs=0.03)


def test_vui_keeps_light_and_volume(robot):
    assert robot.handle('vui', 1003, '{"volume": 7}', 0.0) == (Code.OK, '')
    assert robot.handle('vui', 1004, '{}', 0.0) == (Code.OK, '{"volume": 7}')
    assert robot.handle('vui', 1005, '{"volume": 7}', 0.0)[0] == Code.BAD_PARAMETER
    assert robot.handle('vui', 1007, '{}', 0.0)[0] == Code.NOT_IMPLEMENTED
    switch(robot, 1003)
    assert robot.handle('vui', 1006, '{}', 0.0) == (Code.OK, '{"brightness": 5}')

"""The sport mapping: ids as in the SDK, sequences by posture, codes in words."""

import json

from hypothesis import given, strategies as st
import pytest

from shadow_ros.actions import ACTIONS
from shadow_ros.errors import RobotError
from shadow_ros.plan import Action, parse
from shadow_ros.robot.body import POSTURES, Velocity
from shadow_ros.robot.sport import posture as modes
from shadow_ros.robot.sport.ids import Avoid, OBSTACLES_AVOID, SPORT, Sport, Switcher
from shadow_ros.robot.sport.request import listen, move, Request, STOP
from shadow_ros.robot.sport.sequence import (
    AFTER, needs_new_table, PERFORMED, requests, sequence, UNLOCK)
from shadow_ros.robot.sport.step import Kind
from shadow_ros.robot.sport.words import explain

MODES = (0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 77)


def action(tag):
    return parse(tag).actions[0]


def tags():
    """Return each performed action once, with each value of its words and flags."""
    for name in sorted(PERFORMED):
        parameters = ACTIONS[name].parameters
        values = parameters[0].choices or ('true', 'false') if parameters else ('',)
        for value in values:
            yield f'[{name} {parameters[0].name}={value}]' if parameters else f'[{name}]'


def apis(tag, mode):
    return [step.request.api for step in sequence(action(tag), mode) if step is not UNLOCK]


@pytest.mark.parametrize('table, module, prefix', [
    (Sport, 'go2.sport.sport_api', 'SPORT_API_ID_'),
    (Switcher, 'comm.motion_switcher.motion_switcher_api', 'MOTION_SWITCHER_API_ID_'),
    (Avoid, 'go2.obstacles_avoid.obstacles_avoid_api', 'OBSTACLES_AVOID_API_ID_')],
    ids=['sport', 'motion_switcher', 'obstacles_avoid'])
def test_ids_are_those_of_the_sdk(table, module, prefix):
    sdk = pytest.importorskip(f'unitree_sdk2py.{module}')
    for entry in table:
        if entry is not Sport.API_VERSION:
            assert getattr(sdk, prefix + entry.name) == entry


def test_every_action_is_performed_or_walked():
    assert PERFORMED | {'MOVE', 'TURN', 'STOP', 'REMOTE'} == ACTIONS.keys()


@pytest.mark.parametrize('tag, mode, expected', [
    ('[STAND]', modes.SIT, [1010, 1002]),
    ('[STAND]', modes.LIE, [1004, 1002]),
    ('[STAND]', modes.DAMP, [1006, 1002]),
    ('[STAND]', 77, [1006, 1002]),
    ('[STAND]', modes.LOCK, [1002]),
    ('[STAND]', modes.BALANCE, [1002]),
    ('[SIT]', modes.BALANCE, [1009]),
    ('[SIT]', modes.SIT, []),
    ('[LIE]', modes.BALANCE, [1005]),
    ('[LIE]', modes.LIE, []),
    ('[LIE]', modes.DAMP, [1005]),
    ('[RECOVER]', modes.DAMP, [1006, 1002]),
    ('[BALANCE]', modes.LOCK, [1002]),
    ('[DAMP]', modes.SIT, [1001]),
    ('[HELLO]', modes.BALANCE, [1016]),
    ('[STRETCH]', modes.BALANCE, [1017]),
    ('[DANCE]', modes.BALANCE, [1022]),
    ('[SCRAPE]', modes.BALANCE, [1029]),
    ('[HEART]', modes.BALANCE, [1036]),
    ('[FRONT_FLIP]', modes.BALANCE, [1030, 1006]),
    ('[JUMP]', modes.BALANCE, [1031, 1006]),
    ('[POUNCE]', modes.BALANCE, [1032, 1006]),
    ('[LEFT_FLIP]', modes.BALANCE, [2041, 1006]),
    ('[BACK_FLIP]', modes.BALANCE, [2043, 1006]),
    ('[HANDSTAND]', modes.BALANCE, [2044, 2044]),
    ('[WALK_UPRIGHT]', modes.BALANCE, [2050, 2050]),
    ('[SPEED level=fast]', modes.BALANCE, [1015]),
    ('[AVOID on=true]', modes.BALANCE, [1001]),
])
def test_sequence_from_a_mode(tag, mode, expected):
    assert apis(tag, mode) == expected


@pytest.mark.parametrize('tag', list(tags()))
def test_every_sequence_is_sound(tag):
    for steps in (sequence(action(tag), mode) for mode in MODES):
        for step in steps:
            assert isinstance(json.loads(step.request.parameter), dict)
            assert 0.0 <= step.seconds < step.timeout
            assert step.kind is Kind.SETTING or step.request.service == SPORT
            assert step.kind is not Kind.POSTURE or step.reaches <= step.accepts
            assert not step.reaches or all(map(modes.known, step.reaches))


@pytest.mark.parametrize('tag', [t for t in tags() if '=' not in t])
def test_the_last_step_leads_to_the_posture_that_the_action_leaves(tag):
    wanted = AFTER.get(action(tag).name, 'stand')
    for steps in filter(None, (sequence(action(tag), mode) for mode in MODES)):
        ends = {modes.posture(mode) for mode in steps[-1].reaches}
        assert wanted in ends and ends <= {wanted, 'damp'}


@pytest.mark.parametrize('level, data', [('slow', -1), ('normal', 0), ('fast', 1)])
def test_speed_levels(level, data):
    call = requests(action(f'[SPEED level={level}]'))[0]
    assert call == Request(SPORT, 1015, json.dumps({'data': data}))


def test_two_legged_postures_are_left_again():
    into, out = [s.request for s in sequence(action('[HANDSTAND]'), 1) if s is not UNLOCK]
    assert json.loads(into.parameter) == {'data': True}
    assert json.loads(out.parameter) == {'data': False}
    assert sequence(action('[HANDSTAND]'), 1)[1].undo == out


def test_avoidance_is_set_and_asked_back():
    step = sequence(action('[AVOID on=false]'), 1)[0]
    assert json.loads(step.request.parameter) == {'enable': False}
    assert step.confirm == Request(OBSTACLES_AVOID, 1002) and step.expects == ('enable', False)


def test_what_is_no_motion_has_no_sequence():
    with pytest.raises(RobotError, match='got MOVE'):
        sequence(Action.of('MOVE', x=1.0), 1)
    assert requests(Action.of('TURN', yaw=90.0)) == ()


def test_only_newer_ids_need_the_new_table():
    new = {name for name in ACTIONS if name in PERFORMED - {'SPEED', 'AVOID'}
           and needs_new_table(Action(name))}
    assert new == {'BACK_FLIP', 'LEFT_FLIP', 'HANDSTAND', 'WALK_UPRIGHT'}


def test_the_turn_has_its_own_name_in_each_service():
    velocity = Velocity(0.5, -0.25, 1.0)
    assert json.loads(move(velocity).parameter) == {'x': 0.5, 'y': -0.25, 'z': 1.0}
    guarded = move(velocity, OBSTACLES_AVOID)
    assert json.loads(guarded.parameter) == {'x': 0.5, 'y': -0.25, 'yaw': 1.0, 'mode': 0}
    assert (move(velocity).api, guarded.api, STOP.api) == (1008, 1003, 1003)
    assert json.loads(listen(True).parameter) == {'is_remote_commands_from_api': True}


@pytest.mark.parametrize('mode, posture', [
    (1, 'stand'), (2, 'stand'), (3, 'stand'), (5, 'lie'), (6, 'stand'), (7, 'damp'), (8, 'stand'),
    (10, 'sit'), (11, 'acrobatic'), (12, 'acrobatic'), (13, 'acrobatic')])
def test_known_modes(mode, posture):
    assert modes.posture(mode, height=0.3) == modes.posture(mode, assumed='sit') == posture


@pytest.mark.parametrize('height, assumed, posture', [
    (0.0, None, 'unknown'), (0.31, None, 'stand'), (0.08, None, 'lie'), (0.18, None, 'unknown'),
    (0.0, 'sit', 'sit'), (0.24, 'sit', 'sit'), (0.31, 'lie', 'stand'), (0.08, 'stand', 'lie'),
    (0.07, 'damp', 'damp')])
@pytest.mark.parametrize('mode', [0, 77])
def test_other_modes_go_by_height_and_by_what_was_done(mode, height, assumed, posture):
    assert modes.posture(mode, height=height, assumed=assumed) == posture


def test_newer_firmware_tells_a_handstand_in_its_state_code():
    assert modes.posture(2, 2011, 0.4) == modes.posture(0, 2017, 0.45) == 'acrobatic'


@given(st.integers(0, 255), st.integers(0, 5000), st.floats(-1.0, 1.0),
       st.sampled_from([None, *POSTURES]))
def test_any_report_gives_a_posture_of_the_protocol(mode, code, height, assumed):
    assert modes.posture(mode, code, height, assumed) in POSTURES
    assert modes.name(mode)


@pytest.mark.parametrize('code, words', [
    (3102, 'network_interface'), (3103, 'SDK'), (3104, 'no answer'), (3203, 'firmware'),
    (3204, 'parameter'), (4201, 'busy'), (4202, 'stand'), (7004, 'fine'),
    (9999, 'not documented')])
def test_codes_are_told_in_a_sentence(code, words):
    sentence = explain(code, 'SIT')
    assert sentence.startswith(f'SIT failed with code {code}: ') and sentence.endswith('.')
    assert words in sentence


@given(st.integers(-10**6, 10**6))
def test_any_code_has_words(code):
    assert str(code) in explain(code, 'X')


def test_a_request_names_itself():
    assert str(Request(SPORT, 1009)) == 'sport 1009 SIT'
    assert str(Request('motion_switcher', 1001)) == 'motion_switcher 1001'

"""The guard: each safety rule, as tables and as properties."""

import math

from hypothesis import given, settings, strategies as st
import pytest

from shadow_ros.actions import ACTIONS, MAX_SPEED
from shadow_ros.errors import PlanError
from shadow_ros.phrases import spoken, tell
from shadow_ros.plan import Action, parse, Plan
from shadow_ros.records import PlanRecord
from shadow_ros.robot.body import BodyState, Velocity
from shadow_ros.robot.guard import (
    needs_yes, nominal_seconds, question, refuse, RULES, Settings, Situation, steps)
from shadow_ros.robot.pilot import Pilot
from shadow_ros.robot.sport.words import explain

STANDING = BodyState(stamp=100.0, posture='stand')


def _situation(**changes):
    return Situation(**{'now': 100.1, 'state': STANDING, 'settings': Settings(), **changes})


def _refuse(text, **changes):
    return refuse(PlanRecord(parse(text), stamp=5.0, text='do it'), _situation(**changes))


@pytest.mark.parametrize('text, part', [
    ('[MOVE x=5.1]', '5 m'), ('[MOVE x=-5.1]', '5 m'), ('[MOVE y=3.01]', '3 m'),
    ('[TURN yaw=721]', '720 deg'), ('[MOVE x=0]', 'zero'), ('[TURN yaw=0]', 'zero'),
    ('[SIT][STAND][SIT][STAND][SIT][STAND]', 'At most 5'),
    ('[MOVE x=5 speed=slow][MOVE x=5 speed=slow][MOVE x=5 speed=slow][MOVE x=5 speed=slow]',
     'at most 60'),
    ('[SPEED level=slow][MOVE x=5][MOVE x=5][MOVE x=5][MOVE x=5]', 'at most 60'),
    ('[BACK_FLIP]', 'acrobatics are switched off'), ('[SIT][JUMP]', 'robot.acrobatics'),
])
def test_refusals_say_what_is_wrong(text, part):
    assert part in _refuse(text)


@pytest.mark.parametrize('text', [
    '[MOVE x=5]', '[MOVE x=-5]', '[MOVE y=-3]', '[TURN yaw=-720]', '[SIT]', '[STOP]',
    '[MOVE x=5][MOVE x=5][MOVE x=5][MOVE x=5][MOVE x=5]', '[DAMP]', 'Hi there', '[REMOTE]',
])
def test_what_lies_within_the_limits_passes(text):
    assert _refuse(text) == ''


def test_refusals_speak_the_language_of_the_command():
    record = PlanRecord(parse('[MOVE x=9]'), text='向前走九米')
    assert '最多' in refuse(record, _situation())


def test_nothing_but_a_stop_passes_the_latch():
    assert 'resume' in _refuse('[SIT]', latched=True)
    assert _refuse('[STOP]', latched=True) == ''


def test_a_command_older_than_the_last_stop_is_refused():
    assert 'older' in _refuse('[SIT]', stopped_at=6.0)
    assert _refuse('[SIT]', stopped_at=4.0) == ''
    assert _refuse('[SIT]', stopped_at=6.0, stopped_text='do it') == ''


def test_a_silent_body_does_not_move():
    assert 'not reported' in _refuse('[MOVE x=1]', now=101.0)
    assert _refuse('[STOP]', now=101.0) == ''


def test_an_unknown_posture_allows_only_getting_up():
    lost = BodyState(stamp=100.0, posture='unknown')
    assert 'stand up first' in _refuse('[MOVE x=1]', state=lost)
    assert _refuse('[STAND][MOVE x=1]', state=lost) == ''
    assert _refuse('[RECOVER]', state=lost) == ''


def test_the_body_has_a_veto():
    assert _refuse('[SIT]', refusal=lambda action: 'no legs') == 'no legs'


def test_acrobatics_when_allowed_need_a_yes_and_so_do_damp_and_avoid_off():
    allowed = Settings(acrobatics=True)
    assert _refuse('[JUMP]', settings=allowed) == ''
    for text, count in [('[JUMP]', 1), ('[DAMP]', 1), ('[AVOID on=false]', 1),
                        ('[AVOID on=true]', 0), ('[SIT][DAMP]', 1), ('[MOVE x=1]', 0)]:
        assert len(needs_yes(PlanRecord(parse(text)))) == count, text
    asked = question(PlanRecord(parse('[DAMP]')), 7.0, allowed)
    assert asked.deadline == 15.0 and '[DAMP]' in asked.text


def test_a_long_plan_from_the_cloud_needs_a_yes():
    long = parse('[SIT][STAND][SIT][STAND]')
    assert len(needs_yes(PlanRecord(long, by='cloud'))) == 4
    assert not needs_yes(PlanRecord(long, by='edge'))


@pytest.mark.parametrize('text, posture, expected', [
    ('[MOVE x=1]', 'sit', 'STAND MOVE'), ('[MOVE x=1]', 'stand', 'MOVE'),
    ('[SIT][MOVE x=1]', 'stand', 'SIT STAND MOVE'), ('[SIT]', 'sit', 'SIT'),
    ('[SIT]', 'lie', 'STAND SIT'), ('[LIE]', 'lie', 'LIE'), ('[HELLO]', 'lie', 'STAND HELLO'),
    ('[STAND][MOVE x=1]', 'lie', 'STAND MOVE'), ('[STOP]', 'sit', 'STOP'),
    ('[SPEED level=slow][TURN yaw=9]', 'damp', 'SPEED STAND TURN'), ('[LIE]', 'damp', 'LIE'),
])
def test_stand_is_put_before_what_needs_it(text, posture, expected):
    planned = steps(parse(text).actions, posture)
    assert ' '.join(step.action.name for step in planned) == expected
    assert [s.action for s in planned if not s.inserted] == list(parse(text).actions)


def test_nominal_seconds_follow_the_speed():
    assert nominal_seconds(Action.of('MOVE', x=2.0), 'normal') == 4.0
    assert nominal_seconds(Action.of('MOVE', x=2.4, speed='fast'), 'slow') == pytest.approx(3.0)
    assert nominal_seconds(Action.of('TURN', yaw=-90.0), 'fast') == pytest.approx(math.pi / 2)


def _values(parameter):
    if parameter.kind == 'flag':
        return st.booleans()
    if parameter.kind == 'word':
        return st.sampled_from(parameter.choices)
    return st.floats(allow_nan=False, allow_infinity=False) | st.floats(-10, 10)


@st.composite
def _actions(draw):
    row = ACTIONS[draw(st.sampled_from(sorted(ACTIONS)))]
    chosen = {p.name: draw(_values(p)) for p in row.parameters if p.required or draw(
        st.booleans())}
    if row.name == 'MOVE' and not {'x', 'y'} & chosen.keys():
        chosen['x'] = draw(st.floats(-9, 9))
    return Action.of(row.name, **chosen)


_PLANS = st.lists(_actions().filter(lambda a: a.name != 'REMOTE'), max_size=7).map(
    lambda actions: Plan(tuple(actions)))


def _beyond(action):
    return any(abs(action.amount(p.name)) > p.limit for p in action.spec.parameters
               if p.kind == 'number')


@settings(max_examples=500, deadline=None)
@given(_PLANS, st.sampled_from(('stand', 'sit', 'lie', 'damp', 'unknown')), st.booleans())
def test_no_plan_beyond_the_limits_ever_begins(plan, posture, acrobatics):
    pilot = Pilot(Settings(acrobatics=acrobatics))
    state = BodyState(stamp=1.0, posture=posture)
    effects = pilot.plan(PlanRecord(plan), 1.0, state)
    started = any(event.kind == 'started' for event in effects.events)
    if any(_beyond(action) for action in plan.actions) or len(plan.actions) > 5:
        assert not started or all(a.name == 'STOP' for a in plan.actions)
    if not acrobatics and any(a.spec.risk.value == 'acrobatic' for a in plan.actions):
        assert not started
    for command in effects.commands:
        if isinstance(command, Velocity):
            assert abs(command.vx) <= MAX_SPEED.forward and abs(command.vy) <= MAX_SPEED.sideways
            assert abs(command.wz) <= MAX_SPEED.turn


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet='[]=-+.0123456789 MOVETURNSITxyawspeed\n走', max_size=80))
def test_any_text_is_a_plan_or_a_plan_error_and_never_more(text):
    try:
        record = PlanRecord(parse(text))
    except PlanError:
        return
    reason = refuse(record, _situation())
    assert reason or not any(_beyond(action) for action in record.plan.actions)


def test_every_rule_has_a_plan_that_only_it_refuses():
    lost = BodyState(stamp=100.0, posture='unknown')
    cases = {
        'latched': ('[SIT]', {'latched': True}), 'superseded': ('[SIT]', {'stopped_at': 9.0}),
        'too_many': ('[SIT][STAND][SIT][STAND][SIT][STAND]', {}),
        'limits': ('[MOVE x=6]', {}), 'acrobatics': ('[JUMP]', {}),
        'duration': ('[DANCE][DANCE][DANCE][DANCE][MOVE x=5 speed=slow]', {}),
        'body': ('[SIT]', {'refusal': lambda action: 'no'}), 'fresh': ('[SIT]', {'now': 200.0}),
        'posture': ('[MOVE x=1]', {'state': lost}),
    }
    assert cases.keys() == RULES.keys()
    for name, (text, changes) in cases.items():
        record = PlanRecord(parse(text), stamp=5.0)
        without = {key: rule for key, rule in RULES.items() if key != name}
        assert refuse(record, _situation(**changes)), name
        assert not refuse(record, _situation(**changes), without), name


def test_a_bodys_own_reasons_are_told_in_the_language_of_the_command(stage):
    """English where the command was English, Chinese where it was Chinese, refused or failed."""
    why = tell('{action} needs feet.', '{action} 需要脚。', action='SIT')
    for text, reason in (('sit', 'SIT needs feet.'), ('坐下', 'SIT 需要脚。')):
        refused = stage(refusal=lambda action: why)
        refused.tell('[SIT]', text=text)
        assert refused.events[-1].reason == refused.replies[-1] == reason
        failed = stage(refuses=why)
        failed.tell('[SIT]', text=text)
        failed.play()
        assert failed.events[-1].kind == 'failed' and failed.events[-1].reason == reason


def test_a_reason_within_a_reason_keeps_its_language():
    told = explain(4202, tell('sitting', '坐下'))
    assert str(told).startswith('sitting failed with code 4202: the motion controller')
    assert spoken(told, 'zh').startswith('坐下 失败，代码 4202：以现在')
    assert spoken('as it is', 'zh') == 'as it is'

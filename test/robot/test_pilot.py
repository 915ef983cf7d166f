"""The pilot and the runner on a simulated body: walks, stops, questions, trouble."""

from dataclasses import replace
import math

from hypothesis import given, HealthCheck, settings, strategies as st
import pytest

from shadow_ros.actions import MAX_SPEED
from shadow_ros.robot.body import Halt, Perform, Velocity
from shadow_ros.robot.guard import Settings


@pytest.mark.parametrize('text, x, y, yaw', [
    ('[MOVE x=2.0]', 2.0, 0.0, 0), ('[MOVE x=-1.5]', -1.5, 0.0, 0), ('[MOVE y=0.7]', 0, 0.7, 0),
    ('[MOVE x=1.0 y=1.0]', 1.0, 1.0, 0), ('[MOVE x=0.1]', 0.1, 0.0, 0),
    ('[MOVE x=5 speed=fast]', 5.0, 0.0, 0), ('[MOVE x=0.3 speed=slow]', 0.3, 0.0, 0),
    ('[TURN yaw=90]', 0, 0, 90), ('[TURN yaw=-5]', 0, 0, -5), ('[TURN yaw=720]', 0, 0, 720),
    ('[TURN yaw=90][MOVE x=1]', 0.0, 1.0, 90), ('[TURN yaw=180 speed=fast]', 0, 0, 180),
])
def test_walks_end_where_they_were_told(stage, text, x, y, yaw):
    played = stage()
    played.tell(text)
    state = played.play().walker.state()
    assert math.hypot(state.x - x, state.y - y) < 0.05
    assert math.degrees(state.yaw) == pytest.approx(yaw, abs=2.0)
    assert state.still and played.kinds[-1] == 'done'


@settings(max_examples=60, deadline=None,  # the fixture is a factory: every example gets its own
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(x=st.floats(-5, 5).filter(lambda v: abs(v) > 0.02), y=st.floats(-3, 3),
       brakes=st.floats(1.0, 8.0))
def test_any_walk_ends_within_ten_centimetres(stage, x, y, brakes):
    played = stage(brakes=brakes)
    played.tell(f'[MOVE x={x!r} y={y!r}]')
    state = played.play().walker.state()
    assert math.hypot(state.x - x, state.y - y) < 0.10


def test_velocities_stay_within_the_limits_and_are_refreshed(stage):
    played = stage()
    played.tell('[MOVE x=5 y=3 speed=fast]')
    played.play()
    velocities = [(t, c) for t, c in played.walker.commands if isinstance(c, Velocity)]
    assert max(abs(c.vx) for _, c in velocities) <= MAX_SPEED.forward
    assert max(abs(c.vy) for _, c in velocities) <= MAX_SPEED.sideways
    assert max(b[0] - a[0] for a, b in zip(velocities, velocities[1:])) <= 0.05 + 1e-9


def test_the_first_command_is_sent_at_once(stage):
    played = stage()
    played.tell('[MOVE x=1]')
    assert isinstance(played.walker.commands[0][1], Velocity)
    assert played.kinds == ['accepted', 'started']


def test_stop_halts_at_once_and_is_verified(stage):
    played = stage()
    walk = played.tell('[MOVE x=4]', text='go')
    played.play(seconds=2.0)
    before = played.walker.now
    stop = played.tell('[STOP]', text='stop')
    assert played.walker.commands[-1] == (before, Halt())
    played.play()
    ends = {(e.plan_id, e.kind) for e in played.events}
    assert (walk.id, 'cancelled') in ends
    assert (stop.id, 'stopped') in ends and (stop.id, 'done') in ends
    assert played.walker.state().still and played.walker.now - before < 0.5


def test_a_body_that_does_not_stop_is_told_of_and_halted_on(stage):
    played = stage(brakes=0.01)
    played.tell('[MOVE x=4]')
    played.walker.report = played.walker.report.__class__(
        **{**played.walker.report.__dict__, 'vx': 0.5})
    played.apply(played.pilot.stop(played.walker.now, 1.0))
    played.play(seconds=5.0)
    assert 'failed' in played.kinds and 'still reports motion' in played.replies[-1]
    assert played.walker.commands[-1] == (played.walker.now, Halt())


def test_one_stop_heard_three_times_is_answered_once(stage):
    played = stage()
    for stamp in (50.0, 50.4, 50.9):
        played.apply(played.pilot.stop(played.walker.now, stamp, text='stop'))
        played.play(seconds=0.2)
    assert played.replies == ['Stopped.'] and played.kinds.count('stopped') == 3
    played.apply(played.pilot.stop(played.walker.now, 51.0, text='emergency', latch=True))
    assert 'resume' in played.play().replies[-1]


def test_the_latch_holds_until_resume(stage):
    played = stage()
    played.apply(played.pilot.stop(played.walker.now, 1.0, latch=True))
    played.play()
    played.tell('[SIT]')
    assert played.events[-1].kind == 'refused'
    played.apply(played.pilot.resume())
    played.tell('[SIT]')
    assert played.play().kinds[-1] == 'done'


def test_a_newer_plan_takes_over_after_the_body_rests(stage):
    played = stage()
    first = played.tell('[MOVE x=4]')
    played.play(seconds=2.0)
    second = played.tell('[TURN yaw=90]')
    played.play()
    story = [(e.plan_id, e.kind) for e in played.events if e.kind in ('cancelled', 'done')]
    assert story[0] == (first.id, 'cancelled') and story[-1] == (second.id, 'done')


def test_talk_does_not_disturb_a_walk(stage):
    played = stage()
    played.tell('[MOVE x=2]')
    played.play(seconds=1.0)
    played.tell('I am a dog.')
    played.play()
    assert played.walker.state().x == pytest.approx(2.0, abs=0.05)


def test_stand_is_inserted_and_shown(stage):
    played = stage()
    played.tell('[SIT][MOVE x=0.5]')
    played.play()
    shown = [(e.action, e.index) for e in played.events if e.kind == 'started']
    assert shown == [('[SIT]', 0), ('[STAND]', 1), ('[MOVE x=0.5]', 1)]
    assert any(e.data.get('inserted') for e in played.events)


def test_did_not_move(stage):
    played = stage(obeys=0.0)
    played.tell('[MOVE x=1]', text='go')
    played.play()
    assert played.kinds[-1] == 'failed' and 'did not move' in played.replies[-1]
    assert isinstance(played.walker.commands[-1][1], Halt)


def test_stuck_on_the_way_says_how_far_it_came(stage):
    played = stage()
    played.tell('[MOVE x=3]', text='go')
    played.play(until=lambda s: s.walker.state().x > 1.0)
    played.walker._obeys = 0.0
    played.play()
    assert 'got stuck after 1.' in played.replies[-1]


def test_a_silent_body_ends_the_walk(stage):
    played = stage()
    played.tell('[MOVE x=3]')
    played.play(seconds=1.0)
    state = played.walker.state()
    for _ in range(40):
        played.walker.now += 0.02
        played.apply(played.pilot.step(played.walker.now, state))
    assert 'failed' in played.kinds and played.walker.commands[-1][1] == Halt()


def test_trouble_that_the_body_names_ends_the_walk_at_once(stage):
    played = stage()
    played.tell('[MOVE x=3]')
    played.play(seconds=1.0)
    played.walker.report = replace(played.walker.report, error='the left leg fell off')
    before = played.walker.now
    played.play(until=lambda s: 'failed' in s.kinds)
    assert played.replies == ['the left leg fell off'] and played.walker.now - before < 0.1


def test_a_body_without_odometry_walks_by_time(stage):
    played = stage(blind=True)
    played.tell('[MOVE x=1][TURN yaw=-90]')
    state = played.play().walker.state()
    assert played.kinds[-1] == 'done' and state.x == pytest.approx(1.0, abs=0.15)


def test_a_failed_posture_ends_the_plan_with_the_reason(stage):
    played = stage(refuses='motors too hot')
    played.tell('[SIT][MOVE x=1]')
    played.play()
    assert played.events[-1].kind == 'failed' and played.replies[-1] == 'motors too hot'
    assert not any(isinstance(c, Velocity) for _, c in played.walker.commands)


def test_a_posture_that_never_ends_times_out(stage):
    played = stage(slow=1000.0)
    played.tell('[SIT]', text='sit')
    played.play()
    assert 'not done after' in played.replies[-1]


def test_acrobatics_wait_for_a_yes(stage):
    played = stage(settings=Settings(acrobatics=True))
    played.tell('[BACK_FLIP]', text='do a backflip')
    assert played.kinds == ['confirm'] and not played.walker.commands
    played.apply(played.pilot.answer(True, played.walker.now, played.walker.state()))
    assert isinstance(played.walker.commands[-1][1], Perform)
    assert played.play().kinds[-1] == 'done'


def test_a_no_or_silence_cancels(stage):
    for answer in (lambda s: s.apply(s.pilot.answer(False, s.walker.now, s.walker.state())),
                   lambda s: s.play(seconds=9.0)):
        played = stage()
        played.tell('[DAMP]')
        answer(played)
        assert played.kinds == ['confirm', 'cancelled'] and not played.walker.commands
        played.apply(played.pilot.answer(True, played.walker.now, played.walker.state()))
        assert not played.walker.commands


def test_a_stop_drops_the_question(stage):
    played = stage()
    played.tell('[DAMP]')
    played.apply(played.pilot.stop(played.walker.now, 1.0))
    played.play()
    played.apply(played.pilot.answer(True, played.walker.now, played.walker.state()))
    assert not any(isinstance(c, Perform) for _, c in played.walker.commands)


def test_a_late_plan_from_before_the_stop_is_refused(stage):
    played = stage()
    played.apply(played.pilot.stop(played.walker.now, 100.0, text='stop'))
    played.play()
    played.tell('[MOVE x=1]', stamp=99.0, text='go')
    assert played.events[-1].kind == 'refused'


def test_speed_lasts(stage):
    played = stage()
    played.tell('[SPEED level=slow][MOVE x=0.6]')
    played.play()
    assert max(c.vx for _, c in played.walker.commands if isinstance(c, Velocity)) <= 0.3
    assert [e.kind for e in played.events].count('done') == 3


def test_progress_is_told_in_figures(stage):
    played = stage()
    played.tell('[MOVE x=2]')
    played.play()
    told = [e.data for e in played.events if e.kind == 'progress']
    assert len(told) >= 3 and told[0]['goal_m'] == 2.0
    done = next(e for e in played.events if e.kind == 'done' and e.index == 0)
    assert done.data['done_m'] == pytest.approx(2.0, abs=0.05)

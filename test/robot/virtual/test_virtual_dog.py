"""The virtual dog alone: postures, walking and what never may happen, with time passed in."""

import math

from hypothesis import given, settings, strategies as st
import pytest

from shadow_ros.robot.virtual.base import ACCELERATION, BRAKING, LIMITS
from shadow_ros.robot.virtual.codes import Code
from shadow_ros.robot.virtual.dog import Dog
from shadow_ros.robot.virtual.legs import joint_angles
from shadow_ros.robot.virtual.skills import (
    BALANCE, DAMP, DAMPING, HANDSTAND, IDLE, LIE, LOCK, NEW_SKILLS, OLD_SKILLS, POSE, POSTURES,
    SIT, TALL_SKILLS)
from shadow_ros.robot.virtual.walker import Walker
from shadow_ros.robot.virtual.wall import NOSE, Wall

STAND_UP, BALANCE_STAND, STAND_DOWN, SIT_DOWN = 1004, 1002, 1005, 1009
RISE_SIT, RECOVERY_STAND, HELLO, JUMP, FLIP = 1010, 1006, 1016, 1031, 1030


def drive(dog, velocity, begin, seconds, rate=20.0):
    """Send Move at a rate, as a client does; return the time of the end."""
    for i in range(int(seconds * rate)):
        dog.move(velocity, begin + i / rate)
    end = begin + seconds
    dog.advance(end)
    return end


def test_walks_after_booting_and_reports_locomotion():
    dog = Dog()
    end = drive(dog, (0.5, 0.0, 0.0), 0.0, 2.0)
    report = dog.report()
    assert (report.mode, report.gait, report.velocity) == (3, 1, (0.5, 0.0, 0.0))
    assert report.x == pytest.approx(0.5 * end - 0.5 * 0.5 ** 2 / ACCELERATION[0], abs=1e-3)


def test_stands_within_a_quarter_second_after_stop_at_the_fastest_walk():
    dog = Dog()
    end = drive(dog, (0.8, 0.4, 1.0), 0.0, 2.0)
    dog.stop(end)
    dog.advance(end + 0.25)
    assert dog.report().velocity == (0.0, 0.0, 0.0)
    assert not dog.walking


def test_a_single_move_expires_after_about_a_second():
    dog = Dog()
    dog.move((0.5, 0.0, 0.0), 0.0)
    dog.advance(0.99)
    assert dog.report().velocity[0] == 0.5
    dog.advance(1.2)
    assert dog.report().velocity == (0.0, 0.0, 0.0)
    assert 0.4 < dog.report().x < 0.6


def test_turns_to_the_left_and_walks_in_the_new_direction():
    dog = Dog()
    dog.walker.base.yaw = math.pi / 2
    drive(dog, (0.0, 0.3, 0.0), 0.0, 1.0)
    assert dog.report().x < -0.2
    assert dog.report().y == pytest.approx(0.0, abs=1e-9)
    drive(dog, (0.0, 0.0, 1.0), 3.0, 10.0)
    assert dog.report().yaw > math.pi / 2 + 9.0  # continuous, it does not wrap


def test_how_often_time_is_advanced_does_not_matter():
    often, seldom = Dog(), Dog()
    for dog in (often, seldom):
        dog.move((0.8, 0.2, 0.7), 0.0)
    for i in range(1, 3001):
        often.advance(i * 0.001)
    seldom.advance(3.0)
    assert often.report().x == pytest.approx(seldom.report().x, abs=0.01)
    assert often.report().yaw == pytest.approx(seldom.report().yaw, abs=0.01)


def test_stand_up_locks_the_joints_until_balance_stand():
    dog = Dog(posture=LIE)
    assert dog.perform(NEW_SKILLS[STAND_UP], 0.0) is Code.OK
    dog.advance(1.5)
    assert dog.report().mode == LIE.mode  # on the way; not yet reached
    dog.advance(1.7)
    assert (dog.report().mode, dog.report().height) == (LOCK.mode, LOCK.height)
    assert not dog.move((0.5, 0.0, 0.0), 2.0)
    dog.advance(3.0)
    assert dog.report().x == 0.0
    dog.perform(NEW_SKILLS[BALANCE_STAND], 3.0)
    dog.advance(3.5)
    assert dog.report().mode == BALANCE.mode
    assert dog.move((0.5, 0.0, 0.0), 3.5)


def test_a_call_during_a_change_of_posture_waits_for_its_end():
    dog = Dog(posture=LIE)
    dog.perform(NEW_SKILLS[STAND_UP], 0.0)
    assert dog.perform(NEW_SKILLS[BALANCE_STAND], 0.1) is Code.OK
    dog.advance(1.7)
    assert dog.report().mode == LOCK.mode
    dog.advance(2.1)
    assert dog.report().mode == BALANCE.mode


@pytest.mark.parametrize('start, api_id, reached', [
    (IDLE, SIT_DOWN, SIT), (SIT, RISE_SIT, BALANCE), (SIT, STAND_UP, LOCK),
    (IDLE, STAND_DOWN, LIE), (LIE, STAND_UP, LOCK), (DAMP, RECOVERY_STAND, BALANCE),
    (SIT, RECOVERY_STAND, BALANCE), (LIE, 1001, DAMP), (HANDSTAND, RECOVERY_STAND, BALANCE),
    (LOCK, HELLO, BALANCE), (BALANCE, JUMP, BALANCE),
], ids=lambda value: getattr(value, 'name', value))
def test_skill_reaches_its_posture(start, api_id, reached):
    dog = Dog(posture=start)
    assert dog.perform(NEW_SKILLS[api_id], 0.0) is Code.OK
    dog.advance(12.0)
    assert dog.report().posture is reached
    assert dog.report().skill == ''


@pytest.mark.parametrize('start, api_id', [
    (LIE, HELLO), (SIT, HELLO), (DAMP, FLIP), (LIE, SIT_DOWN), (SIT, STAND_DOWN),
    (LIE, BALANCE_STAND), (SIT, BALANCE_STAND), (HANDSTAND, SIT_DOWN),
], ids=lambda value: getattr(value, 'name', value))
def test_skill_is_refused_from_a_posture_that_does_not_allow_it(start, api_id):
    dog = Dog(posture=start)
    assert dog.perform(NEW_SKILLS[api_id], 0.0) is Code.NOT_READY
    dog.advance(12.0)
    assert dog.report().posture is start


def test_gesture_shows_progress_and_takes_no_other_calls():
    dog = Dog(posture=BALANCE)
    dog.perform(NEW_SKILLS[HELLO], 0.0)
    dog.advance(1.0)
    assert (dog.report().progress, dog.report().skill) == (1.0, 'Hello')
    assert dog.perform(NEW_SKILLS[SIT_DOWN], 1.0) is Code.OVERTIME
    assert not dog.move((0.5, 0.0, 0.0), 1.0)
    dog.advance(4.1)
    assert (dog.report().progress, dog.report().mode) == (0.0, BALANCE.mode)


def test_stop_cuts_a_gesture_short_but_not_a_flip():
    dog = Dog(posture=BALANCE)
    dog.perform(NEW_SKILLS[1022], 0.0)
    dog.stop(1.0)
    dog.advance(1.7)
    assert (dog.report().skill, dog.report().mode) == ('', BALANCE.mode)
    dog.perform(NEW_SKILLS[FLIP], 2.0)
    dog.stop(3.0)
    dog.advance(3.5)
    assert dog.report().mode == 11


def test_damp_wins_over_everything():
    dog = Dog()
    drive(dog, (0.8, 0.0, 0.0), 0.0, 1.0)
    dog.perform(NEW_SKILLS[FLIP], 1.0)
    assert dog.perform(DAMPING, 1.5) is Code.OK
    assert dog.report().mode == DAMP.mode
    dog.advance(2.6)
    assert (dog.report().posture, dog.report().velocity) == (DAMP, (0.0, 0.0, 0.0))


@pytest.mark.parametrize('api_id, metres', [(JUMP, 0.6), (1032, 0.4), (2043, -0.4), (2041, 0.0)])
def test_jumps_land_somewhere_else(api_id, metres):
    dog = Dog()
    dog.perform(NEW_SKILLS[api_id], 0.0)
    dog.advance(0.9)
    assert dog.report().z > 0.4
    dog.advance(3.0)
    assert dog.report().x == pytest.approx(metres, abs=1e-6)
    assert dog.report().z == pytest.approx(BALANCE.height)


def test_a_stuck_dog_steps_on_the_spot():
    dog = Dog(walker=Walker(slip=1.0))
    drive(dog, (0.5, 0.0, 0.5), 0.0, 2.0)
    report = dog.report()
    assert (report.mode, report.x, report.yaw) == (3, 0.0, 0.0)
    assert report.velocity == (0.0, 0.0, 0.0)


def test_a_slipping_dog_is_slower_than_told():
    dog = Dog(walker=Walker(slip=0.2))
    drive(dog, (0.5, 0.2, -1.0), 0.0, 2.0)
    assert dog.report().velocity == pytest.approx((0.4, 0.16, -0.8))


@pytest.mark.parametrize('guarded, way', [(True, 2.0 - NOSE - 0.3), (False, 2.0 - NOSE)])
def test_a_guarded_walk_stops_before_the_wall_and_any_other_at_it(guarded, way):
    dog = Dog(walker=Walker(wall=Wall(2.0)))
    for i in range(200):
        dog.move((0.8, 0.0, 0.0), i / 20, guarded)
    report = dog.report()
    assert report.x == pytest.approx(way, abs=0.02)
    assert report.velocity[0] == pytest.approx(0.0, abs=0.03)
    assert report.free_way == pytest.approx(2.0 - NOSE - way, abs=0.02)
    dog.move((-0.5, 0.0, 0.0), 10.0, guarded)
    dog.advance(11.0)
    assert dog.report().x < way - 0.3


def test_seeks_a_pose_and_stays_there():
    dog = Dog()
    assert dog.seek((1.0, -0.5, 1.2), 0.0)
    dog.advance(10.0)
    report = dog.report()
    assert (report.x, report.y, report.yaw) == pytest.approx((1.0, -0.5, 1.2), abs=0.02)
    assert not report.walking


def test_leans_in_balance_stand_and_rises_again_with_a_stop():
    dog = Dog(posture=BALANCE)
    assert dog.lean(0.2, -0.3, 0.1, 0.0) is Code.OK
    dog.advance(1.0)
    report = dog.report()
    assert (report.roll, report.pitch, report.yaw) == pytest.approx((0.2, -0.3, 0.1))
    dog.stop(1.0)
    dog.advance(2.0)
    assert (dog.report().roll, dog.report().pitch) == (0.0, 0.0)
    assert Dog(posture=SIT).lean(0.1, 0.0, 0.0, 0.0) is Code.NOT_READY


def test_the_battery_drains_faster_when_walking_and_never_below_zero():
    idle, busy, empty = Dog(), Dog(), Dog(battery=0.001)
    for dog in (idle, empty):
        dog.advance(100.0)
    drive(busy, (0.3, 0.0, 0.0), 0.0, 100.0)
    assert 100.0 > idle.battery > busy.battery > 90.0
    assert empty.battery == 0.0


@pytest.mark.parametrize('posture', POSTURES.values(), ids=POSTURES)
def test_legs_hold_the_body_within_the_joint_limits(posture):
    angles = joint_angles(Dog(posture=posture).report())
    assert len(angles) == 12
    for hip, thigh, calf in zip(*[iter(angles)] * 3):
        assert abs(hip) <= 1.05 and -0.53 <= thigh <= 3.49 and -2.73 <= calf <= -0.83


def test_a_sitting_dog_folds_its_hind_legs_and_a_walking_one_trots():
    front_right, hind_right = (joint_angles(Dog(posture=SIT).report())[i] for i in (2, 8))
    assert hind_right < front_right - 0.5
    dog = Dog()
    drive(dog, (0.5, 0.0, 0.0), 0.0, 1.05)
    fr, fl, rr, rl = (joint_angles(dog.report())[i] for i in (1, 4, 7, 10))
    assert fr == pytest.approx(rl) and fl == pytest.approx(rr) and fr != pytest.approx(fl)


steps = st.floats(0.0, 0.7)
velocities = st.tuples(*[st.floats(-10.0, 10.0)] * 3)
skills = st.sampled_from([*NEW_SKILLS.values(), *OLD_SKILLS.values(), *TALL_SKILLS.values()])
orders = st.lists(st.one_of(
    st.tuples(st.just('move'), steps, velocities), st.tuples(st.just('stop'), steps, st.none()),
    st.tuples(st.just('perform'), steps, skills)), max_size=30)


def carry_out(dog, kind, what, now):
    """Give one random order."""
    if kind == 'move':
        dog.move(what, now)
    elif kind == 'stop':
        dog.stop(now)
    else:
        dog.perform(what, now)


@settings(max_examples=80, deadline=None)
@given(orders)
def test_whatever_is_ordered_it_never_exceeds_its_acceleration_nor_its_speed(orders):
    dog, now = Dog(), 0.0
    for kind, wait, what in orders:
        carry_out(dog, kind, what, now)
        for _ in range(int(wait / 0.02)):
            before = dog.walker.base.velocity
            now += 0.02
            dog.advance(now)
            for v, w, up, down, (low, high) in zip(
                    before, dog.walker.base.velocity, ACCELERATION, BRAKING, LIMITS):
                assert low <= w <= high
                allowed = up if abs(w) > abs(v) and v * w >= 0.0 else down
                assert abs(w - v) <= allowed * 0.02 + 1e-9


@settings(max_examples=80, deadline=None)
@given(orders)
def test_whatever_is_ordered_it_stands_still_after_the_last_move_has_expired(orders):
    dog, now = Dog(), 0.0
    for kind, wait, what in orders:
        carry_out(dog, kind, what, now)
        now += wait
    dog.advance(now + 40.0)
    assert dog.report().velocity == (0.0, 0.0, 0.0)
    assert not dog.walking
    assert dog.report().skill == ''


@settings(max_examples=80, deadline=None)
@given(orders, st.sampled_from([LOCK, SIT, LIE, DAMP, POSE, HANDSTAND]))
def test_it_never_walks_off_unless_standing_and_unlocked(orders, posture):
    dog, now = Dog(posture=posture), 0.0
    for kind, wait, what in orders:
        if kind == 'move':
            dog.advance(now)
            could, walking = dog.walks, dog.walking
            dog.move(what, now)
            assert could or dog.walking == walking
        else:
            carry_out(dog, kind, what, now)
        now += wait
        dog.advance(now)
        if not dog.walks:
            assert not dog.walker.active(now) or dog.walker.base.velocity != (0.0, 0.0, 0.0)

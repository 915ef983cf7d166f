"""Steps judged by reports, on simulated time."""

import pytest

from shadow_ros.plan import parse
from shadow_ros.robot.go2.performance import Performance
from shadow_ros.robot.go2.report import Report
from shadow_ros.robot.sport.ids import Sport
from shadow_ros.robot.sport.sequence import sequence

TICK = 0.02


class Stage:
    """Plays a performance against a robot that is a function of time since the last request."""

    def __init__(self, tag, mode, robot, answer=(0, '')):
        self.now, self.asked, self.last = 100.0, 100.0, None
        self.mode, self.robot, self.reply = mode, robot, answer
        self.calls = []
        action = parse(tag).actions[0]
        self.performance = Performance(action.name, sequence(action, mode))

    def report(self):
        """Return what the robot reports now."""
        fields = self.robot(self.last, self.now - self.asked) if self.last else {}
        self.mode = fields.pop('mode', self.mode)
        return Report(stamp=self.now, mode=self.mode, **fields)

    def play(self, seconds=60.0):
        """Let time pass until the performance ends or the seconds are over."""
        end = self.now + seconds
        while not self.performance.ended and self.now < end:
            for call in self.performance.step(self.now, self.report()):
                self.calls.append(call.api)
                self.asked, self.last = self.now, call.api
                answer = self.reply(call) if callable(self.reply) else self.reply
                if answer:
                    self.performance.answer(*answer, self.now)
            self.now += TICK
        return self.performance


def after(seconds, mode):
    """Return a robot that reports the mode that long after each request."""
    return lambda api, past: {'mode': mode} if past >= seconds else {}


def gesture(seconds):
    """Return a robot that performs for that long and stands again."""
    return lambda api, past: {'mode': 2, 'progress': 1.0} if past < seconds else {'mode': 1}


def silent(api, past):
    """Return nothing new, whatever is asked."""
    return {}


def test_a_posture_is_done_when_it_is_reported():
    stage = Stage('[SIT]', 1, after(1.5, 10))
    assert stage.play().reason == '' and stage.calls == [Sport.SIT]
    assert 1.5 <= stage.now - 100.0 < 1.7


def test_a_posture_that_is_not_reached_fails_with_what_is_reported():
    stage = Stage('[SIT]', 1, silent)
    assert 'reports balance stand' in stage.play().reason


def test_standing_up_takes_two_steps():
    stage = Stage('[STAND]', 5, lambda api, past: {'mode': 6 if api == 1004 else 1}
                  if past > 1.0 else {})
    assert stage.play().reason == '' and stage.calls == [1004, 1002]
    assert stage.performance.unlocked


def test_unknown_codes_prove_nothing_so_the_nominal_time_decides():
    stage = Stage('[SIT]', 77, silent)
    assert stage.play().reason == ''
    assert 3.0 <= stage.now - 100.0 < 4.0


def test_locked_joints_are_freed_before_a_gesture():
    stage = Stage('[HELLO]', 6, lambda api, past: gesture(2.0)(api, past)
                  if api == 1016 else {'mode': 1})
    assert stage.play().reason == '' and stage.calls == [1002, 1016]


def test_a_gesture_is_over_when_the_dog_stands_again():
    stage = Stage('[HELLO]', 1, gesture(2.0))
    assert stage.play().reason == '' and 2.0 <= stage.now - 100.0 < 2.2


def test_a_gesture_longer_than_its_nominal_time_is_awaited():
    stage = Stage('[HELLO]', 1, gesture(8.0))
    assert stage.play().reason == '' and stage.now - 100.0 > 8.0


def test_a_robot_that_does_not_show_its_gestures_is_given_the_nominal_time():
    stage = Stage('[HELLO]', 1, silent)
    assert stage.play().reason == '' and 5.0 <= stage.now - 100.0 < 5.2


def test_a_jump_that_moved_nothing_did_not_happen():
    assert 'did not move' in Stage('[JUMP]', 1, silent).play().reason


def test_a_flip_that_ends_limp_fails():
    def robot(api, past):
        return {'mode': 11} if past < 1.5 else {'mode': 7}
    stage = Stage('[FRONT_FLIP]', 1, robot)
    stage.play()
    assert 'damping' in stage.performance.reason


def test_a_flip_after_which_nobody_knows_is_followed_by_a_recovery():
    def robot(api, past):
        return {'mode': 11} if api == 1030 and past < 1.5 else {'mode': 77}
    stage = Stage('[FRONT_FLIP]', 1, robot)
    assert stage.play().reason == '' and stage.calls == [1030, 1006, 1002]


def test_a_handstand_is_held_and_left():
    stage = Stage('[HANDSTAND]', 1, lambda api, past: {'mode': 2, 'state_code': 2011}
                  if past < 2.0 or stage.calls.count(2044) < 2 else {'mode': 1})
    assert stage.play().reason == '' and stage.calls == [2044, 2044]
    assert stage.now - 100.0 >= 7.0 and stage.performance.undo is None


def test_breaking_off_a_handstand_leaves_it():
    stage = Stage('[HANDSTAND]', 1, lambda api, past: {'mode': 2})
    stage.play(seconds=1.0)
    undone = stage.performance.abort('stopped')
    assert [call.parameter for call in undone] == ['{"data": false}']
    assert stage.performance.ended and stage.performance.reason == 'stopped'


@pytest.mark.parametrize('code, word', [(3203, 'firmware'), (4201, 'busy'), (3102, 'network')])
def test_a_refused_request_ends_the_action_with_words(code, word):
    performance = Stage('[SIT]', 1, silent, (code, '')).play()
    assert word in performance.reason and 'sport 1009 SIT' in performance.reason


def test_a_report_proves_what_no_answer_did():
    assert Stage('[SIT]', 1, after(1.0, 10), None).play().reason == ''


def test_silence_in_answers_and_reports_fails():
    assert 'no answer' in Stage('[SIT]', 1, silent, None).play().reason


def test_what_is_so_already_asks_nothing():
    stage = Stage('[LIE]', 5, silent)
    assert stage.play().reason == '' and stage.calls == []


def test_avoidance_is_set_again_until_it_is_so():
    asked = []

    def answer(call):
        asked.append(call.api)
        return (0, '{"enable": %s}' % ('true' if asked.count(1001) > 2 else 'false'))
    stage = Stage('[AVOID on=true]', 1, silent, answer)
    assert stage.play().reason == '' and asked == [1001, 1002] * 3


def test_avoidance_that_stays_off_fails():
    stage = Stage('[AVOID on=true]', 1, silent, (0, 'what?'))
    assert 'was not confirmed' in stage.play().reason


def test_a_speed_level_that_the_firmware_lacks_is_no_failure():
    assert Stage('[SPEED level=fast]', 1, silent, (3203, '')).play().reason == ''
    assert Stage('[SPEED level=fast]', 1, silent, (3204, '')).play().reason != ''

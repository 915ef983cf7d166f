"""The body drives any server of the Unitree sport service, not only ours."""

import pytest

from shadow_ros.errors import RobotError
from shadow_ros.plan import parse
from shadow_ros.robot.go2.body import Go2Body


def test_a_server_with_nothing_but_sport(ground, handler):
    ground.program('go2_minimal_server.py').wait_for('ready')
    drive = handler()
    fine, sentence = drive.body.health()
    assert fine and 'old id table' in sentence and 'no motion_switcher' in sentence
    assert drive.body.state().posture == 'unknown' and drive.body.state().battery == -1.0

    assert drive.perform('[STAND]').done
    assert drive.body.state().posture == 'stand'
    drive.walk(0.5, 0.0, 0.0, until=lambda state: state.x > 0.5)
    drive.halt()
    assert drive.perform('[SIT]').done and drive.body.state().posture == 'sit'

    assert '2043' in drive.body.refusal(parse('[BACK_FLIP]').actions[0])
    assert 'obstacles_avoid' in drive.body.refusal(parse('[AVOID on=true]').actions[0])
    assert drive.body.refusal(parse('[HEART]').actions[0]) == ''
    outcome = drive.perform('[HEART]')
    assert not outcome.done and '3203' in outcome.reason and 'firmware' in outcome.reason
    assert '3203' in drive.body.refusal(parse('[HEART]').actions[0])
    assert drive.perform('[SPEED level=fast]').done  # 1015 is missing too, our velocities are not


def test_no_robot_at_all_gives_words(ground):
    body = Go2Body('lo', ground.domain)
    with pytest.raises(RobotError, match='is it on.*shadow-ros virtual'):
        body.start()
    assert body.pids == () and not body.health()[0]


def test_state_without_answers_gives_words(ground, handler):
    ground.virtual('--no-replies')
    with pytest.raises(RobotError, match='reports its state, but its sport service'):
        handler()


def test_answers_without_state_give_words(ground, handler):
    ground.virtual('--no-state')
    with pytest.raises(RobotError, match='rt/sportmodestate'):
        handler()


def test_avoidance_that_is_wanted_but_absent_gives_words(ground, handler):
    ground.program('go2_minimal_server.py').wait_for('ready')
    with pytest.raises(RobotError, match='robot.obstacle_avoidance .* set it to keep'):
        handler('on')


def test_unknown_interface_gives_words():
    with pytest.raises(RobotError, match='network interface'):
        Go2Body('no_such_interface0', 1).start()

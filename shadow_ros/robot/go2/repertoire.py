"""What this very robot can do: its firmware decides."""

from typing import AbstractSet

from shadow_ros.phrases import tell
from shadow_ros.plan import Action
from shadow_ros.robot.go2.opening import Facts
from shadow_ros.robot.sport.request import Request
from shadow_ros.robot.sport.sequence import needs_new_table, requests
from shadow_ros.robot.sport.words import NOT_IMPLEMENTED


def refusal(action: Action, facts: Facts, missing: AbstractSet[Request]) -> str:
    """
    Return why the robot cannot do the action, '' when it can.

    `missing` are the calls that it has answered with "not implemented" before.
    """
    calls = requests(action)
    if needs_new_table(action) and not facts.new_table:
        return _not_here(action, tell(
            'its firmware does not have {call}; update the firmware to use it',
            '它的固件没有 {call}，请升级固件', call=calls[0]))
    if action.name == 'AVOID' and facts.avoids is None:
        return _not_here(action, tell(
            'no service obstacles_avoid answers; it came with later firmware',
            '避障服务 obstacles_avoid 没有应答，较新的固件才有'))
    lacks = [call for call in calls if call in missing]
    if lacks and action.name != 'SPEED':
        return _not_here(action, tell(
            'it answered {code} to {call}, which its firmware does not have; update the firmware '
            'to use it', '它对 {call} 返回 {code}，固件里没有，请升级固件',
            code=NOT_IMPLEMENTED, call=lacks[0]))
    return ''


def _not_here(action: Action, why: str) -> str:
    return tell('{action} is not available on this robot: {why}.',
                '这台机器狗做不了 {action}：{why}。', action=action.name, why=why)

"""What this very robot can do: its firmware decides."""

from typing import AbstractSet

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
    not_here = f'{action.name} is not available on this robot: '
    calls = requests(action)
    if needs_new_table(action) and not facts.new_table:
        return f'{not_here}its firmware does not have {calls[0]}; update the firmware to use it.'
    if action.name == 'AVOID' and facts.avoids is None:
        return f'{not_here}no service obstacles_avoid answers; it came with later firmware.'
    lacks = [call for call in calls if call in missing]
    if lacks and action.name != 'SPEED':
        return (f'{not_here}it answered {NOT_IMPLEMENTED} to {lacks[0]}, which its firmware '
                'does not have; update the firmware to use it.')
    return ''

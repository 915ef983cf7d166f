"""What a follow-up makes of the plan before it: again, the other way, a bit further, undo."""

from dataclasses import replace
from typing import Callable, Mapping, Optional, Sequence

from shadow_ros.plan import Action

Actions = Sequence[Action]
FollowUp = Callable[[Actions], Optional[str]]
"""Actions of the plan before -> tags, `$len` or `$deg` standing for an amount; or None."""

_BIT = {'m': '0.3', 'deg': '30'}  # "a bit": metres, degrees
_UNDONE = {'SIT': '[STAND]', 'LIE': '[STAND]'}


def again(before: Actions) -> Optional[str]:
    """Return the same once more."""
    return ''.join(map(str, before))


def twice_more(before: Actions) -> Optional[str]:
    """Return the same twice."""
    return ''.join(map(str, before)) * 2


def last_step(before: Actions) -> Optional[str]:
    """Return the last action."""
    return str(before[-1])


def first_step(before: Actions) -> Optional[str]:
    """Return the first action."""
    return str(before[0])


def opposite(before: Actions) -> Optional[str]:
    """Return a single motion the other way."""
    return _mirrored(before[0]) if len(before) == 1 else None


def opposite_turn(before: Actions) -> Optional[str]:
    """Return a single turn the other way; after a walk, "turn the other way" is no follow-up."""
    return opposite(before) if before[0].name == 'TURN' else None


def undo(before: Actions) -> Optional[str]:
    """Return what leads back to where the robot was: backwards, the last one first."""
    found = [_UNDONE.get(action.name) or _mirrored(action) for action in reversed(before)]
    return None if None in found else ''.join(tag or '' for tag in found)


def further(before: Actions) -> Optional[str]:
    """Return a bit more of the last motion."""
    return _onward(before[-1], _BIT)


def more_len(before: Actions) -> Optional[str]:
    """Return a length more in the direction of the last walk."""
    return _onward(before[-1], {'m': '$len'})


def more_deg(before: Actions) -> Optional[str]:
    """Return an angle more in the direction of the last turn."""
    return _onward(before[-1], {'deg': '$deg'})


def again_fast(before: Actions) -> Optional[str]:
    """Return a single motion once more, fast."""
    return _at_speed(before, 'fast')


def again_slow(before: Actions) -> Optional[str]:
    """Return a single motion once more, slowly."""
    return _at_speed(before, 'slow')


FOLLOW_UPS: Mapping[str, tuple[float, FollowUp, bool]] = {
    'again': (10.0, again, True), 'opposite': (6.0, opposite, True),
    'opposite_turn': (1.0, opposite_turn, True),
    'further': (5.0, further, True), 'more_len': (1.5, more_len, True),
    'more_deg': (1.5, more_deg, True), 'undo': (4.0, undo, True),
    'twice_more': (2.5, twice_more, False), 'again_fast': (1.5, again_fast, False),
    'again_slow': (1.5, again_slow, False), 'last_step': (1.5, last_step, False),
    'first_step': (1.0, first_step, False)}
"""Each kind: its weight, what it makes of the plan before, whether the edge does it too."""


def _mirrored(action: Action) -> Optional[str]:
    """Return a motion the other way; None of what has no other way."""
    if action.name not in ('MOVE', 'TURN'):
        return None
    return str(replace(action, parameters=tuple(
        (key, -value if isinstance(value, (int, float)) and not isinstance(value, bool)
         else value) for key, value in action.parameters)))


def _onward(action: Action, amounts: Mapping[str, str]) -> Optional[str]:
    """Return an amount in the direction of a motion along one axis."""
    numbers = [(key, value) for key, value in action.parameters
               if not isinstance(value, (str, bool))]
    if action.name not in ('MOVE', 'TURN') or len(numbers) != 1 or not numbers[0][1]:
        return None
    key, value = numbers[0]
    amount = amounts.get(action.spec.parameter(key).unit)
    sign = '-' if value < 0 else ''
    return None if amount is None else f'[{action.name} {key}={sign}{amount}]'


def _at_speed(before: Actions, speed: str) -> Optional[str]:
    """Return a single motion at a speed."""
    if len(before) != 1 or before[0].name not in ('MOVE', 'TURN'):
        return None
    kept = tuple(pair for pair in before[0].parameters if pair[0] != 'speed')
    return str(Action(before[0].name, (*kept, ('speed', speed))))

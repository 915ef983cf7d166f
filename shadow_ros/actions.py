"""The action table: every name, parameter, unit, default, limit and risk; the only copy."""

from dataclasses import dataclass
from enum import Enum
import math
import re
from typing import Mapping, Union

from shadow_ros.errors import did_you_mean, PlanError, shorten

TABLE_VERSION = 1
"""Raised when a name, parameter or unit changes; model folders record which they learnt."""

MAX_ACTIONS = 5
MAX_PLAN_SECONDS = 60.0
STEP_METRES = 0.3

Value = Union[float, bool, str]

_NUMBER = re.compile(r'[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?', re.ASCII | re.I)
_UNITS = {
    'm': r'(?:m|meters?|metres?)',
    'deg': r'(?:deg|degs|degrees?|°)',
}
_FLAGS = {'true': True, 'on': True, 'yes': True, 'false': False, 'off': False, 'no': False}


class Risk(str, Enum):
    """What an action can do to its surroundings, and so what the guard asks before it."""

    MOVES = 'moves'
    ALWAYS = 'always allowed'
    POSTURE = 'posture'
    LIMP = 'needs a yes'
    GESTURE = 'gesture'
    ACROBATIC = 'acrobatic'
    SETTING = 'setting'
    OFF_ASKS = 'off needs a yes'
    NO_MOTION = 'no motion'


@dataclass(frozen=True)
class Speed:
    """Walking speeds of one level: forward and sideways in m/s, turning in rad/s."""

    forward: float
    sideways: float
    turn: float


SPEEDS: Mapping[str, Speed] = {
    'slow': Speed(forward=0.3, sideways=0.2, turn=0.5),
    'normal': Speed(forward=0.5, sideways=0.3, turn=0.8),
    'fast': Speed(forward=0.8, sideways=0.4, turn=1.0),
}
MAX_SPEED = SPEEDS['fast']


@dataclass(frozen=True)
class Parameter:
    """
    One parameter of an action.

    A `unit` of 'm' or 'deg' makes it a number within plus or minus `limit`; `choices` make it a
    word; neither makes it a flag.
    """

    name: str
    unit: str = ''
    limit: float = math.inf
    choices: tuple[str, ...] = ()
    required: bool = True

    @property
    def kind(self) -> str:
        """Return 'number', 'word' or 'flag'."""
        return 'number' if self.unit else 'word' if self.choices else 'flag'

    def parse(self, text: str) -> Value:
        """Return the value that a plan's text gives: `+2`, `2m`, `90°`, `FAST`, `on`."""
        lowered = text.lower().replace('\u2212', '-')
        if self.kind == 'flag':
            if lowered not in _FLAGS:
                raise PlanError(f'{self.name} must be true or false, got {shorten(text)}')
            return _FLAGS[lowered]
        if self.kind == 'word':
            return self.check(lowered)
        number = re.sub(_UNITS[self.unit] + r'\Z', '', lowered)
        if not _NUMBER.fullmatch(number):
            raise PlanError(
                f'{self.name} must be a finite number of {self.unit}, got {shorten(text)}')
        return self.check(float(number))

    def check(self, value: object) -> Value:
        """Return the value in its own type, or raise PlanError; limits are the guard's matter."""
        if self.kind == 'flag':
            if not isinstance(value, bool):
                raise PlanError(f'{self.name} must be true or false, got {shorten(str(value))}')
            return value
        if self.kind == 'word':
            if value not in self.choices:
                hint = did_you_mean(str(value)[:40], self.choices)
                raise PlanError(
                    f'{self.name} must be one of {"/".join(self.choices)}, '
                    f'got {shorten(str(value))}{hint}')
            return str(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise PlanError(
                f'{self.name} must be a number of {self.unit}, got {shorten(str(value))}')
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise PlanError(f'{self.name} must be a finite number of {self.unit}, got {number}')
        return number + 0.0  # -0.0 and 0.0 are one value

    def format(self, value: Value) -> str:
        """Return the shortest text that `parse` turns into the same value."""
        if self.kind == 'flag':
            return 'true' if value else 'false'
        if self.unit == 'deg' and float(value).is_integer() and abs(float(value)) < 1e15:
            return str(int(float(value)))
        return str(value)

    def describe(self) -> str:
        """Return the parameter as the table shows it."""
        if self.kind == 'word':
            return f'{self.name}={"/".join(self.choices)}'
        return f'{self.name} ({self.unit})' if self.unit else f'{self.name}=true/false'


@dataclass(frozen=True)
class ActionSpec:
    """One row of the action table; `seconds` is its nominal length (MOVE and TURN compute it)."""

    name: str
    meaning: str
    risk: Risk
    parameters: tuple[Parameter, ...] = ()
    default: str = ''
    seconds: float = 0.0

    def parameter(self, name: str) -> Parameter:
        """Return the named parameter, or raise PlanError with the nearest name."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        if not self.parameters:
            raise PlanError(f'{self.name} takes no parameters, got {shorten(name)}')
        hint = did_you_mean(name[:40], (p.name for p in self.parameters))
        raise PlanError(f'{self.name} has no parameter {shorten(name)}{hint}')


_SPEED = Parameter('speed', choices=('slow', 'fast'), required=False)

_ROWS = (
    ActionSpec(
        'MOVE', 'walk that far in the body frame (REP 103: x forward, y left)', Risk.MOVES,
        (Parameter('x', 'm', 5.0, required=False), Parameter('y', 'm', 3.0, required=False),
         _SPEED),
        '1.0; "a bit / a step / 一点 / 一步" 0.3; "a few steps / 几步" 0.9; "far / 远一点" 3.0'),
    ActionSpec(
        'TURN', 'turn on the spot (left is positive)', Risk.MOVES,
        (Parameter('yaw', 'deg', 720.0), _SPEED),
        '90; "a bit / slightly / 一点" 30; "around / 掉头 / 向后转" 180; '
        '"spin / full circle / 转一圈" 360'),
    ActionSpec('STOP', 'stop all motion at once and hold', Risk.ALWAYS, seconds=0.5),
    ActionSpec('STAND', 'stand up from any posture', Risk.POSTURE, seconds=3.0),
    ActionSpec('SIT', 'sit', Risk.POSTURE, seconds=3.0),
    ActionSpec('LIE', 'lie down (趴下)', Risk.POSTURE, seconds=3.0),
    ActionSpec('RECOVER', 'get up after a fall', Risk.POSTURE, seconds=3.0),
    ActionSpec('BALANCE', 'balance-stand', Risk.POSTURE, seconds=1.0),
    ActionSpec('DAMP', 'motors limp, the body sinks (放松电机)', Risk.LIMP, seconds=2.0),
    ActionSpec('HELLO', 'wave / shake hands / paw / high five (打招呼, 握手, 击掌)', Risk.GESTURE,
               seconds=5.0),
    ActionSpec('STRETCH', 'stretch (伸懒腰)', Risk.GESTURE, seconds=6.0),
    ActionSpec('DANCE', 'dance', Risk.GESTURE, seconds=12.0),
    ActionSpec('HEART', 'paw heart (比心)', Risk.GESTURE, seconds=6.0),
    ActionSpec('SCRAPE', 'bow / beg / New-Year greeting (作揖, 拜年)', Risk.GESTURE, seconds=5.0),
    ActionSpec('POUNCE', 'pounce forward (扑)', Risk.ACROBATIC, seconds=4.0),
    ActionSpec('JUMP', 'jump forward (跳)', Risk.ACROBATIC, seconds=3.0),
    ActionSpec('FRONT_FLIP', 'front flip; "flip / somersault / 翻个跟头" alone means this one',
               Risk.ACROBATIC, seconds=4.0),
    ActionSpec('BACK_FLIP', 'back flip', Risk.ACROBATIC, seconds=4.0),
    ActionSpec('LEFT_FLIP', 'flip to the left', Risk.ACROBATIC, seconds=4.0),
    ActionSpec('HANDSTAND', 'handstand (倒立)', Risk.ACROBATIC, seconds=6.0),
    ActionSpec('WALK_UPRIGHT', 'walk on the hind legs (像人一样走)', Risk.ACROBATIC, seconds=6.0),
    ActionSpec('SPEED', 'walking speed from now on', Risk.SETTING,
               (Parameter('level', choices=('slow', 'normal', 'fast')),), seconds=0.1),
    ActionSpec('AVOID', 'obstacle avoidance on or off', Risk.OFF_ASKS, (Parameter('on'),),
               seconds=0.5),
    ActionSpec(
        'REMOTE', 'beyond the edge: perception, a named place or person, knowledge, arithmetic, '
        'conditions, loops, more than three steps said, open questions', Risk.NO_MOTION),
)

ACTIONS: Mapping[str, ActionSpec] = {row.name: row for row in _ROWS}


def spec(name: str) -> ActionSpec:
    """Return the row of that name, or raise PlanError with the nearest one."""
    if name not in ACTIONS:
        raise PlanError(f'unknown action {shorten(name)}{did_you_mean(name[:40], ACTIONS)}')
    return ACTIONS[name]


def markdown_table() -> str:
    """Return the action table in Markdown, as docs/actions.md shows it."""
    lines = ['| name | parameters | meaning | when no amount is said | limits | risk |',
             '|---|---|---|---|---|---|']
    for row in _ROWS:
        parameters = ', '.join(p.describe() for p in row.parameters)
        limits = ', '.join(
            f'{p.name} ±{p.limit:g} {p.unit}' for p in row.parameters if p.kind == 'number')
        lines.append(f'| {row.name} | {parameters} | {row.meaning} | {row.default} | {limits} '
                     f'| {row.risk.value} |')
    return '\n'.join(lines) + '\n'

"""What a Go2 can be asked: its postures, and every call of its `sport` service, as data."""

from dataclasses import dataclass
from typing import Mapping, Optional


@dataclass(frozen=True)
class Posture:
    """
    A posture in which the dog can remain.

    `mode` is sportmodestate's code on every firmware; `code` is what firmware from about 1.1.6
    reports in `error_code`, which in spite of its name tells the state. `height` is the body's
    (m) and `pitch` its slope (rad, nose down positive); `stands` means on four legs;
    `walks` that Move is obeyed: the joints are unlocked and carry the body.
    """

    name: str
    mode: int
    code: int
    height: float
    pitch: float = 0.0
    stands: bool = True
    walks: bool = False


IDLE = Posture('idle', 0, 100, 0.32, walks=True)
BALANCE = Posture('balance', 1, 1013, 0.32, walks=True)
LOCK = Posture('lock', 6, 1002, 0.33)
POSE = Posture('pose', 2, 1091, 0.32)
SIT = Posture('sit', 10, 1007, 0.24, pitch=-0.6, stands=False)
LIE = Posture('lie', 5, 1004, 0.09, stands=False)
DAMP = Posture('damp', 7, 1001, 0.07, stands=False)
HANDSTAND = Posture('handstand', 2, 2011, 0.40, pitch=1.3, stands=False)
UPRIGHT = Posture('upright', 2, 2017, 0.45, pitch=-1.3, stands=False)

POSTURES: Mapping[str, Posture] = {
    p.name: p for p in (IDLE, BALANCE, LOCK, POSE, SIT, LIE, DAMP, HANDSTAND, UPRIGHT)}

_STANDING = (IDLE, BALANCE, LOCK, POSE)
_LOW = (LIE, DAMP)
_TALL = (HANDSTAND, UPRIGHT)


@dataclass(frozen=True)
class Skill:
    """
    A motion with a beginning and an end, after which the dog is in the posture `to`.

    It starts only from `sources`. `seconds` is its length from lying or sitting; between two
    standing postures it is a third of that. `mode` and `code` are reported meanwhile; without
    them the old posture's are, until the new one is reached. `advance` (m) is how far a jump
    lands ahead, `turns` its revolutions about the x and y axes. A `performance` (gesture or
    acrobatic) sets `progress` and takes no orders but Damp and StopMove; in the `air` not even
    StopMove.
    """

    name: str
    seconds: float
    to: Posture
    sources: tuple[Posture, ...] = _STANDING
    mode: Optional[int] = None
    code: Optional[int] = None
    advance: float = 0.0
    turns: tuple[float, float] = (0.0, 0.0)
    performance: bool = False
    air: bool = False


@dataclass(frozen=True)
class Gait:
    """A way of walking, chosen until another one is; `kind` is sportmodestate's gait_type."""

    name: str
    code: int
    kind: int = 1


AGILE = Gait('agile', 100)

DAMPING = Skill('Damp', 1.0, DAMP, tuple(POSTURES.values()), 7)
SETTLE = Skill('settle', 0.6, BALANCE)
"""What is left of a gesture or pose that StopMove has cut short."""

UNLOCK = Skill('unlock', 1.2, IDLE)


def _gesture(name: str, seconds: float) -> Skill:
    """Return a gesture: it ends in balance stand."""
    return Skill(name, seconds, BALANCE, _STANDING, mode=2, code=1006, performance=True)


def _stunt(name: str, seconds: float, mode: int, code: int, advance: float = 0.0,
           turns: tuple[float, float] = (0.0, 0.0)) -> Skill:
    """Return a flip, jump or pounce: it ends in balance stand, `advance` metres ahead."""
    return Skill(name, seconds, BALANCE, _STANDING, mode, code, advance, turns, True, air=True)


_POSTURE_SKILLS: Mapping[int, Skill] = {
    1001: DAMPING,
    1002: Skill('BalanceStand', 1.2, BALANCE),
    1004: Skill('StandUp', 1.6, LOCK, _STANDING + _LOW + (SIT,)),
    1005: Skill('StandDown', 1.6, LIE, _STANDING + _LOW),
    1006: Skill('RecoveryStand', 1.8, BALANCE, _STANDING + _LOW + (SIT,) + _TALL, 8),
    1009: Skill('Sit', 1.8, SIT, _STANDING + (SIT,)),
    1010: Skill('RiseSit', 1.6, BALANCE, _STANDING + (SIT,)),
}
_GESTURES: Mapping[int, Skill] = {
    1016: _gesture('Hello', 4.0),
    1017: _gesture('Stretch', 5.0),
    1020: _gesture('Content', 4.0),
    1022: _gesture('Dance1', 10.0),
    1023: _gesture('Dance2', 11.0),
    1029: _gesture('Scrape', 4.0),
    1036: _gesture('Heart', 4.5),
}
_STUNTS: Mapping[int, Skill] = {
    1030: _stunt('FrontFlip', 2.5, 11, 2012, 0.4, (0.0, 1.0)),
    1031: _stunt('FrontJump', 1.8, 12, 1008, 0.6),
    1032: _stunt('FrontPounce', 2.5, 13, 1009, 0.4),
}
_NEW_STUNTS: Mapping[int, Skill] = {
    2041: _stunt('LeftFlip', 2.5, 11, 2014, 0.0, (-1.0, 0.0)),
    2043: _stunt('BackFlip', 2.5, 11, 2013, -0.4, (0.0, -1.0)),
}
SKILLS = {**_POSTURE_SKILLS, **_GESTURES, **_STUNTS}
NEW_SKILLS = {**SKILLS, **_NEW_STUNTS}
OLD_SKILLS = {**SKILLS, 1021: _gesture('Wallow', 6.0)}

POSE_SKILL = Skill('Pose', 0.9, POSE)
TALL_SKILLS: Mapping[int, Skill] = {
    2044: Skill('HandStand', 2.0, HANDSTAND, _STANDING + (HANDSTAND,)),
    2050: Skill('WalkUpright', 2.0, UPRIGHT, _STANDING + (UPRIGHT,)),
}
LEAVE_TALL = Skill('stand again', 1.5, BALANCE, _STANDING + _TALL)

GAITS: Mapping[int, Gait] = {
    1061: Gait('static walk', 1015),
    1062: Gait('trot run', 1016, 2),
    1063: Gait('economic', 1017),
    2045: AGILE,
}
SWITCHED_GAITS: Mapping[int, Gait] = {
    2046: Gait('bound', 2008, 2),
    2047: Gait('jump run', 2009, 2),
    2048: Gait('avoid', 2007),
    2049: Gait('classic', 2010),
    2051: Gait('cross step', 2016),
}
"""Gaits that take data:bool; false returns to the agile one."""

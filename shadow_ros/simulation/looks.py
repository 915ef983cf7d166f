"""From what is reported of the dog to what it looks like: posture, gesture and how far it is."""

from dataclasses import dataclass
import math
from typing import Mapping

from shadow_ros.robot.virtual.skills import (
    DAMPING, LEAVE_TALL, NEW_SKILLS, OLD_SKILLS, POSE_SKILL, SETTLE, Skill, TALL_SKILLS, UNLOCK)
from shadow_ros.simulation.trace import Moment

GESTURES: Mapping[str, str] = {
    'Hello': 'HELLO', 'Content': 'HELLO', 'Stretch': 'STRETCH', 'Dance1': 'DANCE',
    'Dance2': 'DANCE', 'Wallow': 'DANCE', 'Scrape': 'SCRAPE', 'Heart': 'HEART',
    'FrontFlip': 'FRONT_FLIP', 'FrontJump': 'JUMP', 'FrontPounce': 'POUNCE',
    'LeftFlip': 'LEFT_FLIP', 'BackFlip': 'BACK_FLIP'}
"""The virtual dog's performances -> the action that a viewer knows."""

_SKILLS: Mapping[str, Skill] = {skill.name: skill for skill in (
    *NEW_SKILLS.values(), *OLD_SKILLS.values(), *TALL_SKILLS.values(), DAMPING, SETTLE, UNLOCK,
    POSE_SKILL, LEAVE_TALL)}
_POSTURES = ('sit', 'lie', 'damp', 'handstand', 'upright')


@dataclass(frozen=True)
class Look:
    """
    The dog as it shall be seen at one time (s): m, rad, m/s and rad/s as in a Moment.

    `posture` is where it is heading: stand, sit, lie, damp, handstand or upright; `gesture` the
    action that it performs, '' for none, and `part` how much of it is over, 0 to 1.
    """

    time: float
    x: float
    y: float
    yaw: float
    vx: float = 0.0
    vy: float = 0.0
    wz: float = 0.0
    posture: str = 'stand'
    gesture: str = ''
    part: float = 0.0

    @property
    def walks(self) -> bool:
        """Return whether its legs step."""
        return math.hypot(self.vx, self.vy) > 0.02 or abs(self.wz) > 0.05


class Looks:
    """Turns moments, in order, into looks; it remembers when a skill began."""

    def __init__(self) -> None:
        self._skill, self._since, self._posture = '', 0.0, 'stand'

    def of(self, moment: Moment) -> Look:
        """Return the look of a moment."""
        if moment.skill != self._skill:
            self._skill, self._since = moment.skill, moment.time
        skill = _SKILLS.get(moment.skill)
        gesture, part = GESTURES.get(moment.skill, ''), 0.0
        if skill is not None:
            self._posture = skill.to.name if skill.to.name in _POSTURES else 'stand'
            part = min(1.0, (moment.time - self._since) / skill.seconds)
        elif moment.posture in ('stand', 'sit', 'lie', 'damp'):
            self._posture = moment.posture
        return Look(moment.time, moment.x, moment.y, moment.yaw, moment.vx, moment.vy, moment.wz,
                    self._posture, gesture, part)

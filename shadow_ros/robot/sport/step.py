"""One step of a motion: the request, and what the robot must report for it to have worked."""

from dataclasses import dataclass
from enum import Enum
from typing import AbstractSet, Optional

from shadow_ros.robot.sport.posture import UNLOCKED
from shadow_ros.robot.sport.request import Request


class Kind(Enum):
    """How a step is judged."""

    POSTURE = 'posture'
    """Done when the robot reports one of the modes that it leads to."""

    SHOW = 'show'
    """A gesture or jump: done when the robot has left its stand and is back in it."""

    HOLD = 'hold'
    """Kept up for its nominal time."""

    SETTING = 'setting'
    """Done when the answer says so, confirmed by asking when there is something to ask."""


@dataclass(frozen=True)
class Step:
    """
    One request of a motion.

    `reaches` are the modes that prove it. `accepts` are modes that do not speak against it: with
    one of them, or with an unknown code, the nominal time (`seconds`) decides; any other known
    mode means that it has not worked, and `timeout` (s) ends the wait. A step is left out in the
    modes of `unless`. `undo` must be sent if the motion is broken off after this step. Codes in
    `tolerates` count as 0. `confirm` is asked after a setting and must answer `expects`.
    `stunt` steps must have moved the body.
    """

    request: Request
    kind: Kind = Kind.POSTURE
    seconds: float = 0.0
    timeout: float = 0.0
    reaches: AbstractSet[int] = frozenset()
    accepts: AbstractSet[int] = frozenset()
    unless: AbstractSet[int] = frozenset()
    undo: Optional[Request] = None
    tolerates: tuple[int, ...] = ()
    confirm: Optional[Request] = None
    expects: tuple[str, object] = ('', None)
    stunt: bool = False

    @property
    def unlocks(self) -> bool:
        """Return whether the joints are free after this step."""
        return self.reaches == UNLOCKED

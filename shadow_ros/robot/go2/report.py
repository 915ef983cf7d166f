"""What the robot reports of itself, as it travels from the SDK process to the body."""

from dataclasses import dataclass, fields
import math
from typing import Any, Sequence

from shadow_ros.robot.sport import posture as modes


@dataclass(frozen=True)
class Report:
    """
    One `rt/sportmodestate`, with the battery of `rt/lowstate`.

    `stamp` is the monotonic time (s) at which it was read, the same clock in every process of
    the machine. Metres, radians, m/s and rad/s; `yaw` as the robot gives it, so it wraps.
    `state_code` is the message's error_code, in which newer firmware tells its state. `height`
    is the body's, `battery` in percent, -1.0 when unknown.
    """

    stamp: float = 0.0
    mode: int = 0
    state_code: int = 0
    progress: float = 0.0
    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0
    height: float = 0.0
    vx: float = 0.0
    vy: float = 0.0
    wz: float = 0.0
    battery: float = -1.0

    def to_list(self) -> list[float]:
        """Return the fields in order."""
        return list(vars(self).values())

    @classmethod
    def from_list(cls, values: Sequence[Any]) -> 'Report':
        """Return the report of such a list."""
        return cls(*values)

    @property
    def finite(self) -> bool:
        """Return whether every number is one."""
        return all(math.isfinite(getattr(self, f.name)) for f in fields(self))

    @property
    def still(self) -> bool:
        """Return whether no motion worth naming is reported, as BodyState has it."""
        return abs(self.vx) < 0.05 and abs(self.vy) < 0.05 and abs(self.wz) < 0.1

    @property
    def known(self) -> bool:
        """Return whether the mode code tells the posture."""
        return modes.known(self.mode)

    @property
    def unlocked(self) -> bool:
        """Return whether the joints are free for sure."""
        return self.mode in modes.UNLOCKED


class Unwrap:
    """Makes a yaw that wraps at plus or minus pi continuous (rad)."""

    def __init__(self) -> None:
        self._last = 0.0
        self._begun = False

    def __call__(self, yaw: float) -> float:
        """Return the yaw next to the last one that is the same direction."""
        self._last = self._last + math.remainder(yaw - self._last, 2 * math.pi) \
            if self._begun else yaw
        self._begun = True
        return self._last

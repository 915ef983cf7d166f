"""What a demo remembers for its report and its picture: the way, the postures, the commands."""

from dataclasses import dataclass, field
import math
from typing import Optional

from shadow_ros.commands.exchange import Exchange


@dataclass(frozen=True)
class Sample:
    """Where the robot was, and how it stood, at one moment (seconds since the start)."""

    time: float
    x: float
    y: float
    yaw: float
    posture: str
    moving: bool


@dataclass(frozen=True)
class Said:
    """A command: its number, when it was given, how, where the robot was, what became of it."""

    number: int
    time: float
    before: Sample
    source: str
    exchange: Exchange


@dataclass
class Recording:
    """The whole of a demo, oldest first; `yaw` is continuous, it does not wrap."""

    samples: list[Sample] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    posture: str = 'unknown'
    moving: bool = False

    @property
    def last(self) -> Optional[Sample]:
        """Return the newest sample, None before the first."""
        return self.samples[-1] if self.samples else None

    def pose(self, time: float, x: float, y: float, yaw: float) -> None:
        """Add where the robot is; `yaw` in radians may wrap."""
        if self.samples:
            before = self.samples[-1].yaw
            yaw = before + math.remainder(yaw - before, 2 * math.pi)
        self.samples.append(Sample(time, x, y, yaw, self.posture, self.moving))

    def state(self, time: float, posture: str, moving: bool) -> None:
        """Add how the robot stands."""
        self.posture, self.moving = posture, moving
        if self.samples:
            last = self.samples[-1]
            self.samples.append(Sample(time, last.x, last.y, last.yaw, posture, moving))

    def say(self, exchange: Exchange, time: float, source: str) -> Said:
        """Add a command that was just given."""
        before = self.last or Sample(time, 0.0, 0.0, 0.0, self.posture, self.moving)
        said = Said(len(self.said) + 1, time, before, source, exchange)
        self.said.append(said)
        return said


def moved(before: Sample, after: Sample) -> tuple[float, float, float]:
    """Return metres forward, metres left and degrees left, seen from `before`."""
    dx, dy = after.x - before.x, after.y - before.y
    cos, sin = math.cos(before.yaw), math.sin(before.yaw)
    return (cos * dx + sin * dy, cos * dy - sin * dx, math.degrees(after.yaw - before.yaw))


def where(sample: Optional[Sample]) -> str:
    """Return pose and posture in words."""
    if sample is None:
        return 'the robot did not report where it is'
    heading = math.remainder(math.degrees(sample.yaw), 360.0)
    return (f'{sample.posture} at x {sample.x + 0.0:.2f} m, y {sample.y + 0.0:.2f} m, '
            f'heading {heading:.0f}°')

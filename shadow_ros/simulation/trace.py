"""What a run leaves behind: where the dog was, what was sent to it, what was said."""

from dataclasses import dataclass, field
import math
from typing import Iterator, Optional

from shadow_ros.records import Event, PlanRecord


@dataclass(frozen=True)
class Moment:
    """
    The dog at one time (s since the start): metres and radians in the odometry frame, m/s, rad/s.

    `yaw` does not wrap; velocities are the body's. `skill` names the motion under way as the
    virtual dog calls it, '' when there is none or nobody knows.
    """

    time: float
    x: float
    y: float
    yaw: float
    vx: float
    vy: float
    wz: float
    posture: str
    skill: str = ''

    @property
    def speed(self) -> float:
        """Return how fast it goes, whatever the direction (m/s)."""
        return math.hypot(self.vx, self.vy)

    @property
    def still(self) -> bool:
        """Return whether it makes no motion worth naming, as BodyState has it."""
        return abs(self.vx) < 0.05 and abs(self.vy) < 0.05 and abs(self.wz) < 0.1


@dataclass(frozen=True)
class Sent:
    """A request that reached the robot."""

    time: float
    service: str
    api: int
    parameter: str


@dataclass(frozen=True)
class Given:
    """
    What the script did at `time`: its words for tables and pictures, and how it came.

    `plan_ids` are the plans that came of it.
    """

    time: float
    text: str
    source: str
    plan_ids: list[str] = field(default_factory=list)


@dataclass
class Trace:
    """All of a run, oldest first; times are seconds since its start."""

    moments: list[Moment] = field(default_factory=list)
    requests: list[Sent] = field(default_factory=list)
    plans: list[tuple[float, PlanRecord]] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)
    replies: list[tuple[float, str]] = field(default_factory=list)
    heard: list[tuple[float, str]] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    latches: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def now(self) -> Moment:
        """Return the newest moment."""
        return self.moments[-1]

    def latch(self, time: float, latched: bool) -> None:
        """Note whether the stop is latched, when that has changed."""
        if latched != self.latched_at(time):
            self.latches.append((time, latched))

    def latched_at(self, time: float) -> bool:
        """Return whether the stop was latched then."""
        return next((is_so for at, is_so in reversed(self.latches) if at <= time), False)

    def between(self, begin: float, end: float) -> Iterator[Moment]:
        """Yield the moments from begin to end, both included."""
        return (moment for moment in self.moments if begin <= moment.time <= end)

    def at(self, time: float) -> Moment:
        """Return the last moment that is not later than that, or the first of all."""
        best: Optional[Moment] = None
        for moment in self.moments:
            if moment.time > time:
                break
            best = moment
        return best or self.moments[0]


def moved(before: Moment, after: Moment) -> tuple[float, float, float]:
    """Return metres forward, metres left and degrees left, seen from `before`."""
    dx, dy = after.x - before.x, after.y - before.y
    cos, sin = math.cos(before.yaw), math.sin(before.yaw)
    return (cos * dx + sin * dy, cos * dy - sin * dx, math.degrees(after.yaw - before.yaw))

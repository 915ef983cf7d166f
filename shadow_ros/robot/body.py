"""The protocol that every body follows, and what passes between it and the runner."""

from dataclasses import dataclass
from typing import Protocol, Sequence, Union

from shadow_ros.plan import Action

POSTURES = ('stand', 'sit', 'lie', 'damp', 'acrobatic', 'unknown')
"""stand covers joint lock, balance stand and locomotion; acrobatic is a flip, jump or pounce."""


@dataclass(frozen=True)
class BodyState:
    """
    What the body last reported of itself.

    `stamp` is the local monotonic time at which the report arrived, in seconds; 0.0 means that
    none has come. Position is in metres in the odometry frame, `yaw` in radians, continuous (it
    does not wrap), velocities in m/s and rad/s in the body frame (REP 103). `pose_known` is
    False for a body without odometry. `battery` is in percent, -1.0 when unknown.
    """

    stamp: float = 0.0
    posture: str = 'unknown'
    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0
    vx: float = 0.0
    vy: float = 0.0
    wz: float = 0.0
    pose_known: bool = True
    battery: float = -1.0
    error: str = ''

    @property
    def still(self) -> bool:
        """Return whether the body reports no motion worth naming (0.05 m/s, 0.1 rad/s)."""
        return abs(self.vx) < 0.05 and abs(self.vy) < 0.05 and abs(self.wz) < 0.1


@dataclass(frozen=True)
class Velocity:
    """Walk at this body-frame velocity (m/s, m/s, rad/s); repeated at 20 Hz or it expires."""

    vx: float
    vy: float
    wz: float


@dataclass(frozen=True)
class Halt:
    """Stop all motion at once (StopMove, zero Twist)."""


@dataclass(frozen=True)
class Perform:
    """Carry out a posture, gesture, acrobatic or setting; the outcome bears the same token."""

    token: int
    action: Action


Command = Union[Velocity, Halt, Perform]


@dataclass(frozen=True)
class Outcome:
    """How a Perform ended, judged by what the body reports; `reason` is empty when it is done."""

    token: int
    done: bool
    reason: str = ''


class Body(Protocol):
    """
    A robot that can be commanded.

    `send`, `poll` and `state` return at once and may be called from one thread at a time;
    `start` and `close` may take seconds. A body stops by itself when `send` is not called for
    0.3 s while it walks, and when its process or its caller's dies.
    """

    name: str

    def start(self) -> None:
        """Connect and learn what the body can do; raise RobotError with what to do about it."""

    def refusal(self, action: Action) -> str:
        """Return why this body cannot do the action, or '' when it can."""

    def send(self, command: Command) -> None:
        """Pass a command on; a Halt overtakes everything that waits."""

    def poll(self) -> Sequence[Outcome]:
        """Return the outcomes that have come since the last call."""

    def state(self) -> BodyState:
        """Return the latest report."""

    def health(self) -> tuple[bool, str]:
        """Return whether the body answers, and a sentence for /diagnostics."""

    def close(self) -> None:
        """Stop the body and let go of it."""

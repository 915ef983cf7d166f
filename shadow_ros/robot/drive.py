"""Closed-loop walking: one MOVE or TURN from the body's own reports; pure, time passed in."""

from dataclasses import dataclass
import math
from typing import Protocol

from shadow_ros.actions import MAX_SPEED
from shadow_ros.plan import Action
from shadow_ros.robot.body import BodyState, Velocity
from shadow_ros.robot.guard import nominal_seconds, walking_speed

LATENCY = 0.06  # s from a report to the dog's answer to it: 50 Hz reports, 20 Hz commands
BRAKING = 1.0  # m/s²; gentler than any body brakes, so the last metre never overshoots
TURN_BRAKING = 1.5  # rad/s²
CREEP = 0.12  # m/s; below this a legged body marks time
TURN_CREEP = 0.2  # rad/s
HOLD = 1.5  # 1/s; gain that corrects heading and sideways drift on the way


@dataclass(frozen=True)
class Progress:
    """How far a walk has come: done and goal in metres or radians, signed along the goal."""

    done: float
    goal: float
    unit: str

    @property
    def left(self) -> float:
        """Return what is left; negative when the goal was passed."""
        return self.goal - self.done


class Drive(Protocol):
    """One walk: how far it has come, and the velocity to command next."""

    def progress(self, now: float, state: BodyState) -> Progress:
        """Return how far the walk has come."""

    def velocity(self, now: float, state: BodyState) -> Velocity:
        """Return the velocity to command now, within MAX_SPEED."""


def make_drive(action: Action, level: str, state: BodyState, now: float) -> Drive:
    """Return the drive for a MOVE or TURN that starts here."""
    if not state.pose_known:
        return Timed(action, level, now)
    return Turn(action, level, state) if action.name == 'TURN' else Straight(action, level, state)


class Straight:
    """
    A MOVE: along the straight line to the goal, heading held.

    The goal is (x, y) in the body frame at the start (REP 103), in metres.
    """

    def __init__(self, action: Action, level: str, start: BodyState) -> None:
        x, y = action.amount('x'), action.amount('y')
        self.goal = math.hypot(x, y)
        self._start = start
        self._cos, self._sin = x / self.goal, y / self.goal  # direction in the start frame
        # On a slanted line the tighter of the two axes sets the pace, as nominal_seconds has it.
        self._cruise = self.goal / nominal_seconds(action, level)

    def _offset(self, state: BodyState) -> tuple[float, float]:
        """Return the way come (along, across) the line, in metres."""
        dx, dy = _turned(state.x - self._start.x, state.y - self._start.y, -self._start.yaw)
        return dx * self._cos + dy * self._sin, dy * self._cos - dx * self._sin

    def progress(self, now: float, state: BodyState) -> Progress:
        """Return the metres come along the line."""
        return Progress(self._offset(state)[0], self.goal, 'm')

    def velocity(self, now: float, state: BodyState) -> Velocity:
        """Return the body-frame velocity towards the goal."""
        along, across = self._offset(state)
        left = self.goal - along - LATENCY * math.hypot(state.vx, state.vy)
        pace = min(self._cruise, max(CREEP, math.sqrt(2 * BRAKING * max(left, 0.0))))
        drift = _clamp(-HOLD * across, 0.1)
        turned = state.yaw - self._start.yaw
        vx, vy = _turned(pace * self._cos - drift * self._sin,
                         pace * self._sin + drift * self._cos, -turned)
        return limited(vx, vy, _clamp(-HOLD * turned, 0.5))


class Turn:
    """A TURN on the spot by `yaw` degrees, left positive."""

    def __init__(self, action: Action, level: str, start: BodyState) -> None:
        yaw = math.radians(action.amount('yaw'))
        self.goal = abs(yaw)
        self._sign = math.copysign(1.0, yaw)
        self._start = start
        self._cruise = walking_speed(action, level).turn

    def progress(self, now: float, state: BodyState) -> Progress:
        """Return the radians turned towards the goal."""
        return Progress(self._sign * (state.yaw - self._start.yaw), self.goal, 'rad')

    def velocity(self, now: float, state: BodyState) -> Velocity:
        """Return the yaw rate towards the goal."""
        left = self.progress(now, state).left - LATENCY * abs(state.wz)
        rate = min(self._cruise, max(TURN_CREEP, math.sqrt(2 * TURN_BRAKING * max(left, 0.0))))
        return limited(0.0, 0.0, self._sign * rate)


class Timed:
    """A MOVE or TURN of a body without odometry: the right speed for the right time."""

    def __init__(self, action: Action, level: str, now: float) -> None:
        self._seconds = nominal_seconds(action, level)
        self._begin = now
        self._unit = 'rad' if action.name == 'TURN' else 'm'
        if action.name == 'TURN':
            yaw = math.radians(action.amount('yaw'))
            self.goal = abs(yaw)
            self._velocity = limited(0.0, 0.0, yaw / self._seconds)
        else:
            x, y = action.amount('x'), action.amount('y')
            self.goal = math.hypot(x, y)
            self._velocity = limited(x / self._seconds, y / self._seconds, 0.0)

    def progress(self, now: float, state: BodyState) -> Progress:
        """Return the share of the time, as a distance."""
        return Progress(self.goal * (now - self._begin) / self._seconds, self.goal, self._unit)

    def velocity(self, now: float, state: BodyState) -> Velocity:
        """Return the constant velocity."""
        return self._velocity


def arrived(drive: Drive, now: float, state: BodyState) -> bool:
    """Return whether braking now ends at the goal."""
    speed = abs(state.wz) if isinstance(drive, Turn) else math.hypot(state.vx, state.vy)
    return drive.progress(now, state).left <= LATENCY * speed


def limited(vx: float, vy: float, wz: float) -> Velocity:
    """Return the velocity with each axis within MAX_SPEED."""
    return Velocity(_clamp(vx, MAX_SPEED.forward), _clamp(vy, MAX_SPEED.sideways),
                    _clamp(wz, MAX_SPEED.turn))


def _clamp(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    """Return the vector turned by the angle (rad, left positive)."""
    cos, sin = math.cos(angle), math.sin(angle)
    return x * cos - y * sin, x * sin + y * cos

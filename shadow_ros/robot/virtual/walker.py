"""Walking: what Move orders, for how long it counts, and the trot that goes with it."""

import math
from typing import Optional

from shadow_ros.robot.virtual.base import Base, clamp, STILL, Triple
from shadow_ros.robot.virtual.skills import AGILE, Gait
from shadow_ros.robot.virtual.wall import Wall

MOVE_LASTS = 1.0
"""Seconds after which a Move that is not repeated ends; users report 1 to 2 s on the robot."""

_STRIDES = 2.2  # trot cycles a second
_GOAL_GAIN = 2.0  # 1/s, from what is left of the way to velocity
_GOAL_SPEED = (0.5, 0.3, 0.8)  # m/s, m/s, rad/s; at most, on the way to a goal
_GOAL_REACHED = (0.005, 0.005, 0.005)  # m, m, rad


class Walker:
    """
    The base under orders: a velocity until it expires, or a goal until it is reached.

    `slip` is the share of every velocity that is lost: 0.0 walks as told, 1.0 steps on the spot.
    A guarded order keeps clear of the `wall`, if there is one; any other walks against it.
    """

    def __init__(self, slip: float = 0.0, wall: Optional[Wall] = None) -> None:
        self.base = Base()
        self.gait: Gait = AGILE
        self.wall = wall
        self._slip = slip
        self._guarded = False
        self.stride = 0.0
        self._order: Triple = STILL
        self._ends = -math.inf
        self._goal: Optional[Triple] = None

    def order(self, velocity: Triple, now: float, guarded: bool = False) -> None:
        """Walk at that velocity (m/s, m/s, rad/s) for MOVE_LASTS."""
        self._goal = None
        self._guarded = guarded
        self._order = clamp(velocity)
        self._ends = now + MOVE_LASTS

    def seek(self, goal: Triple) -> None:
        """Walk, guarded, until position (m) and heading (rad) are those of the goal."""
        self._goal = goal
        self._guarded = True
        self._ends = -math.inf

    def stop(self) -> None:
        """Brake."""
        self._goal = None
        self._ends = -math.inf

    def active(self, now: float) -> bool:
        """Return whether it walks, brakes or is ordered to walk."""
        return self.base.velocity != STILL or self._goal is not None or now < self._ends

    def step(self, now: float, dt: float) -> None:
        """Walk from `now` for `dt` seconds."""
        if not self.active(now):
            return
        x, y, turn = self._target(now)
        if self.wall and self._guarded:
            x, y, turn = self.wall.guard((x, y, turn), self.base)
        grip = 1.0 - self._slip
        self.base.step((x * grip, y * grip, turn * grip), dt)
        if self.wall:
            self.wall.hold(self.base)
        self.stride = (self.stride + 2 * math.pi * _STRIDES * dt) % (2 * math.pi)

    def _target(self, now: float) -> Triple:
        """Return the velocity that the orders ask for now."""
        if self._goal is None:
            return self._order if now < self._ends else STILL
        left = self.base.way_to(self._goal)
        if all(abs(part) < near for part, near in zip(left, _GOAL_REACHED)):
            self._goal = None
            return STILL
        x, y, z = (min(max(_GOAL_GAIN * part, -most), most)
                   for part, most in zip(left, _GOAL_SPEED))
        return x, y, z

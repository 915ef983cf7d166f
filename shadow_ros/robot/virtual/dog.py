"""The dog itself: postures, walking and battery, with time passed in; no SDK, no threads."""

import math
from typing import Optional

from shadow_ros.robot.virtual.base import STILL, Triple
from shadow_ros.robot.virtual.codes import Code
from shadow_ros.robot.virtual.report import Report
from shadow_ros.robot.virtual.skills import (
    DAMPING, Gait, IDLE, LEAVE_TALL, POSE, Posture, SETTLE, Skill, TALL_SKILLS, UNLOCK)
from shadow_ros.robot.virtual.walker import Walker

LOCOMOTION_MODE = 3
BATTERY_SECONDS = 2 * 3600.0
"""How long a full battery lasts when standing; walking halves it."""

_STEP = 0.005  # s; fine enough that braking distances do not depend on how often advance is called
_LEAN_RATE = 1.5  # rad/s at which Euler angles are taken


class Dog:
    """
    A Go2 as its sport service drives it.

    Every method takes `now`, seconds on any clock that does not go back, and first lets the time
    until then pass. Calls return at once with a code, as the robot's do; what became of them is
    in the report. A posture is reported when it is reached, not when it was ordered. A call
    during a change of posture waits until that ends, the last one winning; during a gesture it
    gets OVERTIME; from a posture that does not allow it NOT_READY.
    """

    def __init__(self, now: float = 0.0, posture: Posture = IDLE, battery: float = 100.0,
                 walker: Optional[Walker] = None) -> None:
        self.posture = posture
        self.battery = battery
        self.walker = walker or Walker()
        self._now = now
        self._skill: Optional[Skill] = None
        self._began = self._ends = now
        self._from = (posture.height, posture.pitch)
        self._next: Optional[Skill] = None
        self._lean: Triple = STILL
        self._lean_to: Triple = STILL

    def heads_for(self, posture: Posture) -> bool:
        """Return whether it is in that posture or on the way to it."""
        return (self._skill.to if self._skill else self.posture) is posture

    @property
    def walks(self) -> bool:
        """Return whether Move would be obeyed now."""
        return self._skill is None and self.posture.walks

    @property
    def walking(self) -> bool:
        """Return whether it walks, brakes or is ordered to walk."""
        return self.walker.active(self._now)

    def move(self, velocity: Triple, now: float, guarded: bool = False) -> bool:
        """Walk at that velocity for a second; return False when the posture does not allow it."""
        self.advance(now)
        if self.walks:
            self.walker.order(velocity, now, guarded)
        return self.walks

    def seek(self, goal: Triple, now: float) -> bool:
        """Walk to a pose of the odometry frame; return False when the posture forbids it."""
        self.advance(now)
        if self.walks:
            self.walker.seek(goal)
        return self.walks

    def stop(self, now: float) -> None:
        """Brake, cut a gesture short, leave a pose; only what is in the air goes on."""
        self.advance(now)
        self.walker.stop()
        self._next = None
        self._lean_to = STILL
        skill = self._skill
        if skill and skill.performance and not skill.air:
            self._start(SETTLE)
        elif skill is None and self.posture is POSE:
            self._start(SETTLE)
        elif skill is None and self.posture in (s.to for s in TALL_SKILLS.values()):
            self._start(LEAVE_TALL)

    def perform(self, skill: Skill, now: float) -> Code:
        """Begin a skill, or tell why not."""
        self.advance(now)
        if skill is DAMPING:
            self._next = None
            self._start(skill)
            return Code.OK
        if self._skill and self._skill.performance:
            return Code.OVERTIME
        if (self._skill.to if self._skill else self.posture) not in skill.sources:
            return Code.NOT_READY
        if self._skill:
            self._next = skill
        elif skill.performance or skill.to is not self.posture:
            self._start(skill)
        return Code.OK

    def walk_as(self, gait: Gait, now: float) -> Code:
        """Choose a gait; this unlocks the joints, as BalanceStand does."""
        code = self.perform(UNLOCK, now)
        if code is Code.OK:
            self.walker.gait = gait
        return code

    def lean(self, roll: float, pitch: float, yaw: float, now: float) -> Code:
        """Turn the body (rad) over its feet."""
        self.advance(now)
        if not self.walks and self.posture is not POSE:
            return Code.NOT_READY
        self._lean_to = (roll, pitch, yaw)
        return Code.OK

    def advance(self, now: float) -> None:
        """Let the time until `now` pass."""
        while self._now < now:
            until = min(now, self._now + _STEP) if self._changes else now
            if self._skill:
                until = min(until, self._ends)
            self._pass(until - self._now)
            self._now = until
            if self._skill and until >= self._ends:
                self._finish(self._skill)

    def report(self) -> Report:
        """Return what the dog knows of itself."""
        skill, part = self._skill, self._part
        height, slope = self._stance()
        roll, pitch, yaw = self._lean
        turns = skill.turns if skill else (0.0, 0.0)
        hop = 0.25 * math.sin(math.pi * part) if skill and skill.air else 0.0
        mode, code = self._mode()
        base = self.walker.base
        vx, vy, wz = base.velocity
        return Report(
            time=self._now, posture=self.posture, skill=skill.name if skill else '', mode=mode,
            code=code, progress=1.0 if skill and skill.performance else 0.0,
            gait=self.walker.gait.kind if self.walking else 0, x=base.x, y=base.y,
            z=height + hop, yaw=base.yaw + yaw, velocity=(vx + self._leap(), vy, wz),
            roll=roll + turns[0] * 2 * math.pi * _ease(part),
            pitch=pitch + slope + turns[1] * 2 * math.pi * _ease(part), height=height,
            slope=slope, stride=self.walker.stride, walking=self.walking, battery=self.battery,
            free_way=self.walker.wall.free_way(base) if self.walker.wall else math.inf)

    @property
    def _part(self) -> float:
        """Return how much of the running skill is over, 0 to 1."""
        return (self._now - self._began) / (self._ends - self._began) if self._skill else 1.0

    def _stance(self) -> tuple[float, float]:
        """Return height (m) and slope (rad) on the way from where the skill began."""
        to = self._skill.to if self._skill else self.posture
        part = _ease(self._part)
        height, slope = self._from
        return height + (to.height - height) * part, slope + (to.pitch - slope) * part

    def _leap(self) -> float:
        """Return the forward speed of a jump (m/s)."""
        return self._skill.advance / (self._ends - self._began) if self._skill else 0.0

    @property
    def _changes(self) -> bool:
        """Return whether something moves between now and the end of the running skill."""
        return (self.walking or self._lean != self._lean_to
                or bool(self._skill and self._skill.advance))

    def _mode(self) -> tuple[int, int]:
        """Return sportmodestate's mode and the state code."""
        if self._skill and self._skill.mode is not None:
            return self._skill.mode, self._skill.code or self._skill.to.code
        if self.walking and self.posture.walks:
            return LOCOMOTION_MODE, self.walker.gait.code
        if self.posture is IDLE:
            return IDLE.mode, self.walker.gait.code
        return self.posture.mode, self.posture.code

    def _pass(self, dt: float) -> None:
        """Let `dt` seconds pass in which nothing begins or ends."""
        walking = self.walking
        self.walker.step(self._now, dt)
        self.walker.base.shift(self._leap() * dt, 0.0, self.walker.base.yaw)
        roll, pitch, yaw = (_towards(angle, to, _LEAN_RATE * dt)
                            for angle, to in zip(self._lean, self._lean_to))
        self._lean = (roll, pitch, yaw)
        spent = 100.0 * dt / BATTERY_SECONDS * (2.0 if walking else 1.0)
        self.battery = max(0.0, self.battery - spent)

    def _start(self, skill: Skill) -> None:
        """Begin a skill now; the base brakes meanwhile."""
        standing = self.posture.stands and skill.to.stands and not skill.performance
        self._from = self._stance()
        self._skill = skill
        self._began = self._now
        self._ends = self._now + skill.seconds / (3.0 if standing else 1.0)
        self.walker.stop()
        self._lean_to = STILL

    def _finish(self, skill: Skill) -> None:
        """Reach the skill's posture, and begin what was ordered meanwhile."""
        self.posture = skill.to
        self._skill = None
        waiting, self._next = self._next, None
        if waiting and (waiting.performance or waiting.to is not self.posture):
            self._start(waiting)


def _ease(part: float) -> float:
    """Return the part (0 to 1) with a soft start and end."""
    return part * part * (3.0 - 2.0 * part)


def _towards(value: float, target: float, step: float) -> float:
    """Return the value moved towards the target by at most `step`."""
    return value + min(max(target - value, -step), step)

"""How the dog looks when it does something: trunk and legs from posture, gesture, walk; pure."""

from dataclasses import dataclass, replace
import math
from typing import Mapping

import numpy as np
import numpy.typing as npt

from shadow_ros.simulation.gazebo.figures import FOOT_RADIUS, hip, LEGS, outwards
from shadow_ros.simulation.kinematics import leg_angles, leg_points
from shadow_ros.simulation.looks import Look

Array = npt.NDArray[np.float64]

STRIDES = 2.2  # trot cycles a second
LIFT = 0.055  # m that a foot is lifted in a fast walk
SOFT, QUICK = 0.28, 0.07  # s; how a new posture and a gesture are followed
HEIGHT = 0.31  # m of the trunk's middle above the ground, standing

_TUCKED = (0.0, 1.25, -2.45)


@dataclass(frozen=True)
class Stance:
    """
    Where the trunk and the feet shall be.

    `z` (m) and the angles (rad, nose down and left side up positive) are the trunk's; `feet`
    [4, 3] are metres from the point below the trunk, heading forward, in the order of LEGS.
    """

    z: float
    roll: float
    pitch: float
    yaw: float
    feet: Array

    def tilt(self) -> Array:
        """Return the rotation [3, 3] from the trunk's frame to the level one."""
        return turn(self.roll, self.pitch, self.yaw)


@dataclass(frozen=True)
class Frame:
    """The dog at one time: the trunk's pose (m, rad) and the twelve joint angles (rad)."""

    time: float
    x: float
    y: float
    z: float
    roll: float
    pitch: float
    yaw: float
    joints: tuple[float, ...]


def turn(roll: float, pitch: float, yaw: float) -> Array:
    """Return the rotation about z, then y, then x [3, 3]."""
    cr, sr, cp, sp = math.cos(roll), math.sin(roll), math.cos(pitch), math.sin(pitch)
    cy, sy = math.cos(yaw), math.sin(yaw)
    return np.array([[cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
                     [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
                     [-sp, cp * sr, cp * cr]])


def _ground(front: float = 0.0, rear: float = 0.0, wide: float = 0.0) -> Array:
    """Return feet on the ground below the hips, shifted forward and outwards (m)."""
    feet = []
    for leg in LEGS:
        x, y, _ = hip(leg)
        side = math.copysign(wide, y)
        feet.append((x + (front if leg[0] == 'F' else rear), y + outwards(leg) + side,
                     FOOT_RADIUS))
    return np.array(feet)


def _on_two(z: float, pitch: float, front: bool, foot_x: float) -> Stance:
    """Return a stance on the front or rear legs, the others tucked in."""
    feet = _ground()
    tilt = turn(0.0, pitch, 0.0)
    for place, leg in enumerate(LEGS):
        if (leg[0] == 'F') is front:
            feet[place, 0] = foot_x
        else:
            feet[place] = tilt @ np.array(leg_points(leg, _TUCKED)[3]) + (0.0, 0.0, z)
    return Stance(z, 0.0, pitch, 0.0, feet)


STANCES: Mapping[str, Stance] = {
    'stand': Stance(HEIGHT, 0.0, 0.0, 0.0, _ground(-0.01, -0.02)),
    'sit': Stance(0.235, 0.0, -0.60, 0.0, _ground(0.01, 0.15)),
    'lie': Stance(0.085, 0.0, 0.0, 0.0, _ground(0.09, 0.06, 0.005)),
    'damp': Stance(0.085, 0.0, 0.0, 0.0, _ground(0.11, 0.07, 0.05)),
    'handstand': _on_two(0.43, 1.32, True, 0.03),
    'upright': _on_two(0.45, -1.30, False, -0.02),
}
_HALF_SIT = Stance(0.255, 0.0, -0.48, 0.0, _ground(0.02, 0.13))
_BEGGING = Stance(0.30, 0.0, -0.85, 0.0, _ground(0.0, 0.15))


class Motion:
    """
    Follows looks through time with soft trunk and feet that stay where they are set.

    Call `step` with looks in the order of their time, 10 to 100 a second.
    """

    def __init__(self) -> None:
        self._stance = STANCES['stand']
        self._time: float | None = None
        self._phase = 0.0

    def step(self, look: Look) -> Frame:
        """Return the frame of a look."""
        first = self._time is None
        dt = 0.0 if self._time is None else max(0.0, look.time - self._time)
        self._time = look.time
        target = gesture(look) if look.gesture else STANCES[look.posture]
        part = 1.0 if first else 1.0 - math.exp(-dt / (QUICK if look.gesture else SOFT))
        self._stance = stance = _between(self._stance, target, part)
        if look.posture == 'stand' and not look.gesture and look.walks:
            self._phase = (self._phase + STRIDES * dt) % 1.0
            stance = _trot(stance, look, self._phase)
        return _frame(look, stance)


def _frame(look: Look, stance: Stance) -> Frame:
    """Return the trunk and the joint angles of a stance."""
    roll, pitch, hop = flight(look)
    back = turn(stance.roll, stance.pitch, 0.0).T
    joints: list[float] = []
    for leg, foot in zip(LEGS, stance.feet):
        local = back @ (foot - (0.0, 0.0, stance.z))
        joints += leg_angles(leg, (float(local[0]), float(local[1]), float(local[2])))
    return Frame(look.time, look.x, look.y, stance.z + hop, stance.roll + roll,
                 stance.pitch + pitch, look.yaw + stance.yaw, tuple(joints))


def _between(old: Stance, new: Stance, part: float) -> Stance:
    """Return what lies between two stances, `part` of the way."""
    def mix(a: float, b: float) -> float:
        return a + (b - a) * part
    return Stance(mix(old.z, new.z), mix(old.roll, new.roll), mix(old.pitch, new.pitch),
                  mix(old.yaw, new.yaw), old.feet + (new.feet - old.feet) * part)


def _trot(stance: Stance, look: Look, phase: float) -> Stance:
    """Return the stance with the feet where a trot has them: diagonal pairs take turns."""
    feet = stance.feet.copy()
    effort = min(1.0, (math.hypot(look.vx, look.vy) + 0.25 * abs(look.wz)) / 0.25)
    for place, leg in enumerate(LEGS):
        part = (phase + (0.0 if leg in ('FR', 'RL') else 0.5)) % 1.0
        x, y = feet[place, 0], feet[place, 1]
        way = np.array([look.vx - look.wz * y, look.vy + look.wz * x]) / STRIDES / 2
        swing = part < 0.5
        along = 4 * part - 1 if swing else 3 - 4 * part  # -1 behind, +1 ahead
        feet[place, :2] += way / 2 * along
        if swing:
            feet[place, 2] += LIFT * effort * math.sin(2 * math.pi * part)
    bob = 0.006 * effort * math.cos(4 * math.pi * phase)
    return replace(stance, z=stance.z + bob, pitch=0.03 * look.vx, feet=feet)


def gesture(look: Look) -> Stance:
    """Return the stance of a gesture at its time, eased in and out."""
    part, name = look.part, look.gesture
    ease = min(1.0, part / 0.14, (1.0 - part) / 0.14)
    ease = max(0.0, ease) ** 2 * (3 - 2 * max(0.0, ease))
    shows = {'HELLO': _hello, 'STRETCH': _stretch, 'DANCE': _dance, 'HEART': _heart,
             'SCRAPE': _scrape}
    shape = shows[name](part, look.time) if name in shows else _leap(part)
    return _between(STANCES['stand'], shape, ease)


def _raised(stance: Stance, **paws: tuple[float, float, float]) -> Stance:
    """Return the stance with front paws at these places."""
    feet = stance.feet.copy()
    for leg, place in paws.items():
        feet[LEGS.index(leg)] = place
    return replace(stance, feet=feet)


def _hello(part: float, time: float) -> Stance:
    wave = math.sin(2 * math.pi * 1.7 * time)
    return replace(_raised(_HALF_SIT, FR=(0.37, -0.20 + 0.08 * wave, 0.53)), roll=-0.08)


def _stretch(part: float, time: float) -> Stance:
    if part < 0.5:
        return Stance(0.20, 0.0, 0.42, 0.0, _ground(0.17, -0.03))
    return Stance(0.24, 0.0, -0.30, 0.0, _ground(0.03, -0.10))


def _dance(part: float, time: float) -> Stance:
    beat = 2 * math.pi * 0.85 * time
    feet = _ground(-0.01, -0.02)
    for place, leg in enumerate(LEGS):
        turn_ = math.sin(beat + (0.0 if leg in ('FR', 'RL') else math.pi))
        feet[place, 2] += 0.07 * max(0.0, turn_)
    return Stance(HEIGHT - 0.02 + 0.02 * math.cos(2 * beat), 0.20 * math.sin(beat),
                  0.10 * math.sin(2 * beat), 0.22 * math.sin(beat), feet)


def _heart(part: float, time: float) -> Stance:
    out = 0.09 * abs(math.sin(math.pi * 2 * part))
    up = 0.50 + 0.05 * math.sin(math.pi * 4 * part)
    return _raised(_BEGGING, FL=(0.26, 0.035 + out, up), FR=(0.26, -0.035 - out, up))


def _scrape(part: float, time: float) -> Stance:
    nod = math.sin(2 * math.pi * 1.4 * time)
    return _raised(replace(_BEGGING, pitch=-0.85 + 0.08 * nod), FL=(0.29, 0.05, 0.47 + 0.07 * nod),
                   FR=(0.29, -0.05, 0.47 + 0.07 * nod))


def _leap(part: float) -> Stance:
    """Return a crouch, then legs drawn in, then a landing."""
    if 0.22 < part < 0.85:
        feet = _ground(0.06, 0.02)
        feet[:, 2] += 0.10
        return Stance(HEIGHT, 0.0, 0.0, 0.0, feet)
    return Stance(0.21, 0.0, -0.08, 0.0, _ground())


_TURNS = {'FRONT_FLIP': (0.0, 1.0), 'BACK_FLIP': (0.0, -1.0), 'LEFT_FLIP': (-1.0, 0.0)}
_HOPS = {'FRONT_FLIP': 0.34, 'BACK_FLIP': 0.34, 'LEFT_FLIP': 0.34, 'JUMP': 0.22, 'POUNCE': 0.14}


def flight(look: Look) -> tuple[float, float, float]:
    """Return what flying adds: roll and pitch (rad) and height (m)."""
    air = min(1.0, max(0.0, (look.part - 0.22) / 0.63))
    hop = _HOPS.get(look.gesture, 0.0) * math.sin(math.pi * air)
    roll, pitch = _TURNS.get(look.gesture, (0.0, 0.0))
    eased = air * air * (3 - 2 * air) * 2 * math.pi
    if look.gesture in ('JUMP', 'POUNCE'):
        return 0.0, -0.35 * math.sin(2 * math.pi * air), hop
    return roll * eased, pitch * eased, hop

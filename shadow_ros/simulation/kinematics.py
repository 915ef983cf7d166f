"""A leg of the Go2: from joint angles to points, and from a foot's place to joint angles."""

import math
from typing import Sequence

from shadow_ros.simulation.gazebo.figures import (
    CALF, hip, LEGS, limits, outwards, PARTS, THIGH)

Point = tuple[float, float, float]
"""Metres in the trunk's frame: x forward, y left, z up."""

_SHORTEST = 1e-6


def leg_points(leg: str, angles: Sequence[float]) -> tuple[Point, Point, Point, Point]:
    """Return hip joint, shoulder, knee and foot for the angles of hip, thigh and calf (rad)."""
    roll, thigh, calf = angles
    x, y, z = hip(leg)
    out = outwards(leg)
    knee = (-THIGH * math.sin(thigh), -THIGH * math.cos(thigh))
    foot = (knee[0] - CALF * math.sin(thigh + calf), knee[1] - CALF * math.cos(thigh + calf))
    cos, sin = math.cos(roll), math.sin(roll)

    def place(forward: float, up: float) -> Point:
        return x + forward, y + out * cos - up * sin, z + out * sin + up * cos

    return (x, y, z), place(0.0, 0.0), place(*knee), place(*foot)


def leg_angles(leg: str, foot: Point) -> tuple[float, float, float]:
    """
    Return the angles of hip, thigh and calf that bring the foot there, within the joints' limits.

    A place out of reach is approached as far as it goes.
    """
    x, y, z = (a - b for a, b in zip(foot, hip(leg)))
    out = outwards(leg)
    # A foot above its hip is reached over the top, not by a hip turned upside down.
    down = math.copysign(math.sqrt(max(y * y + z * z - out * out, _SHORTEST)), -z)
    roll = math.atan2(z, y) - math.atan2(-down, out)
    roll = math.remainder(roll, 2 * math.pi)
    # Cosine rule in the leg's plane, in which the foot lies x ahead of and `down` below the hip.
    reach = min(math.hypot(x, down), THIGH + CALF - _SHORTEST)
    bend = (reach ** 2 - THIGH ** 2 - CALF ** 2) / (2 * THIGH * CALF)
    calf = _limited(leg, 'calf', -math.acos(max(-1.0, min(1.0, bend))))
    lean = math.atan2(CALF * math.sin(calf), THIGH + CALF * math.cos(calf))
    thigh = math.atan2(-x, down) - lean
    return _limited(leg, 'hip', roll), _limited(leg, 'thigh', thigh), calf


def _limited(leg: str, part: str, angle: float) -> float:
    limit = limits(leg, part)
    return min(max(angle, limit.lower), limit.upper)


def joint_names() -> tuple[str, ...]:
    """Return the twelve joints' names in the Go2's order."""
    return tuple(f'{leg}_{part}_joint' for leg in LEGS for part in PARTS)

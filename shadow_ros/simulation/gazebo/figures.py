"""
The Go2's dimensions, masses and joints: facts of the maker's published description.

Source: unitreerobotics/unitree_ros, robots/go2_description: urdf/go2_description.urdf (commit
3b6a691) and xacro/const.xacro (commit 69795ef). Metres, kilograms, radians, N m, rad/s. Axes as
in REP 103: x forward, y left, z up.
"""

from dataclasses import dataclass

LEGS = ('FR', 'FL', 'RR', 'RL')
"""The Go2's order; each leg has the joints hip, thigh and calf."""

PARTS = ('hip', 'thigh', 'calf')


@dataclass(frozen=True)
class Inertial:
    """Mass, centre and moments (xx, xy, xz, yy, yz, zz) of a part of the left front leg."""

    mass: float
    centre: tuple[float, float, float]
    moments: tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Limits:
    """How far (rad), how hard (N m) and how fast (rad/s) a joint moves."""

    lower: float
    upper: float
    effort: float
    velocity: float


HIP_X, HIP_Y = 0.1934, 0.0465
"""From the middle of the trunk to the hip joint."""

THIGH_Y = 0.0955
"""From the hip joint to the plane of thigh and calf, outwards."""

THIGH = CALF = 0.213
"""Length of thigh and calf."""

FOOT_RADIUS = 0.022

TRUNK = (0.3762, 0.0935, 0.114)
"""Length, width and height of the trunk's collision box."""

HEAD_X = 0.285
"""From the middle of the trunk to the head."""

TRUNK_INERTIAL = Inertial(
    6.921, (0.021112, 0.0, -0.005366),
    (0.02448, 0.00012166, 0.0014849, 0.098077, -3.12e-05, 0.107))
PART_INERTIALS = {
    'hip': Inertial(0.678, (-0.0054, 0.00194, -0.000105),
                    (0.00048, -3.01e-06, 1.11e-06, 0.000884, -1.42e-06, 0.000596)),
    'thigh': Inertial(1.152, (-0.00374, -0.0223, -0.0327),
                      (0.00584, 8.72e-05, -0.000289, 0.0058, 0.000808, 0.00103)),
    'calf': Inertial(0.154, (0.00548, -0.000975, -0.115),
                     (0.00108, 3.4e-07, 1.72e-05, 0.0011, 8.28e-06, 3.29e-05)),
}
FOOT_MASS, FOOT_MOMENT = 0.04, 9.6e-06
HEAD_MASS = 0.002
"""Both parts of the head together."""

TOTAL_MASS = TRUNK_INERTIAL.mass + HEAD_MASS + 4 * (
    sum(part.mass for part in PART_INERTIALS.values()) + FOOT_MASS)
"""15.019 kg."""


def limits(leg: str, part: str) -> Limits:
    """Return the limits of a joint; the rear thighs may swing further forward."""
    if part == 'hip':
        return Limits(-1.0472, 1.0472, 23.7, 30.1)
    if part == 'calf':
        return Limits(-2.7227, -0.83776, 35.55, 20.07)
    low, high = (-1.5708, 3.4907) if leg[0] == 'F' else (-0.5236, 4.5379)
    return Limits(low, high, 23.7, 30.1)


def hip(leg: str) -> tuple[float, float, float]:
    """Return where a leg's hip joint is on the trunk."""
    return (HIP_X if leg[0] == 'F' else -HIP_X, HIP_Y if leg[1] == 'L' else -HIP_Y, 0.0)


def outwards(leg: str) -> float:
    """Return the way from the hip joint to the leg's plane (m, left positive)."""
    return THIGH_Y if leg[1] == 'L' else -THIGH_Y


def inertial(leg: str, part: str) -> Inertial:
    """Return a part's inertial, mirrored from the left front one."""
    one = PART_INERTIALS[part]
    front, left = leg[0] == 'F', leg[1] == 'L'
    # Hips are mirrored front to rear, all parts left to right.
    sx = 1 if front or part != 'hip' else -1
    sy = 1 if left else -1
    x, y, z = one.centre
    xx, xy, xz, yy, yz, zz = one.moments
    return Inertial(one.mass, (sx * x, sy * y, z), (xx, sx * sy * xy, sx * xz, yy, sy * yz, zz))

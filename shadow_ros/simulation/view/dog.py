"""The dog as flat faces in the world: a body with a head and four legs, from a frame's joints."""

from dataclasses import dataclass
import math
from typing import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from shadow_ros.simulation.gazebo.figures import FOOT_RADIUS, LEGS
from shadow_ros.simulation.kinematics import leg_points
from shadow_ros.simulation.motion import Frame, turn

Array = npt.NDArray[np.float64]

BODY, DARK, JOINT, LENS, FOOT = '#dfe5ea', '#39434d', '#4d5a66', '#5bc0eb', '#23292f'


@dataclass(frozen=True)
class Face:
    """A flat face: corners [n, 3] in the world (m), counter-clockwise from outside, its colour."""

    corners: Array
    colour: str


def faces(frame: Frame) -> list[Face]:
    """Return the faces of the dog."""
    tilt = turn(frame.roll, frame.pitch, frame.yaw)
    place = np.array([frame.x, frame.y, frame.z])
    return [Face(face.corners @ tilt.T + place, face.colour)
            for face in (*_trunk(), *_legs(frame.joints))]


def _trunk() -> Iterator[Face]:
    """Yield the trunk, the head and what is on them, in the trunk's frame."""
    yield from loft([(-0.245, 0.055, 0.034, -0.002), (-0.205, 0.080, 0.054, 0.0),
                     (-0.06, 0.078, 0.050, 0.002), (0.08, 0.078, 0.050, 0.004),
                     (0.200, 0.082, 0.057, 0.004), (0.248, 0.064, 0.044, 0.012)], BODY)
    yield from loft([(-0.15, 0.040, 0.008, 0.056), (0.12, 0.040, 0.008, 0.059)], DARK)
    yield from loft([(0.235, 0.050, 0.034, 0.016), (0.285, 0.056, 0.044, 0.010),
                     (0.345, 0.040, 0.030, -0.010)], DARK)
    yield from loft([(0.343, 0.026, 0.017, -0.008), (0.356, 0.020, 0.012, -0.011)], LENS)


def loft(slices: Sequence[tuple[float, float, float, float]], colour: str) -> Iterator[Face]:
    """Yield a body through rounded slices: x, half width, half height and middle's z of each."""
    rings = [np.array([(x, w * math.cos(a), z + h * math.sin(a)) for a in _CORNERS])
             for x, w, h, z in slices]
    for back, front in zip(rings, rings[1:]):
        for i in range(len(_CORNERS)):
            j = (i + 1) % len(_CORNERS)
            yield Face(np.array([front[i], front[j], back[j], back[i]]), colour)
    yield Face(rings[0][::-1], colour)
    yield Face(rings[-1], colour)


_CORNERS = tuple(math.radians(a) for a in (22, 68, 112, 158, 202, 248, 292, 338))


def _legs(joints: Sequence[float]) -> Iterator[Face]:
    """Yield hips, thighs, calves and feet."""
    for place, leg in enumerate(LEGS):
        hip, shoulder, knee, foot = (
            np.array(p) for p in leg_points(leg, joints[3 * place:3 * place + 3]))
        out = (shoulder - hip) / np.linalg.norm(shoulder - hip)
        yield from tube(hip + 0.022 * out, shoulder + 0.026 * out, 0.040, 0.038, DARK, 12)
        yield from tube(shoulder, knee, 0.034, 0.022, BODY, 8)
        yield from tube(knee - 0.012 * out, knee + 0.012 * out, 0.025, 0.025, JOINT, 8)
        yield from tube(knee, foot, 0.017, 0.011, JOINT, 7)
        down = (foot - knee) / np.linalg.norm(foot - knee)
        yield from tube(foot - 0.018 * down, foot + 0.014 * down, FOOT_RADIUS,
                        0.75 * FOOT_RADIUS, FOOT, 8)


def tube(begin: Array, end: Array, thick: float, thin: float, colour: str,
         sides: int) -> Iterator[Face]:
    """Yield a cone's stump between two points (m), with its ends closed."""
    axis = (end - begin) / np.linalg.norm(end - begin)
    other = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.8 else np.array([0.0, 0.0, 1.0])
    u = np.cross(axis, other)
    u /= np.linalg.norm(u)
    v = np.cross(axis, u)
    angles = [2 * math.pi * k / sides for k in range(sides)]
    ring = np.array([math.cos(a) * u + math.sin(a) * v for a in angles])
    low, high = begin + thick * ring, end + thin * ring
    for i in range(sides):
        j = (i + 1) % sides
        yield Face(np.array([low[i], low[j], high[j], high[i]]), colour)
    yield Face(low[::-1], colour)
    yield Face(high, colour)

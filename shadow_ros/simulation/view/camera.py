"""A camera that follows the dog: perspective, light and the order in which faces are painted."""

from dataclasses import dataclass
from functools import cache, cached_property
import math
from typing import Sequence

import numpy as np
import numpy.typing as npt

from shadow_ros.simulation.view.dog import Face

Array = npt.NDArray[np.float64]

_SUN = np.array([0.35, -0.45, 0.82])
_AMBIENT = 0.46


@dataclass(frozen=True)
class Camera:
    """
    Looks at a point from a direction.

    `target` is in metres, `azimuth` and `elevation` in degrees seen from the target, `distance`
    in metres; `focal` scales the picture.
    """

    target: tuple[float, float, float]
    azimuth: float = -55.0
    elevation: float = 18.0
    distance: float = 1.9
    focal: float = 2.0

    def project(self, points: Array) -> tuple[Array, Array]:
        """Return picture coordinates [n, 2] and distances from the camera [n] of points [n, 3]."""
        right, up, ahead, eye = self._axes
        seen = points - eye
        depth = np.maximum(seen @ ahead, 0.05)
        flat = np.stack([seen @ right, seen @ up], axis=1)
        return self.focal * flat / depth[:, None], depth

    @cached_property
    def _axes(self) -> tuple[Array, Array, Array, Array]:
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        away = np.array([math.cos(elevation) * math.cos(azimuth),
                         math.cos(elevation) * math.sin(azimuth), math.sin(elevation)])
        eye = np.array(self.target) + self.distance * away
        ahead = -away
        right = np.cross(ahead, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        return right, np.cross(right, ahead), ahead, eye

    @property
    def eye(self) -> Array:
        """Return where the camera is."""
        return self._axes[3]


def painted(faces: Sequence[Face], camera: Camera) -> tuple[list[Array], Array]:
    """Return outlines [n, 2] and colours [faces, 3] of what can be seen, the farthest first."""
    shown = []
    sun = _SUN / np.linalg.norm(_SUN)
    flats, depths = camera.project(np.concatenate([face.corners for face in faces]))
    place = 0
    for face in faces:
        begin, place = place, place + len(face.corners)
        a, b, c = face.corners[:3]
        normal = np.cross(b - a, c - b)
        length = float(np.linalg.norm(normal))
        if length < 1e-12 or normal @ (camera.eye - a) <= 0.0:
            continue
        light = _AMBIENT + (1 - _AMBIENT) * max(0.0, float(normal @ sun) / length)
        shown.append((float(depths[begin:place].mean()), flats[begin:place],
                      rgb(face.colour) * light))
    shown.sort(key=lambda item: -item[0])
    return [flat for _, flat, _ in shown], np.array([colour for _, _, colour in shown])


@cache
def rgb(colour: str) -> Array:
    """Return red, green and blue (0 to 1) of `#rrggbb`."""
    return np.array([int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)])

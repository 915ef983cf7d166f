"""The virtual Go2's services with Gazebo's model for a body: Twist and targets out, odom in."""

from dataclasses import dataclass, replace
import math
from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt

from shadow_ros.robot.sport.posture import posture
from shadow_ros.robot.virtual.dog import Dog
from shadow_ros.robot.virtual.report import Report
from shadow_ros.robot.virtual.robot import Robot
from shadow_ros.simulation.looks import Looks
from shadow_ros.simulation.motion import Frame, Motion, turn
from shadow_ros.simulation.trace import Moment

STALE = 0.5  # s without odometry after which the robot's state is not published any more
PULL, TURN_PULL = 6.0, 7.0  # 1/s; how hard height and tilt are pulled to where they shall be
MAX_LIFT, MAX_SPIN = 1.5, 9.0  # m/s, rad/s

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Odometry:
    """
    What Gazebo reports of the base.

    Position in metres and quaternion (w, x, y, z) in the odometry frame; velocity forward, left
    (m/s) and turning (rad/s) in the base's own; `stamp` is when it arrived (monotonic s).
    """

    stamp: float
    position: tuple[float, float, float]
    quaternion: tuple[float, float, float, float]
    velocity: tuple[float, float, float]

    @property
    def rotation(self) -> Array:
        """Return the rotation [3, 3] from the base's frame to the odometry frame."""
        w, x, y, z = self.quaternion
        return np.array([
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]])

    @property
    def yaw(self) -> float:
        """Return the heading (rad)."""
        rotation = self.rotation
        return math.atan2(rotation[1, 0], rotation[0, 0])


@dataclass(frozen=True)
class Drive:
    """What Gazebo shall do: velocities in the base's frame (m/s, rad/s), joint angles (rad)."""

    linear: tuple[float, float, float]
    angular: tuple[float, float, float]
    joints: tuple[float, ...]


class GazeboRobot(Robot):
    """
    A Go2 whose sport service is the virtual one and whose motion is Gazebo's.

    What is asked of it decides the velocity; where it is and how fast comes from odometry alone,
    so that a dog that bumps into a sofa reports that it stands. Without odometry it is silent.
    """

    def __init__(self, now: float, firmware: str = 'new') -> None:
        super().__init__(Dog(now), firmware)
        self._odometry: Optional[Odometry] = None
        self._now = now
        self._looks, self._motion = Looks(), Motion()
        self._before: Optional[tuple[float, Array]] = None

    def odometry(self, odometry: Odometry) -> None:
        """Take a report of Gazebo's base."""
        with self._lock:
            base = self._dog.walker.base
            base.x, base.y = odometry.position[0], odometry.position[1]
            if not self._upside(odometry):
                base.yaw += math.remainder(odometry.yaw - base.yaw, 2 * math.pi)
            self._odometry = odometry

    @property
    def released(self) -> bool:
        """Return whether there is no state to publish: no motion mode, or no odometry."""
        odometry = self._odometry
        return super().released or odometry is None or self._now - odometry.stamp > STALE

    def report(self, now: float) -> Report:
        """Return the dog's report with the velocity that Gazebo measures."""
        report, self._now = super().report(now), now
        odometry = self._odometry
        return replace(report, velocity=odometry.velocity) if odometry else report

    def drive(self, now: float) -> Drive:
        """Return what Gazebo shall do now; call it 50 times a second."""
        report, odometry = super().report(now), self._odometry
        frame = self._motion.step(self._looks.of(_moment(report)))
        if odometry is None:
            return Drive((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), frame.joints)
        back = odometry.rotation.T
        yaw = report.yaw
        vx, vy, wz = report.velocity
        lift = _clamp(PULL * (frame.z - odometry.position[2]), MAX_LIFT)
        level = np.array([vx * math.cos(yaw) - vy * math.sin(yaw),
                          vx * math.sin(yaw) + vy * math.cos(yaw), lift])
        return Drive(_three(back @ level), self._spin(now, frame, yaw, wz, back), frame.joints)

    def _spin(self, now: float, frame: Frame, yaw: float, wz: float,
              back: Array) -> tuple[float, float, float]:
        """Return the turning that tilts the base as the frame has it, and turns it with wz."""
        wanted = turn(frame.roll, frame.pitch, 0.0)
        rate = np.zeros(3)
        if self._before is not None and now > self._before[0]:
            rate = rotation_vector(self._before[1].T @ wanted) / (now - self._before[0])
        self._before = now, wanted
        error = rotation_vector(back @ turn(0.0, 0.0, yaw) @ wanted)
        spin = rate + TURN_PULL * error + back @ np.array([0.0, 0.0, wz])
        return _three(np.clip(spin, -MAX_SPIN, MAX_SPIN))

    def _upside(self, odometry: Odometry) -> bool:
        """Return whether the base is so tilted that its heading says nothing."""
        rotation = odometry.rotation
        return bool(abs(rotation[2, 0]) > 0.85 or rotation[2, 2] < 0.0)


def rotation_vector(rotation: Array) -> Array:
    """Return axis times angle (rad) of a rotation [3, 3]."""
    angle = math.acos(_clamp((float(np.trace(rotation)) - 1) / 2, 1.0))
    axis = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0],
                     rotation[1, 0] - rotation[0, 1]])
    length = float(np.linalg.norm(axis))
    return axis / length * angle if length > 1e-9 else np.zeros(3)


def _moment(report: Report) -> Moment:
    return Moment(report.time, report.x, report.y, report.yaw, *report.velocity,
                  posture(report.mode, report.code, report.height), report.skill)


def _three(vector: Sequence[float] | Array) -> tuple[float, float, float]:
    x, y, z = (float(part) for part in vector)
    return x, y, z


def _clamp(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))

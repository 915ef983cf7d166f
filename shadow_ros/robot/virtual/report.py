"""What the virtual dog knows of itself at one time."""

from dataclasses import dataclass

from shadow_ros.robot.virtual.base import Triple
from shadow_ros.robot.virtual.skills import Posture


@dataclass(frozen=True)
class Report:
    """
    The state from which every published message is made.

    x, y, z in metres and yaw in radians (not wrapped) in the odometry frame; velocity in m/s,
    m/s, rad/s in the body frame. `height` is the body's above its feet, z that above the ground;
    `slope` the part of the pitch (rad) that the legs make; `stride` the phase of the trot (rad).
    `skill` names the motion under way, '' when there is none; `mode`, `progress` and `gait` are
    sportmodestate's, `code` the state code of new firmware. `battery` is in percent; `free_way`
    is what lies before the nose (m), inf without an obstacle.
    """

    time: float
    posture: Posture
    skill: str
    mode: int
    code: int
    progress: float
    gait: int
    x: float
    y: float
    z: float
    yaw: float
    velocity: Triple
    roll: float
    pitch: float
    height: float
    slope: float
    stride: float
    walking: bool
    battery: float
    free_way: float

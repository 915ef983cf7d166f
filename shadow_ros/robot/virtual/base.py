"""The moving base: acceleration-limited velocity in the body frame, integrated to odometry."""

from dataclasses import dataclass
import math

ACCELERATION = (2.5, 2.0, 5.0)
"""Forward and sideways (m/s²) and turning (rad/s²), when speeding up."""

BRAKING = (4.5, 4.0, 8.0)
"""The same when slowing down: from 0.8 m/s the dog stands after 0.18 s and 7 cm."""

LIMITS = ((-2.5, 3.8), (-1.0, 1.0), (-4.0, 4.0))
"""What a Go2 takes in Move (m/s, m/s, rad/s); more is cut down to it."""

Triple = tuple[float, float, float]
STILL: Triple = (0.0, 0.0, 0.0)


@dataclass
class Base:
    """Position (m) and unwrapped heading (rad) in the odometry frame; velocity in the body's."""

    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0
    velocity: Triple = STILL

    def step(self, target: Triple, dt: float) -> None:
        """Bring the velocity towards the target for `dt` seconds and move on with its mean."""
        before = self.velocity
        vx, vy, wz = (_approach(v, t, up * dt, down * dt) for v, t, up, down
                      in zip(before, target, ACCELERATION, BRAKING))
        self.velocity = (vx, vy, wz)
        turn = (before[2] + wz) / 2 * dt
        self.shift((before[0] + vx) / 2 * dt, (before[1] + vy) / 2 * dt, self.yaw + turn / 2)
        self.yaw += turn

    def shift(self, forward: float, left: float, heading: float) -> None:
        """Displace the base (m) in the direction of a heading (rad)."""
        self.x += forward * math.cos(heading) - left * math.sin(heading)
        self.y += forward * math.sin(heading) + left * math.cos(heading)

    def way_to(self, goal: Triple) -> Triple:
        """Return what is left to a goal: forward and left in the body frame (m), turn (rad)."""
        dx, dy = goal[0] - self.x, goal[1] - self.y
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return dx * cos + dy * sin, dy * cos - dx * sin, goal[2] - self.yaw

    def ahead(self, way: Triple) -> Triple:
        """Return the pose that lies a way (m forward, m left, rad) from here."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return (self.x + way[0] * cos - way[1] * sin, self.y + way[0] * sin + way[1] * cos,
                self.yaw + way[2])


def clamp(velocity: Triple) -> Triple:
    """Return the velocity within what a Go2 takes."""
    x, y, z = (min(max(v, low), high) for v, (low, high) in zip(velocity, LIMITS))
    return x, y, z


def _approach(value: float, target: float, up: float, down: float) -> float:
    """Return the value moved towards the target: by `up` away from zero, `down` towards it."""
    if value * target < 0.0:
        target = 0.0  # a change of direction passes through a stand
    if abs(target) > abs(value):
        return value + math.copysign(min(up, abs(target - value)), target - value)
    return value + math.copysign(min(down, abs(target - value)), target - value)

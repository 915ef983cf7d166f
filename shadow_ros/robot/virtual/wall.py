"""A wall in the virtual dog's world, so that obstacle avoidance has something to avoid."""

from dataclasses import dataclass
import math

from shadow_ros.robot.virtual.base import Base, STILL, Triple

NOSE = 0.35  # m, from the middle of the body
_MARGIN = 0.3  # m that a guarded walk leaves free
_GAIN = 2.0  # 1/s, from free way to speed


@dataclass(frozen=True)
class Wall:
    """A wall across the odometry frame at `x` metres; the dog starts at 0, facing it."""

    x: float

    def free_way(self, base: Base) -> float:
        """Return how far (m) the nose is from the wall, straight ahead; inf when facing away."""
        facing = math.cos(base.yaw)
        if facing < 1e-3:
            return math.inf
        return max(0.0, (self.x - base.x) / facing - NOSE)

    def guard(self, velocity: Triple, base: Base) -> Triple:
        """Return the velocity that stops in front of the wall."""
        forward, left, turn = velocity
        return min(forward, max(0.0, _GAIN * (self.free_way(base) - _MARGIN))), left, turn

    def hold(self, base: Base) -> None:
        """Keep the dog on this side: it bumps into the wall and stands."""
        if base.x > self.x - NOSE:
            base.x = self.x - NOSE
            base.velocity = STILL

"""Joint angles of the legs from the body's height, slope and stride."""

import math

from shadow_ros.robot.virtual.report import Report

LEGS = ('FR', 'FL', 'RR', 'RL')
"""The Go2's order; each leg has hip, thigh and calf."""

_LINK = 0.213  # m, thigh and calf alike
_FOOT = 0.022  # m, radius
_HALF_LENGTH = 0.1934  # m, from the middle of the body to the hips
_SWING = 0.25  # rad of the thigh, at the fastest walk
_LIFT = 0.45  # rad of the calf
_FOLDED, _STRAIGHT = 2.70, 0.85  # rad, the calf's limits


def joint_angles(report: Report) -> list[float]:
    """Return the 12 joint angles (rad) in the order of LEGS."""
    angles: list[float] = []
    for leg in LEGS:
        front = leg[0] == 'F'
        drop = math.sin(report.slope) * (_HALF_LENGTH if front else -_HALF_LENGTH)
        thigh, calf = _bend(report.height - drop)
        if report.walking:
            swing, lift = _trot(report, diagonal=leg in ('FR', 'RL'))
            thigh, calf = thigh + swing, calf - lift
        angles += [0.0, thigh, max(calf, -_FOLDED)]
    return angles


def _bend(height: float) -> tuple[float, float]:
    """Return thigh and calf angles that hold the hip `height` metres over its foot."""
    reach = min(max((height - _FOOT) / (2 * _LINK), -1.0), 1.0)
    half = min(max(math.acos(reach), _STRAIGHT / 2), _FOLDED / 2)
    return half, -2 * half


def _trot(report: Report, diagonal: bool) -> tuple[float, float]:
    """Return what the stride adds to the thigh and takes from the calf (rad)."""
    phase = report.stride + (0.0 if diagonal else math.pi)
    vx, vy, wz = report.velocity
    effort = min(1.0, 0.2 + abs(vx) + abs(vy) + 0.3 * abs(wz))
    return -_SWING * effort * math.sin(phase), _LIFT * effort * max(0.0, math.cos(phase))

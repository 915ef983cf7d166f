"""The scripted tour of the demo: what is said, and what the robot is expected to do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from shadow_ros.commands.expect import (
    Expectation, interrupted, moves, plan, posture, refused, routed, stops)

SPOKEN = Path(__file__).parents[1] / 'speech' / 'data' / 'walk_forward_two_meters.wav'


@dataclass(frozen=True)
class Step:
    """
    One command of a demo, typed (`text`) or spoken (`wav`).

    With `stop_after` metres walked, the next step is given while this one still runs.
    """

    text: str
    expect: Expectation
    wav: Optional[Path] = None
    stop_after: float = 0.0


def tour() -> tuple[Step, ...]:
    """Return the steps, in English and Chinese."""
    return (
        Step('who are you?', routed('talk')),
        Step('stand up', posture('stand')),
        Step(SPOKEN.name, moves(x=2.0), wav=SPOKEN),
        Step('左转九十度', moves(yaw=90.0)),
        Step('walk forward one meter', moves(x=1.0)),
        Step('坐下', posture('sit')),
        Step('wave, then turn left', plan('HELLO', 'TURN') & moves(yaw=90.0)),
        Step('walk forward four meters', interrupted(0.8, 2.0), stop_after=1.0),
        Step('stop', stops(0.5)),
        Step('do a backflip', refused()),
        Step('向右平移一米', moves(y=-1.0)),
        Step('go to the kitchen and find my keys', routed('remote')),
        Step('伸个懒腰', plan('STRETCH')),
        Step('lie down', posture('lie')),
    )

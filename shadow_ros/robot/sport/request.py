"""One request to a service of the Go2, and how a velocity is worded in each."""

from dataclasses import dataclass
import json
from typing import Any

from shadow_ros.robot.body import Velocity
from shadow_ros.robot.sport.ids import Avoid, OBSTACLES_AVOID, SPORT, Sport


@dataclass(frozen=True)
class Request:
    """A call of a service; `parameter` is the JSON text that goes on the wire."""

    service: str
    api: int
    parameter: str = '{}'

    def __str__(self) -> str:
        """Return the call as people look it up: `sport 1009 Sit`."""
        return f'{self.service} {int(self.api)} {name_of(self)}'.rstrip()


def request(service: str, api: int, **parameter: Any) -> Request:
    """Return the request with these parameters."""
    return Request(service, int(api), json.dumps(parameter))


def name_of(call: Request) -> str:
    """Return the SDK's name of the call, '' for an id of no name."""
    table = {SPORT: Sport, OBSTACLES_AVOID: Avoid}.get(call.service)
    try:
        return table(call.api).name if table else ''
    except ValueError:
        return ''


STOP = request(SPORT, Sport.STOPMOVE)


def move(velocity: Velocity, service: str = SPORT) -> Request:
    """
    Return the no-reply call that walks (m/s, m/s, rad/s) for about a second.

    Past the robot's obstacle avoidance it goes to `sport`, with it to `obstacles_avoid`, where
    the turn has another name and mode 0 is a velocity.
    """
    if service == OBSTACLES_AVOID:
        return request(service, Avoid.MOVE, x=velocity.vx, y=velocity.vy, yaw=velocity.wz, mode=0)
    return request(service, Sport.MOVE, x=velocity.vx, y=velocity.vy, z=velocity.wz)


def listen(to_us: bool) -> Request:
    """Return the call that makes obstacle avoidance take velocities from us or from its owner."""
    return request(OBSTACLES_AVOID, Avoid.USE_REMOTE_COMMAND_FROM_API,
                   is_remote_commands_from_api=to_us)

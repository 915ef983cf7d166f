"""From the configuration to a body."""

from typing import Callable

from shadow_ros.config import Robot
from shadow_ros.errors import RobotError, shorten
from shadow_ros.plugin import find_class
from shadow_ros.robot.body import Body
from shadow_ros.robot.go2.body import Go2Body
from shadow_ros.robot.twist import TwistBody


def make_body(robot: Robot, publish: Callable[[float, float, float], None]) -> Body:
    """
    Return the body that the configuration names, not started yet.

    `publish(vx, vy, wz)` is the velocity topic of the twist body. The virtual Go2 is driven as
    the real one is, on the loopback interface. `package.module:Class` is a body of your own,
    made without arguments.
    """
    if robot.body == 'twist':
        return TwistBody(publish)
    if robot.body == 'virtual':
        return Go2Body('lo', robot.dds_domain, robot.obstacle_avoidance, name='virtual')
    if robot.body == 'go2':
        return Go2Body(robot.network_interface, robot.dds_domain, robot.obstacle_avoidance)
    maker = find_class(robot.body, 'body', {}, RobotError)
    try:
        body: Body = maker()
    except TypeError as error:
        raise RobotError(f'the body {shorten(robot.body)} must be made without arguments: '
                         f'{error}') from None
    return body

"""The sport service of a Go2 whose body is Gazebo's model: DDS on one side, ROS on the other."""

import argparse
import signal
import sys
import threading
import time
from typing import Optional, Sequence

from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry as OdometryMessage
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args
from std_msgs.msg import Float64

from shadow_ros.errors import RobotError
from shadow_ros.robot import dds
from shadow_ros.robot.virtual.robot import FIRMWARES
from shadow_ros.simulation.gazebo.bridge import CMD_VEL, ODOM, target_topic
from shadow_ros.simulation.gazebo.puppet import Drive, GazeboRobot, Odometry
from shadow_ros.simulation.kinematics import joint_names

PERIOD = 0.02  # s between two velocities; Gazebo keeps the last one, and one alone may get lost

_DESCRIPTION = """\
Serve the Go2's high-level API (sport, motion_switcher, obstacles_avoid, vui) on DDS, with the
model in Gazebo as its body: whoever drives the robot drives the simulation."""


class GazeboNode(Node):
    """Carries velocities and joint targets to ros_gz_bridge, and odometry back."""

    def __init__(self, robot: GazeboRobot) -> None:
        super().__init__('gazebo_go2')
        self._robot = robot
        self._twist = self.create_publisher(Twist, CMD_VEL, 10)
        self._targets = [self.create_publisher(Float64, target_topic(joint), 10)
                         for joint in joint_names()]
        self.create_subscription(OdometryMessage, ODOM, self._on_odometry, 10)

    def drive(self) -> None:
        """Send what Gazebo shall do now."""
        self._send(self._robot.drive(time.monotonic()))

    def halt(self) -> None:
        """Send zero: Gazebo would go on with the last velocity for ever."""
        self._twist.publish(Twist())

    def _send(self, drive: Drive) -> None:
        message = Twist()
        message.linear.x, message.linear.y, message.linear.z = drive.linear
        message.angular.x, message.angular.y, message.angular.z = drive.angular
        self._twist.publish(message)
        for publisher, angle in zip(self._targets, drive.joints):
            publisher.publish(Float64(data=angle))

    def _on_odometry(self, message: OdometryMessage) -> None:
        p, q = message.pose.pose.position, message.pose.pose.orientation
        twist = message.twist.twist
        self._robot.odometry(Odometry(
            time.monotonic(), (p.x, p.y, p.z), (q.w, q.x, q.y, q.z),
            (twist.linear.x, twist.linear.y, twist.angular.z)))


def build_parser() -> argparse.ArgumentParser:
    """Return the options of the program."""
    parser = argparse.ArgumentParser('gazebo_go2', description=_DESCRIPTION)
    parser.add_argument('--network-interface', default='lo', metavar='NAME',
                        help='interface to serve on (default: lo)')
    parser.add_argument('--dds-domain', type=int, default=1, metavar='N',
                        help='DDS domain of the service, 0 to 232 (default: 1)')
    parser.add_argument('--firmware', choices=FIRMWARES, default='new', help='(default: new)')
    return parser


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run until SIGINT or SIGTERM; return the exit code."""
    given = list(sys.argv if arguments is None else ['gazebo_go2', *arguments])
    options = build_parser().parse_args(remove_ros_args(given)[1:])
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        _serve(options, given, stopped)
    except RobotError as error:
        print(f'gazebo go2: {error}', file=sys.stderr)
        return 1
    return 0


def _serve(options: argparse.Namespace, arguments: Sequence[str],
           stopped: threading.Event) -> None:
    """Serve on DDS and drive Gazebo until `stopped` is set."""
    dds.connect(options.network_interface, options.dds_domain)
    from shadow_ros.robot.virtual.service import VirtualGo2
    rclpy.init(args=list(arguments), signal_handler_options=SignalHandlerOptions.NO)
    robot = GazeboRobot(time.monotonic(), options.firmware)
    node, executor = GazeboNode(robot), SingleThreadedExecutor()
    executor.add_node(node)
    go2 = VirtualGo2(robot)
    go2.start()
    states = threading.Thread(target=go2.run, args=(stopped,), name='states', daemon=True)
    states.start()
    print(f'gazebo go2 ready on {options.network_interface}, domain {options.dds_domain}; '
          f'velocity to {CMD_VEL}, odometry from {ODOM}', flush=True)
    try:
        _drive(node, executor, stopped)
    finally:
        states.join(2.0)
        node.destroy_node()
        rclpy.try_shutdown()


def _drive(node: GazeboNode, executor: SingleThreadedExecutor, stopped: threading.Event) -> None:
    """Take odometry and send velocities until `stopped` is set, then zero."""
    due = time.monotonic()
    while not stopped.is_set():
        executor.spin_once(timeout_sec=max(0.0, due - time.monotonic()))
        if time.monotonic() >= due:
            node.drive()
            due = max(due + PERIOD, time.monotonic())
    for _ in range(5):
        node.halt()
        executor.spin_once(timeout_sec=PERIOD)


if __name__ == '__main__':
    raise SystemExit(main())

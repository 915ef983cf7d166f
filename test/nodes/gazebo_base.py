"""A stand-in for Gazebo's base: a real ROS node that integrates the Twist and reports odometry."""

import math
import sys
import time

from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
import numpy as np
import rclpy
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Float64

from shadow_ros.simulation.gazebo.bridge import CMD_VEL, ODOM, target_topic
from shadow_ros.simulation.kinematics import joint_names

RATE = 50.0


def turned(rotation, spin, dt):
    """Return the rotation [3, 3] after turning with `spin` (rad/s, own frame) for dt seconds."""
    angle = float(np.linalg.norm(spin)) * dt
    if angle < 1e-9:
        return rotation
    x, y, z = spin * dt / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return rotation @ (np.eye(3) + math.sin(angle) * cross
                       + (1 - math.cos(angle)) * cross @ cross)


def quaternion(rotation):
    """Return w, x, y, z of a rotation; good for less than half a turn."""
    w = math.sqrt(max(1e-9, 1 + np.trace(rotation))) / 2
    return (w, (rotation[2, 1] - rotation[1, 2]) / (4 * w),
            (rotation[0, 2] - rotation[2, 0]) / (4 * w),
            (rotation[1, 0] - rotation[0, 1]) / (4 * w))


def main():
    """Integrate until killed; a wall may stand at the x given as argument. Print the joints."""
    wall = float(sys.argv[1]) if len(sys.argv) > 1 else math.inf
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('gazebo_base')
    order = [np.zeros(3), np.zeros(3)]
    joints = {}

    def take(twist):
        order[0] = np.array([twist.linear.x, twist.linear.y, twist.linear.z])
        order[1] = np.array([twist.angular.x, twist.angular.y, twist.angular.z])

    node.create_subscription(Twist, CMD_VEL, take, 10)
    for joint in joint_names():
        node.create_subscription(
            Float64, target_topic(joint),
            lambda message, joint=joint: joints.__setitem__(joint, message.data), 10)
    odometry = node.create_publisher(Odometry, ODOM, 10)
    place, rotation = np.array([0.0, 0.0, 0.31]), np.eye(3)
    now, due, told = time.monotonic(), time.monotonic(), time.monotonic()
    print('base ready', flush=True)
    while True:
        rclpy.spin_once(node, timeout_sec=max(0.0, due - time.monotonic()))
        if time.monotonic() < due:
            continue
        dt, now = time.monotonic() - now, time.monotonic()
        due = max(due + 1 / RATE, now)
        before = place.copy()
        place = place + rotation @ order[0] * dt
        place[0] = min(place[0], wall)
        rotation = turned(rotation, order[1], dt)
        message = Odometry()
        pose, twist = message.pose.pose, message.twist.twist
        pose.position.x, pose.position.y, pose.position.z = map(float, place)
        (pose.orientation.w, pose.orientation.x, pose.orientation.y,
         pose.orientation.z) = map(float, quaternion(rotation))
        speed = rotation.T @ (place - before) / max(dt, 1e-6)
        twist.linear.x, twist.linear.y, twist.linear.z = map(float, speed)
        twist.angular.z = float(order[1][2])
        odometry.publish(message)
        if now - told > 0.2:
            told = now
            print('joints ' + ' '.join(f'{joints.get(joint, 9.9):.3f}' for joint in joint_names())
                  + f' z {place[2]:.3f}', flush=True)


if __name__ == '__main__':
    main()

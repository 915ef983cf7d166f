"""What ros_gz_bridge carries between Gazebo and ROS 2: topics, types and directions."""

from dataclasses import dataclass
from typing import Iterator

from shadow_ros.simulation.gazebo.names import FLAVOURS
from shadow_ros.simulation.kinematics import joint_names

WORLD, MODEL = 'living_room', 'go2'
NAMESPACE = '/gazebo'
"""Of the topics on the ROS side, clear of those of shadow_ros itself."""

IMU, IMAGE, CONTACTS = (f'/model/{MODEL}/{name}' for name in ('imu', 'camera', 'contacts'))
CMD_VEL, ODOM = f'{NAMESPACE}/cmd_vel', f'{NAMESPACE}/odom'
_TO_ROS, _TO_GZ = 'GZ_TO_ROS', 'ROS_TO_GZ'


@dataclass(frozen=True)
class Bridge:
    """One topic on both sides; `gz_type` is the type's name without its prefix."""

    ros_topic: str
    gz_topic: str
    ros_type: str
    gz_type: str
    direction: str


def target_topic(joint: str) -> str:
    """Return the ROS topic of a joint's target angle (rad)."""
    return f'{NAMESPACE}/{joint}/target'


def bridges() -> Iterator[Bridge]:
    """Yield all that is carried."""
    yield Bridge('/clock', '/clock', 'rosgraph_msgs/msg/Clock', 'Clock', _TO_ROS)
    yield Bridge(CMD_VEL, f'/model/{MODEL}/cmd_vel', 'geometry_msgs/msg/Twist', 'Twist', _TO_GZ)
    yield Bridge(ODOM, f'/model/{MODEL}/odometry', 'nav_msgs/msg/Odometry', 'Odometry', _TO_ROS)
    yield Bridge(f'{NAMESPACE}/joint_states', f'/world/{WORLD}/model/{MODEL}/joint_state',
                 'sensor_msgs/msg/JointState', 'Model', _TO_ROS)
    for joint in joint_names():
        # Gazebo's own name has a part that is a number, which ROS 2 does not allow.
        yield Bridge(target_topic(joint), f'/model/{MODEL}/joint/{joint}/0/cmd_pos',
                     'std_msgs/msg/Float64', 'Double', _TO_GZ)
    yield Bridge(f'{NAMESPACE}/imu', IMU, 'sensor_msgs/msg/Imu', 'IMU', _TO_ROS)
    yield Bridge(f'{NAMESPACE}/camera', IMAGE, 'sensor_msgs/msg/Image', 'Image', _TO_ROS)
    yield Bridge(f'{NAMESPACE}/camera_info', f'/model/{MODEL}/camera_info',
                 'sensor_msgs/msg/CameraInfo', 'CameraInfo', _TO_ROS)
    yield Bridge(f'{NAMESPACE}/contacts', CONTACTS, 'ros_gz_interfaces/msg/Contacts', 'Contacts',
                 _TO_ROS)


def bridge_yaml(flavour: str) -> str:
    """Return the configuration file of ros_gz_bridge for a flavour of Gazebo."""
    names = FLAVOURS[flavour]
    lines = ['# Written by shadow_ros.simulation.gazebo.sdf; do not edit.']
    for bridge in bridges():
        lines += [f'- ros_topic_name: "{bridge.ros_topic}"',
                  f'  gz_topic_name: "{bridge.gz_topic}"',
                  f'  ros_type_name: "{bridge.ros_type}"',
                  f'  gz_type_name: "{names.message(bridge.gz_type)}"',
                  f'  direction: {bridge.direction}']
    return '\n'.join(lines) + '\n'

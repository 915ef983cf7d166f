"""
Start Gazebo with the Go2, its sport service, and shadow_ros on top of it.

    ros2 launch shadow_ros go2_gazebo.launch.py recogniser:=none
    ros2 topic pub --once /shadow/command std_msgs/msg/String "{data: sit down}"
"""

import os
from pathlib import Path

from launch import LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction, SetEnvironmentVariable)
from launch.launch_context import LaunchContext
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from shadow_ros.simulation.gazebo.start import Start, start

PACKAGE = 'shadow_ros'

# Argument: its default and what it is.
ARGUMENTS = {
    'gazebo': ('auto', 'fortress (ign), gz (Harmonic, Ionic, Jetty), or auto for the one that '
                       'comes with this ROS'),
    'headless': ('false', 'true: no window; the camera still sees'),
    'dds_domain': ('1', 'DDS domain of the sport service, on the loopback interface'),
    'intent': ('true', 'false: Gazebo and the sport service only, for a program of your own'),
    'recogniser': ('', 'as in go2_intent.launch.py'),
    'source': ('', 'as in go2_intent.launch.py'),
    'model': ('', 'as in go2_intent.launch.py'),
    'acrobatics': ('', 'as in go2_intent.launch.py'),
    'params_file': ('', 'as in go2_intent.launch.py'),
}
PASSED_ON = ('recogniser', 'source', 'model', 'acrobatics', 'params_file')


def generate_launch_description() -> LaunchDescription:
    """Return the declared arguments, and what starts everything once their values are known."""
    declared = [DeclareLaunchArgument(name, default_value=default, description=text)
                for name, (default, text) in ARGUMENTS.items()]
    return LaunchDescription([*declared, OpaqueFunction(function=launch_setup)])


def launch_setup(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return what the arguments ask for; a wrong one ends the launch at once."""
    given = context.launch_configurations
    what = start(os.environ.get('ROS_DISTRO', ''), given['gazebo'],
                 given['headless'].lower() == 'true')
    entities = [*gazebo(what), bridge(what), sport_service(what, given['dds_domain'])]
    if given['intent'].lower() != 'false':
        entities.append(intent({name: given[name] for name in PASSED_ON}, given['dds_domain']))
    return entities


def gazebo(what: Start) -> list[LaunchDescriptionEntity]:
    """Return Gazebo with the world, running."""
    path = PathJoinSubstitution([FindPackageShare('ros_gz_sim'), 'launch', 'gz_sim.launch.py'])
    return [
        *(SetEnvironmentVariable(name, value) for name, value in what.environment.items()),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(path),
            launch_arguments={'gz_args': what.gz_args, 'on_exit_shutdown': 'true'}.items())]


def bridge(what: Start) -> Node:
    """Return the bridge between the topics of Gazebo and of ROS."""
    return Node(package='ros_gz_bridge', executable='parameter_bridge', name='gazebo_bridge',
                output='screen', parameters=[{'config_file': str(what.bridge)}])


def sport_service(what: Start, domain: str) -> Node:
    """Return the Go2's services with Gazebo's model for a body."""
    return Node(package=PACKAGE, executable='gazebo_go2', name='gazebo_go2', output='screen',
                arguments=['--network-interface', 'lo', '--dds-domain', domain],
                additional_env=dict(what.service_environment))


def intent(given: dict[str, str], domain: str) -> IncludeLaunchDescription:
    """Return shadow_ros itself: the go2 body meets the sport service as it would the robot."""
    path = Path(__file__).with_name('go2_intent.launch.py')
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(path)),
        launch_arguments={**given, 'body': 'go2', 'network_interface': 'lo',
                          'dds_domain': domain}.items())

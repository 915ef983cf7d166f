"""
Start shadow_ros: speech, intent and action as lifecycle nodes, and the virtual Go2 if wanted.

    ros2 launch shadow_ros go2_intent.launch.py body:=virtual recogniser:=none
"""

import inspect
from pathlib import Path

from launch import LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument, EmitEvent, ExecuteProcess, OpaqueFunction, RegisterEventHandler)
from launch.event_handlers import OnProcessStart
from launch.events import matches_action
from launch.launch_context import LaunchContext
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import ExecutableInPackage
from lifecycle_msgs.msg import Transition

from shadow_ros.config import Config, NODES, SETTINGS
from shadow_ros.errors import ConfigError

PACKAGE = 'shadow_ros'
NAMESPACE = 'shadow'

# Launch argument: the parameter that it sets.
PARAMETERS = {
    'body': 'robot.body',
    'recogniser': 'speech.recogniser',
    'source': 'speech.source',
    'model': 'intent.model',
    'network_interface': 'robot.network_interface',
    'dds_domain': 'robot.dds_domain',
    'acrobatics': 'robot.acrobatics',
    'backbone_url': 'intent.backbone.url',
    'backbone_token_file': 'intent.backbone.token_file',
    'backbone_certificate': 'intent.backbone.certificate',
    'record': 'recorder.mode',
}
OTHERS = {
    'params_file': ('', 'path of a ROS parameter file; the arguments above win over it'),
    'console': ('false', 'start the web console (not in this version)'),
    'log_level': ('info', 'how much the nodes log: debug, info, warn or error'),
}


def generate_launch_description() -> LaunchDescription:
    """Return the declared arguments, and what starts the nodes once their values are known."""
    declared = [
        DeclareLaunchArgument(
            argument, default_value='',
            description=f'{SETTINGS[name].text}: {SETTINGS[name].expected()}; empty takes '
                        f'{name} of the parameter file, or else {SETTINGS[name].default!r}')
        for argument, name in PARAMETERS.items()]
    declared += [DeclareLaunchArgument(argument, default_value=default, description=text)
                 for argument, (default, text) in OTHERS.items()]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the processes for the arguments' values; a wrong one ends the launch at once."""
    given = context.launch_configurations
    if given['console'].lower() not in ('', 'false') and 'console' not in NODES:
        raise ConfigError('the web console is not in this version; leave console:=false')
    file = given['params_file']
    config = Config.load(Path(file) if file else None, [
        f'{name}={given[argument]}' for argument, name in PARAMETERS.items() if given[argument]])
    entities = [entity for node in config.nodes()
                for entity in lifecycle_node(node, config, file, given['log_level'])]
    return [*virtual_go2(config), *entities]


def lifecycle_node(name: str, config: Config, file: str,
                   log_level: str) -> list[LaunchDescriptionEntity]:
    """Return the node and what brings it to active."""
    # Where launch_ros can start a lifecycle by itself (Jazzy and later), it does.
    own = 'autostart' in inspect.signature(LifecycleNode.__init__).parameters
    node = LifecycleNode(
        package=PACKAGE, executable=name, name=name, namespace=NAMESPACE, output='screen',
        parameters=[*([file] if file else []), parameters_of(name, config)],
        # To bring a robot that no longer answers to rest may take longer than launch's 5 s.
        sigterm_timeout='10', ros_arguments=['--log-level', log_level],
        **({'autostart': True} if own else {}))
    return [node] if own else [*transitions(node), node]


def parameters_of(name: str, config: Config) -> dict[str, object]:
    """Return the parameters of a node; texts are marked as such, or YAML would guess."""
    own = {key: ParameterValue(value, value_type=type(value))
           for key, value in config.flat().items() if key.split('.')[0] in NODES[name]}
    return {**own, 'autostart': False}


def transitions(node: LifecycleNode) -> list[LaunchDescriptionEntity]:
    """Return the handlers that configure the node when it starts, then activate it (Humble)."""
    def change(transition: int) -> EmitEvent:
        return EmitEvent(event=ChangeState(
            lifecycle_node_matcher=matches_action(node), transition_id=transition))

    return [
        RegisterEventHandler(OnProcessStart(
            target_action=node, on_start=[change(Transition.TRANSITION_CONFIGURE)])),
        RegisterEventHandler(OnStateTransition(
            target_lifecycle_node=node, start_state='configuring', goal_state='inactive',
            entities=[change(Transition.TRANSITION_ACTIVATE)]))]


def virtual_go2(config: Config) -> list[LaunchDescriptionEntity]:
    """Return the virtual Go2 when it is the body."""
    if config.robot.body != 'virtual':
        return []
    return [ExecuteProcess(
        cmd=[ExecutableInPackage(executable='virtual_go2', package=PACKAGE),
             '--network-interface', 'lo', '--dds-domain', str(config.robot.dds_domain)],
        name='virtual_go2', output='screen')]

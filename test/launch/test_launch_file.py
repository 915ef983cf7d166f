"""
The launch file: its arguments are parameters, and real launch reads it where ROS is installed.

launch and launch_ros are not on PyPI; where they are absent only the file's tables are checked.
"""

import ast
import importlib.util
from pathlib import Path

import pytest

from shadow_ros.config import Config, NODES, SETTINGS

LAUNCH_FILE = Path(__file__).parents[2] / 'launch' / 'go2_intent.launch.py'
PROMISED = {'body', 'recogniser', 'model', 'network_interface', 'backbone_url', 'console'}

with_launch = pytest.mark.skipif(
    importlib.util.find_spec('launch_ros') is None,
    reason='launch and launch_ros come with a ROS installation only')


def table(name: str) -> dict:
    """Return a table of literals of the launch file without running it."""
    tree = ast.parse(LAUNCH_FILE.read_text(encoding='utf-8'))
    return next(ast.literal_eval(node.value) for node in tree.body
                if isinstance(node, ast.Assign) and node.targets[0].id == name)


def launch_file():
    """Return the launch file as a module, as launch itself loads it."""
    spec = importlib.util.spec_from_file_location('go2_intent', LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def context(**given: str):
    """Return a launch context with the arguments' defaults and these values."""
    from launch import LaunchContext
    context = LaunchContext()
    context.launch_configurations.update(
        {**dict.fromkeys(table('PARAMETERS'), ''),
         **{name: default for name, (default, _) in table('OTHERS').items()}, **given})
    return context


def test_arguments_are_parameters():
    """Each argument sets a parameter that exists, and the promised ones are there."""
    parameters, others = table('PARAMETERS'), table('OTHERS')
    assert set(parameters.values()) <= SETTINGS.keys()
    assert PROMISED <= parameters.keys() | others.keys()
    assert not parameters.keys() & others.keys()


def test_file_names_what_the_package_installs():
    """Nodes and the virtual dog are found under the names of setup.py."""
    setup = (LAUNCH_FILE.parents[1] / 'setup.py').read_text(encoding='utf-8')
    for executable in (*NODES, 'virtual_go2'):
        assert f"'{executable}': 'shadow_ros." in setup
    assert "executable='virtual_go2'" in LAUNCH_FILE.read_text(encoding='utf-8')


@with_launch
def test_every_argument_is_declared_and_described():
    """`ros2 launch --show-args` tells what each is for."""
    declared = {a.name: a for a in launch_file().generate_launch_description()
                .get_launch_arguments()}
    assert declared.keys() == table('PARAMETERS').keys() | table('OTHERS').keys()
    assert 'one of go2, virtual, twist' in declared['body'].description
    assert all(a.description and a.default_value is not None for a in declared.values())


@with_launch
@pytest.mark.parametrize('given, sentence', [
    ({'body': 'spot'}, 'robot.body must be one of go2, virtual, twist'),
    ({'dds_domain': 'x'}, 'robot.dds_domain must be a whole number'),
    ({'console': 'true'}, 'the web console is not in this version'),
    ({'params_file': '/nowhere.yaml'}, 'cannot read the configuration /nowhere.yaml'),
])
def test_wrong_argument_ends_the_launch_with_a_sentence(given, sentence):
    """Before any process is started."""
    with pytest.raises(ValueError, match=sentence):
        launch_file().start(context(**given))


@with_launch
def test_nodes_are_lifecycle_nodes_with_the_resolved_config(tmp_path):
    """Arguments win over the file; each node gets its own group; the dog comes with its body."""
    from launch.actions import ExecuteProcess
    from launch_ros.actions import LifecycleNode
    file = tmp_path / 'params.yaml'
    file.write_text('/**:\n  ros__parameters: {robot: {body: twist, dds_domain: 7}}\n')
    entities = launch_file().start(context(body='virtual', params_file=str(file)))
    nodes = [e for e in entities if isinstance(e, LifecycleNode)]
    dogs = [e for e in entities if isinstance(e, ExecuteProcess) and e not in nodes]
    assert len(nodes) == len(Config().nodes()) and len(dogs) == 1
    assert not [e for e in launch_file().start(context(body='twist'))
                if isinstance(e, ExecuteProcess) and not isinstance(e, LifecycleNode)]


@with_launch
def test_texts_stay_texts():
    """`off` must not become false, nor `2` a number, on the way through YAML."""
    from launch_ros.utilities import evaluate_parameters, normalize_parameters
    module = launch_file()
    config = Config().changed({
        'robot.obstacle_avoidance': 'off', 'robot.network_interface': '2',
        'robot.acrobatics': True})
    parameters = evaluate_parameters(context(), normalize_parameters(
        [module.parameters_of('action', config)]))[0]
    assert parameters['robot.obstacle_avoidance'] == 'off'
    assert parameters['robot.network_interface'] == '2'
    assert parameters['robot.acrobatics'] is True and parameters['autostart'] is False

"""What the Gazebo launch file starts: files exist, names fit each release of ROS."""

import ast
from importlib.util import find_spec
from pathlib import Path
import shutil

import pytest

from shadow_ros.errors import ConfigError
from shadow_ros.simulation.gazebo.start import start

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / 'launch/go2_gazebo.launch.py'


@pytest.mark.parametrize('distro, variable', [
    ('humble', 'IGN_GAZEBO_RESOURCE_PATH'), ('jazzy', 'GZ_SIM_RESOURCE_PATH'),
    ('kilted', 'GZ_SIM_RESOURCE_PATH')])
def test_every_file_that_is_started_exists(distro, variable):
    what = start(distro, environ={variable: '/mine'})
    assert what.world.is_file() and what.bridge.is_file()
    folder, mine = what.environment[variable].split(':')
    assert (Path(folder) / 'go2/model.sdf').is_file() and mine == '/mine'
    assert what.gz_args == f'-r {what.world}'


def test_headless_has_no_window_but_a_camera():
    assert '-s --headless-rendering' in start('humble', headless=True).gz_args


def test_another_gazebo_than_the_usual_can_be_had():
    assert start('humble', 'gz').flavour == 'gz'
    with pytest.raises(ConfigError, match='did you mean fortress'):
        start('humble', 'fortres')


def test_two_cyclones_do_not_meet_in_one_process():
    what = start('humble', environ={'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp'})
    assert what.service_environment == {'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp'}
    assert start('humble', environ={}).service_environment == {}


def test_worlds_are_found_where_pip_puts_them(tmp_path):
    shutil.copytree(ROOT / 'worlds', tmp_path / 'worlds')
    assert start('humble', folder=tmp_path / 'worlds').world.is_file()


def test_arguments_and_programs_exist():
    tree = ast.parse(FILE.read_text('utf-8'))
    values = {node.targets[0].id: ast.literal_eval(node.value) for node in tree.body
              if isinstance(node, ast.Assign)}
    assert set(values['PASSED_ON']) <= set(values['ARGUMENTS'])
    intent = ast.parse((ROOT / 'launch/go2_intent.launch.py').read_text('utf-8'))
    taken = {node.targets[0].id: ast.literal_eval(node.value) for node in intent.body
             if isinstance(node, ast.Assign)}
    known = set(taken['PARAMETERS']) | set(taken['OTHERS'])
    assert {*values['PASSED_ON'], 'body', 'network_interface', 'dds_domain'} <= known
    setup = (ROOT / 'setup.py').read_text('utf-8')
    assert "'gazebo_go2': 'shadow_ros.nodes.gazebo_go2'" in setup


@pytest.mark.skipif(find_spec('launch_ros') is None,
                    reason='launch and launch_ros come with a ROS installation, not from PyPI')
def test_description_can_be_generated():
    from launch.launch_description_sources import get_launch_description_from_python_launch_file
    description = get_launch_description_from_python_launch_file(str(FILE))
    names = {entity.name for entity in description.entities if hasattr(entity, 'default_value')}
    assert {'gazebo', 'headless', 'dds_domain', 'intent'} <= names

"""The Go2 for Gazebo: published figures, a valid SDF, worlds that are what the code writes."""

import os
from pathlib import Path
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
import yaml

from shadow_ros.simulation.gazebo.bridge import bridges, MODEL, WORLD
from shadow_ros.simulation.gazebo.figures import limits, TOTAL_MASS
from shadow_ros.simulation.gazebo.names import flavour_of, FLAVOURS
from shadow_ros.simulation.gazebo.sdf import documents

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'worlds'

# unitreerobotics/unitree_ros, robots/go2_description: hip, front thigh, rear thigh, calf.
PUBLISHED_LIMITS = {'hip': (-1.0472, 1.0472, 23.7, 30.1), 'F thigh': (-1.5708, 3.4907, 23.7, 30.1),
                    'R thigh': (-0.5236, 4.5379, 23.7, 30.1), 'calf': (-2.7227, -0.83776, 35.55,
                                                                       20.07)}
PUBLISHED_OFFSETS = {'hip': (0.1934, 0.0465, 0.0), 'thigh': (0.0, 0.0955, 0.0),
                     'calf': (0.0, 0.0, 0.213), 'foot': (0.0, 0.0, 0.213)}
# 6.921 trunk, 2 x 0.001 head, and for each leg 0.678 + 1.152 + 0.154 + 0.04.
PUBLISHED_MASS = 15.019


def model(flavour='fortress'):
    return ElementTree.parse(FOLDER / flavour / MODEL / 'model.sdf').getroot().find('model')


@pytest.mark.parametrize('flavour', FLAVOURS)
def test_files_are_what_the_code_writes(flavour):
    """Run `python -m shadow_ros.simulation.gazebo.sdf` after a change of the code."""
    for name, content in documents(flavour).items():
        assert (FOLDER / flavour / name).read_text('utf-8') == content, name


@pytest.mark.parametrize('flavour', FLAVOURS)
@pytest.mark.parametrize('name', [f'{MODEL}/model.sdf', f'{WORLD}.sdf'])
def test_libsdformat_accepts_it_without_a_warning(flavour, name):
    assert shutil.which('ign'), ('the SDF cannot be validated without the program ign: '
                                 'apt install ignition-tools libsdformat-dev')
    done = subprocess.run(
        ['ign', 'sdf', '-k', str(FOLDER / flavour / name)], capture_output=True, text=True,
        timeout=60, env={**os.environ, 'SDF_PATH': str(FOLDER / flavour)})
    said = [line for line in (done.stdout + done.stderr).splitlines()
            if 'backward' not in line]  # a debugging aid that Debian does not ship
    assert said == ['Valid.'] and done.returncode == 0


def test_a_broken_model_is_noticed(tmp_path):
    broken = tmp_path / 'model.sdf'
    text = (FOLDER / 'fortress' / MODEL / 'model.sdf').read_text('utf-8')
    broken.write_text(text.replace('<parent>FR_hip</parent>', '<parent>FR_hop</parent>'))
    done = subprocess.run(['ign', 'sdf', '-k', str(broken)], capture_output=True, text=True,
                          timeout=60)
    assert 'Error' in done.stderr


def test_twelve_joints_with_the_published_limits():
    joints = [joint for joint in model().findall('joint') if joint.get('type') == 'revolute']
    assert len(joints) == 12
    for joint in joints:
        leg, part, _ = joint.get('name').split('_')
        published = PUBLISHED_LIMITS[f'{leg[0]} thigh' if part == 'thigh' else part]
        limit = joint.find('axis/limit')
        assert tuple(float(limit.find(key).text)
                     for key in ('lower', 'upper', 'effort', 'velocity')) == published
        axis = '1 0 0' if part == 'hip' else '0 1 0'
        assert joint.find('axis/xyz').text == axis
        assert limits(leg, part).lower == published[0]


def test_links_are_as_long_as_published():
    for link in model().findall('link'):
        leg, _, part = link.get('name').partition('_')
        if part in PUBLISHED_OFFSETS:
            place = [float(value) for value in link.find('pose').text.split()[:3]]
            assert tuple(map(abs, place)) == PUBLISHED_OFFSETS[part], link.get('name')
            if part == 'hip':
                assert (place[0] > 0) == (leg[0] == 'F') and (place[1] > 0) == (leg[1] == 'L')


def test_total_mass_is_the_published_one():
    masses = [float(mass.text) for mass in model().iter('mass')]
    assert sum(masses) == pytest.approx(PUBLISHED_MASS, abs=1e-3)
    assert TOTAL_MASS == pytest.approx(PUBLISHED_MASS, abs=1e-3)


@pytest.mark.parametrize('flavour', FLAVOURS)
def test_plugins_have_the_names_of_their_gazebo(flavour):
    names = FLAVOURS[flavour]
    root = ElementTree.parse(FOLDER / flavour / f'{WORLD}.sdf').getroot()
    plugins = [*model(flavour).iter('plugin'), *root.iter('plugin')]
    assert len(plugins) == 3 + 12 + 6
    for plugin in plugins:
        assert plugin.get('filename').startswith(f'{names.prefix}-')
        assert plugin.get('name').startswith(f'{names.namespace}::systems::')


@pytest.mark.parametrize('flavour', FLAVOURS)
def test_bridge_reaches_every_part_of_the_model(flavour):
    entries = yaml.safe_load((FOLDER / flavour / 'bridge.yaml').read_text('utf-8'))
    assert len(entries) == len(list(bridges()))
    prefix = FLAVOURS[flavour].messages
    assert all(entry['gz_type_name'].startswith(f'{prefix}.') for entry in entries)
    assert {entry['direction'] for entry in entries} == {'GZ_TO_ROS', 'ROS_TO_GZ'}
    topics = {entry['gz_topic_name'] for entry in entries}
    for topic in model(flavour).iter('topic'):
        assert f'/{topic.text}' in topics
    joints = {joint.get('name') for joint in model().findall('joint')
              if joint.get('type') == 'revolute'}
    assert {f'/model/{MODEL}/joint/{joint}/0/cmd_pos' for joint in joints} <= topics
    for entry in entries:
        parts = entry['ros_topic_name'].strip('/').split('/')
        assert not any(part[0].isdigit() for part in parts), 'ROS 2 allows no such name'


@pytest.mark.parametrize('distro, flavour', [
    ('humble', 'fortress'), ('jazzy', 'gz'), ('kilted', 'gz'), ('a later one', 'gz')])
def test_each_ros_has_its_gazebo(distro, flavour):
    assert flavour_of(distro) == flavour

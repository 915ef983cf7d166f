"""Writes the Go2's model and its world as SDF 1.9, for Fortress and for the Gazebos after it."""

from dataclasses import dataclass
import math
from pathlib import Path
import sys
from typing import Iterable, Mapping, Optional, Sequence
from xml.etree import ElementTree

from shadow_ros.simulation.gazebo import figures
from shadow_ros.simulation.gazebo.bridge import bridge_yaml, CONTACTS, IMAGE, IMU, MODEL, WORLD
from shadow_ros.simulation.gazebo.names import FLAVOURS, Names
from shadow_ros.simulation.looks import Look
from shadow_ros.simulation.motion import HEIGHT, Motion

Element = ElementTree.Element
Vector = Sequence[float]

_LIGHT, _DARK, _BLUE = (0.86, 0.89, 0.91), (0.16, 0.19, 0.22), (0.25, 0.62, 0.86)
_NOTE = ' Written by shadow_ros.simulation.gazebo.sdf from the published figures; do not edit. '


@dataclass(frozen=True)
class Shape:
    """A box (x, y, z), cylinder (radius, length) or sphere (radius), in metres, and its pose."""

    kind: str
    size: Vector
    pose: Vector = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def _add(parent: Element, tag: str, text: object = None, **attributes: str) -> Element:
    """Return a new child."""
    child = ElementTree.SubElement(parent, tag, attributes)
    if text is not None:
        child.text = _told(text)
    return child


def _told(value: object) -> str:
    """Return a value as SDF writes it."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (tuple, list)):
        return ' '.join(_told(part) for part in value)
    return f'{round(value, 9):.10g}' if isinstance(value, float) else str(value)


def _document() -> Element:
    return Element('sdf', {'version': '1.9'})


def _text(root: Element) -> str:
    root.insert(0, ElementTree.Comment(_NOTE))
    ElementTree.indent(root)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, encoding='unicode') + '\n'


# -- parts ----------------------------------------------------------------------------------------


def _geometry(parent: Element, shape: Shape) -> None:
    form = _add(_add(parent, 'geometry'), shape.kind)
    if shape.kind == 'box':
        _add(form, 'size', tuple(shape.size))
    else:
        _add(form, 'radius', shape.size[0])
        if shape.kind == 'cylinder':
            _add(form, 'length', shape.size[1])


def _visual(link: Element, name: str, shape: Shape, colour: Vector) -> None:
    visual = _add(link, 'visual', name=f'{name}_visual')
    _add(visual, 'pose', tuple(shape.pose))
    _geometry(visual, shape)
    material = _add(visual, 'material')
    for kind in ('ambient', 'diffuse'):
        _add(material, kind, (*colour, 1.0))
    _add(material, 'specular', (0.2, 0.2, 0.2, 1.0))


def _collision(link: Element, name: str, shape: Shape, friction: Optional[float] = None) -> None:
    collision = _add(link, 'collision', name=f'{name}_collision')
    _add(collision, 'pose', tuple(shape.pose))
    _geometry(collision, shape)
    if friction is not None:
        ode = _add(_add(_add(collision, 'surface'), 'friction'), 'ode')
        _add(ode, 'mu', friction)
        _add(ode, 'mu2', friction)


def _inertial(link: Element, part: figures.Inertial) -> None:
    inertial = _add(link, 'inertial')
    _add(inertial, 'pose', (*part.centre, 0.0, 0.0, 0.0))
    _add(inertial, 'mass', part.mass)
    inertia = _add(inertial, 'inertia')
    for name, moment in zip(('ixx', 'ixy', 'ixz', 'iyy', 'iyz', 'izz'), part.moments):
        _add(inertia, name, moment)


def _link(model: Element, name: str, pose: Vector, parent: str = '') -> Element:
    """Return a link without weight: the base is driven by velocity, not by its feet."""
    link = _add(model, 'link', name=name)
    told = _add(link, 'pose', tuple(pose))
    if parent:
        told.set('relative_to', parent)
    _add(link, 'gravity', False)
    return link


def _joint(model: Element, name: str, parent: str, child: str, axis: Vector,
           limit: figures.Limits) -> None:
    joint = _add(model, 'joint', name=name, type='revolute')
    _add(joint, 'parent', parent)
    _add(joint, 'child', child)
    told = _add(joint, 'axis')
    _add(told, 'xyz', tuple(axis))
    bounds = _add(told, 'limit')
    for key in ('lower', 'upper', 'effort', 'velocity'):
        _add(bounds, key, getattr(limit, key))
    dynamics = _add(told, 'dynamics')
    _add(dynamics, 'damping', 0.01)
    _add(dynamics, 'friction', 0.2)


# -- the Go2 --------------------------------------------------------------------------------------


def model(names: Names) -> Element:
    """Return the Go2: trunk, four legs, sensors and the systems that drive it."""
    go2 = Element('model', {'name': MODEL, 'canonical_link': 'base_link'})
    _add(go2, 'pose', (0.0, 0.0, HEIGHT, 0.0, 0.0, 0.0))
    _trunk(go2)
    stand = Motion().step(Look(0.0, 0.0, 0.0, 0.0)).joints
    for place, leg in enumerate(figures.LEGS):
        _leg(go2, leg, stand[3 * place:3 * place + 3])
    _drives(go2, names, stand)
    return go2


def _trunk(go2: Element) -> None:
    link = _link(go2, 'base_link', (0.0,) * 6)
    trunk = figures.TRUNK_INERTIAL
    _inertial(link, figures.Inertial(trunk.mass + figures.HEAD_MASS, trunk.centre, trunk.moments))
    _collision(link, 'trunk', Shape('box', figures.TRUNK))
    head = Shape('cylinder', (0.05, 0.09), (figures.HEAD_X, 0.0, 0.01, 0.0, 0.0, 0.0))
    _collision(link, 'head', head)
    _visual(link, 'trunk', Shape('box', (0.40, 0.15, 0.105)), _LIGHT)
    _visual(link, 'back', Shape('box', (0.30, 0.10, 0.02), (-0.01, 0.0, 0.058, 0, 0, 0)), _DARK)
    _visual(link, 'nose', Shape('box', (0.12, 0.10, 0.075), (0.26, 0.0, 0.01, 0, 0.2, 0)), _DARK)
    _visual(link, 'eye', Shape('box', (0.012, 0.06, 0.03), (0.322, 0.0, 0.0, 0, 0.2, 0)), _BLUE)
    _trunk_sensors(link)


def _trunk_sensors(link: Element) -> None:
    imu = _add(link, 'sensor', name='imu', type='imu')
    _add(imu, 'update_rate', 100)
    _add(imu, 'topic', IMU.lstrip('/'))
    _add(imu, 'always_on', True)
    camera = _add(link, 'sensor', name='camera', type='camera')
    _add(camera, 'pose', (0.33, 0.0, 0.02, 0.0, 0.0, 0.0))
    _add(camera, 'update_rate', 10)
    _add(camera, 'topic', IMAGE.lstrip('/'))
    optics = _add(camera, 'camera')
    _add(optics, 'horizontal_fov', 1.5)
    image = _add(optics, 'image')
    _add(image, 'width', 640)
    _add(image, 'height', 360)
    _add(image, 'format', 'R8G8B8')
    clip = _add(optics, 'clip')
    _add(clip, 'near', 0.05)
    _add(clip, 'far', 30)
    _contact(link, 'bumper', ('trunk', 'head'))


def _contact(link: Element, name: str, collisions: Iterable[str]) -> None:
    sensor = _add(link, 'sensor', name=name, type='contact')
    _add(sensor, 'always_on', True)
    _add(sensor, 'update_rate', 30)
    contact = _add(sensor, 'contact')
    for collision in collisions:
        _add(contact, 'collision', f'{collision}_collision')
    _add(contact, 'topic', CONTACTS.lstrip('/'))


def _leg(go2: Element, leg: str, angles: Vector) -> None:
    """Add a leg; its zero angles are the description's, a straight leg down."""
    side = math.copysign(1.0, figures.outwards(leg))
    half = math.pi / 2
    hip, thigh, calf, foot = (f'{leg}_{part}' for part in ('hip', 'thigh', 'calf', 'foot'))
    hub = Shape('cylinder', (0.046, 0.04), (0.0, 0.08 * side, 0.0, half, 0.0, 0.0))
    link = _part(go2, leg, 'hip', 'base_link', figures.hip(leg), (1, 0, 0))
    _collision(link, hip, hub)
    _visual(link, hip, hub, _DARK)
    link = _part(go2, leg, 'thigh', hip, (0.0, figures.outwards(leg), 0.0), (0, 1, 0))
    bone = Shape('box', (figures.THIGH, 0.0245, 0.034), (0, 0, -figures.THIGH / 2, 0, half, 0))
    _collision(link, thigh, bone)
    _visual(link, thigh, bone, _LIGHT)
    link = _part(go2, leg, 'calf', thigh, (0.0, 0.0, -figures.THIGH), (0, 1, 0))
    shin = Shape('cylinder', (0.012, 0.12), (0.008, 0.0, -0.06, 0.0, -0.21, 0.0))
    _collision(link, calf, shin)
    _visual(link, calf, Shape('cylinder', (0.012, figures.CALF), (0, 0, -figures.CALF / 2, 0, 0,
                                                                0)), _DARK)
    link = _link(go2, foot, (0.0, 0.0, -figures.CALF, 0.0, 0.0, 0.0), calf)
    ball = Shape('sphere', (figures.FOOT_RADIUS,))
    _inertial(link, figures.Inertial(figures.FOOT_MASS, (0, 0, 0), (
        figures.FOOT_MOMENT, 0, 0, figures.FOOT_MOMENT, 0, figures.FOOT_MOMENT)))
    _collision(link, foot, ball, friction=0.02)  # it slides: the base pulls it along
    _visual(link, foot, ball, _DARK)
    _contact(link, f'{foot}_contact', (foot,))
    joint = _add(go2, 'joint', name=f'{foot}_joint', type='fixed')
    _add(joint, 'parent', calf)
    _add(joint, 'child', foot)


def _part(go2: Element, leg: str, part: str, parent: str, place: Vector, axis: Vector) -> Element:
    """Return a moving part of a leg with its joint, which is where the part begins."""
    name = f'{leg}_{part}'
    link = _link(go2, name, (*place, 0.0, 0.0, 0.0), parent)
    _inertial(link, figures.inertial(leg, part))
    _joint(go2, f'{name}_joint', parent, name, axis, figures.limits(leg, part))
    return link


def _drives(go2: Element, names: Names, stand: Vector) -> None:
    """Add what moves the base and the joints, and what reports them."""
    _plugin(go2, names, 'velocity-control', 'VelocityControl',
            {'initial_linear': (0.0, 0.0, 0.0), 'initial_angular': (0.0, 0.0, 0.0)})
    _plugin(go2, names, 'odometry-publisher', 'OdometryPublisher', {
        'odom_frame': 'odom', 'robot_base_frame': 'base_link', 'odom_publish_frequency': 50,
        'dimensions': 3})
    _plugin(go2, names, 'joint-state-publisher', 'JointStatePublisher', {})
    for place, leg in enumerate(figures.LEGS):
        for offset, part in enumerate(figures.PARTS):
            limit = figures.limits(leg, part)
            _plugin(go2, names, 'joint-position-controller', 'JointPositionController', {
                'joint_name': f'{leg}_{part}_joint',
                'initial_position': stand[3 * place + offset],
                'use_velocity_commands': True, 'p_gain': 60.0, 'i_gain': 0.1, 'd_gain': 1.0,
                'cmd_max': limit.velocity, 'cmd_min': -limit.velocity})


def _plugin(parent: Element, names: Names, file: str, name: str,
            values: Mapping[str, object]) -> None:
    plugin = _add(parent, 'plugin', filename=names.file(file), name=names.system(name))
    for key, value in values.items():
        _add(plugin, key, value)


# -- the world ------------------------------------------------------------------------------------


def world(names: Names) -> Element:
    """Return a living room: a floor, a sofa, a table, a wall, and the dog in the middle."""
    room = Element('world', {'name': WORLD})
    physics = _add(room, 'physics', name='2ms', type='ignored')
    _add(physics, 'max_step_size', 0.002)
    _add(physics, 'real_time_factor', 1.0)
    for file, system, values in (
            ('physics', 'Physics', {}), ('user-commands', 'UserCommands', {}),
            ('scene-broadcaster', 'SceneBroadcaster', {}), ('imu', 'Imu', {}),
            ('contact', 'Contact', {}), ('sensors', 'Sensors', {'render_engine': 'ogre2'})):
        _plugin(room, names, file, system, values)
    light = _add(room, 'light', name='sun', type='directional')
    _add(light, 'cast_shadows', True)
    _add(light, 'pose', (0.0, 0.0, 10.0, 0.0, 0.0, 0.0))
    _add(light, 'diffuse', (0.9, 0.9, 0.88, 1.0))
    _add(light, 'direction', (-0.4, 0.3, -0.9))
    _floor(room)
    _thing(room, 'sofa', (1.2, -1.9, 0.3), (1.8, 0.8, 0.6), (0.55, 0.62, 0.68))
    _thing(room, 'table', (2.6, 1.9, 0.2), (0.9, 0.9, 0.4), (0.62, 0.48, 0.36))
    _thing(room, 'wall', (7.0, 0.0, 0.6), (0.1, 8.0, 1.2), (0.9, 0.89, 0.86))
    include = _add(room, 'include')
    _add(include, 'uri', f'model://{MODEL}')
    _add(include, 'pose', (0.0, 0.0, HEIGHT, 0.0, 0.0, 0.0))
    return room


def _floor(room: Element) -> None:
    ground = _add(room, 'model', name='floor')
    _add(ground, 'static', True)
    link = _add(ground, 'link', name='link')
    for kind in ('collision', 'visual'):
        part = _add(link, kind, name=kind)
        plane = _add(_add(part, 'geometry'), 'plane')
        _add(plane, 'normal', (0, 0, 1))
        _add(plane, 'size', (40, 40))
        if kind == 'visual':
            material = _add(part, 'material')
            _add(material, 'ambient', (0.82, 0.8, 0.76, 1.0))
            _add(material, 'diffuse', (0.82, 0.8, 0.76, 1.0))


def _thing(room: Element, name: str, place: Vector, size: Vector, colour: Vector) -> None:
    thing = _add(room, 'model', name=name)
    _add(thing, 'static', True)
    _add(thing, 'pose', (*place, 0.0, 0.0, 0.0))
    link = _add(thing, 'link', name='link')
    _collision(link, name, Shape('box', size))
    _visual(link, name, Shape('box', size), colour)


# -- files ----------------------------------------------------------------------------------------


def documents(flavour: str) -> dict[str, str]:
    """Return the files of a flavour (a key of FLAVOURS) by their path in its folder."""
    names = FLAVOURS[flavour]
    robot, room = _document(), _document()
    robot.append(model(names))
    room.append(world(names))
    config = Element('model')
    _add(config, 'name', 'Go2')
    _add(config, 'version', '1.0')
    _add(config, 'sdf', 'model.sdf', version='1.9')
    _add(_add(config, 'author'), 'name', 'shadow_ros')
    _add(config, 'description', 'A quadruped with the published dimensions, masses and joint '
         'limits of the Unitree Go2 and plain geometry of its own; its base is driven by '
         'velocity.')
    return {f'{MODEL}/model.sdf': _text(robot), f'{MODEL}/model.config': _text(config),
            f'{WORLD}.sdf': _text(room), 'bridge.yaml': bridge_yaml(flavour)}


def write(folder: Path) -> None:
    """Write all flavours below a folder."""
    for flavour in FLAVOURS:
        for name, content in documents(flavour).items():
            path = folder / flavour / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding='utf-8')


if __name__ == '__main__':
    write(Path(sys.argv[1] if len(sys.argv) > 1 else 'worlds'))

"""What go2_gazebo.launch.py starts, as data: files, arguments and environment; no ROS needed."""

from dataclasses import dataclass
import os
from pathlib import Path
from typing import Mapping, Optional

from shadow_ros.errors import ConfigError, did_you_mean
from shadow_ros.places import homes_of
from shadow_ros.simulation.gazebo.bridge import WORLD
from shadow_ros.simulation.gazebo.names import flavour_of, FLAVOURS


@dataclass(frozen=True)
class Start:
    """
    Everything that differs between the Gazebos.

    `gz_args` go to ros_gz_sim's gz_sim.launch.py, `bridge` is the configuration file of
    ros_gz_bridge, `environment` what Gazebo needs to find the model, `service_environment` what
    the sport service needs beside that.
    """

    flavour: str
    world: Path
    bridge: Path
    gz_args: str
    environment: Mapping[str, str]
    service_environment: Mapping[str, str]


def start(distro: str, flavour: str = 'auto', headless: bool = False,
          environ: Mapping[str, str] = os.environ, folder: Optional[Path] = None) -> Start:
    """
    Return what to start on a ROS 2 release, or raise ConfigError.

    `flavour` is fortress, gz, or auto for the one that comes with the release.
    """
    if flavour not in ('auto', *FLAVOURS):
        raise ConfigError(f'gazebo must be auto, {" or ".join(FLAVOURS)}, got {flavour!r}'
                          f'{did_you_mean(flavour, ("auto", *FLAVOURS))}')
    flavour = flavour_of(distro) if flavour == 'auto' else flavour
    place = (folder or worlds()) / flavour
    world = place / f'{WORLD}.sdf'
    quiet = '-s --headless-rendering ' if headless else ''
    variable = FLAVOURS[flavour].resources
    found = environ.get(variable, '')
    return Start(
        flavour, world, place / 'bridge.yaml', f'-r {quiet}{world}',
        {variable: os.pathsep.join(filter(None, (str(place), found)))}, _middleware(environ))


def worlds() -> Path:
    """Return the folder of the worlds: in a checkout, or where pip and colcon put it."""
    for place in homes_of('worlds'):
        if place.is_dir():
            return place
    raise ConfigError('the worlds were not found; install the package again')


def _middleware(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the middleware of the sport service: two Cyclones in one process clash."""
    cyclone = 'cyclone' in environ.get('RMW_IMPLEMENTATION', '')
    return {'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp'} if cyclone else {}

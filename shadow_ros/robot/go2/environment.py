"""The environment of an SDK process: ours, without the libraries of ROS."""

import os
from pathlib import Path
import re
from typing import Mapping

import shadow_ros

_ROS_LIBRARIES = re.compile(r'^/opt/ros/|/ros_[^/]*\.libs$')


def child_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """
    Return the environment in which the Unitree SDK finds its own Cyclone DDS.

    A sourced ROS puts another version of Cyclone DDS into LD_LIBRARY_PATH, with which the SDK
    aborts. ROS wheels restart Python to do the same, unless they are told that it is done.
    """
    prefixes = tuple(p for p in ours.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p)
    libraries = [path for path in ours.get('LD_LIBRARY_PATH', '').split(os.pathsep)
                 if path and not path.startswith(prefixes) and not _ROS_LIBRARIES.search(path)]
    home = str(Path(shadow_ros.__file__).resolve().parents[1])
    places = [home, *(p for p in ours.get('PYTHONPATH', '').split(os.pathsep) if p)]
    return {**ours, 'LD_LIBRARY_PATH': os.pathsep.join(libraries),
            'PYTHONPATH': os.pathsep.join(places), '_ROS_WHEELS_BOOTSTRAP_COMPLETE': '1',
            'PYTHONUNBUFFERED': '1', 'OMP_NUM_THREADS': '1'}

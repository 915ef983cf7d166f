"""Checks of ROS 2: rclpy, the middleware, the domain, and ports that are taken."""

import os
from typing import Iterator

from shadow_ros.commands.checks.check import Check, FAIL, OK, probe, Setup, WARN

_RCLPY = """
import json, os, rclpy
import std_msgs.msg, std_srvs.srv, geometry_msgs.msg, nav_msgs.msg, diagnostic_msgs.msg
from rclpy.utilities import get_rmw_implementation_identifier as rmw
print(json.dumps({'file': os.path.dirname(rclpy.__file__), 'rmw': rmw()}))
"""
_INSTALL = ("source your ROS 2 first (source /opt/ros/humble/setup.bash), or on x86-64 without "
            "ROS: pip install 'shadow_ros[ros]'")


def check(setup: Setup) -> Iterator[Check]:
    """Yield what there is of ROS."""
    data, problem = probe(_RCLPY)
    if problem:
        yield Check('ros', FAIL, f'rclpy and the message packages: {problem}', _INSTALL)
        return
    yield Check('ros', OK, f'{_distro(data["file"])}, {data["rmw"]}')
    yield from _middleware(setup, data['rmw'])
    yield _domain()


def _distro(folder: str) -> str:
    """Return the distribution's name, from the environment or from where rclpy lies."""
    distro = os.environ.get('ROS_DISTRO', '')
    return f'ROS 2 {distro}' if distro else f'ROS 2 from pip ({folder})'


def _middleware(setup: Setup, rmw: str) -> Iterator[Check]:
    """Yield a warning for the one combination that users report as broken."""
    if setup.drives_go2 and 'cyclone' in rmw:
        yield Check('middleware', WARN, f'{rmw} beside the Unitree SDK',
                    'shadow_ros keeps the SDK in a process of its own, so this works; if it does '
                    'not, export RMW_IMPLEMENTATION=rmw_fastrtps_cpp')


def _domain() -> Check:
    """Return the ROS domain, and whether others hear it."""
    text = os.environ.get('ROS_DOMAIN_ID', '0') or '0'
    reach = os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET') or 'SUBNET'
    if not text.isdecimal() or int(text) > 232:
        return Check('ros domain', FAIL, f'ROS_DOMAIN_ID={text}',
                     'set a number from 0 to 101 (232 at most)')
    found = f'domain {text}, discovery {reach}'
    if int(text) > 101:
        return Check('ros domain', WARN, found, 'domains above 101 use ports that Linux also '
                     'gives to other programs; take one from 0 to 101')
    return Check('ros domain', OK, found)

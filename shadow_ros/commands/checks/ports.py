"""Checks of the UDP ports that DDS derives from its domains."""

import os
import socket
from typing import Iterator

from shadow_ros.commands.checks.check import Check, OK, Setup, WARN


def check(setup: Setup) -> Iterator[Check]:
    """Yield whether the ports of the ROS domain and of the robot's domain are free."""
    text = os.environ.get('ROS_DOMAIN_ID', '') or '0'
    if text.isdecimal() and int(text) <= 232:
        yield ports(f'ROS domain {text}', int(text), 'others on this machine are in your graph: '
                    'export another ROS_DOMAIN_ID to be alone')
    if setup.drives_go2:
        yield ports(f'DDS domain {setup.dds_domain}', setup.dds_domain, 'another program here '
                    'speaks to a Go2, or is a virtual one; choose another: --dds-domain')


def ports(what: str, domain: int, advice: str) -> Check:
    """Return whether another DDS program of this machine uses the domain."""
    first = 7400 + 250 * domain
    if first + 249 > 65535:
        return Check('ports', WARN, f'{what} needs UDP ports above 65535', 'use 0 to 101')
    if taken(first):
        return Check('ports', WARN, f'UDP {first} of {what} is in use', advice)
    return Check('ports', OK, f'UDP {first} and up of {what} are free')


def taken(port: int) -> bool:
    """Return whether a program listens on this UDP port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        try:
            asker.bind(('', port))
        except OSError:
            return True
    return False

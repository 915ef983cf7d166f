"""Domains of its own for a demo, and a log folder that vanishes with it."""

from contextlib import contextmanager
import os
import socket
import tempfile
from typing import Iterator

from shadow_ros.errors import RobotError

# DDS derives UDP ports from the domain; up to 100 they stay clear of those that Linux gives away.
# Counted from above, so that a demo does not land where people work (0) or tests begin (1).
_DOMAINS = range(100, 0, -1)
_CLAIM = '\0shadow_ros_test_domain_{}'
"""An abstract socket: no file, and the kernel frees it however the process ends."""


@contextmanager
def own_domain() -> Iterator[int]:
    """Yield a domain id that no other demo or test of shadow_ros on this machine uses."""
    for domain in _DOMAINS:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(_CLAIM.format(domain))
        except OSError:
            claim.close()
            continue
        with claim:
            yield domain
        return
    raise RobotError('expected a free DDS domain from 1 to 100, got none: too many demos or tests '
                     'run on this machine; end some of them')


@contextmanager
def own_ros() -> Iterator[dict[str, str]]:
    """
    Yield the environment of a ROS graph that only this machine and this process know.

    The same holds for this process meanwhile; logs go to a folder that is removed at the end.
    """
    before = dict(os.environ)
    with own_domain() as domain, tempfile.TemporaryDirectory(prefix='shadow_ros_') as folder:
        os.environ.update(
            ROS_DOMAIN_ID=str(domain), ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST',
            ROS_LOG_DIR=folder, OMP_WAIT_POLICY='PASSIVE')
        try:
            yield dict(os.environ)
        finally:
            os.environ.clear()
            os.environ.update(before)

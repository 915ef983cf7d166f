"""Which network interface leads to the robot."""

import array
import fcntl
import socket
import struct
from typing import Mapping, Sequence

from shadow_ros.errors import RobotError

ROBOT_NETWORK = '192.168.123.'
"""The Go2's own network: the robot is .161, its Jetson .18."""

_SIOCGIFCONF = 0x8912
_ENTRY = 40  # bytes of struct ifreq on 64-bit Linux
_ENTRIES = 128


def addresses() -> dict[str, list[str]]:
    """Return the IPv4 addresses of each network interface of this machine."""
    buffer = array.array('B', bytes(_ENTRIES * _ENTRY))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        answer = fcntl.ioctl(end, _SIOCGIFCONF,
                             struct.pack('iL', len(buffer), buffer.buffer_info()[0]))
    found: dict[str, list[str]] = {}
    for at in range(0, struct.unpack('iL', answer)[0], _ENTRY):
        name = bytes(buffer[at:at + 16]).split(b'\0', 1)[0].decode()
        found.setdefault(name.split(':')[0], []).append(
            socket.inet_ntoa(bytes(buffer[at + 20:at + 24])))
    return found


def choose_interface(found: Mapping[str, Sequence[str]]) -> str:
    """Return the interface with an address in the robot's network, or raise RobotError."""
    for name, numbers in found.items():
        if any(number.startswith(ROBOT_NETWORK) for number in numbers):
            return name
    have = ', '.join(f'{name} {number}' for name, numbers in found.items() for number in numbers)
    raise RobotError(
        f'expected a network interface with an address {ROBOT_NETWORK}x, the network of the Go2, '
        f'got {have or "none"}: plug the cable in and give its interface an address such as '
        f'{ROBOT_NETWORK}99/24, or name it in robot.network_interface')

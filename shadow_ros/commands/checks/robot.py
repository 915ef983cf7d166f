"""Checks of the way to the robot: SDK, DDS, network interface and the sport service."""

import fcntl
import socket
import struct
import subprocess
import sys
from typing import Iterator

from shadow_ros.commands.checks.check import Check, FAIL, OK, probe, Setup, WARN
from shadow_ros.commands.domains import own_domain

ROBOT_NETWORK = '192.168.123.'
"""Where every Go2 lives: the robot is .161, its Jetson .18."""

_SDK = """
import json, unitree_sdk2py, cyclonedds
from importlib.metadata import version, packages_distributions
name = packages_distributions().get('unitree_sdk2py', ['unitree_sdk2py'])[0]
print(json.dumps({'sdk': f'{name} {version(name)}', 'dds': version('cyclonedds')}))
"""
_SIOCGIFADDR = 0x8915  # Linux: the IPv4 address of an interface
_SPORT = """
import json, sys, time
from shadow_ros.robot.dds import connect
connect(sys.argv[1], int(sys.argv[2]))
from unitree_sdk2py.core.channel import ChannelSubscriber
from unitree_sdk2py.idl.unitree_go.msg.dds_ import SportModeState_
from unitree_sdk2py.rpc.client import Client
states = ChannelSubscriber('rt/sportmodestate', SportModeState_)
states.Init()
client = Client('sport')
client.SetTimeout(1.0)
deadline = time.monotonic() + 5.0
code = None
while code != 0 and time.monotonic() < deadline:
    code, version = client.GetServerApiVersion()
    time.sleep(0.1)
state = states.Read(1.0) if code == 0 else None
print(json.dumps({'code': code, 'version': version, 'reports': state is not None}))
"""
_INSTALL = "pip install 'shadow_ros[go2]'; on aarch64 see docs/jetson.md for Cyclone DDS"


def check(setup: Setup) -> Iterator[Check]:
    """Yield the way to the robot, as far as the chosen body needs it."""
    if not setup.drives_go2:
        yield Check('robot', OK, f'body {setup.body} needs no Unitree SDK')
        return
    data, problem = probe(_SDK)
    if problem:
        yield Check('unitree sdk', FAIL, problem, _INSTALL)
        return
    yield Check('unitree sdk', OK, f'{data["sdk"]}, cyclonedds {data["dds"]}')
    yield from reach(setup)


def reach(setup: Setup) -> Iterator[Check]:
    """Yield the interface and, where it is right, whether the sport service answers on it."""
    found = interfaces()
    name = setup.interface or next(
        (n for n, address in found.items() if _robots(address)), '')
    if not name:
        yield Check('network interface', FAIL, f'none with an address {ROBOT_NETWORK}x '
                    f'({_listed(found)})', 'connect the Go2 by cable and give the interface '
                    f'{ROBOT_NETWORK}222/24, or name one: --network-interface')
        return
    checked = interface(name, found, setup.body)
    yield checked
    if checked.status != FAIL:
        yield virtual_dog() if setup.body == 'virtual' else sport_service(name, setup.dds_domain)


def virtual_dog() -> Check:
    """Return whether a virtual Go2 on a domain of its own answers on the loopback interface."""
    with own_domain() as domain:
        dog = subprocess.Popen(
            [sys.executable, '-m', 'shadow_ros.robot.virtual', '--dds-domain', str(domain),
             '--with-parent'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            return sport_service('lo', domain, 'virtual go2')
        finally:
            dog.kill()
            dog.wait()


def interfaces() -> dict[str, str]:
    """Return the IPv4 address of each interface, '' where there is none."""
    return {name: _address(name) for _, name in socket.if_nameindex()}


def _address(name: str) -> str:
    """Return the interface's IPv4 address, '' when it has none (or the system is not Linux)."""
    request = struct.pack('256s', name.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        try:
            return socket.inet_ntoa(fcntl.ioctl(asker, _SIOCGIFADDR, request)[20:24])
        except OSError:
            return ''


def interface(name: str, found: dict[str, str], body: str) -> Check:
    """Return whether the interface exists and, for a real robot, is in its network."""
    if name not in found:
        return Check('network interface', FAIL, f'{name} does not exist ({_listed(found)})',
                     'name one of these: --network-interface')
    address = found[name] or 'no address'
    if body == 'go2' and name != 'lo' and not _robots(address):
        return Check('network interface', WARN, f'{name}: {address}',
                     f'a Go2 expects {ROBOT_NETWORK}x: ip addr add {ROBOT_NETWORK}222/24 '
                     f'dev {name}')
    return Check('network interface', OK, f'{name}: {address}')


def sport_service(name: str, domain: int, title: str = 'sport service') -> Check:
    """Return whether a sport service answers a question that moves nothing."""
    data, problem = probe(_SPORT, name, str(domain))
    where = f'on {name}, DDS domain {domain}'
    if problem:
        return Check(title, FAIL, f'{where}: {problem}', _INSTALL)
    if data['code'] != 0:
        return Check(title, FAIL, f'no answer {where} (code {data["code"]})',
                     'is the Go2 on and stood up by itself? ping 192.168.123.161; for the '
                     f'virtual one: shadow-ros virtual --network-interface {name} '
                     f'--dds-domain {domain}')
    if not data['reports']:
        return Check(title, WARN, f'answers {where}, but rt/sportmodestate is silent',
                     'switch the robot off and on; without it no motion can be confirmed')
    return Check(title, OK, f'answers and reports its state {where}')


def _robots(address: str) -> bool:
    """Return whether the address lies in the robot's network."""
    return address.startswith(ROBOT_NETWORK)


def _listed(found: dict[str, str]) -> str:
    """Return the interfaces as a reader scans them."""
    return ', '.join(f'{name} {address}'.strip() for name, address in found.items()) or 'none'

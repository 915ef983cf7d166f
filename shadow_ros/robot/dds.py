"""One way into the Unitree SDK's DDS: initialised once a process, with clear errors, no files."""

import os
import socket
import threading
from typing import Optional
from xml.sax.saxutils import quoteattr

from shadow_ros.errors import did_you_mean, RobotError

MAX_DOMAIN = 232
"""The largest DDS domain id whose UDP ports exist."""

_lock = threading.Lock()
_connected: Optional[tuple[str, int]] = None


def connect(interface: str = '', domain: int = 0) -> None:
    """
    Initialise the SDK's channel factory in this process, or raise RobotError.

    `interface` names a network interface (`eth0`, `lo`); '' leaves the choice to Cyclone DDS and
    to CYCLONEDDS_URI. The SDK itself can be initialised only once: connecting again to the same
    place does nothing, to another place is an error.
    """
    global _connected
    with _lock:
        if _connected == (interface, domain):
            return
        if _connected is not None:
            raise RobotError(
                f'expected {_place(*_connected)}, which this process is connected to, got '
                f'{_place(interface, domain)}: use one process for each')
        _check(interface, domain)
        _initialise(interface, domain)
        _connected = (interface, domain)


def _place(interface: str, domain: int) -> str:
    """Return the two in words."""
    return f'network interface {interface or "(chosen by Cyclone DDS)"}, domain {domain}'


def _check(interface: str, domain: int) -> None:
    """Raise RobotError for what Cyclone DDS would only complain about in numbers."""
    if not 0 <= domain <= MAX_DOMAIN:
        raise RobotError(f'the DDS domain must be 0 to {MAX_DOMAIN}, got {domain}; '
                         'a real Go2 uses 0')
    names = [name for _, name in socket.if_nameindex()]
    if interface and interface not in names:
        raise RobotError(f'expected a network interface of this machine, got {interface!r}'
                         f'{did_you_mean(interface, names)}')


def _initialise(interface: str, domain: int) -> None:
    """
    Start the SDK's domain and participant with our configuration.

    The SDK's own configuration for a named interface traces to a fixed file in the temp folder,
    and nothing but its module constant can change that.
    """
    try:
        from unitree_sdk2py.core import channel
    except ImportError as error:
        raise RobotError('the Unitree SDK is needed to talk to a Go2 but cannot be imported '
                         f"({error}); install it with: pip install 'shadow_ros[go2]'") from None
    channel.ChannelConfigHasInterface = _config(interface)
    channel.ChannelConfigAutoDetermine = os.environ.get('CYCLONEDDS_URI') or _config('')
    if not channel.ChannelFactory().Init(domain, interface or None):
        raise RobotError(f'Cyclone DDS cannot start on {_place(interface, domain)}; check that '
                         'the interface is up and that no other Cyclone DDS (such as '
                         'rmw_cyclonedds) runs in this process')


def _config(interface: str) -> str:
    """Return Cyclone's XML for one interface, or for its own choice when it is ''."""
    which = f'name={quoteattr(interface)}' if interface else 'autodetermine="true"'
    return ('<CycloneDDS><Domain Id="any"><General><Interfaces>'
            f'<NetworkInterface {which} priority="default" multicast="default"/>'
            '</Interfaces></General></Domain></CycloneDDS>')

"""
Listens to a Go2's requests and sport state and keeps what it hears, with times.

For latency and "stands still in time" tests and benchmarks, of the virtual dog or a real one:
`Tap('lo', 7)` in a program, or `python -m shadow_ros.robot.virtual.tap` for lines of JSON.
"""

import argparse
from dataclasses import asdict, dataclass
import json
import signal
import sys
import threading
import time
from typing import Any, Callable, Optional, Sequence, TypeVar, Union

from shadow_ros.errors import RobotError
from shadow_ros.robot import dds

_SERVICES = ('sport', 'obstacles_avoid', 'motion_switcher')


@dataclass(frozen=True)
class Request:
    """A request seen on the wire at `time` (monotonic, s)."""

    time: float
    service: str
    api_id: int
    parameter: str


@dataclass(frozen=True)
class State:
    """A sport state seen at `time` (monotonic, s): m, rad, body frame m/s and rad/s."""

    time: float
    mode: int
    code: int
    progress: float
    x: float
    y: float
    yaw: float
    height: float
    vx: float
    vy: float
    wz: float

    @property
    def still(self) -> bool:
        """Return whether there is no motion worth naming (0.02 m/s, 0.02 rad/s)."""
        return max(abs(self.vx), abs(self.vy), abs(self.wz)) < 0.02


Seen = TypeVar('Seen', Request, State)


class Tap:
    """
    Records requests and states from its start on; connects this process to DDS.

    `requests` and `states` only ever grow, so they may be read at any time. Monotonic time is
    one clock for all processes of a Linux machine.
    """

    def __init__(self, interface: str = 'lo', domain: int = 0,
                 on_seen: Optional[Callable[[Union[Request, State]], None]] = None) -> None:
        self.requests: list[Request] = []
        self.states: list[State] = []
        self._on_seen = on_seen or (lambda seen: None)
        self._changed = threading.Condition()
        dds.connect(interface, domain)
        self._subscribe()

    def wait_for_request(self, matches: Callable[[Request], bool], timeout: float = 10.0,
                         since: float = 0.0) -> Request:
        """Return the first request from time `since` on that matches; raise TimeoutError."""
        return self._wait_for(self.requests, matches, timeout, since)

    def wait_for_state(self, matches: Callable[[State], bool], timeout: float = 10.0,
                       since: float = 0.0) -> State:
        """Return the first state from time `since` on that matches; raise TimeoutError."""
        return self._wait_for(self.states, matches, timeout, since)

    def _wait_for(self, seen: list[Seen], matches: Callable[[Seen], bool], timeout: float,
                  since: float) -> Seen:
        """Return the first match, looking at each entry once."""
        deadline = time.monotonic() + timeout
        looked = 0
        with self._changed:
            while True:
                for entry in seen[looked:]:
                    if entry.time >= since and matches(entry):
                        return entry
                looked = len(seen)
                if not self._changed.wait(deadline - time.monotonic()):
                    last = seen[-1] if seen else 'nothing at all'
                    raise TimeoutError(f'not seen within {timeout} s; the last was {last}')

    def _subscribe(self) -> None:
        """Open the topics."""
        from unitree_sdk2py.core.channel import ChannelSubscriber
        from unitree_sdk2py.idl.unitree_api.msg.dds_ import Request_
        from unitree_sdk2py.idl.unitree_go.msg.dds_ import SportModeState_

        self._subscribers = [ChannelSubscriber('rt/sportmodestate', SportModeState_)]
        self._subscribers[0].Init(self._on_state)
        for service in _SERVICES:
            self._subscribers.append(ChannelSubscriber(f'rt/api/{service}/request', Request_))
            self._subscribers[-1].Init(self._on_request_of(service))

    def _on_request_of(self, service: str) -> Callable[[Any], None]:
        """Return what to do with a Request_ to that service."""
        def on_request(message: Any) -> None:
            self._keep(self.requests, Request(
                time.monotonic(), service, message.header.identity.api_id, message.parameter))
        return on_request

    def _on_state(self, message: Any) -> None:
        """Keep a SportModeState_."""
        self._keep(self.states, State(
            time.monotonic(), message.mode, message.error_code, message.progress,
            message.position[0], message.position[1], message.imu_state.rpy[2],
            message.body_height, message.velocity[0], message.velocity[1], message.yaw_speed))

    def _keep(self, seen: list[Seen], entry: Seen) -> None:
        """Add an entry and tell those who wait."""
        with self._changed:
            seen.append(entry)
            self._changed.notify_all()
        self._on_seen(entry)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Print what is seen as lines of JSON until interrupted; return the exit code."""
    parser = argparse.ArgumentParser('python -m shadow_ros.robot.virtual.tap',
                                     description='Print the requests to a Go2, and its sport '
                                     'state, as lines of JSON with monotonic times.')
    parser.add_argument('--network-interface', default='lo', metavar='NAME',
                        help="'' lets Cyclone DDS choose (default: lo)")
    parser.add_argument('--dds-domain', type=int, default=0, metavar='N', help='(default: 0)')
    parser.add_argument('--no-states', action='store_true', help='print requests only')
    options = parser.parse_args(arguments)

    def show(seen: Union[Request, State]) -> None:
        if isinstance(seen, Request) or not options.no_states:
            print(json.dumps(asdict(seen)), flush=True)

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        Tap(options.network_interface, options.dds_domain, show)
    except RobotError as error:
        print(f'tap: {error}', file=sys.stderr)
        return 1
    stopped.wait()
    return 0


if __name__ == '__main__':
    sys.exit(main())

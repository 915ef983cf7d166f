"""The virtual Go2 on DDS: its services answer requests, its states are published."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
import sys
import threading
import time
from typing import Callable

from unitree_sdk2py.idl.unitree_api.msg.dds_ import (
    Request_, Response_, ResponseHeader_, ResponseStatus_)
from unitree_sdk2py.rpc.internal import RPC_API_ID_INTERNAL_API_VERSION
from unitree_sdk2py.rpc.server_base import ServerBase

from shadow_ros.robot.virtual.messages import LowState, SportState
from shadow_ros.robot.virtual.robot import Robot
from shadow_ros.robot.virtual.stream import Stream

Log = Callable[[float, str, int, str], None]
"""Called with monotonic time (s), service, api id and parameter of every request."""

LOW_FREQUENCY = 10.0
"""Hz of the topics under rt/lf/."""


def _log_nothing(now: float, service: str, api_id: int, parameter: str) -> None:
    """Log nothing."""


@dataclass(frozen=True)
class Faults:
    """What goes wrong on purpose: silent or late replies (s), no sport state."""

    no_replies: bool = False
    reply_delay: float = 0.0
    no_state: bool = False


class Service(ServerBase):  # type: ignore[misc]
    """
    One of the robot's services.

    It stands on the SDK's ServerBase and not on its Server, because that one hides the api id
    from handlers and so cannot log unknown calls.
    """

    def __init__(self, robot: Robot, name: str, log: Log, faults: Faults) -> None:
        super().__init__(name)
        self._robot = robot
        self._log = log
        self._faults = faults

    def start(self) -> None:
        """Serve from now on; takes about a second, which the SDK sleeps."""
        self._SetServerRequestHandler(self._answer)
        self._Start()

    def _answer(self, request: Request_) -> None:
        """Carry out a request, and reply when a reply is wanted."""
        now = time.monotonic()
        identity = request.header.identity
        if identity.api_id == RPC_API_ID_INTERNAL_API_VERSION:
            reply = (0, self._robot.services[self.GetName()].version)
        else:
            self._log(now, self.GetName(), identity.api_id, request.parameter)
            handled = self._robot.handle(self.GetName(), identity.api_id, request.parameter, now)
            if handled is None:
                return
            reply = handled
        if request.header.policy.noreply or self._faults.no_replies:
            return
        status = ResponseStatus_(int(reply[0]))
        response = Response_(ResponseHeader_(identity, status), reply[1], [])
        if self._faults.reply_delay:
            timer = threading.Timer(self._faults.reply_delay, self._SendResponse, (response,))
            timer.daemon = True
            timer.start()
        else:
            self._SendResponse(response)


class VirtualGo2:
    """
    A robot served on DDS; `dds.connect` must have been called.

    After `start`, `run` publishes the states in the caller's thread.
    """

    def __init__(self, robot: Robot, log: Log = _log_nothing, faults: Faults = Faults(),
                 state_rate: float = 100.0, low_rate: float = 50.0) -> None:
        self._robot = robot
        self._services = [Service(robot, name, log, faults) for name in robot.services]
        self._sport = [] if faults.no_state else [
            Stream(SportState(robot.firmware), 'rt/sportmodestate', state_rate),
            Stream(SportState(robot.firmware), 'rt/lf/sportmodestate', LOW_FREQUENCY)]
        self._low = [Stream(LowState(), 'rt/lowstate', low_rate),
                     Stream(LowState(), 'rt/lf/lowstate', LOW_FREQUENCY)]

    def start(self) -> None:
        """Open services and topics, all at once because the SDK sleeps in each."""
        starts = [service.start for service in self._services]
        starts += [stream.start for stream in self._sport + self._low]
        with redirect_stdout(sys.stderr), ThreadPoolExecutor(len(starts)) as pool:
            for opening in [pool.submit(start) for start in starts]:
                opening.result()

    def run(self, stopped: threading.Event) -> None:
        """Publish until `stopped` is set; a robot without a motion mode has no sport state."""
        wait = 0.0
        while not stopped.wait(wait):
            now = time.monotonic()
            streams = self._low if self._robot.released else self._sport + self._low
            report = self._robot.report(now)
            for stream in streams:
                if stream.due <= now:
                    stream.publish(report, now)
            wait = max(0.0, min(stream.due for stream in streams) - time.monotonic())

"""The virtual Go2 on DDS: its services answer requests, its states are published."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import threading
import time
from typing import Callable, Optional

from unitree_sdk2py.core.channel import ChannelPublisher, ChannelSubscriber
from unitree_sdk2py.core.channel_name import ChannelType, GetServerChannelName
from unitree_sdk2py.idl.unitree_api.msg.dds_ import (
    Request_, Response_, ResponseHeader_, ResponseStatus_)
from unitree_sdk2py.rpc.internal import RPC_API_ID_INTERNAL_API_VERSION

from shadow_ros.robot.virtual.codes import Code
from shadow_ros.robot.virtual.messages import LowState, SportState
from shadow_ros.robot.virtual.robot import Robot
from shadow_ros.robot.virtual.sport import Reply
from shadow_ros.robot.virtual.stream import Stream

Log = Callable[[float, str, int, str], None]
"""Called with monotonic time (s), service, api id and parameter of every request."""

LOW_FREQUENCY = 10.0
"""Hz of the topics under rt/lf/."""

_QUEUE = 10  # requests, as many as the SDK's own server keeps
_MATCH_TIMEOUT = 1.0  # s, as in the SDK's own server


def _log_nothing(now: float, service: str, api_id: int, parameter: str) -> None:
    """Log nothing."""


@dataclass(frozen=True)
class Faults:
    """What goes wrong on purpose: silent or late replies (s), no sport state."""

    no_replies: bool = False
    reply_delay: float = 0.0
    no_state: bool = False


class Service:
    """
    One of the robot's services, on the SDK's channels.

    The SDK's own Server will not do: it hides the api id from handlers, so unknown calls could
    not be logged, and sleeps half a second at each start.
    """

    def __init__(self, robot: Robot, name: str, log: Log, faults: Faults) -> None:
        self._robot = robot
        self._name = name
        self._log = log
        self._faults = faults
        self.responses = ChannelPublisher(
            GetServerChannelName(name, ChannelType.SEND), Response_)
        self._requests = ChannelSubscriber(
            GetServerChannelName(name, ChannelType.RECV), Request_)

    def start(self) -> None:
        """Serve from now on, in a thread that the SDK makes; `responses` must be open."""
        self._requests.Init(self._answer, _QUEUE)

    def _answer(self, request: Request_) -> None:
        """Carry out a request, and reply when a reply is wanted."""
        identity, policy = request.header.identity, request.header.policy
        reply = self._carry_out(identity.api_id, request.parameter)
        if reply is None or policy.noreply or self._faults.no_replies:
            return
        status = ResponseStatus_(int(reply[0]))
        response = Response_(ResponseHeader_(identity, status), reply[1], [])
        if self._faults.reply_delay:
            later = threading.Timer(self._faults.reply_delay, self._send, (response,))
            later.daemon = True
            later.start()
        else:
            self._send(response)

    def _carry_out(self, api_id: int, parameter: str) -> Optional[Reply]:
        """Return the reply to a call; None when there is none."""
        if api_id == RPC_API_ID_INTERNAL_API_VERSION:
            return Code.OK, self._robot.services[self._name].version
        now = time.monotonic()
        self._log(now, self._name, api_id, parameter)
        return self._robot.handle(self._name, api_id, parameter, now)

    def _send(self, response: Response_) -> None:
        """Send a reply, once the client's reader is known; it may be a little later."""
        self.responses.Write(response, _MATCH_TIMEOUT)


class VirtualGo2:
    """
    A robot served on DDS; `dds.connect` must have been called.

    After `start`, `run` publishes the states in the caller's thread.
    """

    def __init__(self, robot: Robot, log: Log = _log_nothing, faults: Faults = Faults(),
                 state_rate: float = 100.0, low_rate: float = 25.0) -> None:
        self._robot = robot
        self._services = [Service(robot, name, log, faults) for name in robot.services]
        self._sport = [] if faults.no_state else [
            Stream(SportState(robot.firmware), 'rt/sportmodestate', state_rate),
            Stream(SportState(robot.firmware), 'rt/lf/sportmodestate', LOW_FREQUENCY)]
        self._low = [Stream(LowState(), 'rt/lowstate', low_rate),
                     Stream(LowState(), 'rt/lf/lowstate', LOW_FREQUENCY)]

    def start(self) -> None:
        """
        Open topics and services.

        The writers are opened side by side because the SDK sleeps in each; topics are not (they
        were made in the constructors), as making them in threads fails now and then.
        """
        writers = [service.responses for service in self._services]
        writers += [stream.publisher for stream in self._sport + self._low]
        with ThreadPoolExecutor(len(writers)) as pool:
            for opening in [pool.submit(writer.Init) for writer in writers]:
                opening.result()
        for service in self._services:
            service.start()

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

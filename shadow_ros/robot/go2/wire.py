"""The robot's services and states on DDS, none of whose calls ever waits."""

from dataclasses import dataclass
import time
from typing import Any, Optional

from cyclonedds.core import DDSException, Listener, Policy, Qos
from cyclonedds.domain import DomainParticipant
from cyclonedds.internal import InvalidSample
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from unitree_sdk2py.core.channel_name import ChannelType, GetClientChannelName
from unitree_sdk2py.idl.unitree_api.msg.dds_ import (
    Request_, RequestHeader_, RequestIdentity_, RequestLease_, RequestPolicy_, Response_)
from unitree_sdk2py.idl.unitree_go.msg.dds_ import LowState_, SportModeState_

from shadow_ros.robot.go2.report import Report
from shadow_ros.robot.sport.ids import SERVICES
from shadow_ros.robot.sport.request import Request

BATTERY_EVERY = 1.0  # s; a low state takes 0.7 ms to decode and comes 500 times a second
_ANSWERS = 32  # replies kept until the next look; other programs' come by this topic too


@dataclass(frozen=True)
class Answer:
    """The reply to the request of that id: a status code and JSON text."""

    ident: int
    code: int
    data: str


class Service:
    """
    A client of one service.

    It stands on the SDK's messages and channel names but not on its Client, which sleeps 0.7 s
    at its start and blocks in every call, so that a slow answer would hold up a stop.
    """

    def __init__(self, participant: DomainParticipant, name: str) -> None:
        self.servers = 0
        self._writer = DataWriter(
            participant, _topic(participant, name, ChannelType.SEND, Request_),
            listener=Listener(  # type: ignore[no-untyped-call]
                on_publication_matched=self._matched))
        self._reader = DataReader(
            participant, _topic(participant, name, ChannelType.RECV, Response_),
            qos=Qos(Policy.History.KeepLast(_ANSWERS)))

    def send(self, ident: int, request: Request, wants_reply: bool) -> bool:
        """Write a request; return False when nobody is there to read it."""
        header = RequestHeader_(RequestIdentity_(ident, request.api), RequestLease_(0),
                                RequestPolicy_(0, not wants_reply))
        try:
            self._writer.write(Request_(header, request.parameter, []))
        except DDSException:
            return False
        return self.servers > 0

    def answers(self) -> list[Answer]:
        """Return the replies that have come since the last look."""
        return [Answer(r.header.identity.id, r.header.status.code, r.data)
                for r in _take(self._reader, _ANSWERS)]

    def _matched(self, writer: Any, status: Any) -> None:
        self.servers = status.current_count


class Wire:
    """All that goes between one process and the robot; `dds.connect` must have been called."""

    def __init__(self, domain: int) -> None:
        participant = DomainParticipant(domain)
        self._services = {name: Service(participant, name) for name in SERVICES}
        self._sport = _state_reader(participant, 'rt/sportmodestate', SportModeState_)
        self._low = _state_reader(participant, 'rt/lowstate', LowState_)
        self._battery, self._battery_due = -1.0, 0.0
        self._ident = 0

    def send(self, request: Request, wants_reply: bool = True) -> tuple[int, bool]:
        """Write a request; return its id, and False when nobody is there to read it."""
        self._ident = max(self._ident + 1, time.monotonic_ns())
        return self._ident, self._services[request.service].send(
            self._ident, request, wants_reply)

    def answers(self) -> list[Answer]:
        """Return the replies that have come since the last look, other programs' among them."""
        return [answer for service in self._services.values() for answer in service.answers()]

    def report(self, now: float) -> Optional[Report]:
        """Return the newest state, or None when there is no new one."""
        if now >= self._battery_due:
            self._battery_due = now + BATTERY_EVERY
            for low in _take(self._low, 1):
                self._battery = float(low.bms_state.soc)
        states = _take(self._sport, 1)
        report = _report(states[-1], now, self._battery) if states else None
        return report if report and report.finite else None


def _topic(participant: DomainParticipant, service: str, way: ChannelType, kind: Any) -> Any:
    return Topic(participant, GetClientChannelName(service, way), kind)


def _state_reader(participant: DomainParticipant, name: str, kind: Any) -> Any:
    """Return a reader that holds only the newest sample, so that only that one is decoded."""
    return DataReader(participant, Topic(participant, name, kind),
                      qos=Qos(Policy.History.KeepLast(1)))


def _take(reader: Any, count: int) -> list[Any]:
    """Return the samples that are there, at most `count`."""
    try:
        return [s for s in reader.take(count) if not isinstance(s, InvalidSample)]
    except DDSException:
        return []


def _report(state: SportModeState_, now: float, battery: float) -> Report:
    """Return the state as a report."""
    return Report(
        stamp=now, mode=state.mode, state_code=state.error_code, progress=state.progress,
        x=state.position[0], y=state.position[1], yaw=state.imu_state.rpy[2],
        height=state.body_height, vx=state.velocity[0], vy=state.velocity[1],
        wz=state.yaw_speed, battery=battery)

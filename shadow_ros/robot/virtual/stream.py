"""A topic that is published at a steady rate."""

from typing import Any, Protocol

from unitree_sdk2py.core.channel import ChannelPublisher

from shadow_ros.robot.virtual.report import Report


class Source(Protocol):
    """What turns reports into messages of one type."""

    type: Any

    def message(self, report: Report) -> Any:
        """Return the message of a report."""


class Stream:
    """Messages of a source on a topic, `rate` times a second; `due` is when the next is (s)."""

    def __init__(self, source: Source, topic: str, rate: float) -> None:
        self.publisher = ChannelPublisher(topic, source.type)
        self.due = 0.0
        self._source = source
        self._period = 1.0 / rate

    def publish(self, report: Report, now: float) -> None:
        """Publish a report; the rate is kept on average, but a gap is not made up for."""
        self.due = max(self.due + self._period, now)
        self.publisher.Write(self._source.message(report))

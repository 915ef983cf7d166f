"""Requests under way to the robot, and who waits for their answers."""

from itertools import count
import threading
from typing import Callable, Optional, Sequence

from shadow_ros.robot.sport.request import Request
from shadow_ros.robot.sport.words import NOT_IMPLEMENTED, SEND_FAILED

Receiver = Callable[[int, str, float], None]
"""Takes code, data and time (monotonic s) of an answer."""

Answers = list[Optional[tuple[int, str]]]
"""A code and data for each request, None where no answer came in time."""

_MOST = 200  # answers awaited; older ones will not come any more


def _nobody(code: int, data: str, now: float) -> None:
    """Take an answer that nobody waits for."""


class Calls:
    """
    Gives each request a token and its answer to whoever made it.

    `send(kind, *values)` passes a message to the SDK process. `missing` collects the calls that
    the robot's firmware does not have. Everything is done with the lock held.
    """

    def __init__(self, send: Callable[..., bool], lock: threading.RLock) -> None:
        self.missing: set[Request] = set()
        self._send = send
        self._answered = threading.Condition(lock)
        self._tokens = count(1)
        self._waiting: dict[int, tuple[Receiver, Request]] = {}

    def make(self, call: Request, receive: Receiver = _nobody) -> None:
        """Send a request whose answer goes to `receive`."""
        token = next(self._tokens)
        if self._send('call', token, call.service, call.api, call.parameter):
            self._waiting[token] = (receive, call)
        if len(self._waiting) > _MOST:
            del self._waiting[next(iter(self._waiting))]

    def answer(self, now: float, token: int, code: int, data: str) -> None:
        """Hand an answer to who waits for it."""
        receive, call = self._waiting.pop(token, (_nobody, None))
        if call and code == NOT_IMPLEMENTED:
            self.missing.add(call)
        receive(code, data, now)
        self._answered.notify_all()

    def forget(self) -> None:
        """Give up what is under way; the process that would have answered is gone."""
        self._waiting.clear()

    def ask(self, calls: Sequence[Request], seconds: float) -> Answers:
        """Make the requests and wait for their answers, at most that long."""
        answers: Answers = [None] * len(calls)

        def take(place: int) -> Receiver:
            def receive(code: int, data: str, now: float) -> None:
                if code != SEND_FAILED:  # perhaps DDS has not found the robot yet
                    answers[place] = (code, data)
            return receive

        with self._answered:
            for place, call in enumerate(calls):
                self.make(call, take(place))
            self._answered.wait_for(lambda: None not in answers, seconds)
            return list(answers)

"""The helm: the one thread that owns pilot and body, 20 Hz, urgent calls first."""

from collections import deque
import threading
import time
from typing import Callable, Deque

from shadow_ros.robot.body import Body, BodyState
from shadow_ros.robot.guard import STALE_SECONDS
from shadow_ros.robot.pilot import Pilot
from shadow_ros.robot.runner import Effects

PERIOD = 0.05  # s between steps; a walking body must be commanded at 20 Hz
REST_SECONDS = 2.0  # s that a body has to come to rest when the helm lets go

Call = Callable[[Pilot, float, BodyState], Effects]
"""What other threads hand over: called with the pilot, the monotonic time and the last report."""


class Helm:
    """
    Runs a pilot on a body.

    Other threads `post` calls; the helm makes them one at a time in its own thread, between the
    steps that it takes every PERIOD. Commands go to the body before anything is published, so
    nothing that listens can delay a stop.
    """

    def __init__(self, body: Body, pilot: Pilot, publish: Callable[[Effects], None],
                 report: Callable[[BodyState], None] = lambda state: None) -> None:
        self._body, self._pilot = body, pilot
        self._publish, self._report = publish, report
        self._calls: Deque[Call] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name='helm', daemon=True)

    def start(self) -> None:
        """Take the helm; the body must have been started."""
        self._thread.start()

    def post(self, call: Call, urgent: bool = False) -> None:
        """Hand a call over; an urgent one (a stop) overtakes those that wait."""
        with self._changed:
            if urgent:
                self._calls.appendleft(call)
            else:
                self._calls.append(call)
            self._changed.notify()

    def close(self) -> None:
        """
        Bring the body to rest and let go; calls that wait are dropped.

        The body is not closed, its owner does that.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(REST_SECONDS + 1.0)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._closing:
            call = self._next(due)
            now = time.monotonic()
            if call:
                self._do(call(self._pilot, now, self._body.state()))
            if now >= due:
                state = self._body.state()
                self._do(self._pilot.step(now, state, self._body.poll()))
                self._report(state)
                # After a pause of the whole process the beat starts afresh; no burst of steps.
                due = max(due + PERIOD, now)
        self._come_to_rest()

    def _come_to_rest(self) -> None:
        """Stop, and step on until the body reports stillness or REST_SECONDS are over."""
        begun = now = time.monotonic()
        self._do(self._pilot.halt(now))
        while self._pilot.busy and now - begun < REST_SECONDS and self._reports(now):
            time.sleep(PERIOD)
            now = time.monotonic()
            self._do(self._pilot.step(now, self._body.state(), self._body.poll()))

    def _reports(self, now: float) -> bool:
        """Return whether the body still reports; without it there is nothing to wait for."""
        return now - self._body.state().stamp < STALE_SECONDS

    def _next(self, due: float) -> Call | None:
        """Return the next call, or None when the step is due."""
        with self._changed:
            while not self._calls and not self._closing:
                left = due - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)
            return self._calls.popleft() if self._calls else None

    def _do(self, effects: Effects) -> None:
        for command in effects.commands:
            self._body.send(command)
        if effects.events or effects.replies:
            self._publish(effects)

"""The watch over a walking dog inside the SDK process; pure, time passed in."""

from typing import Optional

from shadow_ros.robot.go2.report import Report

LATE = 0.25
"""
Seconds without a velocity after which a walking dog is stopped.

0.3 s are promised and 0.6 s until it stands still; the difference is for the loop, the network
and a dog that brakes from 0.8 m/s.
"""

REPEAT = 0.05  # s between two StopMoves
AT_LEAST = 0.25  # s for which they are sent, because a report may be older than the last Move
AT_MOST = 5.0  # s after which it is given up, when no report of stillness comes


class Watchdog:
    """
    Says when StopMove is due without anybody having asked for it.

    Once it has tripped no velocity passes until `halt`: whoever was away too long must learn
    that the dog stands before it may walk again.
    """

    def __init__(self, late: float = LATE) -> None:
        self.walking = False
        self.tripped = ''
        self.silence = 0.0  # s without a velocity when it tripped by itself
        self._late = late
        self._fed = 0.0
        self._since: Optional[float] = None
        self._next = 0.0

    @property
    def stopping(self) -> bool:
        """Return whether StopMoves are being repeated."""
        return self._since is not None

    def velocity(self, now: float) -> bool:
        """Take note of a velocity; return whether it may pass."""
        if self.tripped:
            return False
        self.walking, self._fed = True, now
        return True

    def halt(self) -> None:
        """Take note that the caller itself stops the dog, and forget what has tripped."""
        self.walking, self.tripped, self._since = False, '', None

    def trip(self, why: str, now: float) -> None:
        """Stop the dog from now on."""
        if not self.stopping:
            self._since = self._next = now
        self.walking = False
        self.tripped = self.tripped or why

    def due(self, now: float, report: Optional[Report]) -> bool:
        """Return whether a StopMove must be sent now; call it every 10 ms."""
        if self.walking and now - self._fed > self._late:
            self.silence = now - self._fed
            self.trip(f'no velocity came for {self.silence:.2f} s', now)
        if self._since is None:
            return False
        past = now - self._since
        at_rest = report is not None and report.still and report.stamp > self._since + AT_LEAST
        if past > AT_LEAST and at_rest or past > AT_MOST:
            self._since = None
            return False
        if now < self._next:
            return False
        self._next = now + REPEAT
        return True

"""The two SDK processes: one commands the robot, the other stands by to take its place."""

import math
import time
from typing import Any, Callable, Optional

from shadow_ros.errors import RobotError
from shadow_ros.robot.go2.lines import wait
from shadow_ros.robot.go2.link import Link

PULSE_LATE = 0.25  # s without a sign of life after which the process of a walking dog is lost
REST_LATE = 1.0  # s of the same for the guardian, and while the dog does not walk
START_WITHIN = 20.0  # s that a process has to load the SDK and reach DDS
STEP_LATE = 0.05  # s between two steps beyond which this process itself did not get to run
RETRY = 1.0  # s between two attempts to start a process


class Pair:
    """
    An active SDK process and its guardian.

    `step` must be called every 10 ms or so; it returns what the active process has said. When
    that one dies or falls silent it is killed, the guardian takes over in the same step, and a
    new guardian is started. `lost` says why there is no active process, '' when there is one;
    `failed` counts the fail-overs, `halts` the stops that were ordered, `troubled` says why no
    guardian can be started. Not safe for threads: the body holds its lock.
    """

    def __init__(self, start: Callable[[], Link]) -> None:
        self._start = start
        self._active: Optional[Link] = None
        self._guardian: Optional[Link] = None
        self._retry_at = 0.0
        self._stepped = math.inf
        self._undo: tuple[Any, ...] = ()
        self.halts = 0
        self.troubled = ''
        self.walking = False
        self.failed = 0
        self.lost = 'the SDK processes have not been started'

    @property
    def guarded(self) -> bool:
        """Return whether a guardian is ready."""
        return self._guardian is not None and self._guardian.ready

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the process ids, the active one's first."""
        return tuple(link.pid for link in self._links)

    def open(self) -> None:
        """Start both and wait until they are ready, or raise RobotError."""
        self._active, self._guardian = self._start(), self._start()
        deadline = time.monotonic() + START_WITHIN
        while not all(link.ready for link in self._links):
            self.wait(0.1)
            for link in self._links:
                link.receive()
                if link.fault:
                    raise RobotError(link.fault)
                if link.dead or time.monotonic() > deadline:
                    raise RobotError(
                        f'expected the SDK process to be ready within {START_WITHIN:.0f} s, but '
                        f'it {"has ended" if link.dead else "is not"}; see its messages above')
        self.lost = ''
        self._active.send('lead', False)

    def wait(self, seconds: float) -> None:
        """Wait until one of them says something, at most that long."""
        wait([link for link in self._links if not link.dead], seconds)

    def step(self, now: float) -> list[list[Any]]:
        """Read what was said and replace who is gone; return the active process's messages."""
        self._excuse(now)
        news = self._active.receive() if self._active else []
        if self._guardian:
            self._guardian.receive()
        if self._active and _gone(self._active, now, PULSE_LATE if self.walking else REST_LATE):
            self._fail_over(self._active, now)
        self._keep_guardian(now)
        return news

    def _excuse(self, now: float) -> None:
        """Blame nobody for silence in which this process did not run: all cores may be busy."""
        missed = max(0.0, now - self._stepped - STEP_LATE)
        self._stepped = now
        for link in self._links:
            link.pulse += missed

    def send(self, kind: str, *values: Any) -> bool:
        """Send to the active process; return False when there is none or it does not read."""
        return self._active is not None and self._active.send(kind, *values)

    def velocity(self, *values: Any) -> None:
        """Send a velocity to both; the guardian only watches that they keep coming."""
        self.walking = True
        for link in self._links:
            link.send('velocity', *values)

    def halt(self) -> None:
        """Stop the dog, and tell both that it was meant."""
        self.walking = False
        self.halts += 1
        for link in self._links:
            link.send('halt', self.halts)

    def undo(self, *call: Any) -> None:
        """Tell both what must be sent if this body vanishes; nothing when it is empty."""
        if call == self._undo:
            return
        self._undo = call
        for link in self._links:
            link.send('undo', *call)

    def close(self) -> None:
        """Let go of both; the active one stops the dog first."""
        self.lost = 'the SDK processes have ended'
        links, self._active, self._guardian = self._links, None, None
        for link in links:
            link.let_go()
        for link in links:
            link.join()

    @property
    def _links(self) -> tuple[Link, ...]:
        return tuple(link for link in (self._active, self._guardian) if link)

    def _fail_over(self, old: Link, now: float) -> None:
        """Kill the active process and put the guardian in its place."""
        self.lost = (f'the SDK process {"died" if old.dead else "fell silent"} and no other was '
                     'ready; a new one is being started')
        self.failed += 1
        old.kill()
        self._active = None
        if self.guarded:
            self._promote(now)

    def _promote(self, now: float) -> None:
        """Make the guardian the active process; if the dog walked, its first act is to stop it."""
        self._active, self._guardian = self._guardian, None
        assert self._active is not None
        self._active.send('lead', self.walking)
        self._active.pulse = now
        self.walking, self.lost, self._retry_at = False, '', 0.0

    def _keep_guardian(self, now: float) -> None:
        """See that there is a guardian, and that it becomes the active one if there is none."""
        if self._guardian and _gone(self._guardian, now, REST_LATE):
            self._guardian.kill()
            self._guardian = None
        if self._guardian is None and now >= self._retry_at:
            self._retry_at = now + RETRY
            self._start_guardian()
        if self._active is None and self.guarded:
            self._promote(now)

    def _start_guardian(self) -> None:
        try:
            self._guardian = self._start()
        except OSError as error:  # out of processes or memory: tried again, and told in health
            self.troubled = f'no guardian can be started: {error}'
        else:
            self.troubled = ''
            self._guardian.send('undo', *self._undo)


def _gone(link: Link, now: float, late: float) -> bool:
    """Return whether a process has died or hangs; while it loads it may be silent for longer."""
    return link.dead or now - link.pulse > (late if link.ready else START_WITHIN)

"""The virtual Go2 and a tap on its wire, as child processes of a test."""

import json
import math
import sys
import threading
import time

from shadow_ros.robot.virtual.tap import Request, State

SPORT_MOVE, SPORT_STOP = 1008, 1003


class Dog:
    """A virtual Go2 with a listener: what was requested and what it did, on monotonic time."""

    def __init__(self, spawn, domain, env, *options):
        self.domain = domain
        self._looked, self._requests, self._states = 0, [], []
        place = ['--network-interface', 'lo', '--dds-domain', str(domain)]
        self.child = spawn([sys.executable, '-m', 'shadow_ros.robot.virtual', *place, *options],
                           env=env)
        self.child.wait_for('ready')
        self.tap = spawn([sys.executable, '-m', 'shadow_ros.robot.virtual.tap', *place], env=env)
        self.wait(lambda: self.states, 20.0)

    def _read(self):
        """Take in the lines that the tap has printed since the last look."""
        lines = self.tap.lines
        while self._looked < len(lines):
            line = lines[self._looked]
            self._looked += 1
            if line.startswith('{'):
                seen = json.loads(line)
                if 'api_id' in seen:
                    self._requests.append(Request(**seen))
                else:
                    self._states.append(State(**seen))

    @property
    def requests(self):
        """Return the requests on the wire so far."""
        self._read()
        return self._requests

    @property
    def states(self):
        """Return the reported states so far."""
        self._read()
        return self._states

    @property
    def state(self):
        """Return the latest state."""
        return self.states[-1]

    def wait(self, true, timeout=30.0):
        """Return what the callable returns once that is true; fail in time."""
        deadline = time.monotonic() + timeout
        pause = threading.Event()
        while not (result := true()):
            assert time.monotonic() < deadline, f'not within {timeout} s; last: {self.states[-1:]}'
            pause.wait(0.02)
        return result

    def wait_walking(self, timeout=30.0):
        """Return the first state that walks at 0.3 m/s or more."""
        return self.wait(lambda: next((s for s in self.states[-50:] if s.vx > 0.3), None), timeout)

    def first(self, api_id, since):
        """Return the first request with this id after a time."""
        return self.wait(lambda: next(
            (r for r in self.requests if r.api_id == api_id and r.time >= since), None))

    def still_after(self, since):
        """Return the seconds from then until it stands still for good (half a second)."""
        def rest():
            after = [s for s in self.states if s.time >= since]
            moving = [s.time for s in after if not s.still]
            last = moving[-1] if moving else since
            return (last - since, after) if after and after[-1].time > last + 0.5 else None
        return self.wait(rest)[0]


def distance(a, b):
    """Return the metres between two states."""
    return math.hypot(a.x - b.x, a.y - b.y)

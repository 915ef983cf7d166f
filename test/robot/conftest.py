"""A body on wheels with a clock of its own, to run the pilot faster than real time."""

from dataclasses import replace
import math

import pytest

from shadow_ros.plan import parse
from shadow_ros.records import PlanRecord
from shadow_ros.robot.body import BodyState, Halt, Outcome, Perform, Velocity
from shadow_ros.robot.pilot import Pilot

TICK = 0.02  # s, 50 Hz reports and steps


class Walker:
    """
    Follows the Body protocol on simulated time: velocities with limited acceleration.

    `obeys` scales the commanded velocity (0.0: stuck), `brakes` is in m/s² and rad/s², `blind`
    hides the pose, `refuses` fails every Perform with that reason, `slow` seconds are how long a
    Perform takes.
    """

    def __init__(self, obeys=1.0, brakes=3.0, blind=False, refuses='', slow=0.5):
        self.now = 10.0
        self.report = BodyState(stamp=self.now, posture='stand', pose_known=not blind)
        self.target = (0.0, 0.0, 0.0)
        self.commands = []
        self._obeys, self._brakes, self._refuses, self._slow = obeys, brakes, refuses, slow
        self._performing = []

    def send(self, command):
        """Take a command at the present simulated time."""
        self.commands.append((self.now, command))
        if isinstance(command, Velocity):
            self.target = (command.vx, command.vy, command.wz)
        elif isinstance(command, Halt):
            self.target = (0.0, 0.0, 0.0)
        elif isinstance(command, Perform):
            self._performing.append((self.now + self._slow, command))

    def poll(self):
        """Return what has been performed by now."""
        ready = [c for at, c in self._performing if at <= self.now]
        self._performing = [(at, c) for at, c in self._performing if at > self.now]
        for command in ready:
            posture = {'SIT': 'sit', 'LIE': 'lie', 'DAMP': 'damp'}.get(command.action.name)
            if not self._refuses and command.action.name not in ('SPEED', 'AVOID'):
                self.report = replace(self.report, posture=posture or 'stand')
        return [Outcome(c.token, not self._refuses, self._refuses) for c in ready]

    def state(self):
        """Return the latest report."""
        return self.report

    def advance(self):
        """Let one tick of time pass."""
        self.now += TICK
        old = self.report
        goal = [value * self._obeys for value in self.target]
        vx, vy, wz = (had + max(-self._brakes * TICK, min(self._brakes * TICK, want - had))
                      for had, want in zip((old.vx, old.vy, old.wz), goal))
        cos, sin = math.cos(old.yaw), math.sin(old.yaw)
        self.report = replace(
            old, stamp=self.now, vx=vx, vy=vy, wz=wz, yaw=old.yaw + wz * TICK,
            x=old.x + (vx * cos - vy * sin) * TICK, y=old.y + (vx * sin + vy * cos) * TICK)


class Stage:
    """A pilot and a walker, played until nothing is left to do."""

    def __init__(self, walker, **options):
        self.walker, self.pilot = walker, Pilot(**options)
        self.events, self.replies = [], []

    def apply(self, effects):
        """Do what the effects say."""
        for command in effects.commands:
            self.walker.send(command)
        self.events += effects.events
        self.replies += effects.replies

    def tell(self, plan, **fields):
        """Give the pilot a plan; return its record."""
        record = PlanRecord(parse(plan), **fields)
        self.apply(self.pilot.plan(record, self.walker.now, self.walker.state()))
        return record

    def play(self, seconds=90.0, until=lambda stage: False):
        """Let time pass until the pilot rests, `until` says so, or the seconds are over."""
        end = self.walker.now + seconds
        while self.walker.now < end and not until(self):
            if not self.pilot.busy and not self.pilot.asking:
                break
            self.walker.advance()
            self.apply(self.pilot.step(
                self.walker.now, self.walker.state(), self.walker.poll()))
        return self

    @property
    def kinds(self):
        """Return the kinds of all events so far."""
        return [event.kind for event in self.events]


@pytest.fixture
def stage():
    """Return a function that sets a stage: `stage(obeys=0.0, settings=Settings(...))`."""
    def make(settings=None, refusal=None, **walker):
        options = {'settings': settings, 'refusal': refusal}
        return Stage(Walker(**walker), **{k: v for k, v in options.items() if v is not None})
    return make

"""Dogs to drive: the virtual Go2 and a minimal server, each on a DDS domain of its own."""

import json
import os
from pathlib import Path
import sys
import time

import pytest

from shadow_ros.plan import parse
from shadow_ros.robot.body import Halt, Perform, Velocity
from shadow_ros.robot.go2.body import Go2Body

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


class Handler:
    """Drives a body as the runner does, one thing after the other."""

    def __init__(self, body):
        self.body = body
        self.tokens = 0

    def begin(self, tag):
        """Begin an action given as a tag; return its token."""
        self.tokens += 1
        self.body.send(Perform(self.tokens, parse(tag).actions[0]))
        return self.tokens

    def outcome(self, token, seconds=30.0):
        """Wait for the outcome of a token."""
        found = []
        self.until(lambda: found.extend(o for o in self.body.poll() if o.token == token) or found,
                   seconds)
        return found[0]

    def perform(self, tag, seconds=30.0):
        """Carry out an action and return its outcome."""
        return self.outcome(self.begin(tag), seconds)

    def walk(self, *velocity, until, seconds=15.0):
        """Repeat a velocity at 20 Hz until the state is as wanted."""
        deadline = time.monotonic() + seconds
        while not until(self.body.state()):
            assert time.monotonic() < deadline, self.body.health()
            self.body.send(Velocity(*velocity))
            time.sleep(0.05)

    def halt(self):
        """Stop and wait until a report newer than the stop says that the dog is still."""
        self.body.send(Halt())
        begun = time.monotonic()
        self.until(lambda: self.body.state().still and self.body.state().stamp > begun + 0.05)

    def until(self, condition, seconds=15.0):
        """Wait for a condition."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.body.health(), self.body.state())
            time.sleep(0.01)


class Tap:
    """What a process of its own reads of the dog's state."""

    def __init__(self, child):
        self.child = child
        self._samples, self._read = [], 0

    @property
    def samples(self):
        """Return all samples so far."""
        lines = self.child.lines[self._read:]
        self._read += len(lines)
        self._samples += [json.loads(line) for line in lines if line.startswith('{')]
        return self._samples

    def wait(self, condition, seconds=20.0):
        """Wait until a condition on the newest sample holds."""
        deadline = time.monotonic() + seconds
        while not (self.samples and condition(self.samples[-1])):
            assert time.monotonic() < deadline, (self.child.output[-500:], self.samples[-1:])
            time.sleep(0.02)

    def walks(self):
        """Wait until the dog walks at full speed."""
        self.wait(lambda sample: sample['vx'] > 0.78)

    def still_after(self, since, watch=1.5):
        """Return the seconds from `since` until the dog stood still for good (`watch` s)."""
        self.wait(lambda sample: sample['t'] > since + watch)
        moving = [s['t'] for s in self.samples
                  if abs(s['vx']) > 0.05 or abs(s['vy']) > 0.05 or abs(s['wz']) > 0.1]
        return moving[-1] - since


class Ground:
    """A DDS domain and the programs that run on it."""

    def __init__(self, child, domain):
        self.domain = domain
        self._child = child
        self._started = []

    def start(self, *arguments):
        """Start a Python program with these arguments."""
        child = self._child(
            [sys.executable, *arguments], cwd=str(ROOT),
            env={**os.environ, 'PYTHONPATH': str(ROOT), 'PYTHONUNBUFFERED': '1'})
        self._started.append(child)
        return child

    def program(self, name, *arguments):
        """Start a program of this folder on this domain."""
        return self.start(str(HERE / name), str(self.domain), *arguments)

    def virtual(self, *options):
        """Start the virtual Go2 and wait until it serves."""
        dog = self.start('-m', 'shadow_ros.robot.virtual', '--dds-domain', str(self.domain),
                         '--print-requests', *options)
        dog.wait_for('ready')
        return dog

    def end(self):
        """End all programs."""
        for child in self._started:
            child.end()


def _ground(request):
    """Yield a ground from what the top conftest keeps for single tests."""
    top = request.config.pluginmanager.get_plugin(str(ROOT / 'test' / 'conftest.py'))
    domain, claim = top._claim_domain()
    ground = Ground(top.Child, domain)
    yield ground
    ground.end()
    claim.close()


@pytest.fixture
def ground(request, real_time):
    """Yield a ground of the test's own."""
    yield from _ground(request)


@pytest.fixture(scope='module')
def shared_ground(request, real_time):
    """Yield a ground for all tests of a module: starting a dog takes seconds."""
    yield from _ground(request)


@pytest.fixture
def handler(ground):
    """Return a function that starts a body on the test's ground; it is closed at the end."""
    bodies = []

    def start(avoidance='keep'):
        bodies.append(Go2Body('lo', ground.domain, avoidance, name='virtual'))
        bodies[-1].start()
        return Handler(bodies[-1])
    yield start
    for body in bodies:
        body.close()


@pytest.fixture(scope='module')
def shared_dog(shared_ground):
    """Return the module's virtual Go2."""
    return shared_ground.virtual()


@pytest.fixture(scope='module')
def shared_handler(shared_ground, shared_dog):
    """Yield a body that drives the module's virtual Go2."""
    body = Go2Body('lo', shared_ground.domain, name='virtual')
    body.start()
    yield Handler(body)
    body.close()


@pytest.fixture(scope='module')
def tap(shared_ground, shared_dog):
    """Return a tap on the module's virtual Go2."""
    return Tap(shared_ground.program('go2_tap.py'))


@pytest.fixture(scope='session')
def requests_of():
    """Return the function from a virtual Go2 to the requests that it has printed so far."""
    return lambda dog: [json.loads(line) for line in list(dog.lines) if line.startswith('{')]

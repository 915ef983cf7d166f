"""
Isolation for tests that talk: own ROS and DDS domains, and processes that always end.

Tests in real time (they drive a dog) run one at a time: two dogs with their nodes are more than
two cores can keep at 20 Hz, and a robot's computer has one.
"""

import fcntl
from itertools import cycle, islice
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Callable, Iterator, Optional

import pytest

# Cyclone and Fast DDS derive UDP ports from the domain id; 1 to 100 stay clear of ephemeral ports.
# Each test takes the next ones, so that what a killed program still says meets no newer test.
_DOMAINS = cycle((37 * os.getpid() + i) % 100 + 1 for i in range(100))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let a test that uses `real_time` wait until no other process runs one."""
    if 'real_time' not in getattr(item, 'fixturenames', ()):
        return (yield)
    # Locks this very file, which is there anyway; the kernel lets go however a process ends.
    with open(__file__, encoding='utf-8') as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return (yield)


def _claim_domain() -> tuple[int, socket.socket]:
    """Return a domain id that no other test on this machine holds, and what holds it."""
    for domain in islice(_DOMAINS, 100):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            # An abstract socket: no file, and the kernel frees it however the process ends.
            claim.bind(f'\0shadow_ros_test_domain_{domain}')
            return domain, claim
        except OSError:
            claim.close()
    raise RuntimeError('all test domains are taken; are old test processes still running?')


@pytest.fixture(scope='session')
def real_time() -> None:
    """Take turns with all others that use this: it drives a dog in real time."""


@pytest.fixture
def dds_domain(real_time) -> Iterator[int]:
    """Yield a DDS domain id for the Unitree SDK side, this test's own."""
    domain, claim = _claim_domain()
    yield domain
    claim.close()


@pytest.fixture
def ros_env(tmp_path) -> Iterator[dict[str, str]]:
    """Yield an environment for ROS processes: own domain, this machine only, own log folder."""
    domain, claim = _claim_domain()
    yield {**os.environ, 'ROS_DOMAIN_ID': str(domain), 'ROS_LOG_DIR': str(tmp_path / 'ros_log'),
           'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'PYTHONUNBUFFERED': '1',
           'OMP_WAIT_POLICY': 'PASSIVE'}
    claim.close()


class Child:
    """A child process in its own session whose lines can be awaited; killed whole at the end."""

    def __init__(self, args: list[str], env: Optional[dict[str, str]] = None,
                 cwd: Optional[str] = None) -> None:
        self.process = subprocess.Popen(
            args, env=env, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors='replace', start_new_session=True)
        self.pid = self.process.pid
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line.rstrip('\n'))
                self._changed.notify_all()

    @property
    def output(self) -> str:
        """Return all that it printed so far."""
        return '\n'.join(self.lines)

    def wait_for(self, text: str, timeout: float = 30.0) -> str:
        """Return the first line that holds the text; fail with the output when none comes."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if text in line:
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._reader.is_alive()):
                    raise AssertionError(f'{text!r} did not come within {timeout} s:\n'
                                         f'{self.output}')
                self._changed.wait(min(left, 0.2))

    def wait(self, timeout: float = 30.0) -> int:
        """Return the exit code; fail with the output when it does not end in time."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'still running after {timeout} s:\n{self.output}') from None
        self._reader.join(5)
        return code

    def signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        self.process.send_signal(number)

    def end(self) -> None:
        """Kill the whole session that it leads."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)
        self._reader.join(5)
        print(f'--- {shlex.join(self.process.args)}\n{self.output}')  # seen when a test fails


@pytest.fixture
def spawn() -> Iterator[Callable[..., Child]]:
    """Yield a function that starts a child: `spawn([args], env=...)`, or `-m module ...`."""
    children: list[Child] = []

    def start(args: list[str], **options) -> Child:
        if args[0] == '-m':
            args = [sys.executable, *args]
        children.append(Child(args, **options))
        return children[-1]

    yield start
    for child in children:
        child.end()

"""The body's end of one SDK process: its start, its pulse and its death."""

import os
import socket
import subprocess
import sys
import time
from typing import Any

from shadow_ros.robot.go2.environment import child_environment
from shadow_ros.robot.go2.lines import Lines

_END_WITHIN = 3.0  # s that a process has to stop the dog and end
_STDERR = 2


class Link:
    """
    One running `shadow_ros.robot.go2.worker`.

    `pulse` is when it last said anything (monotonic s), `fault` why it could not start.
    """

    def __init__(self, interface: str, domain: int) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'shadow_ros.robot.go2.worker', str(theirs.fileno()),
                 interface, str(domain)],
                pass_fds=[theirs.fileno()], env=child_environment(os.environ),
                stdin=subprocess.DEVNULL, stdout=_STDERR, start_new_session=True)
        self._lines = Lines(ours)
        self.pid = self._process.pid
        self.born = self.pulse = time.monotonic()
        self.ready = False
        self.fault = ''

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._lines.fileno()

    @property
    def dead(self) -> bool:
        """Return whether the other end is closed."""
        return self._lines.closed

    def send(self, kind: str, *values: Any) -> bool:
        """Send a message; return False when it could not be taken."""
        return self._lines.send(kind, *values)

    def receive(self) -> list[list[Any]]:
        """Return what it has said, apart from what concerns only itself."""
        messages = self._lines.receive()
        if messages:
            self.pulse = time.monotonic()
        news = []
        for message in messages:
            if message[0] == 'ready':
                self.ready = True
            elif message[0] == 'fault':
                self.fault = message[1]
            elif message[0] != 'alive':
                news.append(message)
        return news

    def kill(self) -> None:
        """End it at once; whatever it was doing, it does no more."""
        self._process.kill()
        self._lines.close()
        self._process.wait()

    def let_go(self) -> None:
        """Close this end: it stops the dog and ends."""
        self._lines.close()

    def join(self) -> None:
        """Wait until it has ended."""
        try:
            self._process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()

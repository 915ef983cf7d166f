"""Messages between the body and its SDK processes: JSON lists, one a line, never waiting."""

import json
import select
import socket
from typing import Any, Protocol, Sequence

_CHUNK = 65536


class HasFileno(Protocol):
    """What can be waited for."""

    def fileno(self) -> int:
        """Return the descriptor."""


def wait(ends: Sequence[HasFileno], seconds: float) -> None:
    """Wait until one of the ends has something to read, at most that long."""
    poll = select.poll()  # unlike select.select it takes descriptors above 1023
    for end in ends:
        poll.register(end, select.POLLIN)
    poll.poll(seconds * 1000)


class Lines:
    """
    One end of a socket pair.

    Neither sending nor receiving ever waits: what does not fit into a full pipe is dropped and
    told, because a late velocity is worth less than none.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._rest = b''
        self._unsent = b''
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._end.fileno()

    def send(self, kind: str, *values: Any) -> bool:
        """Send a message; return False when the pipe is full or the other end is gone."""
        data = json.dumps([kind, *values], separators=(',', ':')).encode() + b'\n'
        self._unsent = self._write(self._unsent)
        if self.closed or self._unsent:
            return False
        left = self._write(data)
        if left == data:
            return False
        self._unsent = left  # a line that has begun must be finished before the next
        return True

    def receive(self) -> list[list[Any]]:
        """Return the messages that have come, each as [kind, value...]."""
        while not self.closed:
            try:
                data = self._end.recv(_CHUNK)
            except BlockingIOError:
                break
            except OSError:
                data = b''
            if not data:
                self.closed = True
            self._rest += data
        *lines, self._rest = self._rest.split(b'\n')
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Close this end; the other one reads that at once."""
        self.closed = True
        self._end.close()

    def _write(self, data: bytes) -> bytes:
        """Write what fits now and return the rest."""
        while data:
            try:
                data = data[self._end.send(data):]
            except OSError:
                break
        return data

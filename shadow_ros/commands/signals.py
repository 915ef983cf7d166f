"""SIGTERM and a closed terminal end a command as Ctrl-C does: in order."""

from contextlib import contextmanager
import signal
import sys
import threading
from typing import Any, Iterator

_ended_by = 0
_held = 0


def polite_ends() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into SystemExit, so that every `with` block is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


@contextmanager
def held_back() -> Iterator[None]:
    """
    Keep SystemExit back until the block is left.

    Raised inside a callback that C code calls, as in rclpy, it is swallowed or turned into
    another error there.
    """
    global _held
    _held += 1
    try:
        yield
    finally:
        _held -= 1
    if _ended_by:
        sys.exit(128 + _ended_by)


def on_end(stop: threading.Event) -> None:
    """Set the event on SIGINT, SIGTERM and SIGHUP."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())


def _leave(number: int, frame: Any) -> None:
    global _ended_by
    _ended_by = number
    if not _held:
        sys.exit(128 + number)

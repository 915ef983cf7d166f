"""SIGTERM and a closed terminal end a command as Ctrl-C does: in order."""

import signal
import sys
import threading
from typing import Any

_ended_by = 0


def polite_ends() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into SystemExit, so that every `with` block is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


def leave_if_ended() -> None:
    """
    Raise the SystemExit of an earlier signal again.

    One that comes inside a finaliser or a callback of a C library is swallowed there, so who
    waits for something asks here, too.
    """
    if _ended_by:
        sys.exit(128 + _ended_by)


def on_end(stop: threading.Event) -> None:
    """Set the event on SIGINT, SIGTERM and SIGHUP."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())


def _leave(number: int, frame: Any) -> None:
    global _ended_by
    _ended_by = number
    sys.exit(128 + number)

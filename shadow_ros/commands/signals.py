"""SIGTERM and a closed terminal end a command as Ctrl-C does: in order."""

import signal
import sys
import threading
from typing import Any


def polite_ends() -> None:
    """Turn SIGTERM and SIGHUP into SystemExit, so that every `with` block is left."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


def on_end(stop: threading.Event) -> None:
    """Set the event on SIGINT, SIGTERM and SIGHUP."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())


def _leave(number: int, frame: Any) -> None:
    sys.exit(128 + number)

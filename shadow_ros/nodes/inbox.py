"""What is heard, on its way to the thread that thinks."""

from collections import deque
from dataclasses import dataclass, field
import threading
import time
from typing import Deque, Optional

from shadow_ros.plan import Plan
from shadow_ros.records import PlanRecord

QUEUE = 8
"""Commands that may wait; the oldest goes when one more comes."""

LONGEST_RECORD = 2000  # characters of a command that its record keeps


@dataclass(frozen=True)
class Heard:
    """A command on its way to the model; `at` is monotonic, `stamp` since the epoch (s)."""

    text: str
    source: str
    stamp: float = field(default_factory=time.time)
    at: float = field(default_factory=time.monotonic)

    def record(self, plan: Plan, source: str = '', **about: object) -> PlanRecord:
        """Return the record of its plan, with the time since it was heard as `total`."""
        timing = dict(about.pop('timing_ms', {}))  # type: ignore[call-overload]
        timing['total'] = ms(time.monotonic() - self.at)
        return PlanRecord(plan, stamp=self.stamp, source=source or self.source,
                          text=self.text[:LONGEST_RECORD], timing_ms=timing,
                          **about)  # type: ignore[arg-type]


class Inbox:
    """Commands between the callbacks and the one thread that thinks; bounded, oldest first out."""

    def __init__(self, size: int = QUEUE) -> None:
        self.dropped = 0
        self._waiting: Deque[Heard] = deque()
        self._size = size
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, heard: Heard) -> Optional[Heard]:
        """Add a command; return the one that had to go for it."""
        with self._changed:
            lost = self._waiting.popleft() if len(self._waiting) >= self._size else None
            self.dropped += lost is not None
            self._waiting.append(heard)
            self._changed.notify()
        return lost

    def get(self) -> Optional[Heard]:
        """Wait for the next command; None means that there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return None if self._closed else self._waiting.popleft()

    def clear(self) -> None:
        """Forget all that waits."""
        with self._changed:
            self._waiting.clear()

    def close(self) -> None:
        """Let `get` return None from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def ms(seconds: float) -> float:
    """Return milliseconds, to the microsecond."""
    return round(seconds * 1e3, 3)

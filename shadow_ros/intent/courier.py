"""Sends a plan again when nobody answers it: a first message may be lost while DDS matches."""

from typing import Optional

AGAIN_AFTER = 0.7  # s without an event of the plan; the action node answers in milliseconds
TRIES = 3  # the first one included


class Courier:
    """
    Keeps the newest motion's record until an event of it is heard; pure, time passed in.

    The action node drops a record that it has had, so a plan is never carried out twice. A newer
    plan takes the place of an older one, which is void by then.
    """

    def __init__(self) -> None:
        self._plan_id, self._record = '', ''
        self._due, self._left = 0.0, 0

    def sent(self, plan_id: str, record: str, now: float) -> None:
        """Take note that a record was published (monotonic s)."""
        self._plan_id, self._record = plan_id, record
        self._due, self._left = now + AGAIN_AFTER, TRIES - 1

    def answered(self, plan_id: str) -> None:
        """Take note of an event of that plan."""
        if plan_id == self._plan_id:
            self._record, self._left = '', 0

    def due(self, now: float) -> Optional[str]:
        """Return the record if it must be published again now."""
        if not self._left or now < self._due:
            return None
        self._due, self._left = now + AGAIN_AFTER, self._left - 1
        return self._record

    def unheard(self, now: float) -> bool:
        """Return whether nobody has answered though it was sent as often as it is going to be."""
        return bool(self._record) and not self._left and now >= self._due

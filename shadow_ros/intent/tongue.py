"""Holds what the robot wants to say to a motion until it is known that the motion begins."""

from collections import OrderedDict
import threading
from typing import Callable

_REMEMBERED = 32  # plans; more are never under way
_ENDED = ('refused', 'cancelled', 'failed')


class Tongue:
    """
    Says the reply of a plan once the plan is accepted, whichever is known first.

    "Here goes!" before a refusal would be a lie. `speak` is called at most once a plan, from the
    thread that brings the second of the two.
    """

    def __init__(self, speak: Callable[[str], None]) -> None:
        self._speak = speak
        self._lock = threading.Lock()
        self._replies: OrderedDict[str, str] = OrderedDict()
        self._accepted: OrderedDict[str, bool] = OrderedDict()

    def reply(self, plan_id: str, text: str) -> None:
        """Take the reply of a plan; it is spoken now if the plan has been accepted."""
        with self._lock:
            verdict = self._accepted.pop(plan_id, None)
            if verdict is None:
                _remember(self._replies, plan_id, text)
        if verdict:
            self._speak(text)

    def event(self, plan_id: str, kind: str) -> None:
        """Take an event of a plan: accepted lets its reply out, an early end drops it."""
        if kind != 'accepted' and kind not in _ENDED:
            return
        with self._lock:
            text = self._replies.pop(plan_id, '')
            if not text:
                _remember(self._accepted, plan_id, kind == 'accepted')
        if text and kind == 'accepted':
            self._speak(text)


def _remember(store: 'OrderedDict[str, str] | OrderedDict[str, bool]', key: str,
              value: 'str | bool') -> None:
    """Store a value; the oldest go when there are too many."""
    store[key] = value  # type: ignore[assignment]
    while len(store) > _REMEMBERED:
        store.popitem(last=False)

"""The last turns of a conversation, for follow-ups such as "again"; pure, time passed in."""

from collections import deque
from typing import Deque

from shadow_ros.intent.prompt import MAX_TURNS, Turn
from shadow_ros.plan import Plan

REMEMBERED_SECONDS = 120.0
"""Older turns are over: nobody means them by "again"."""


class Conversation:
    """What was said and planned, oldest first; `now` is monotonic, in seconds."""

    def __init__(self, seconds: float = REMEMBERED_SECONDS) -> None:
        self._seconds = seconds
        self._turns: Deque[tuple[float, Turn]] = deque(maxlen=MAX_TURNS)

    def add(self, text: str, plan: Plan, now: float) -> None:
        """Remember a command and its plan; a mere stop is no turn, what it ended still is."""
        if any(action.name != 'STOP' for action in plan.actions) or not plan.actions:
            self._turns.append((now, (text, str(plan))))

    def turns(self, now: float) -> tuple[Turn, ...]:
        """Return the turns that are young enough to be meant."""
        return tuple(turn for at, turn in self._turns if now - at <= self._seconds)

    def forget(self) -> None:
        """Begin anew."""
        self._turns.clear()

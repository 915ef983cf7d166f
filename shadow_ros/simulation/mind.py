"""Who understands what is said: the real edge engine and router, loaded once."""

from pathlib import Path
from typing import Optional, Protocol

from shadow_ros.intent.router import effective_threshold, route
from shadow_ros.phrases import language, say
from shadow_ros.plan import Plan


class Mind(Protocol):
    """Turns text into the plan that is published, with its confidence."""

    name: str

    def decide(self, text: str) -> tuple[Plan, float]:
        """Return plan and confidence."""


class EdgeMind:
    """The shipped model, or the one in a folder; thinks about each text once."""

    def __init__(self, folder: Optional[Path] = None, threshold: float = -1.0) -> None:
        from shadow_ros.intent.engine import EdgeEngine
        self._engine = EdgeEngine.load(folder)
        self._threshold = effective_threshold(threshold, self._engine.card.threshold)
        self._known: dict[str, tuple[Plan, float]] = {}
        self.name = self._engine.card.name

    def decide(self, text: str) -> tuple[Plan, float]:
        """Return what the intent node would publish."""
        if text not in self._known:
            decision = route(self._engine.think(text), text, self._threshold,
                             bold=self._engine.card.bold)
            plan = decision.plan
            if not plan.actions and not plan.reply:
                plan = Plan(reply=say('not_understood', language(text)))
            self._known[text] = plan, decision.confidence
        return self._known[text]

"""Thought: a plan and how sure the model is of its actions."""

from dataclasses import dataclass, field
from typing import Mapping

from shadow_ros.plan import Plan


@dataclass(frozen=True)
class Thought:
    """
    What the edge makes of a command.

    `confidence` is the probability of the actions alone (or of there being none), 0 to 1;
    `timing_ms` holds `tokens` (text to tokens), `actions` (until the actions were known) and
    `total`; `passes` counts model passes, `tokens` those read and written.
    """

    plan: Plan
    confidence: float = 1.0
    timing_ms: Mapping[str, float] = field(default_factory=dict)
    model: str = ''
    passes: int = 0
    tokens: int = 0

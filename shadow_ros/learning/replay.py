"""
Replay: the commands of bags once more, through one model or through two.

    played = replay(commands(paths), {'edge': engine, 'edge-2': other})
    played.differences(), played.confusion(), played.latency()

With a single model it is compared with the plans that were recorded.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Sequence, TYPE_CHECKING

import numpy as np

from shadow_ros.errors import BagError
from shadow_ros.intent.router import route
from shadow_ros.learning.lessons.collect import collect
from shadow_ros.learning.lessons.lesson import Lesson, TRAINED

if TYPE_CHECKING:
    from shadow_ros.intent.engine import EdgeEngine
    from shadow_ros.plan import Plan

RECORDED = 'recorded'
PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True)
class Command:
    """A recorded text, the tags that it led to, and those it should have led to, if known."""

    text: str
    was: str
    label: Optional[str] = None


@dataclass(frozen=True)
class Answer:
    """What a model makes of a command: the tags published, `asked` back instead, the time."""

    tags: str
    asked: bool = False
    milliseconds: float = 0.0

    @property
    def first(self) -> str:
        """Return the first action's name, 'asked' or 'talk'."""
        if not self.tags:
            return 'asked' if self.asked else 'talk'
        return self.tags[1:].split(']')[0].split(' ')[0]


@dataclass(frozen=True)
class Replayed:
    """The commands and each model's answers to them, in the same order."""

    commands: Sequence[Command]
    answers: Mapping[str, Sequence[Answer]]

    @property
    def names(self) -> tuple[str, str]:
        """Return the names of the two that are compared."""
        one, other = self.answers
        return one, other

    def differences(self) -> list[dict[str, Any]]:
        """Return the commands to which both answer differently."""
        one, other = (self.answers[name] for name in self.names)
        return [{'text': c.text, self.names[0]: a.tags or a.first,
                 self.names[1]: b.tags or b.first, 'label': c.label}
                for c, a, b in zip(self.commands, one, other)
                if (a.tags, a.asked) != (b.tags, b.asked)]

    def confusion(self) -> dict[str, dict[str, int]]:
        """Return first action of the one -> first action of the other -> how often."""
        table: dict[str, Counter[str]] = defaultdict(Counter)
        one, other = (self.answers[name] for name in self.names)
        for a, b in zip(one, other):
            table[a.first][b.first] += 1
        return {first: dict(found) for first, found in sorted(table.items())}

    def latency(self) -> dict[str, dict[str, float]]:
        """Return for each model percentiles of the time from text to plan (ms)."""
        return {name: {f'p{p}': round(float(np.percentile(
            [a.milliseconds for a in answers], p)), 3) for p in PERCENTILES}
            for name, answers in self.answers.items() if name != RECORDED and answers}

    def labelled(self) -> dict[str, Any]:
        """Return how many commands have a label, and the share each has exact."""
        places = [i for i, command in enumerate(self.commands) if command.label is not None]
        return {'count': len(places), **{name: round(sum(
            answers[i].tags == self.commands[i].label for i in places) / max(1, len(places)), 4)
            for name, answers in self.answers.items()}}

    def as_json(self) -> dict[str, Any]:
        """Return all of it for a file."""
        differences = self.differences()
        return {'commands': len(self.commands), 'models': list(self.names),
                'same': len(self.commands) - len(differences), 'labelled': self.labelled(),
                'latency_ms': self.latency(), 'confusion': self.confusion(),
                'differences': differences}


def commands(paths: Iterable[Path]) -> list[Command]:
    """Return the commands of bags that a model has to understand, or raise BagError."""
    found = [_command(lesson) for lesson in collect(paths).lessons]
    if not found:
        raise BagError('the bags hold no commands that were understood; were plans recorded?')
    return found


def replay(said: Sequence[Command], engines: Mapping[str, 'EdgeEngine']) -> Replayed:
    """Return what the engines make of the commands; a single one beside what was recorded."""
    answers: dict[str, Sequence[Answer]] = {}
    if len(engines) == 1:
        answers[RECORDED] = [Answer(command.was) for command in said]
    for name, engine in engines.items():
        answers[name] = [_answer(engine, command.text) for command in said]
    return Replayed(said, answers)


def _command(lesson: Lesson) -> Command:
    return Command(lesson.text, lesson.was, lesson.plan if lesson.source in TRAINED else None)


def _answer(engine: 'EdgeEngine', text: str) -> Answer:
    thought = engine.think(text)
    decision = route(thought, text, engine.card.threshold, bold=engine.card.bold)
    return Answer(_tags(decision.plan), decision.reason == 'unsure', thought.timing_ms['total'])


def _tags(plan: 'Plan') -> str:
    return ''.join(map(str, plan.actions))

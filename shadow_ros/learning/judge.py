"""
Judging: what an engine makes of examples whose plans are known.

    engine, attached = open_engine(folder)          # an edge model, or a backbone with its shadow
    results = judge(engine, examples, attached=attached, stops=is_stop)
    results[0].plan, results[0].wanted, results[0].exact
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence, TYPE_CHECKING

from shadow_ros.actions import Risk
from shadow_ros.errors import ConfigError
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.router import route
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import cloud_plan
from shadow_ros.plan import Action, parse, Plan

if TYPE_CHECKING:
    from shadow_ros.intent.engine import EdgeEngine
    from shadow_ros.intent.thought import Thought

MODES = ('attached', 'detached', 'plain')
STOP = Plan((Action('STOP'),))
_STILL = (Risk.ALWAYS, Risk.NO_MOTION, Risk.SETTING, Risk.OFF_ASKS)
_ROOM = 384  # tokens of earlier turns, command, plan and reply together
_TINY = 50_000_000  # parameters; below, one CPU thread beats more


@dataclass(frozen=True)
class Result:
    """
    One example, the thought about it and what would be published.

    `stopped` says that the stop word caught the text before any model; `attached` that the
    attached model's plan is wanted rather than the edge's.
    """

    example: Example
    thought: 'Thought'
    threshold: float
    stopped: bool = False
    attached: bool = False
    bold: float = 0.0

    @property
    def wanted(self) -> Plan:
        """Return the plan that the text asks for."""
        return parse(cloud_plan(self.example) if self.attached else self.example.plan)

    @property
    def model_plan(self) -> Plan:
        """Return the plan after the router's doubt, the stop word left out."""
        return route(self.thought, self.example.text, self.threshold, bold=self.bold).plan

    @property
    def plan(self) -> Plan:
        """Return the plan that would be published."""
        return STOP if self.stopped else self.model_plan

    @property
    def exact(self) -> bool:
        """Return whether the published actions are those wanted."""
        return self.plan.actions == self.wanted.actions

    @property
    def right(self) -> bool:
        """Return whether the bare thought has the actions wanted."""
        return self.thought.plan.actions == self.wanted.actions

    @property
    def false_motion(self) -> bool:
        """Return whether the robot would move though nothing asked it to."""
        return moves(self.plan) and not moves(self.wanted)


def moves(plan: Plan) -> bool:
    """Return whether any action of the plan moves the body."""
    return any(action.spec.risk not in _STILL for action in plan.actions)


def acrobatic(plan: Plan) -> bool:
    """Return whether any action of the plan is acrobatic."""
    return any(action.spec.risk is Risk.ACROBATIC for action in plan.actions)


def judge(engine: 'EdgeEngine', examples: Iterable[Example], threshold: Optional[float] = None,
          attached: bool = False, stops: Optional[Callable[[str], bool]] = None) -> list[Result]:
    """Return the engine's thought about each example; `stops` is the stop word, if it counts."""
    return list(judging(engine, examples, threshold, attached, stops))


def judging(engine: 'EdgeEngine', examples: Iterable[Example], threshold: Optional[float] = None,
            attached: bool = False, stops: Optional[Callable[[str], bool]] = None,
            ) -> Iterator[Result]:
    """Yield the engine's thought about each example, as judge does."""
    limit = engine.card.threshold if threshold is None else threshold
    for example in examples:
        thought = engine.think(example.text, turns=example.history)
        stopped = stops is not None and stops(example.text)
        yield Result(example, thought, limit, stopped, attached, engine.card.bold)


def open_engine(folder: Path, mode: str = 'attached',
                device: str = 'cpu') -> tuple['EdgeEngine', bool]:
    """
    Return the engine of a model folder, and whether it answers as the attached model should.

    A folder with a backbone and its shadow may be opened attached, detached (the shadow alone) or
    plain (the backbone alone); an edge model is what it is.
    """
    from shadow_ros.intent.engine import EdgeEngine
    from shadow_ros.shadow.folder import is_attached
    if mode not in MODES:
        raise ConfigError(f'the mode must be one of {", ".join(MODES)}, got {mode!r}')
    if not is_attached(folder):
        return EdgeEngine.load(folder, device), False
    from shadow_ros.intent.decode import Decoder
    from shadow_ros.intent.grammar import Grammar
    from shadow_ros.intent.tokens import Codec
    codec, card = Codec.load(folder), IntentCard.load(folder)
    runtime, size = _runtime(folder, mode, device)
    decoder = Decoder(runtime, Grammar(codec), card.temperature)
    alone = mode == 'detached'
    return EdgeEngine(codec, decoder, card, int(size < _TINY), cautious=alone), not alone


def _runtime(folder: Path, mode: str, device: str) -> tuple[Any, int]:
    """Return a runtime of the folder's model in one mode, and how many parameters it has."""
    from shadow_ros.learning.adapt import as_shadow
    from shadow_ros.shadow.attached import AttachedRuntime
    from shadow_ros.shadow.folder import load_attached
    from shadow_ros.shadow.runtime import runtime_for
    model: Any = load_attached(folder, device=device)
    size = sum(parameter.numel() for parameter in model.parameters())
    if mode == 'attached':
        return AttachedRuntime(model, _ROOM), size
    alone = model.detach() if mode == 'detached' else as_shadow(model.base)
    return runtime_for(alone.eval(), _ROOM), size


def actions_of(results: Sequence[Result]) -> list[str]:
    """Return the names of the actions that are wanted or were published, most wanted first."""
    counts: dict[str, int] = {}
    for result in results:
        for action in (*result.wanted.actions, *result.plan.actions):
            counts[action.name] = counts.get(action.name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))

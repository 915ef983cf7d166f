"""
Evaluation: exact plans, false motion, stops, REMOTE, calibration and latency of a model folder.

    python -m shadow_ros.learning.evaluate models/edge --file test/data/dev_commands.jsonl
    python -m shadow_ros.learning.evaluate models/edge --file DEV --calibrate   # sets threshold
    python -m shadow_ros.learning.evaluate models/edge --negatives FILE         # held-out tenth
"""

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Iterable, Optional, Sequence, TYPE_CHECKING

from shadow_ros.actions import Risk
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.router import needed, route
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import negatives, read_examples
from shadow_ros.plan import parse, Plan

if TYPE_CHECKING:
    from shadow_ros.intent.engine import EdgeEngine
    from shadow_ros.intent.thought import Thought

_STILL = (Risk.ALWAYS, Risk.NO_MOTION, Risk.SETTING, Risk.OFF_ASKS)
TEMPERATURES = (0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
_BINS = 10


@dataclass(frozen=True)
class Result:
    """One example, the thought about it and the plan that would be published."""

    example: Example
    thought: 'Thought'
    threshold: float

    @property
    def wanted(self) -> Plan:
        """Return the plan that the text asks for."""
        return parse(self.example.plan)

    @property
    def plan(self) -> Plan:
        """Return the plan after the router's doubt."""
        return route(self.thought, self.example.text, self.threshold).plan

    @property
    def exact(self) -> bool:
        """Return whether the published actions are those wanted."""
        return self.plan.actions == self.wanted.actions

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


def judge(engine: 'EdgeEngine', examples: Iterable[Example],
          threshold: Optional[float] = None) -> list[Result]:
    """Return the engine's thought about each example."""
    limit = engine.card.threshold if threshold is None else threshold
    return [Result(example, engine.think(example.text), limit) for example in examples]


def report(results: Sequence[Result]) -> dict[str, Any]:
    """Return the figures of results, rates from 0 to 1 and times in milliseconds."""
    still = [r for r in results if not moves(r.wanted)]
    stops = [r for r in results if r.example.plan.startswith('[STOP]')]
    remote = [r for r in results if r.wanted.route == 'remote']
    said_remote = [r for r in results if r.plan.route == 'remote']
    times = sorted(r.thought.timing_ms['total'] for r in results)
    return {
        'count': len(results),
        'exact': _rate(r.exact for r in results),
        **{f'exact_{lang}': _rate(r.exact for r in results if r.example.lang == lang)
           for lang in sorted({r.example.lang for r in results})},
        'names': _rate([a.name for a in r.plan.actions] == [a.name for a in r.wanted.actions]
                       for r in results),
        'false_motion': _rate(r.false_motion for r in still),
        'acrobatic_false_motion': sum(
            acrobatic(r.plan) and not acrobatic(r.wanted) for r in results),
        'stop_recall': _rate(r.plan.actions[:1] == r.wanted.actions[:1] for r in stops),
        'remote_recall': _rate(r.plan.route == 'remote' for r in remote),
        'remote_precision': _rate(r.wanted.route == 'remote' for r in said_remote),
        'calibration_error': calibration_error(results),
        'latency_median': median(times), 'latency_p95': times[int(0.95 * (len(times) - 1))]}


def by_category(results: Sequence[Result]) -> dict[str, float]:
    """Return the share of exact plans in each category."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        groups[result.example.category].append(result.exact)
    return {name: _rate(found) for name, found in sorted(groups.items())}


def calibration_error(results: Sequence[Result]) -> float:
    """Return the expected calibration error of the bare thoughts, in ten bins."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for r in results:
        right = r.thought.plan.actions == r.wanted.actions
        bins[min(_BINS - 1, int(r.thought.confidence * _BINS))].append(
            (r.thought.confidence, right))
    return sum(abs(sum(c for c, _ in found) - sum(x for _, x in found))
               for found in bins.values()) / max(1, len(results))


def best_threshold(results: Sequence[Result], loss: float = 0.03) -> float:
    """
    Return the threshold with the least false or wrong motion.

    At most the share `loss` of the right motions may turn into questions, unless more must for
    no wrong motion to be acrobatic.
    """
    right = [r for r in results if moves(r.wanted)
             and r.thought.plan.actions == r.wanted.actions]
    wrong = [r for r in results if moves(r.thought.plan)
             and r.thought.plan.actions != r.wanted.actions]
    bold = [r for r in wrong if acrobatic(r.thought.plan) and not acrobatic(r.wanted)]

    def passed(some: Sequence[Result], threshold: float) -> int:
        return sum(r.thought.confidence >= needed(r.thought.plan, threshold) for r in some)

    every = [t / 100 for t in range(5, 100)]
    safe = [t for t in every if not passed(bold, t)] or every
    fitting = [t for t in safe if passed(right, t) >= (1 - loss) * len(right)] or safe[:1]
    return min(fitting, key=lambda t: (passed(wrong, t), t))


def calibrate(engine: 'EdgeEngine', examples: Sequence[Example]) -> IntentCard:
    """Return the engine's card with temperature and threshold fitted to these examples."""
    def error(temperature: float) -> float:
        engine.decoder.temperature = temperature
        return calibration_error(judge(engine, examples))

    temperature = min(TEMPERATURES, key=error)
    engine.decoder.temperature = temperature
    return replace(engine.card, temperature=temperature,
                   threshold=best_threshold(judge(engine, examples)))


def _rate(found: Iterable[bool]) -> float:
    """Return the share of true ones; 0 of none."""
    items = list(found)
    return round(sum(items) / len(items), 4) if items else 0.0


def _print(results: Sequence[Result], errors: bool) -> dict[str, Any]:
    found = report(results)
    for name, value in found.items():
        print(f'{name:24} {value}')
    for name, value in by_category(results).items():
        count = Counter(r.example.category for r in results)[name]
        print(f'  {name:22} {value}  of {count}')
    for r in results if errors else ():
        if not r.exact:
            print(f'{r.thought.confidence:.2f} {"MOVES" if r.false_motion else "     "} '
                  f'{r.example.text!r}: wanted {r.example.plan!r}, got {r.thought.plan}')
    return found


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument('model', type=Path)
    parser.add_argument('--file', type=Path, help='JSON lines: text, plan, lang, category')
    parser.add_argument('--negatives', type=Path, help='public requests; the held-out tenth')
    parser.add_argument('--calibrate', action='store_true', help='fit and write the threshold')
    parser.add_argument('--errors', action='store_true', help='print what went wrong')
    parser.add_argument('--save', action='store_true', help='write the scores into the card')
    given = parser.parse_args(arguments)
    from shadow_ros.intent.engine import EdgeEngine
    engine = EdgeEngine.load(given.model, 'cpu')
    if given.file and given.calibrate:
        engine.card = calibrate(engine, read_examples(given.file))
        engine.card.save(given.model)
        print(f'threshold {engine.card.threshold}, temperature {engine.card.temperature}')
    scores: dict[str, Any] = {}
    if given.file:
        scores |= _print(judge(engine, read_examples(given.file)), given.errors)
    if given.negatives:
        found = _print(judge(engine, negatives(given.negatives, held_out=True)), False)
        scores |= {'public_count': found['count'], 'public_false_motion': found['false_motion'],
                   'public_acrobatic_false_motion': found['acrobatic_false_motion']}
    if given.save:
        replace(engine.card, scores=scores).save(given.model)


if __name__ == '__main__':
    main()

"""
Scores: exact plans, actions, false motion, stops, REMOTE, calibration and latency of results.

    results = judge(engine, examples)
    report(results)         # the headline figures, as a card holds them
    details(results)        # these, and what a page shows: categories, actions, confusions, bins
"""

from collections import Counter, defaultdict
from statistics import median
from typing import Any, Iterable, Sequence

from shadow_ros.learning.calibration import (
    best_threshold, calibrate, calibration_error, reliability)
from shadow_ros.learning.judge import acrobatic, actions_of, judge, moves, Result
from shadow_ros.plan import Action, Plan

__all__ = ['Result', 'acrobatic', 'best_threshold', 'by_category', 'calibrate',
           'calibration_error', 'details', 'judge', 'moves', 'report']

Scores = dict[str, Any]


def report(results: Sequence[Result]) -> Scores:
    """
    Return the figures of results, rates from 0 to 1 and times in milliseconds.

    Recalls are left out where nothing of the kind was wanted.
    """
    still = [r for r in results if not moves(r.wanted)]
    stops = [r for r in results if _first(r.wanted) == 'STOP']
    remote = [r for r in results if r.wanted.route == 'remote']
    said_remote = [r for r in results if r.plan.route == 'remote']
    named = [r for r in results if r.wanted.actions and _names(r.plan) == _names(r.wanted)]
    return {
        'count': len(results),
        'exact': rate(r.exact for r in results),
        **{f'exact_{lang}': rate(r.exact for r in results if r.example.lang == lang)
           for lang in sorted({r.example.lang for r in results})},
        'names': rate(_names(r.plan) == _names(r.wanted) for r in results),
        'parameters': rate(r.exact for r in named),
        'false_motion': rate(r.false_motion for r in still),
        'acrobatic_false_motion': sum(
            acrobatic(r.plan) and not acrobatic(r.wanted) for r in results),
        **_some('stop_recall', [_first(r.plan) == 'STOP' for r in stops]),
        **_some('stop_recall_model', [_first(r.model_plan) == 'STOP' for r in stops]),
        **_some('remote_recall', [r.plan.route == 'remote' for r in remote]),
        **_some('remote_precision', [r.wanted.route == 'remote' for r in said_remote]),
        'asked_back': rate(r.plan != r.thought.plan and moves(r.thought.plan)
                           and not r.stopped for r in results),
        'calibration_error': round(calibration_error(results), 4),
        **latency(results)}


def details(results: Sequence[Result]) -> Scores:
    """Return the report with all that a page shows."""
    return {
        **report(results),
        'categories': {name: {'exact': share, 'count': count}
                       for name, (share, count) in _groups(results).items()},
        'actions': {name: _action(name, results) for name in actions_of(results)},
        'confusion': confusion(results),
        'reliability': [vars(bin) for bin in reliability(results)],
        'errors': [_error(r) for r in results if not r.exact]}


def by_category(results: Sequence[Result]) -> dict[str, float]:
    """Return the share of exact plans in each category."""
    return {name: share for name, (share, _) in _groups(results).items()}


def latency(results: Sequence[Result]) -> Scores:
    """Return percentiles of the time from text to plan, in milliseconds."""
    times = sorted(r.thought.timing_ms['total'] for r in results)

    def percentile(share: float) -> float:
        return round(times[int(share * (len(times) - 1))], 3)

    return {'latency_median': round(median(times), 3), 'latency_p95': percentile(0.95),
            'latency_p99': percentile(0.99)} if times else {}


def confusion(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """Return wanted -> published -> count, by the first action, 'talk' and 'asked'."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for r in results:
        table[_first(r.wanted)][_outcome(r)] += 1
    return {wanted: dict(found) for wanted, found in sorted(table.items())}


def rate(found: Iterable[bool]) -> float:
    """Return the share of true ones; 0 of none."""
    items = list(found)
    return round(sum(items) / len(items), 4) if items else 0.0


def _some(name: str, found: Sequence[bool]) -> Scores:
    """Return a rate under its name, nothing of nothing."""
    return {name: rate(found)} if found else {}


def _groups(results: Sequence[Result]) -> dict[str, tuple[float, int]]:
    """Return category -> share of exact plans and number of examples."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        groups[result.example.category].append(result.exact)
    return {name: (rate(found), len(found)) for name, found in sorted(groups.items())}


def _action(name: str, results: Sequence[Result]) -> Scores:
    """Return how often an action was wanted, and precision and recall of it."""
    wanted = [Counter(_names(r.wanted))[name] for r in results]
    said = [Counter(_names(r.plan))[name] for r in results]
    both = sum(map(min, wanted, said))
    return {'count': sum(wanted), 'recall': round(both / max(1, sum(wanted)), 4),
            'precision': round(both / max(1, sum(said)), 4)}


def _error(result: Result) -> Scores:
    """Return one wrong result as a person wants to read it."""
    return {'text': result.example.text, 'category': result.example.category,
            'history': list(result.example.history), 'wanted': _tags(result.wanted.actions),
            'got': _tags(result.thought.plan.actions), 'published': _tags(result.plan.actions),
            'confidence': round(result.thought.confidence, 3),
            'false_motion': result.false_motion}


def _outcome(result: Result) -> str:
    """Return the first action published; 'asked' where doubt made a question of one."""
    asked = result.thought.plan.actions and not result.plan.actions and not result.stopped
    return 'asked' if asked else _first(result.plan)


def _first(plan: Plan) -> str:
    """Return the first action's name, 'talk' of none."""
    return plan.actions[0].name if plan.actions else 'talk'


def _names(plan: Plan) -> list[str]:
    """Return the names of the actions."""
    return [action.name for action in plan.actions]


def _tags(actions: Iterable[Action]) -> str:
    """Return the tags as text."""
    return ''.join(map(str, actions))

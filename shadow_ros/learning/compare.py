"""Two models on the same examples: differences with bootstrap intervals, who alone is right."""

from typing import Any, Callable, Mapping, Sequence

import numpy as np

from shadow_ros.learning.judge import moves, Result

RESAMPLES = 2000
_LEVEL = 0.95

Measure = Callable[[Result], float]

MEASURES: Mapping[str, tuple[Measure, Callable[[Result], bool]]] = {
    'exact': (lambda r: r.exact, lambda r: True),
    'exact_en': (lambda r: r.exact, lambda r: r.example.lang == 'en'),
    'exact_zh': (lambda r: r.exact, lambda r: r.example.lang == 'zh'),
    'false_motion': (lambda r: r.false_motion, lambda r: not moves(r.wanted)),
    'remote_recall': (lambda r: r.plan.route == 'remote', lambda r: r.wanted.route == 'remote'),
    'latency_ms': (lambda r: r.thought.timing_ms['total'], lambda r: True),
}
"""Each measure: the value of one result, and which results count."""


def compare(ours: Sequence[Result], theirs: Sequence[Result], seed: int = 1) -> dict[str, Any]:
    """
    Return for each measure both means, their difference and its 95 percent interval.

    The examples are resampled in pairs, so that what is hard for both does not widen the
    interval. `only_ours` and `only_theirs` count the examples that one alone has exact.
    """
    if [r.example.text for r in ours] != [r.example.text for r in theirs]:
        raise ValueError('expected both models on the same examples in the same order')
    found: dict[str, Any] = {
        'only_ours': sum(a.exact and not b.exact for a, b in zip(ours, theirs)),
        'only_theirs': sum(b.exact and not a.exact for a, b in zip(ours, theirs))}
    for name, (measure, counts) in MEASURES.items():
        pairs = [(measure(a), measure(b)) for a, b in zip(ours, theirs) if counts(a)]
        if pairs:
            found[name] = interval(np.array(pairs, dtype=float), seed)
    return found


def interval(pairs: 'np.ndarray', seed: int = 1) -> dict[str, float]:
    """Return means and difference of pairs [n, 2], with the difference's interval."""
    rng = np.random.default_rng(seed)
    gaps = pairs[:, 0] - pairs[:, 1]
    drawn = gaps[rng.integers(0, len(gaps), (RESAMPLES, len(gaps)))].mean(axis=1)
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return {'ours': round(float(pairs[:, 0].mean()), 4),
            'theirs': round(float(pairs[:, 1].mean()), 4),
            'difference': round(float(gaps.mean()), 4),
            'low': round(float(low), 4), 'high': round(float(high), 4)}

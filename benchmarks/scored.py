"""What benchmarks of understanding measure with: the hand-written sets, figures of results."""

import hashlib
import json
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

import numpy as np

from shadow_ros.learning.compare import interval
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import read_examples
from shadow_ros.learning.evaluate import rate, report
from shadow_ros.learning.judge import Result
from shadow_ros.speech.stopword import is_panic, is_stop

DATA = Path(__file__).parents[1] / 'test/data'
DEV = ('dev_commands', 'dev_held')
RESULTS = Path(__file__).parent / 'results'
METHODS, BASELINES, SHIPPED = 'methods', 'baselines', 'shipped'
GROUPS: Mapping[str, frozenset[str]] = {
    'single commands': frozenset((
        'simple', 'default', 'polite', 'rude', 'child', 'dialect', 'terse', 'wake', 'speed',
        'setting', 'acrobatic', 'stop')),
    'amounts': frozenset(('amounts',)),
    'several steps': frozenset(('sequence', 'reorder', 'repetition', 'correction')),
    'no motion': frozenset(('talk', 'remote', 'ability', 'past', 'quotation', 'hypothetical',
                            'postponed', 'negation'))}


def development(names: Sequence[str] = DEV) -> list[Example]:
    """Return the examples of development sets, from which nothing is learned."""
    return [e for name in names for e in read_examples(DATA / f'{name}.jsonl')]


def fingerprint() -> str:
    """Return a hash of the sets; figures of others cannot be compared example by example."""
    return hashlib.sha256(b''.join((DATA / f'{name}.jsonl').read_bytes() for name in DEV)
                          ).hexdigest()[:16]


def stopped(text: str) -> bool:
    """Return whether the stop word catches a text before any model."""
    return is_stop(text) or is_panic(text)


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Return the figures of results; `right` has a 1 for each exact plan, a 0 for the others."""
    found = report(results)
    keys = ('count', 'exact', 'exact_en', 'exact_zh', 'false_motion', 'acrobatic_false_motion',
            'remote_recall', 'latency_median')
    shares = {group: rate(r.exact for r in results if r.example.category in categories)
              for group, categories in GROUPS.items()}
    return {**{key: found[key] for key in keys if key in found}, **shares,
            'right': ''.join(str(int(r.exact)) for r in results)}


def still(results: Sequence[Result]) -> dict[str, Any]:
    """Return how often public requests, none of which should move anything, did."""
    return {'public_count': len(results),
            'public_false_motion': rate(r.false_motion for r in results)}


def gap(ours: str, theirs: str) -> dict[str, float]:
    """Return the difference of two strings of right and wrong, with its 95 percent interval."""
    return interval(np.array([list(map(int, ours)), list(map(int, theirs))], float).T)


def load(name: str) -> dict[str, Any]:
    """Return stored results, or nothing."""
    path = RESULTS / f'{name}.json'
    found: Optional[dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else None
    return found or {}


def store(name: str, found: Mapping[str, Any]) -> None:
    """Store results for the page."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f'{name}.json').write_text(json.dumps(found, indent=1) + '\n')

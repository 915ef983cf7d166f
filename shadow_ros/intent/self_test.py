"""
The self-test of a model that is about to work.

A promoted folder holds `self_test.jsonl`: texts and the actions that its model gave, surely, when
it passed the gate. Whatever the folder holds, a model must answer at all, with finite confidence
and in time, and must not move for nothing.
"""

import json
import math
from pathlib import Path
from typing import Iterable, TYPE_CHECKING

from shadow_ros.errors import ModelError, PlanError
from shadow_ros.plan import parse

if TYPE_CHECKING:
    from shadow_ros.intent.engine import EdgeEngine

FILE = 'self_test.jsonl'
SURE = 0.9  # confidence below which another machine's arithmetic might decide otherwise
SLOW_SECONDS = 10.0  # for one text; such a model would be of no use
_MANY = 24
_ANYTHING = ('sit down', '停', '!?', 'the quick brown fox', '\u202e\u0000', 'a' * 300)


def write_self_test(engine: 'EdgeEngine', folder: Path, texts: Iterable[str]) -> int:
    """Write what the engine surely says to some of the texts; return how many they are."""
    rows: list[str] = []
    for text in texts:
        thought = engine.think(text)
        if thought.confidence >= SURE and len(rows) < _MANY:
            actions = ''.join(map(str, thought.plan.actions))
            rows.append(json.dumps({'text': text, 'plan': actions}, ensure_ascii=False) + '\n')
    (folder / FILE).write_text(''.join(rows), encoding='utf-8')
    return len(rows)


def self_test(engine: 'EdgeEngine', folder: Path) -> None:
    """Raise ModelError unless the engine passes."""
    for text in _ANYTHING:
        thought = engine.think(text)
        if not math.isfinite(thought.confidence) or not 0 <= thought.confidence <= 1.0001:
            raise ModelError(f'{folder} fails its self-test: its confidence is '
                             f'{thought.confidence}')
        if thought.timing_ms['total'] > SLOW_SECONDS * 1000:
            raise ModelError(f'{folder} fails its self-test: it took '
                             f'{thought.timing_ms["total"] / 1000:.0f} s for one text')
    for text, plan in _promised(folder):
        found = ''.join(map(str, engine.think(text).plan.actions))
        if parse(found).actions != parse(plan).actions:
            raise ModelError(f'{folder} fails its self-test: {text!r} gave {plan or "no motion"} '
                             f'when it was measured and gives {found or "no motion"} now')


def _promised(folder: Path) -> list[tuple[str, str]]:
    """Return texts and plans of the folder's self-test, none where it has no such file."""
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        rows = [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]
        return [(str(row['text']), str(parse(row['plan']))) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, PlanError) as error:
        raise ModelError(f'{path} cannot be read: {error}') from None

"""
The models that ship, as they run: the shadow on the robot, and its backbone with it and without.

    python benchmarks/bench_shipped.py [--negatives FILE]
    python benchmarks/make_results.py                        # docs/results.md from what it found

Thresholds and stop word count. The robot's model is held to the edge's plans and the backbone to
the cloud's; attached and detached are compared where both should say the same. What came out is
written to `benchmarks/results/shipped.json`.
"""

import argparse
from pathlib import Path
import time
from typing import Any, Optional, Sequence

from scored import DEV, development, fingerprint, gap, SHIPPED, still, stopped, store, summary

from shadow_ros.learning.data import cloud_plan, negatives
from shadow_ros.learning.judge import judge, open_engine, Result
from shadow_ros.plan import parse

MODELS = Path(__file__).parents[1] / 'models'
CLOUD = 'dev_cloud'
MODES = ('attached', 'detached', 'plain')


def measure(folder: Path, mode: str, public: Optional[Path]) -> tuple[dict[str, Any], str]:
    """Return a model's figures on all sets, and what it has right where both plans agree."""
    engine, attached = open_engine(folder, mode)
    began = time.process_time()
    found: list[list[Result]] = [
        judge(engine, development([name]), attached=attached, stops=stopped)
        for name in (*DEV, CLOUD)]
    spent = (time.process_time() - began) * 1e3 / sum(map(len, found))
    agreed = ''.join(str(int(r.exact)) for r in (*found[0], *found[1]) if _agreed(r))
    row = {'name': folder.name if folder.name == 'edge' else f'{folder.name}, {mode}',
           'cpu_ms': round(spent, 2), **summary([*found[0], *found[1]]),
           'sets': {name: summary(r) for name, r in zip((*DEV, CLOUD), found)}}
    if public:
        row |= still(judge(engine, negatives(public, held_out=True), attached=attached,
                           stops=stopped))
    return row, agreed


def _agreed(result: Result) -> bool:
    """Return whether the edge and the attached model should say the same."""
    example = result.example
    return parse(example.plan).actions == parse(cloud_plan(example)).actions


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Measure what ships and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').strip().split('\n')[0])
    parser.add_argument('--negatives', type=Path, help='public requests, the held-out tenth')
    given = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    right: dict[str, str] = {}
    pairs = [(MODELS / 'edge', 'detached')]
    if (MODELS / 'backbone').is_dir():
        pairs += [(MODELS / 'backbone', mode) for mode in MODES]
    for folder, mode in pairs:
        public = given.negatives if folder.name == 'edge' else None
        row, found = measure(folder, mode, public)
        right[row['name']] = found
        rows.append(row)
        print({k: v for k, v in row.items() if k not in ('right', 'sets')}, flush=True)
    first = right.get('backbone, attached', '')
    store(SHIPPED, {
        'date': time.strftime('%Y-%m-%d'), 'sets': fingerprint(),
        'agreed': len(right['edge']), 'rows': rows,
        'gaps': {name: gap(first, each) for name, each in right.items()
                 if first and name != 'backbone, attached'}})


if __name__ == '__main__':
    main()

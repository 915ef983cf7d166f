"""What a person sees of a training: a bar, lines in a log, and curves as a picture."""

import json
from pathlib import Path
import sys
import time
from typing import Any, Optional

LOG_FILE, CURVES_FILE = 'log.jsonl', 'curves.png'


class Progress:
    """
    Counts a stage's steps; a bar at a terminal, else a line at each log.

    A log line holds the mean loss since the last one, the loss of held-out examples now and
    then, the rate, and the CPU seconds that the stage has cost so far.
    """

    def __init__(self, run: Path, stage: str, steps: int, start: int, shown: bool) -> None:
        self.run, self.stage, self.shown = run, stage, shown
        self._began = time.monotonic()
        spent = [row['cpu_seconds'] for row in read_log(run) if row['stage'] == stage]
        self._cpu = time.process_time() - (spent[-1] if start and spent else 0.0)
        self._total: Any = 0.0
        self._count, self._step, self._rate, self._seen = 0, start, 0.0, 0
        self._bar: Any = None
        if shown and sys.stderr.isatty():
            from tqdm import tqdm
            self._bar = tqdm(total=steps, initial=start, desc=stage, unit='step', smoothing=0.05)

    def __enter__(self) -> 'Progress':
        """Return the progress, which closes its bar at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()

    def step(self, step: int, loss: Any, rate: float, examples: int) -> None:
        """Count a step; the loss stays on its device until it is logged."""
        self._total = self._total + loss.detach()
        self._count += 1
        self._step, self._rate = step, rate
        self._seen += examples
        if self._bar is not None:
            self._bar.update()

    def log(self, held_out: Optional[float]) -> None:
        """Write a line of the log, and print it where there is no bar."""
        loss = float(self._total) / max(1, self._count)
        self._total, self._count = 0.0, 0
        line: dict[str, Any] = {
            'stage': self.stage, 'step': self._step, 'rate': round(self._rate, 8),
            'loss': round(loss, 5),
            **({} if held_out is None else {'held_out': round(held_out, 5)}),
            'examples_per_second': round(self._seen / (time.monotonic() - self._began), 1),
            'cpu_seconds': round(time.process_time() - self._cpu, 1)}
        if not self.shown:
            return
        with open(self.run / LOG_FILE, 'a', encoding='utf-8') as file:
            file.write(json.dumps(line) + '\n')
        if self._bar is not None:
            self._bar.set_postfix(loss=line['loss'])
        else:
            print('  '.join(f'{k} {v}' for k, v in line.items()), flush=True)


def read_log(run: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's log; a step that was done again after a break counts once."""
    path = run / LOG_FILE
    lines = path.read_text('utf-8').splitlines() if path.is_file() else []
    found = {(row['stage'], row['step']): row for row in map(json.loads, lines)}
    return list(found.values())


def cost(run: Path) -> float:
    """Return the CPU hours that a run has cost, over all its stages."""
    stages: dict[str, float] = {}
    for row in read_log(run):
        stages[row['stage']] = max(stages.get(row['stage'], 0.0), row['cpu_seconds'])
    return sum(stages.values()) / 3600


def draw_curves(run: Path) -> Optional[Path]:
    """Draw each stage's loss over its steps into `curves.png`; return the path."""
    rows = read_log(run)
    if not rows:
        return None
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    names = list(dict.fromkeys(row['stage'] for row in rows))
    figure, axes = pyplot.subplots(1, len(names), figsize=(4 * len(names), 3.2), squeeze=False)
    for axis, name in zip(axes[0], names):
        own = [row for row in rows if row['stage'] == name]
        axis.plot([r['step'] for r in own], [r['loss'] for r in own], '.-', label='learned')
        held = [r for r in own if 'held_out' in r]
        if held:
            axis.plot([r['step'] for r in held], [r['held_out'] for r in held], 'o-', ms=3,
                      label='held out')
        axis.set(title=name, xlabel='step', ylabel='loss per token', yscale='log')
        axis.grid(alpha=0.3, which='both')
        axis.legend()
    figure.tight_layout()
    figure.savefig(run / CURVES_FILE, dpi=120)
    pyplot.close(figure)
    return run / CURVES_FILE

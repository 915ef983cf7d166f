#!/usr/bin/env python3
"""
Time text -> plan: medians, 95th percentiles, model passes and tokens, command by command.

    python benchmarks/bench_intent.py [--model DIR] [--random] [--repeat 20] [TEXT]...

`--random` times an untrained model of about the shipped size: passes and tokens then mean
nothing, the time of a pass does. `cpu` is the time this thread computed, `wall` what a user
waits: they part when the machine is busy.
"""

import argparse
from pathlib import Path
import statistics
import sys
import tempfile
import time
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shadow_ros.intent.engine import EdgeEngine  # noqa: E402

COMMANDS = (
    'sit', 'stand up', 'walk forward two meters', 'turn left ninety degrees', 'take a step back',
    'go forward one meter then sit down', 'wave, then turn around, then lie down',
    'please shuffle sideways to the right by half a metre', 'what do you see in front of you',
    'who are you', 'do a backflip for me, please', '坐下', '向前走两米', '左转九十度然后趴下',
    '慢慢后退一步', '你叫什么名字', '前面有什么')


def main() -> None:
    """Print one row a command and the totals."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        model = _random_model(Path(folder)) if options.random else options.model
        started = time.perf_counter()
        engine = EdgeEngine.load(model)
        print(f'{engine.card.name}: loaded and warm in {time.perf_counter() - started:.1f} s')
        rows = [_measure(engine, text, options.repeat) for text in options.text or COMMANDS]
    _print(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or '').split('\n')[1])
    parser.add_argument('text', nargs='*', help='commands to time; default: a list')
    parser.add_argument('--model', type=Path, help='model folder; default: the shipped model')
    parser.add_argument('--random', action='store_true', help='an untrained model of that size')
    parser.add_argument('--repeat', type=int, default=20, help='times each command is given')
    return parser.parse_args()


def _measure(engine: EdgeEngine, text: str, repeat: int) -> dict:
    """Return the times in ms of one command, and what it took."""
    wall, cpu, early = [], [], []
    for _ in range(repeat):
        clocks = time.perf_counter(), time.thread_time()
        thought = engine.think(text)
        wall.append((time.perf_counter() - clocks[0]) * 1e3)
        cpu.append((time.thread_time() - clocks[1]) * 1e3)
        early.append(thought.timing_ms['actions'])
    return {'text': text, 'plan': str(thought.plan), 'confidence': thought.confidence,
            'wall': wall, 'cpu': cpu, 'actions': early, 'passes': thought.passes,
            'tokens': thought.tokens}


def _print(rows: list[dict]) -> None:
    """Print the table; times in ms."""
    print(f'{"actions":>8} {"wall":>7} {"p95":>7} {"cpu":>7} {"passes":>6} {"tokens":>6} '
          f'{"sure":>5}  command -> plan')
    for row in rows:
        _line(row, f'{row["passes"]:>6} {row["tokens"]:>6} {row["confidence"]:>5.2f}',
              f'{row["text"]} -> {row["plan"][:70]}')
    together = {key: [v for row in rows for v in row[key]] for key in ('wall', 'cpu', 'actions')}
    passes, tokens = (sum(row[key] for row in rows) for key in ('passes', 'tokens'))
    _line(together, f'{passes:>6} {tokens:>6} {"":>5}', 'all')
    each = statistics.median(together['cpu']) / max(1, passes / len(rows))
    print(f'{tokens - passes} of {tokens} tokens cost no pass of their own; '
          f'about {each:.2f} ms of computing a pass')


def _line(row: dict, counts: str, what: str) -> None:
    """Print one line of the table."""
    median: Callable[[str], float] = lambda key: statistics.median(row[key])  # noqa: E731
    worst = sorted(row['wall'])[min(len(row['wall']) - 1, int(0.95 * len(row['wall'])))]
    print(f'{median("actions"):>8.2f} {median("wall"):>7.2f} {worst:>7.2f} {median("cpu"):>7.2f} '
          f'{counts}  {what}')


def _random_model(folder: Path) -> Path:
    """Write an untrained model of about four million parameters into the folder."""
    import torch
    from transformers import Qwen3Config, Qwen3Model

    from shadow_ros.intent.card import IntentCard
    from shadow_ros.intent.tokens import Codec
    from shadow_ros.shadow.projected import ProjectedShadow
    codec = Codec.train(COMMANDS * 3, 3000)
    stack = Qwen3Model(Qwen3Config(
        vocab_size=3000, hidden_size=192, intermediate_size=512, num_hidden_layers=6,
        num_attention_heads=4, num_key_value_heads=2, head_dim=48, max_position_embeddings=512))
    ProjectedShadow.wrap(stack, torch.nn.Linear(384, 3000, bias=False)).save(folder)
    codec.save(folder)
    IntentCard('random').save(folder)
    return folder


if __name__ == '__main__':
    main()

"""
How many replicas do so many robots need? Passes measured here, then simulated minute by minute.

    python benchmarks/cloud_sizing.py [MODEL] [--robots 10000] [--an-hour 30] [--share 0.15]

Each replica is one batcher: at every step those who wait sit down, prompts are read in one pass,
plans go one pass further in another. Times are CPU seconds, so a busy machine distorts little.
"""

import argparse
from collections import deque
from dataclasses import dataclass
import json
from pathlib import Path
import time
from typing import Any, Sequence

import numpy as np

DEV = Path(__file__).resolve().parents[1] / 'test/data/dev_cloud.jsonl'


@dataclass(frozen=True)
class Costs:
    """Seconds of a pass: `base` for any, `step` a row written on, `prompt` one that is read."""

    base: float
    step: float
    prompt: float
    passes: float  # that a plan takes after its prompt


@dataclass(frozen=True)
class Outcome:
    """Seconds of each answered command, how many were turned away, how busy replicas were."""

    seconds: np.ndarray
    refused: int
    busy: float


def simulate(arrivals: Sequence[float], replicas: int, costs: Costs, slots: int = 32,
             queue: int = 64, seed: int = 1) -> Outcome:
    """Return what becomes of commands that arrive at these times (s), spread at random."""
    rng = np.random.default_rng(seed)
    owner = rng.integers(replicas, size=len(arrivals))
    passes = 1 + rng.poisson(costs.passes - 1, size=len(arrivals))
    found: list[float] = []
    refused, worked = 0, 0.0
    for replica in range(replicas):
        mine = [i for i in range(len(arrivals)) if owner[i] == replica]
        seconds, no, work = _replica([arrivals[i] for i in mine], [int(passes[i]) for i in mine],
                                     costs, slots, queue)
        found += seconds
        refused += no
        worked += work
    return Outcome(np.array(found), refused, worked / (replicas * float(arrivals[-1])))


def _replica(arrivals: Sequence[float], passes: Sequence[int], costs: Costs, slots: int,
             queue: int) -> tuple[list[float], int, float]:
    """Return times of answers, refusals and working time of one replica."""
    coming = deque(zip(arrivals, passes))
    waiting: deque[tuple[float, int]] = deque()
    seated: list[tuple[float, int]] = []
    found: list[float] = []
    now, refused, worked = 0.0, 0, 0.0
    while coming or waiting or seated:
        if not waiting and not seated:
            now = max(now, coming[0][0])
        while coming and coming[0][0] <= now:
            one = coming.popleft()
            if len(waiting) < queue:
                waiting.append(one)
            else:
                refused += 1
        fresh = [waiting.popleft() for _ in range(min(len(waiting), slots - len(seated)))]
        took = (costs.base + costs.prompt * len(fresh)) * bool(fresh) \
            + (costs.base + costs.step * len(seated)) * bool(seated)
        now, worked = now + took, worked + took
        left = [(at, count - 1) for at, count in seated]
        found += [now - at for at, count in left if count <= 0]
        seated = [one for one in left if one[1] > 0] + fresh
    return found, refused, worked


def measure(model: str) -> Costs:
    """Return the costs of passes of a backbone on this machine."""
    import torch
    from shadow_ros.cloud.backbone import Backbone
    from shadow_ros.cloud.batcher import Batcher
    from shadow_ros.intent.decode import Pen
    from shadow_ros.shadow.batch import BatchRuntime, Feed
    torch.set_num_threads(1)
    backbone = Backbone.load(model)
    texts = [json.loads(line)['text'] for line in DEV.read_text('utf-8').splitlines()]
    prompts = [backbone.dialect.prompt(text) for text in texts[:64]]
    runtime = BatchRuntime(backbone.model, 32, backbone.dialect.room)

    def timed(rows: int, tokens: Any) -> float:
        times = []
        for turn in range(5):
            feeds = [Feed(slot, tokens(slot + turn)) for slot in range(rows)]
            began = time.process_time()
            runtime.feed(feeds)
            times.append(time.process_time() - began)
            for slot in range(rows):
                runtime.rewind(slot, min(20, runtime.lengths[slot]))
        return float(np.median(times))

    step = {rows: timed(rows, lambda i: [5, 6]) for rows in (1, 8, 16, 32)}
    for slot in range(32):
        runtime.rewind(slot, 0)
    read = {rows: timed(rows, lambda i: prompts[i]) for rows in (1, 8, 16, 32)}
    slope, base = np.polyfit(list(step), list(step.values()), 1)
    prompt, _ = np.polyfit(list(read), list(read.values()), 1)
    runtime = BatchRuntime(backbone.model, 32, backbone.dialect.room)
    batcher = Batcher(runtime, Pen(backbone.dialect.grammar), 999)
    began = time.process_time()
    jobs = [batcher.submit(p, time.monotonic() + 600) for p in prompts]
    written = sum(job.future.result().tokens - len(job.prompt) for job in jobs) / len(jobs)
    took = (time.process_time() - began) / len(jobs)
    batcher.close()
    passes = runtime.passes * 32 / len(jobs)  # as two waves of 32 shared them
    print(f'a pass: {base * 1e3:.1f} ms + {slope * 1e3:.2f} ms a row; a prompt '
          f'{prompt * 1e3:.2f} ms; {passes:.1f} passes and {written:.1f} tokens a plan; '
          f'{took * 1e3:.1f} ms of one core a plan in full batches')
    return Costs(float(base), float(slope), float(prompt), float(passes))


def arrivals(rate: float, seconds: float, seed: int = 2) -> list[float]:
    """Return random times of commands, so many a second."""
    rng = np.random.default_rng(seed)
    return list(np.sort(rng.uniform(0.0, seconds, size=rng.poisson(rate * seconds))))


def main() -> None:
    """Measure and simulate."""
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n\n')[0])
    parser.add_argument('model', nargs='?', default='', help='folder of a backbone')
    parser.add_argument('--robots', type=int, default=10_000)
    parser.add_argument('--an-hour', type=float, default=30.0, help='commands of a robot')
    parser.add_argument('--share', type=float, default=0.15, help='of them beyond the edge')
    parser.add_argument('--seconds', type=float, default=600.0, help='that are simulated')
    given = parser.parse_args()
    costs = measure(given.model)
    usual = given.robots * given.an_hour / 3600 * given.share
    for name, rate in (('usual', usual), ('three times as much', 3 * usual)):
        times = arrivals(rate, given.seconds)
        print(f'{given.robots} robots, {name}: {rate:.1f} commands/s beyond the edge')
        for replicas in (1, 2, 3, 4, 6, 8):
            found = simulate(times, replicas, costs)
            if len(found.seconds):
                late = float(np.mean(found.seconds > 4.0))
                print(f'  {replicas} replicas of one core: median '
                      f'{np.median(found.seconds) * 1e3:.0f} ms, p99 '
                      f'{np.quantile(found.seconds, .99) * 1e3:.0f} ms, busy {found.busy:.0%}, '
                      f'turned away {found.refused / len(times):.1%}, later than 4 s {late:.1%}')


if __name__ == '__main__':
    main()

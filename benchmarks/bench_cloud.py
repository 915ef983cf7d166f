"""
The promises of the cloud, measured: load, overload, faults and what it costs the edge.

A real server process, real sockets on loopback; what is compared takes turns in one run.

    python benchmarks/bench_cloud.py [MODEL] [--robots 64] [--seconds 20] [--part load ...]
"""

import argparse
import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
import itertools
import json
import os
from pathlib import Path
import statistics
import subprocess
import sys
import threading
import time
from typing import Any, Iterator

import httpx2
import numpy as np

from shadow_ros.cloud.link import Link, LinkOptions
from shadow_ros.cloud.policy import Question
from shadow_ros.cloud.protocol import PLAN
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.plan import parse, Plan

ROOT = Path(__file__).resolve().parents[1]
DEV = ROOT / 'test/data/dev_cloud.jsonl'
HELD = ROOT / 'test/data/held_cloud.jsonl'
ROUNDS = 3
EDGE = ('walk forward two meters', 'sit down', 'turn left ninety degrees', '坐下', 'wave',
        'who are you', '向左转四十五度', 'do a dance')


@dataclass(frozen=True)
class Served:
    """What a load led to: seconds of each answer by its status, and how long it all took."""

    seconds: dict[int, list[float]]
    took: float

    @property
    def rate(self) -> float:
        """Return right answers a second."""
        return len(self.seconds.get(200, ())) / self.took

    def quantile(self, part: float, status: int = 200) -> float:
        """Return a quantile of the times of answers with this status, in ms."""
        return float(np.quantile(self.seconds[status], part)) * 1e3


@contextmanager
def server(model: str, *options: str) -> Iterator[str]:
    """Yield the address of a server process; it is ended cleanly."""
    command = [sys.executable, '-m', 'shadow_ros.cli', 'serve', *([model] if model else []),
               '--port', '0', *options]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                             env={**os.environ, 'PYTHONUNBUFFERED': '1'})
    assert child.stdout is not None
    try:
        url = next(line.split('serving on ')[1].split(';')[0] for line in child.stdout
                   if 'serving on' in line)
        yield url
    finally:
        child.terminate()
        assert child.wait(30) == 0


def texts() -> list[str]:
    """Return commands of the development set."""
    lines = DEV.read_text('utf-8').splitlines()
    return [json.loads(line)['text'] for line in lines]


async def load(url: str, robots: int, seconds: float, patient: bool = True) -> Served:
    """Let so many robots ask one command after the other; the patient ones heed Retry-After."""
    found: dict[int, list[float]] = {}
    commands = itertools.cycle(texts())
    ends = time.monotonic() + seconds
    limits = httpx2.Limits(max_connections=robots, max_keepalive_connections=robots)
    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=60.0,
                                  trust_env=False) as client:
        async def robot() -> None:
            while time.monotonic() < ends:
                began = time.monotonic()
                answer = await client.post(PLAN, json={'text': next(commands),
                                                       'deadline_ms': 30_000})
                found.setdefault(answer.status_code, []).append(time.monotonic() - began)
                if answer.status_code == 429:
                    await asyncio.sleep(float(answer.headers['Retry-After']) if patient else .02)

        began = time.monotonic()
        await asyncio.gather(*(robot() for _ in range(robots)))
        return Served(found, time.monotonic() - began)


def measure_load(model: str, robots: int, seconds: float) -> None:
    """Compare shared passes with one command at a time, under the same robots."""
    share, alone = [], []
    queue = ('--queue', str(2 * robots))
    with server(model, *queue) as many, server(model, '--slots', '1', *queue) as one:
        for _ in range(ROUNDS):
            share.append(asyncio.run(load(many, robots, seconds)))
            alone.append(asyncio.run(load(one, robots, seconds)))
        single = asyncio.run(load(many, 1, min(seconds, 5.0)))
    for name, runs in ((f'{robots} robots, shared passes', share),
                       (f'{robots} robots, one at a time', alone)):
        errors = sum(len(v) for run in runs for k, v in run.seconds.items() if k != 200)
        print(f'{name}: {statistics.median(r.rate for r in runs):.1f} plans/s, median '
              f'{statistics.median(r.quantile(.5) for r in runs):.0f} ms, p99 '
              f'{statistics.median(r.quantile(.99) for r in runs):.0f} ms, errors {errors}')
    ratios = [a.rate / b.rate for a, b in zip(share, alone)]
    print(f'1 robot: {single.rate:.1f} plans/s, median {single.quantile(.5):.0f} ms')
    print(f'throughput, shared to one at a time: {statistics.median(ratios):.1f} '
          f'(rounds {", ".join(f"{r:.1f}" for r in ratios)})')


def measure_overload(model: str, robots: int, seconds: float) -> None:
    """Ask far more than is taken, and tell how fast the no is that one more robot gets."""
    with server(model, '--slots', '8', '--queue', '8') as url:
        flood = subprocess.Popen([sys.executable, __file__, '--robots', str(robots), '--seconds',
                                  str(seconds), '--flood', url], stdout=subprocess.PIPE, text=True)
        while 'shadow_ros_waiting 8.0' not in httpx2.get(f'{url}/metrics', timeout=30.0).text:
            time.sleep(0.1)
        one = asyncio.run(load(url, 1, seconds / 2, patient=False))
        told = json.loads(flood.communicate(timeout=120)[0])
    print(f'overload, {robots} robots on 8 seats and a queue of 8: {told["rate"]:.1f} plans/s, '
          f'answers {told["counts"]}; one more robot: {len(one.seconds.get(429, ()))} times 429 '
          f'within median {one.quantile(.5, 429):.0f} ms, p99 {one.quantile(.99, 429):.0f} ms; '
          f'{len(one.seconds.get(200, ()))} plans')


def flood(url: str, robots: int, seconds: float) -> None:
    """Ask as robots do, in a process of its own, and print what came."""
    run = asyncio.run(load(url, robots, seconds))
    print(json.dumps({'rate': run.rate, 'counts': {k: len(v) for k, v in run.seconds.items()}}))


@contextmanager
def _faulty(fault: str) -> Iterator[Any]:
    """Yield a server with one of the faults of the tests."""
    sys.path.insert(0, str(ROOT / 'test/cloud'))
    import faulty
    made = faulty.Faulty()
    if fault in faulty.FAULTS:
        made.fault = faulty.FAULTS[fault][0]
    yield made
    made.close()


def measure_edge(rounds: int = 12) -> None:
    """Compare the edge's own times with a sound cloud and with every fault in flight."""
    engine = EdgeEngine.load()

    def think() -> list[float]:
        return [engine.think(text).timing_ms['total'] for text in EDGE]

    found: dict[str, tuple[list[float], list[float]]] = {}
    for fault in ('none', 'refused', 'reset', 'stall', 'drip', '500', 'garbage', 'half'):
        with _faulty(fault) as bad:
            link = Link(LinkOptions(bad.url, 1.0))
            link.attach().result(10)
            if fault == 'refused':
                bad.close()
            stop = threading.Event()

            def ask(link: Link = link, stop: threading.Event = stop) -> None:
                while not stop.wait(0.2):
                    link.ask(Question('walk in a square'), _ignore, _ignore)

            for _ in range(rounds):
                usual, beside = found.setdefault(fault, ([], []))
                usual += think()
                stop.clear()
                asking = threading.Thread(target=ask, daemon=True)
                asking.start()
                beside += think()
                stop.set()
                asking.join()
            link.close()
    for fault, (usual, beside) in found.items():
        alone, asked = statistics.median(usual), statistics.median(beside)
        print(f'edge while the cloud is asked 5 times a second, fault {fault}: median '
              f'{asked:.1f} ms, alone {alone:.1f} ms, {asked / alone:.2f} times')


def _ignore(outcome: Any) -> None:
    pass


def measure_accuracy(model: str) -> None:
    """Compare exact plans of the complex commands: detached, and attached by either policy."""
    with server(model) as url:
        ways = {'detached': (), **{f'attached, policy {policy}': ('--backbone', url, '--policy',
                                                                  policy)
                                   for policy in ('remote', 'unsure')}}
        for path in (DEV, HELD):
            rows = [json.loads(line) for line in path.read_text('utf-8').splitlines()]
            asked = '\n'.join(json.dumps(_question(row)) for row in rows)
            for name, options in ways.items():
                _print_accuracy(f'{path.name}, {name}', rows, _answers(asked, options))


def _answers(asked: str, options: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what the command line answers to JSON lines."""
    done = subprocess.run([sys.executable, '-m', 'shadow_ros.cli', 'ask', '--file', '-', *options],
                          input=asked, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _print_accuracy(name: str, rows: list[dict[str, Any]], answers: list[dict[str, Any]]) -> None:
    """Print how many plans are exact, in all and by category, and how many the cloud made."""
    right = [_right(row, answer) for row, answer in zip(rows, answers)]
    by = sum(answer['by'] == 'cloud' for answer in answers)
    print(f'{name}: {sum(right)} of {len(rows)} plans exact ({sum(right) / len(rows):.1%}), '
          f'{by} by the cloud')
    for category in dict.fromkeys(row['category'] for row in rows):
        found = [ok for ok, row in zip(right, rows) if row['category'] == category]
        print(f'    {category}: {sum(found)} of {len(found)}')


def _question(row: dict[str, Any]) -> dict[str, Any]:
    turns = [{'user': said, 'plan': plan} for said, plan in (
        (turn['user'], turn['plan']) if isinstance(turn, dict) else turn
        for turn in row.get('history', ()))]
    return {'text': row['text'], 'history': turns}


def _right(row: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Return whether the actions are those wanted; REMOTE is no action, whoever says so."""
    wanted, found = parse(row.get('cloud') or row['plan']), Plan.from_dict(
        {'actions': answer['actions'], 'reply': answer['reply']})
    return ([action for action in found.actions if action.name != 'REMOTE']
            == [action for action in wanted.actions if action.name != 'REMOTE'])


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n\n')[0])
    parser.add_argument('model', nargs='?', default='', help='folder of a backbone')
    parser.add_argument('--robots', type=int, default=64)
    parser.add_argument('--seconds', type=float, default=10.0)
    parser.add_argument('--part', choices=('load', 'overload', 'edge', 'accuracy'),
                        action='append')
    parser.add_argument('--flood', default='', help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.flood:
        flood(given.flood, given.robots, given.seconds)
        return
    parts = given.part or ['load', 'overload', 'edge', 'accuracy']
    if 'load' in parts:
        measure_load(given.model, given.robots, given.seconds)
    if 'overload' in parts:
        measure_overload(given.model, given.robots, given.seconds)
    if 'edge' in parts:
        measure_edge()
    if 'accuracy' in parts:
        measure_accuracy(given.model)


if __name__ == '__main__':
    main()

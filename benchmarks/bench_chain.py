"""
The promises of the chain, measured: command to wire, stop, accuracy, faults.

Everything is real: intent and action nodes in processes of their own, the virtual Go2 on DDS, and
a listener on its wire; all times are of one monotonic clock. Run on an idle machine:

    python benchmarks/bench_chain.py [--repeat 20]
"""

import argparse
from contextlib import contextmanager
import math
import os
from pathlib import Path
import signal
import statistics
import subprocess
import sys
import time
from typing import Iterator

import numpy as np

from shadow_ros import speech
from shadow_ros.commands.domains import own_domain, own_ros
from shadow_ros.config import Config
from shadow_ros.group import Group
from shadow_ros.nodes.client import GraphClient
from shadow_ros.records import Event, PlanRecord
from shadow_ros.robot.virtual.tap import State, Tap
from shadow_ros.speech.audio import read_file, SAMPLE_RATE
from shadow_ros.speech.listener import Callbacks, Listener
from shadow_ros.speech.recogniser import BEST, make_recogniser
from shadow_ros.speech.sources import FileSource
from shadow_ros.speech.vad import SileroVad

WAV = Path(speech.__file__).parent / 'data' / 'walk_forward_two_meters.wav'
STOP_MOVE = 1003
WAIT = 60.0  # s after which something has gone wrong


class Bench:
    """A running graph, a client of it and a tap on the dog's wire."""

    def __init__(self, group: Group, client: GraphClient, tap: Tap) -> None:
        self.group, self.client, self.tap = group, client, tap

    def say(self, text: str) -> float:
        """Give a command; return when (monotonic, s)."""
        self.client.say(text)
        return time.monotonic()

    def finish(self, text: str) -> None:
        """Wait until the plan of this command has ended."""
        ids: list[str] = []
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            for news in self.client.listen(0.1):
                if isinstance(news, PlanRecord) and news.text == text:
                    ids.append(news.id)
                if isinstance(news, Event) and news.ends_plan and news.plan_id in ids:
                    return
        raise SystemExit(f'no end of {text!r} within {WAIT} s')

    def rest(self) -> State:
        """Return the state once the dog has stood still for half a second."""
        begin = time.monotonic()
        while time.monotonic() - begin < WAIT:
            time.sleep(0.1)
            recent = [s for s in self.tap.states[-200:] if s.time > time.monotonic() - 0.5]
            if recent and all(s.still for s in recent) and time.monotonic() - begin > 0.5:
                return recent[-1]
        raise SystemExit('the dog does not come to rest')

    def walk(self) -> None:
        """Start a long walk and wait until it is at full speed."""
        begin = self.say('walk forward five meters')
        self.tap.wait_for_state(lambda s: s.vx > 0.45, WAIT, begin)

    def stopped_after(self, begin: float) -> float:
        """Return the seconds from then until the last motion."""
        self.rest()
        return max((s.time for s in self.tap.states if s.time >= begin and not s.still),
                   default=begin) - begin


def wire(bench: Bench, repeat: int) -> list[float]:
    """Return the seconds from typed commands to the first request on the wire."""
    times = []
    for n in range(repeat):
        text = f'turn {"left" if n % 2 else "right"} {(30, 45, 60)[n % 3]} degrees'
        begin = bench.say(text)
        request = bench.tap.wait_for_request(lambda r: r.service == 'sport', WAIT, begin)
        times.append(request.time - begin)
        bench.finish(text)
        bench.rest()
    return times


def stops(bench: Bench, repeat: int) -> tuple[list[float], list[float]]:
    """Return the seconds from a typed stop to StopMove on the wire, and to stillness."""
    to_wire, to_rest = [], []
    for _ in range(repeat):
        bench.walk()
        begin = bench.say('stop')
        to_wire.append(bench.tap.wait_for_request(
            lambda r: r.api_id == STOP_MOVE, WAIT, begin).time - begin)
        to_rest.append(bench.stopped_after(begin))
    return to_wire, to_rest


def accuracy(bench: Bench, repeat: int) -> tuple[list[float], list[float]]:
    """Return the errors of 'walk forward two meters' (m) and of a quarter turn (degrees)."""
    metres, degrees = [], []
    for _ in range(repeat):
        a = bench.rest()
        bench.say('walk forward two meters')
        bench.finish('walk forward two meters')
        b = bench.rest()
        metres.append(abs(math.hypot(b.x - a.x, b.y - a.y) - 2.0))
        bench.say('turn left ninety degrees')
        bench.finish('turn left ninety degrees')
        turned = math.remainder(bench.rest().yaw - b.yaw, math.tau)
        degrees.append(abs(math.degrees(turned) - 90.0))
    return metres, degrees


def spoken(bench: Bench, repeat: int) -> list[float]:
    """
    Return the seconds from the end of speech in a WAV to the first request on the wire.

    The sound is played in real time into the listener that the speech node runs, endpointing
    included; its end is the last sample above two percent of full scale.
    """
    sound = read_file(WAV)
    end = float(np.flatnonzero(np.abs(sound) > 0.02)[-1]) / SAMPLE_RATE
    ear, vad = make_recogniser(BEST), SileroVad()
    times = []
    for _ in range(repeat):
        source = FileSource(WAV, paced=True, tail=1.0)
        listener = Listener(source, ear, Callbacks(
            on_transcript=lambda heard: bench.client.hear(heard.text)), vad=vad)
        listener.start()
        begin = time.monotonic()
        request = bench.tap.wait_for_request(lambda r: r.service == 'sport', WAIT, begin)
        times.append(request.time - begin - end)
        bench.finish('walk forward two meters')
        listener.wait(WAIT)
        bench.rest()
    return times


def children(pid: int) -> list[int]:
    """Return the process ids of a process's children, oldest first."""
    path = Path(f'/proc/{pid}/task')
    return sorted(int(child) for task in path.iterdir()
                  for child in (task / 'children').read_text().split())


def fault(bench: Bench, pid: int, number: signal.Signals) -> float:
    """Send a signal in the middle of a walk; return the seconds until the dog stands still."""
    bench.walk()
    begin = time.monotonic()
    os.kill(pid, number)
    return bench.stopped_after(begin)


def show(name: str, values: list[float], unit: str, promise: str) -> None:
    """Print one row: median, 95th percentile and worst."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)]
    print(f'| {name} | {len(values)} | {statistics.median(values):.3g} {unit} | {p95:.3g} {unit} '
          f'| {ordered[-1]:.3g} {unit} | {promise} |', flush=True)


@contextmanager
def graph(domain: int, env: dict[str, str], tap: Tap) -> Iterator[Bench]:
    """Yield a bench on fresh nodes; the dog stays. The go2 body drives it, as it would a robot."""
    config = Config().changed({'robot.body': 'go2', 'robot.network_interface': 'lo',
                               'robot.dds_domain': domain})
    with Group(config, nodes=('intent', 'action'), env=env, log_level='fatal') as group, \
            GraphClient('bench') as client:
        group.start(120.0)
        client.connect(30.0)
        bench = Bench(group, client, tap)
        bench.rest()
        yield bench


def measure(bench: Bench, repeat: int) -> None:
    """Measure what needs no fault."""
    show('typed command to first request', [1e3 * t for t in wire(bench, repeat)], 'ms',
         'median < 60 ms')
    to_wire, to_rest = stops(bench, max(3, repeat // 2))
    show('typed stop to StopMove', [1e3 * t for t in to_wire], 'ms', '< 50 ms')
    show('typed stop to stillness', to_rest, 's', '< 0.5 s')
    show('end of speech to first request', spoken(bench, max(3, repeat // 2)), 's', 'p95 < 1.0 s')
    metres, degrees = accuracy(bench, max(2, repeat // 4))
    show('walk 2 m: error', metres, 'm', '< 0.10 m')
    show('turn 90 degrees: error', degrees, 'deg', '< 3 deg')


def faults(domain: int, env: dict[str, str], tap: Tap, repeat: int) -> None:
    """Break one part in the middle of a walk, again and again, on fresh nodes each time."""
    rows = {'kill -9 of the action node': ('action', signal.SIGKILL),
            'SIGSTOP of the action node': ('action', signal.SIGSTOP),
            'kill -9 of the SDK process': ('sdk', signal.SIGKILL)}
    for name, (part, number) in rows.items():
        times = []
        for _ in range(repeat):
            with graph(domain, env, tap) as bench:
                action = bench.group.pids['action']
                times.append(fault(bench, children(action)[0] if part == 'sdk' else action,
                                   number))
                if number == signal.SIGSTOP:
                    os.kill(action, signal.SIGCONT)
        show(f'{name} to stillness', times, 's', '< 0.6 s')
    with graph(domain, env, tap) as bench:
        begin = bench.rest()
        bench.walk()
        os.kill(bench.group.pids['intent'], signal.SIGKILL)
        end = bench.rest()
        error = abs(math.hypot(end.x - begin.x, end.y - begin.y) - 5.0)
        show('kill -9 of the intent node: error of the walk of 5 m', [error], 'm', '< 0.10 m')


def main() -> None:
    """Run all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--repeat', type=int, default=20)
    parser.add_argument('--faults', type=int, default=3, help='repetitions of each fault')
    options = parser.parse_args()
    print('| what | runs | median | p95 | worst | promised |\n|---|---|---|---|---|---|')
    with own_ros() as env, own_domain() as domain:
        dog = subprocess.Popen(
            [sys.executable, '-m', 'shadow_ros.robot.virtual', '--network-interface', 'lo',
             '--dds-domain', str(domain), '--with-parent'],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            tap = Tap('lo', domain)
            tap.wait_for_state(lambda s: True, WAIT)
            with graph(domain, env, tap) as bench:
                measure(bench, options.repeat)
            if options.faults:
                faults(domain, env, tap, options.faults)
        finally:
            dog.terminate()
            dog.wait(10)


if __name__ == '__main__':
    main()

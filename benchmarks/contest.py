"""A contest: several ways to the same end take turns in one process and are timed alike."""

from dataclasses import dataclass, field
import statistics
import time
from typing import Any, Callable

import torch

Run = Callable[[], Any]


@dataclass
class Times:
    """What each turn of one contender took (ms): on the clock, and of this process's CPU."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def timed(run: Run, times: Times) -> Any:
    """Return what a run returns; its times are added to the others."""
    began = time.perf_counter(), time.process_time()
    found = run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    times.wall.append((time.perf_counter() - began[0]) * 1e3)
    times.cpu.append((time.process_time() - began[1]) * 1e3)
    return found


def contest(title: str, runs: dict[str, Run], repeat: int, by_cpu: bool, floor: float = 0.0,
            ) -> None:
    """
    Print one row a contender; ratios are to the first, of medians.

    On a shared machine a single thread's own CPU time says more than the clock (`by_cpu`). A run
    may return its passes; `floor` is what reading all weights takes (ms).
    """
    passes = {name: run() for name, run in runs.items()}
    times = {name: Times() for name in runs}
    for _ in range(repeat):
        for name, run in runs.items():
            timed(run, times[name])
    wall = {name: statistics.median(found.wall) for name, found in times.items()}
    cpu = {name: statistics.median(found.cpu) for name, found in times.items()}
    taken = cpu if by_cpu else wall
    first = next(iter(taken.values()))
    print(f'\n{title}\n{"wall ms":>9} {"CPU ms":>8} {"ratio":>6} {"floors":>6} {"passes":>7}')
    for name in runs:
        count = passes[name] if isinstance(passes[name], (int, str)) else ''
        floors = taken[name] / (floor * int(str(count).split()[0])) if floor and count else 0.0
        print(f'{wall[name]:>9.1f} {cpu[name]:>8.1f} {taken[name] / first:>6.2f} '
              f'{floors:>6.1f} {count:>7}  {name}', flush=True)


def bandwidth(device: str, by_cpu: bool) -> float:
    """Return how many bytes a millisecond can be read here, by summing a GiB."""
    numbers, times = torch.ones(1 << 28, device=device), Times()
    for _ in range(6):
        timed(numbers.sum, times)
    return float(numbers.nbytes / min((times.cpu if by_cpu else times.wall)[1:]))

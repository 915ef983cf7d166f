"""The simulation behind docs/cloud.md: nobody is lost, and more replicas are never slower."""

import numpy as np

from benchmarks.cloud_sizing import arrivals, Costs, simulate

COSTS = Costs(0.01, 0.0005, 0.005, 10.0)


def test_everybody_is_answered_or_turned_away():
    for rate, replicas in ((5.0, 1), (400.0, 1), (400.0, 4)):
        times = arrivals(rate, 20.0)
        found = simulate(times, replicas, COSTS, slots=8, queue=8)
        assert len(found.seconds) + found.refused == len(times)
        assert found.seconds.min() > COSTS.base + COSTS.prompt
        assert bool(found.refused) == (rate > 100) and 0 < found.busy < 1.3


def test_more_replicas_wait_less():
    times = arrivals(60.0, 30.0)
    worst = [float(np.quantile(simulate(times, n, COSTS).seconds, 0.99)) for n in (1, 2, 4)]
    assert worst == sorted(worst, reverse=True)


def test_one_robot_alone_gets_the_time_of_its_passes():
    found = simulate([1.0], 1, COSTS, seed=3)
    passes = (found.seconds[0] - COSTS.base - COSTS.prompt) / (COSTS.base + COSTS.step)
    assert abs(passes - round(passes)) < 1e-6 and passes >= 1

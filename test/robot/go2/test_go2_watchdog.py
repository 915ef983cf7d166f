"""The watch inside the SDK process, on simulated time."""

from hypothesis import given, strategies as st

from shadow_ros.robot.go2.report import Report
from shadow_ros.robot.go2.watchdog import AT_LEAST, AT_MOST, LATE, REPEAT, Watchdog

TICK = 0.01


def run(watchdog, since, until, report=lambda now: None):
    """Return the times at which StopMove was due."""
    ticks = range(round(since / TICK), round(until / TICK) + 1)
    return [n * TICK for n in ticks if watchdog.due(n * TICK, report(n * TICK))]


def still(now):
    return Report(stamp=now)


def test_a_dog_at_rest_is_left_alone():
    assert run(Watchdog(), 0.0, 10.0) == []


def test_velocities_that_keep_coming_pass():
    watchdog = Watchdog()
    for n in range(100):
        assert watchdog.velocity(n * 0.05)
        assert run(watchdog, n * 0.05, n * 0.05 + 0.04) == []


def test_a_late_velocity_trips_before_the_promised_time():
    watchdog = Watchdog()
    watchdog.velocity(1.0)
    stops = run(watchdog, 1.0, 2.0, still)
    assert 1.0 + LATE < stops[0] < 1.3
    assert 'no velocity' in watchdog.tripped and not watchdog.velocity(2.0)


def test_stops_are_repeated_until_the_dog_is_still():
    watchdog = Watchdog()
    watchdog.trip('x', 0.0)
    stops = run(watchdog, 0.0, 3.0, lambda now: Report(stamp=now, vx=0.5 if now < 1.0 else 0.0))
    assert 1.0 - REPEAT <= stops[-1] <= 1.0 + REPEAT
    assert max(b - a for a, b in zip(stops, stops[1:])) < 0.07
    assert not watchdog.stopping and watchdog.tripped


def test_an_old_report_of_stillness_ends_nothing():
    watchdog = Watchdog()
    watchdog.trip('x', 10.0)
    stops = run(watchdog, 10.0, 20.0, lambda now: still(9.9))
    assert AT_MOST - REPEAT <= stops[-1] - 10.0 <= AT_MOST


def test_stops_go_on_for_a_while_even_when_all_looks_still():
    watchdog = Watchdog()
    watchdog.trip('x', 0.0)
    assert len(run(watchdog, 0.0, 5.0, still)) >= AT_LEAST / REPEAT


def test_a_halt_makes_way_again():
    watchdog = Watchdog()
    watchdog.trip('x', 0.0)
    watchdog.halt()
    assert run(watchdog, 0.0, 1.0) == [] and watchdog.velocity(1.0)


def test_only_the_first_reason_counts():
    watchdog = Watchdog()
    watchdog.trip('first', 0.0)
    watchdog.trip('second', 0.1)
    assert watchdog.tripped == 'first'


@given(st.lists(st.tuples(st.floats(0.001, 1.0), st.sampled_from(['velocity', 'halt', 'due']))))
def test_no_walk_outlives_its_velocities(steps):
    watchdog, now, fed = Watchdog(), 0.0, None
    for pause, what in steps:
        now += pause
        if what == 'velocity' and watchdog.velocity(now):
            fed = now
        elif what == 'halt':
            watchdog.halt()
            fed = None
        if what == 'due' and fed is not None and now - fed > LATE:
            watchdog.due(now, still(now))
            assert watchdog.tripped and not watchdog.walking
            fed = None

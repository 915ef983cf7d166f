"""From the trace of a scenario to a recording for pictures, and from a recording to a trace."""

from bisect import bisect_right
import math
from typing import Iterator, Sequence

from shadow_ros.commands.exchange import Exchange
from shadow_ros.commands.recording import moved, Recording, Said, Sample
from shadow_ros.simulation.trace import Given, Moment, Trace

_EVERY = 0.05  # s between the samples of a picture
_FINE = 0.02  # s between the moments of a view

_SKILLS = {
    'HELLO': 'Hello', 'STRETCH': 'Stretch', 'DANCE': 'Dance1', 'HEART': 'Heart',
    'SCRAPE': 'Scrape', 'JUMP': 'FrontJump', 'POUNCE': 'FrontPounce', 'FRONT_FLIP': 'FrontFlip',
    'BACK_FLIP': 'BackFlip', 'LEFT_FLIP': 'LeftFlip', 'SIT': 'Sit', 'LIE': 'StandDown',
    'DAMP': 'Damp', 'STAND': 'StandUp', 'RECOVER': 'RecoveryStand', 'HANDSTAND': 'HandStand',
    'WALK_UPRIGHT': 'WalkUpright'}
"""Action -> what the virtual dog does for it, as far as a viewer can tell from events."""


def recording_of(trace: Trace) -> Recording:
    """Return what a demo would have recorded of the same run."""
    recording = Recording([_sample(moment) for moment in _thinned(trace.moments)])
    for given in trace.given:
        if given.source == 'time':
            continue
        exchange = _exchange(trace, given)
        recording.said.append(Said(len(recording.said) + 1, given.time,
                                   _sample(trace.at(given.time)), given.source, exchange))
    return recording


def _thinned(moments: list[Moment]) -> list[Moment]:
    """Return a moment every so often, and each at which the posture changes."""
    kept, last = [moments[0]], moments[0]
    for moment in moments[1:]:
        if moment.time - last.time >= _EVERY or moment.posture != last.posture:
            kept.append(moment)
            last = moment
    return kept


def _sample(moment: Moment) -> Sample:
    return Sample(moment.time, moment.x, moment.y, moment.yaw, moment.posture, not moment.still)


def _exchange(trace: Trace, given: Given) -> Exchange:
    """Return what was given with its plan and events; a service's words stand for themselves."""
    exchange = Exchange(given.text, given.time)
    for _, record in trace.plans:
        if record.id in given.plan_ids and exchange.plan is None:
            exchange.plan = record
    for at, event in trace.events:
        exchange.take(event, at)
    return exchange


def trace_of(recording: Recording) -> Trace:
    """Return what a view needs of a demo: moments as fine as its motion, and what was said."""
    trace = Trace()
    samples = recording.samples
    if not samples:
        return trace
    for said in recording.said:
        trace.given.append(Given(said.time, said.exchange.text, said.source))
        trace.events += [(said.time + at, event) for at, event in said.exchange.events]
    trace.events.sort(key=lambda item: item[0])
    shows = list(_shows(trace))
    times = [sample.time for sample in samples]
    for step in range(int((times[-1] - times[0]) / _FINE) + 1):
        time = times[0] + step * _FINE
        place = max(0, bisect_right(times, time) - 1)
        skill = next((name for begin, end, name in shows if begin <= time < end), '')
        trace.moments.append(_moment(samples, place, time - times[0], time, skill))
    trace.given = [Given(g.time - times[0], g.text, g.source) for g in trace.given]
    trace.events = [(at - times[0], event) for at, event in trace.events]
    return trace


def _shows(trace: Trace) -> Iterator[tuple[float, float, str]]:
    """Yield begin, end and skill of each action that a viewer can see."""
    running: tuple[float, str] | None = None
    for at, event in trace.events:
        name = event.action.strip('[]').split(' ')[0]
        if event.kind == 'started':
            running = (at, _SKILLS.get(name, ''))
        elif running and event.kind in ('done', 'failed', 'cancelled', 'stopped'):
            yield running[0], at, running[1]
            running = None


def _moment(samples: Sequence[Sample], place: int, told: float, time: float,
            skill: str) -> Moment:
    """Return what lies between two samples, with the velocity over half a second around it."""
    here, there = samples[place], samples[min(place + 1, len(samples) - 1)]
    span = there.time - here.time
    part = min(1.0, (time - here.time) / span) if span > 0 else 0.0
    early, late = samples[max(0, place - 5)], samples[min(place + 5, len(samples) - 1)]
    forward, left, turned = moved(early, late)
    seconds = max(late.time - early.time, 1e-3) if here.moving else float('inf')
    return Moment(told, here.x + (there.x - here.x) * part, here.y + (there.y - here.y) * part,
                  here.yaw + (there.yaw - here.yaw) * part, forward / seconds, left / seconds,
                  math.radians(turned) / seconds, here.posture, skill)

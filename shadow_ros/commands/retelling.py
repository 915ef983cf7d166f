"""From the trace of a scenario to the recording that pictures are drawn from."""

from shadow_ros.commands.exchange import Exchange
from shadow_ros.commands.recording import Recording, Said, Sample
from shadow_ros.simulation.trace import Given, Moment, Trace

_EVERY = 0.05  # s between the samples of a picture


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
        exchange.take_event(event, at)
    return exchange

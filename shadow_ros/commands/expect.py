"""What a step of a demo is expected to do, checked against what the robot itself reported."""

from dataclasses import dataclass
import math
from typing import Callable

from shadow_ros.commands.exchange import Exchange
from shadow_ros.commands.recording import moved, Sample

METRES, DEGREES = 0.10, 3.0
"""How far a walk or a turn may end from where it should."""

_DRIFT = 3.0  # degrees that a walk may turn the robot


@dataclass(frozen=True)
class Result:
    """A command that has ended, with where the robot was before and is now."""

    exchange: Exchange
    before: Sample
    after: Sample


@dataclass(frozen=True)
class Expectation:
    """What should be, in words, and a check that returns '' or what is wrong instead."""

    words: str
    check: Callable[[Result], str]

    def __and__(self, other: 'Expectation') -> 'Expectation':
        """Return what holds when both do."""
        return Expectation(', '.join(filter(None, (self.words, other.words))),
                           lambda result: self.check(result) or other.check(result))


def carried_out_or_refused() -> Expectation:
    """Expect what the exit code promises for any command: done, talked, remote or refused."""
    def check(result: Result) -> str:
        exchange = result.exchange
        if exchange.done or exchange.route in ('talk', 'remote'):
            return ''
        kind = exchange.end.kind if exchange.end else 'nothing'
        declined = kind == 'refused' or (kind == 'cancelled' and 'confirm' in exchange.kinds)
        return '' if declined and exchange.reason else f'{kind}: {exchange.reason or "no reason"}'
    return Expectation('carried out or refused with a reason', check)


def done() -> Expectation:
    """Expect that the command was carried out."""
    def check(result: Result) -> str:
        if result.exchange.done:
            return ''
        end = result.exchange.end
        return f'{end.kind if end else "no end"}: {result.exchange.reason or "no reason"}'
    return Expectation('', check)


def moves(x: float = 0.0, y: float = 0.0, yaw: float = 0.0) -> Expectation:
    """Expect metres forward and left and degrees left, measured from the robot's own report."""
    def check(result: Result) -> str:
        dx, dy, turned = moved(result.before, result.after)
        if math.dist((dx, dy), (x, y)) > METRES:
            return f'moved {dx:.2f} m forward, {dy:.2f} m left'
        limit = DEGREES if yaw else _DRIFT
        return '' if abs(turned - yaw) <= limit else f'turned {turned:.1f}°'
    told = [f'walks {abs(x):g} m {"forward" if x > 0 else "back"}' if x else '',
            f'steps {abs(y):g} m to the {"left" if y > 0 else "right"}' if y else '',
            f'turns {abs(yaw):g}° {"left" if yaw > 0 else "right"}' if yaw else '']
    return done() & Expectation(' and '.join(filter(None, told)) or 'stays where it is', check)


def posture(name: str) -> Expectation:
    """Expect that it ends in this posture."""
    def check(result: Result) -> str:
        got = result.after.posture
        return '' if got == name else f'ended in posture {got}'
    return done() & Expectation(f'ends in posture {name}', check)


def plan(*names: str) -> Expectation:
    """Expect exactly these actions, each done in turn."""
    def check(result: Result) -> str:
        record = result.exchange.plan
        got = [action.name for action in record.plan.actions] if record else []
        return '' if got == list(names) else f'planned {" ".join(got) or "nothing"}'
    return done() & Expectation(' → '.join(names), check)


def _still(result: Result) -> str:
    """Return '' when the robot did not move."""
    dx, dy, turned = moved(result.before, result.after)
    moved_at_all = math.hypot(dx, dy) > 0.05 or abs(turned) > _DRIFT
    return f'moved {math.hypot(dx, dy):.2f} m, {turned:.0f}°' if moved_at_all else ''


def refused() -> Expectation:
    """Expect that it says why it will not, and does not move."""
    def check(result: Result) -> str:
        end = result.exchange.end
        if end is None or end.kind != 'refused':
            return f'{end.kind if end else "no end"} instead of refused'
        return _still(result) or ('' if end.reason else 'refused without a reason')
    return Expectation('refused with a reason', check)


def routed(route: str) -> Expectation:
    """Expect talk, or REMOTE, and no motion."""
    def check(result: Result) -> str:
        got = result.exchange.route
        return _still(result) if got == route else f'{got or "no plan"} instead of {route}'
    return Expectation('talks, stays still' if route == 'talk' else 'hands over (REMOTE)', check)


def interrupted(at_least: float, at_most: float) -> Expectation:
    """Expect that a walk gives way to the stop after so many metres."""
    def check(result: Result) -> str:
        end = result.exchange.end
        if end is None or end.kind not in ('cancelled', 'stopped'):
            return f'{end.kind if end else "no end"} instead of cancelled'
        walked = moved(result.before, result.after)[0]
        return '' if at_least <= walked <= at_most else f'walked {walked:.2f} m'
    return Expectation(f'gives way after {at_least:g} to {at_most:g} m', check)


def stops(within: float) -> Expectation:
    """Expect that the body reports stillness so many seconds after the stop word."""
    def check(result: Result) -> str:
        exchange = result.exchange
        times = [at for at, event in exchange.events if event.kind == 'stopped']
        if not times:
            return f'{", ".join(exchange.kinds) or "nothing"} instead of stopped'
        return '' if times[0] <= within else f'still only after {times[0]:.2f} s'
    return Expectation(f'stands still within {within:g} s', check)

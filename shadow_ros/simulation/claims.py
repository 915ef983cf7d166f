"""What a scenario can claim: each with the check of its value in YAML and the check of a run."""

from dataclasses import dataclass
import json
import math
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

from shadow_ros.actions import ACTIONS
from shadow_ros.errors import ConfigError, PlanError, shorten
from shadow_ros.plan import parse
from shadow_ros.records import Event, EVENT_KINDS
from shadow_ros.robot.body import POSTURES
from shadow_ros.robot.sport.ids import SPORT, Sport
from shadow_ros.simulation.reading import Check, flag, many, number, Section, text, word
from shadow_ros.simulation.trace import Moment, moved, Sent, Trace

AT_REST = 0.05  # m; less is no walk
NEAR, NEAR_DEGREES = 0.10, 3.0  # m, degrees; how far off a pose may be when it is not said


@dataclass(frozen=True)
class Window:
    """
    The part of a run that a claim speaks of: from a step to the next that is given, or all of it.

    `plan_ids` are the plans of the step; None means all plans.
    """

    trace: Trace
    begin: float
    end: float
    plan_ids: Optional[Sequence[str]] = None

    def moments(self, since: float = 0.0) -> list[Moment]:
        """Return the moments of the window from `since` seconds after its beginning."""
        return list(self.trace.between(self.begin + since, self.end))

    def events(self) -> list[tuple[float, Event]]:
        """Return the events of the step's plans, whenever they came."""
        if not self.plan_ids:
            return [(at, event) for at, event in self.trace.events if self._inside(at)]
        return [(at, event) for at, event in self.trace.events if event.plan_id in self.plan_ids]

    def replies(self) -> list[str]:
        """Return what the robot said in the window."""
        return [said for at, said in self.trace.replies if self._inside(at)]

    def requests(self) -> list[Sent]:
        """Return the requests that reached the robot in the window."""
        return [sent for sent in self.trace.requests if self._inside(sent.time)]

    def _inside(self, at: float) -> bool:
        return self.begin <= at <= self.end


Judge = Callable[[Any, Window], str]
"""(value, window) -> '' when the claim holds, else what is so instead."""


# -- what happened --------------------------------------------------------------------------------


def _event(value: Any, place: str) -> tuple[str, str]:
    """Return kind and action of an event such as `done` or `started MOVE`."""
    kind, _, action = text(value, place).partition(' ')
    word(EVENT_KINDS)(kind, place)
    if action:
        word(ACTIONS)(action, place)
    return kind, action


def _is(event: Event, wanted: tuple[str, str]) -> bool:
    name = event.action.strip('[]').split(' ')[0]
    return event.kind == wanted[0] and (not wanted[1] or name == wanted[1])


def _shown(events: Sequence[tuple[float, Event]]) -> str:
    names = [' '.join((event.kind, event.action.strip('[]').split(' ')[0])).strip()
             for _, event in events if event.kind != 'progress']
    return ', '.join(names) or 'no events'


def _events(value: Any, window: Window) -> str:
    """Check that these events came in this order, whatever came between them."""
    found: Iterator[tuple[float, Event]] = iter(window.events())
    for wanted in value:
        if not any(_is(event, wanted) for _, event in found):
            return f'no {" ".join(wanted).strip()} in its place: {_shown(window.events())}'
    return ''


def _no_events(value: Any, window: Window) -> str:
    for wanted in value:
        if any(_is(event, wanted) for _, event in window.events()):
            return f'{" ".join(wanted).strip()} came: {_shown(window.events())}'
    return ''


def _tags(value: Any, place: str) -> tuple[str, ...]:
    """Return the tags of a plan text; `talk` stands for none."""
    if value == 'talk':
        return ()
    try:
        return tuple(str(action) for action in parse(text(value, place)).actions)
    except PlanError as error:
        raise ConfigError(f'{place}: {error}') from None


def _plan(value: Any, window: Window) -> str:
    plans = [record for _, record in window.trace.plans
             if window.plan_ids is None or record.id in window.plan_ids]
    got = [tuple(str(action) for action in record.plan.actions) for record in plans]
    return '' if value in got else f'planned {" ".join(map("".join, got)) or "nothing"}'


def _reply(value: Any, window: Window) -> str:
    said = window.replies()
    missing = [part for part in value if not any(part.lower() in s.lower() for s in said)]
    return f'{shorten(missing[0])} was not said, but {said or "nothing"}' if missing else ''


def _silent(value: Any, window: Window) -> str:
    said = window.replies()
    if bool(said) != value:
        return ''
    return f'it said {shorten(said[0])}' if said else 'it said nothing'


def _heard(value: Any, window: Window) -> str:
    heard = [said for at, said in window.trace.heard if window.begin <= at <= window.end]
    missing = [part for part in value if not any(part.lower() in h.lower() for h in heard)]
    return f'{shorten(missing[0])} was not heard, but {heard or "nothing"}' if missing else ''


def _ends_within(value: Any, window: Window) -> str:
    ends = [at for at, event in window.events() if event.ends_plan]
    if not ends:
        return 'it did not end'
    return '' if ends[0] - window.begin <= value else f'it took {ends[0] - window.begin:.2f} s'


def _latched(value: Any, window: Window) -> str:
    got = window.trace.latched_at(window.end)
    return '' if got == value else f'the stop is {"" if got else "not "}latched'


# -- where the dog is -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """Metres and degrees, None where they do not matter; how far off they may be."""

    x: Optional[float]
    y: Optional[float]
    yaw: Optional[float]
    within: float
    degrees: float


def _place(value: Any, place: str) -> _Place:
    section = Section(value, place)
    metres, degrees = number(-100, 100, 'm'), number(-7200, 7200, 'degrees')
    found = _Place(
        section.take('x', metres), section.take('y', metres), section.take('yaw', degrees),
        section.take('within', number(0.001, 100, 'm'), NEAR),
        section.take('degrees', number(0.1, 180, 'degrees'), NEAR_DEGREES))
    section.close()
    if found.x is found.y is found.yaw is None:
        raise ConfigError(f'{place} needs x, y or yaw')
    return found


def _off(wanted: _Place, x: float, y: float, yaw: float) -> str:
    """Return what is off by more than it may be."""
    told = f'x {x:.2f} m, y {y:.2f} m, yaw {yaw:.1f}°'
    for want, got, limit in ((wanted.x, x, wanted.within), (wanted.y, y, wanted.within),
                             (wanted.yaw, yaw, wanted.degrees)):
        if want is not None and abs(want - got) > limit:
            return told
    return ''


def _pose(value: Any, window: Window) -> str:
    now = window.trace.at(window.end)
    return _off(value, now.x, now.y, math.degrees(now.yaw))


def _moved(value: Any, window: Window) -> str:
    return _off(value, *moved(window.trace.at(window.begin), window.trace.at(window.end)))


def _posture(value: Any, window: Window) -> str:
    got = window.trace.at(window.end).posture
    return '' if got == value else f'it ends in posture {got}'


def _postures(value: Any, window: Window) -> str:
    """Check that these postures were seen in this order."""
    seen: list[str] = []
    for moment in window.moments():
        if not seen or seen[-1] != moment.posture:
            seen.append(moment.posture)
    rest = iter(seen)
    return '' if all(wanted in rest for wanted in value) else f'it went {" → ".join(seen)}'


# -- how it moves ---------------------------------------------------------------------------------


def _never_faster(value: Any, window: Window) -> str:
    fastest = max(window.moments(), key=lambda moment: moment.speed)
    if fastest.speed <= value:
        return ''
    return f'{fastest.speed:.2f} m/s at {fastest.time:.2f} s'


def _never_turns_faster(value: Any, window: Window) -> str:
    fastest = max(window.moments(), key=lambda moment: abs(moment.wz))
    rate = math.degrees(abs(fastest.wz))
    return '' if rate <= value else f'{rate:.0f}°/s at {fastest.time:.2f} s'


def _reaches_speed(value: Any, window: Window) -> str:
    fastest = max(moment.speed for moment in window.moments())
    return '' if fastest >= value else f'at most {fastest:.2f} m/s'


def _never_moved(value: Any, window: Window) -> str:
    begin = window.trace.at(window.begin)
    far = [m for m in window.moments() if math.dist((m.x, m.y), (begin.x, begin.y)) > AT_REST
           or abs(m.yaw - begin.yaw) > 0.1]
    if bool(far) != value:
        return ''
    return f'it moved at {far[0].time:.2f} s' if far else 'it never moved'


def _still_after(value: Any, window: Window) -> str:
    """Check that it never moved later than that many seconds after the beginning."""
    moving = [moment for moment in window.moments(value) if not moment.still]
    if not moving:
        return ''
    return (f'it still moved {moving[-1].time - window.begin:.2f} s after, at '
            f'{moving[-1].speed:.2f} m/s')


# -- what went over the wire ----------------------------------------------------------------------


def _counts(value: Any, place: str) -> dict[str, tuple[int, float]]:
    """Return least and most for each named call: a number is exactly that, a list both."""
    if not isinstance(value, Mapping):
        raise ConfigError(f'{place} must map names of calls to counts, got {shorten(str(value))}')
    wanted = {}
    for name, count in value.items():
        key = word([call.name for call in Sport])(str(name).upper(), place)
        least, most = count if isinstance(count, list) and len(count) == 2 else (count, count)
        check = number(0, 1e6)
        wanted[key] = (int(check(least, place)), check(most, place))
    return wanted


def _requests(value: Any, window: Window) -> str:
    sent = [call for call in window.requests() if call.service == SPORT]
    for name, (least, most) in value.items():
        count = sum(call.api == Sport[name] for call in sent)
        if not least <= count <= most:
            return f'{name} was sent {count} times'
    return ''


def _velocity_within(value: Any, window: Window) -> str:
    """Check that no Move asks for more than this speed (m/s)."""
    for call in window.requests():
        if call.service == SPORT and call.api == Sport.MOVE:
            asked = json.loads(call.parameter)
            if math.hypot(asked['x'], asked['y']) > value + 1e-6:
                return f'Move {call.parameter} at {call.time:.2f} s'
    return ''


_SPEED = number(0.0, 10.0, 'm/s')

CLAIMS: Mapping[str, tuple[Check, Judge]] = {
    'plan': (_tags, _plan),
    'events': (many(_event), _events),
    'no_events': (many(_event), _no_events),
    'reply': (many(text), _reply),
    'silent': (flag, _silent),
    'heard': (many(text), _heard),
    'ends_within': (number(0.0, 600.0, 's'), _ends_within),
    'latched': (flag, _latched),
    'pose': (_place, _pose),
    'moved': (_place, _moved),
    'posture': (word(POSTURES), _posture),
    'postures': (many(word(POSTURES)), _postures),
    'never_faster': (_SPEED, _never_faster),
    'never_turns_faster': (number(0.0, 360.0, 'degrees/s'), _never_turns_faster),
    'reaches_speed': (_SPEED, _reaches_speed),
    'never_moved': (flag, _never_moved),
    'still_after': (number(0.0, 600.0, 's'), _still_after),
    'requests': (_counts, _requests),
    'asks_at_most': (_SPEED, _velocity_within),
}
"""Name of a claim -> how its value is read, and how it is judged."""

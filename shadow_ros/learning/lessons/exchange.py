"""Exchanges: what was said, the plan that followed, what became of it and what was said of it."""

from dataclasses import dataclass, field
import re
from typing import Iterable, Optional, Sequence

from shadow_ros.bags.reader import Bags, Text
from shadow_ros.bags.salvage import Trouble
from shadow_ros.errors import PlanError
from shadow_ros.phrases import say
from shadow_ros.plan import parse, Plan
from shadow_ros.records import Comparison, Event, Feedback, PlanRecord

SESSION_GAP = 1800.0  # s without a plan, after which a new session begins
STOPPED = frozenset(say('stopped', lang) for lang in ('en', 'zh'))
_ASKED = [re.compile(re.escape(say('ask_back', lang, plan='\0')).replace('\0', '(?P<plan>.*)'))
          for lang in ('en', 'zh')]
_NOT_UNDERSTOOD = frozenset(say('not_understood', lang) for lang in ('en', 'zh'))
_STOP_SOURCE = 'stop word'


@dataclass
class Exchange:
    """
    One plan record of a bag and all that is known about it; times are since the epoch (s).

    `session` is the recording, or the part of it between two long silences.
    """

    record: PlanRecord
    at: float
    session: str
    events: list[tuple[float, Event]] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    comparison: Optional[Comparison] = None

    @property
    def is_stop(self) -> bool:
        """Return whether it is a stop word, which no model has understood."""
        return self.record.source == _STOP_SOURCE

    @property
    def begun(self) -> float:
        """Return when the plan was taken on, or when it was published."""
        return next((at for at, event in self.events if event.kind in ('accepted', 'started')),
                    self.at)

    @property
    def asked(self) -> Optional[Plan]:
        """Return what the robot asked back about, Plan() when it understood nothing, else None."""
        reply = self.record.plan.reply
        if self.record.plan.actions:
            return None
        if reply in _NOT_UNDERSTOOD:
            return Plan()
        found = next((m for m in (p.fullmatch(reply) for p in _ASKED) if m), None)
        return _guess(found['plan']) if found else None

    @property
    def outcome(self) -> str:
        """Return done, refused, cancelled, failed, asked back, talk, remote, or '' if unknown."""
        if self.asked is not None:
            return 'asked back'
        if self.record.plan.route != 'edge':
            return self.record.plan.route
        return next((event.kind for _, event in reversed(self.events) if event.ends_plan), '')

    @property
    def stopped_after(self) -> Optional[float]:
        """Return after how long a stop ended it (s), None where none did."""
        return next((at - self.begun for at, event in self.events
                     if event.kind == 'cancelled' and event.reason in STOPPED), None)


def exchanges(bags: Bags) -> tuple[list[Exchange], list[Trouble]]:
    """Return the exchanges of all bags in the order of time, and what could not be joined."""
    found: dict[str, Exchange] = {}
    troubles: list[Trouble] = []
    late: list[tuple[Text, object]] = []
    sessions = _Sessions()
    for number, message in enumerate(sorted(bags.messages, key=lambda m: m.stamp)):
        try:
            what = _read(message)
        except PlanError as error:
            troubles.append(Trouble(f'{message.bag} {message.topic}', number, str(error),
                                    'message'))
            continue
        if isinstance(what, PlanRecord):
            at = message.stamp / 1e9
            found.setdefault(what.id, Exchange(what, at, sessions.of(message.bag, at)))
        elif what is not None:
            late.append((message, what))
    _join(found, late, troubles)
    return sorted(found.values(), key=lambda e: e.at), troubles


def _read(message: Text) -> object:
    """Return the record that a message holds, None for topics that say nothing about plans."""
    readers = {'plan': PlanRecord.from_json, 'event': Event.from_json,
               'feedback': Feedback.from_json, 'comparison': _comparison}
    read = readers.get(message.topic)
    return read(message.text) if read else None


def _comparison(text: str) -> Comparison:
    """Return a comparison whose plans are plans."""
    found = Comparison.from_json(text)
    for plan in (found.edge, found.cloud):
        parse(plan)
    return found


def _join(found: dict[str, Exchange], late: Iterable[tuple[Text, object]],
          troubles: list[Trouble]) -> None:
    """Give events and feedback to their plans."""
    for message, what in late:
        if isinstance(what, Event):
            exchange = found.get(what.plan_id)
            if exchange:
                exchange.events.append((what.time or message.stamp / 1e9, what))
        elif isinstance(what, Comparison):
            exchange = found.get(what.plan_id)
            if exchange:
                exchange.comparison = what
        elif isinstance(what, Feedback):
            exchange = found.get(what.plan_id)
            if exchange:
                exchange.feedback.append(what)
            else:
                troubles.append(Trouble(
                    f'{message.bag} feedback', message.stamp // 10 ** 9,
                    f'it is about the plan {what.plan_id[:20]!r}, which is in none of the bags',
                    'second'))


class _Sessions:
    """Names the session of each plan: its bag, and from the second long silence on a number."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, int]] = {}

    def of(self, bag: str, at: float) -> str:
        """Return the session of a plan; plans come in the order of time."""
        last, part = self._last.get(bag, (at, 1))
        part += at - last > SESSION_GAP
        self._last[bag] = (at, part)
        return bag if part == 1 else f'{bag}#{part}'


def _guess(spoken: str) -> Plan:
    """Return the plan that a question names: `MOVE x=2.0 SIT` is `[MOVE x=2.0][SIT]`."""
    tags = re.sub(r'(?:^| )(?=[A-Z])', '][', spoken).removeprefix(']') + ']'
    try:
        return parse(tags)
    except PlanError:
        return Plan()


def texts_of(found: Sequence[Exchange]) -> list[str]:
    """Return the commands that a model has to understand, in the order of time."""
    return [e.record.text for e in found if e.record.text and not e.is_stop]

"""One command and what became of it, put together from plans and events; pure."""

from dataclasses import dataclass, field
from typing import Iterator, Optional, Sequence, Union

from shadow_ros.commands.style import bold, one_line, paint
from shadow_ros.records import Event, PlanRecord

_LONG = 1000  # characters
_OVERTAKES = 0.5  # s for which a reply may be ahead of the plan and the event that it belongs to


News = Union[PlanRecord, Event]


@dataclass
class Exchange:
    """
    A command from its giving to its end.

    `begun` is when it was given (any clock, seconds); events are kept with their time since.
    """

    text: str
    begun: float
    plan: Optional[PlanRecord] = None
    events: list[tuple[float, Event]] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    end: Optional[Event] = None
    _early: list[tuple[float, Event]] = field(default_factory=list)
    _said: list[tuple[float, str]] = field(default_factory=list)

    def take(self, news: News, now: float) -> list[News]:
        """
        Take the plan that answers this text, or an event of it; return what was taken, in order.

        They come on topics of their own, so an event may be faster than its plan: it waits.
        """
        if isinstance(news, Event):
            return self._take_event(news, now)
        # A very long text is cut in its record.
        told, given = news.text.strip(), self.text.strip()
        if self.plan or told != (given[:len(told)] if len(told) > _LONG else given):
            return []
        self.plan = news
        early, self._early = self._early, []
        return [news, *(event for then, one in early for event in self._take_event(one, then))]

    def _take_event(self, event: Event, now: float) -> list[News]:
        if self.plan is None:
            self._early.append((now, event))
        elif event.plan_id == self.plan.id and self.end is None:
            self.events.append((now - self.begun, event))
            self.end = event if event.ends_plan else None
            return [event]
        return []

    def take_reply(self, text: str, now: float) -> None:
        """Take what the robot says; like an event it may be faster than what it belongs to."""
        self._said.append((now, text))

    def due_replies(self, now: float) -> list[str]:
        """Return what was said, in its place among plan and events, and not told by these."""
        due = []
        while self._said and (self.events or now - self._said[0][0] > _OVERTAKES):
            _, text = self._said.pop(0)
            told = {event.reason for _, event in self.events} | {*self.replies}
            if self.plan:
                told.add(self.plan.plan.reply)
            self.replies.append(text)
            if text not in told:
                due.append(text)
        return due

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of all events, in order."""
        return [event.kind for _, event in self.events]

    @property
    def route(self) -> str:
        """Return edge, remote or talk; '' while there is no plan."""
        return self.plan.plan.route if self.plan else ''

    @property
    def done(self) -> bool:
        """Return whether the wish was carried out; what is beyond the robot was not."""
        return self.end is not None and self.end.kind == 'done' and self.route != 'remote'

    @property
    def reason(self) -> str:
        """Return why it ended as it did, '' when nobody said."""
        told = [event.reason for _, event in self.events if event.reason]
        return told[-1] if told else ''


def plan_line(record: PlanRecord) -> str:
    """Return the plan with where it came from: `[SIT] OK   edge · 0.98 · 12 ms`."""
    tags = ''.join(str(action) for action in record.plan.actions)
    words = f'“{record.plan.reply}”' if record.plan.reply else ''
    timing = record.timing_ms.get('total', sum(record.timing_ms.values()))
    origin = [record.plan.route if record.plan.route != 'edge' else record.by,
              f'{record.confidence:.2f}', *([f'{timing:.0f} ms'] if timing else [])]
    return '  '.join(part for part in (
        paint(tags, 'plan') if tags else '', words, paint(' · '.join(origin), 'quiet')) if part)


def news_lines(exchange: Exchange, taken: Sequence[News]) -> Iterator[str]:
    """Yield a line for each of what the exchange has just taken."""
    times = {id(event): seconds for seconds, event in exchange.events}
    for news in taken:
        if isinstance(news, Event):
            yield event_line(times[id(news)], news)
        else:
            yield f'{"":10}{plan_line(news)}'


def event_line(seconds: float, event: Event) -> str:
    """Return an event as one line: ` 1.20 s  started    [MOVE x=2.0]`."""
    told = '  '.join(part for part in (event.action, event.reason, figures(event)) if part)
    kind = paint(f'{event.kind:<9}' if told else event.kind, event.kind)
    return f'{seconds:6.2f} s  {kind}  {told}'.rstrip()


def figures(event: Event) -> str:
    """Return an event's figures as people read them: `1.99 of 2.00 m in 4.1 s`."""
    data = event.data
    told = []
    for unit, sign in (('m', ' m'), ('deg', '°')):
        if f'done_{unit}' in data and f'goal_{unit}' in data:
            digits = 2 if unit == 'm' else 1
            told.append(f'{data[f"done_{unit}"]:.{digits}f} of '
                        f'{data[f"goal_{unit}"]:.{digits}f}{sign}')
    if event.kind == 'stopped' and 'seconds' in data:
        told.append(f'still after {data["seconds"]:.2f} s')
    elif 'seconds' in data:
        told.append(f'in {data["seconds"]:.1f} s' if told else f'{data["seconds"]:.1f} s')
    return ' '.join(told)


def reply_line(text: str) -> str:
    """Return what the robot says as one line."""
    return f'{"":10}{paint("says", "quiet")}       “{text}”'


def heading(text: str, source: str, number: Optional[int] = None) -> str:
    """Return the line that opens a command."""
    place = f'{number:>2} ' if number is not None else ''
    return f'{bold(place)}{paint(source, "name")}  {bold(one_line(text))}'

"""Lessons: what an exchange teaches, by which word of the user, and how sure that is."""

from dataclasses import dataclass, replace
import time
from typing import Iterable, Optional, Sequence

from shadow_ros.actions import Risk
from shadow_ros.errors import PlanError
from shadow_ros.intent.correction import words_of
from shadow_ros.learning.lessons.exchange import Exchange
from shadow_ros.phrases import language
from shadow_ros.plan import parse, Plan

SOURCES = ('right', 'corrected', 'rephrased', 'compared', 'wrong', 'stopped', 'unlabelled',
           'reviewed')
"""
Where a lesson's plan comes from.

`right` and `corrected` are the user's word. `rephrased` is the plan of the phrase that worked in
the end; `compared` that on which edge and cloud agree, or the cloud's where they do not. `wrong`
(without what would have been right), `stopped` (by a stop within seconds) and `unlabelled` have
the plan that was carried out. `reviewed` was accepted by a person's hand.
"""

TRAINED = ('right', 'corrected', 'rephrased', 'compared', 'reviewed')
SUSPICIOUS_SECONDS = 3.0
REPHRASED_SECONDS = 15.0
SURE = 0.9  # confidence of both above which what edge and cloud agree on is a weak label
_BOLD = (Risk.ACROBATIC, Risk.LIMP, Risk.OFF_ASKS)


@dataclass(frozen=True)
class Lesson:
    """
    A text and the tags of the plan it should lead to; `was` are those that it led to.

    `use` says whether it is trained on, `weak` that nobody said so in words, `note` why not, or
    what to look at. `count` is how often it was met.
    """

    text: str
    plan: str
    source: str
    use: bool = False
    weak: bool = False
    was: str = ''
    outcome: str = ''
    session: str = ''
    time: str = ''
    plan_id: str = ''
    count: int = 1
    note: str = ''

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise PlanError(f'source must be one of {", ".join(SOURCES)}, got {self.source!r}')
        if not self.text.strip():
            raise PlanError('a lesson needs a text, got none')
        parse(self.plan)

    @property
    def lang(self) -> str:
        """Return en or zh."""
        return language(self.text)

    @property
    def bold(self) -> bool:
        """Return whether it teaches what hurts when it is wrong: acrobatics, going limp."""
        return any(action.spec.risk in _BOLD for action in parse(self.plan).actions)


def lessons(found: Sequence[Exchange]) -> list[Lesson]:
    """Return what the exchanges teach, in the order of time."""
    good = [e for e in found if e.record.text.strip() and not e.is_stop]
    rephrased = _rephrased(good)
    return [_cautious(_lesson(e, rephrased.get(e.record.id))) for e in good]


def _lesson(exchange: Exchange, rephrased: Optional[Plan]) -> Lesson:
    """Return the lesson of an exchange; the user's last word counts most."""
    last = exchange.feedback[-1] if exchange.feedback else None
    was = tags(exchange.record.plan)
    if exchange.record.by == 'cloud' and (not last or last.right):
        return _make(exchange, was, 'unlabelled', note='planned by the cloud, not by the edge')
    if last and last.right:
        return _make(exchange, was, 'right', use=True)
    if last and last.should_be is not None:
        return _make(exchange, tags(parse(last.should_be)), 'corrected', use=True)
    if last:
        return _make(exchange, was, 'wrong', note='it was wrong; what would have been right?')
    if rephrased is not None:
        return _make(exchange, tags(rephrased), 'rephrased', use=True, weak=True)
    after = exchange.stopped_after
    if after is not None and after <= SUSPICIOUS_SECONDS:
        return _make(exchange, was, 'stopped', note=f'stopped after {max(0.0, after):.1f} s')
    return _compared(exchange) or _make(exchange, was, 'unlabelled')


def _compared(exchange: Exchange) -> Optional[Lesson]:
    """Return what edge and cloud agree on, or what the cloud would rather have done."""
    found = exchange.comparison
    if found is None or found.cloud_confidence < SURE:
        return None
    plan = tags(parse(found.cloud))
    if not found.same:
        return _make(exchange, plan, 'compared', weak=True,
                     note=f'the cloud was for this, the edge for {tags(parse(found.edge))}')
    return _make(exchange, plan, 'compared', use=True, weak=True) \
        if found.edge_confidence >= SURE else None


def _make(exchange: Exchange, plan: str, source: str, use: bool = False, weak: bool = False,
          note: str = '') -> Lesson:
    words = words_of(exchange.record.text)
    return Lesson(
        words.rest if words and words.firm else exchange.record.text, plan, source, use, weak,
        tags(exchange.record.plan), exchange.outcome, exchange.session,
        time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(exchange.at)), exchange.record.id,
        note=note)


def _cautious(lesson: Lesson) -> Lesson:
    """Return the lesson, to be looked at first when it teaches what may hurt."""
    if not (lesson.use and lesson.bold):
        return lesson
    return replace(lesson, use=False, note='teaches a risky action; to use it, say yes in a '
                                           'review file')


def _rephrased(found: Sequence[Exchange]) -> dict[str, Plan]:
    """Return by plan id the plan of the phrase that worked, for those before it that did not."""
    labels: dict[str, Plan] = {}
    waiting: list[Exchange] = []
    for exchange in found:
        waiting = [e for e in waiting if exchange.session == e.session
                   and exchange.at - e.at <= REPHRASED_SECONDS * (1 + len(waiting))]
        if waiting and exchange.at - waiting[-1].at > REPHRASED_SECONDS:
            waiting = []
        if _worked(exchange):
            labels.update((e.record.id, exchange.record.plan) for e in waiting
                          if _same_wish(e, exchange))
            waiting = []
        elif _did_not_work(exchange):
            waiting.append(exchange)
        else:
            waiting = []
    return labels


def _worked(exchange: Exchange) -> bool:
    return (bool(exchange.record.plan.actions) and exchange.outcome == 'done'
            and not any(not told.right for told in exchange.feedback[-1:]))


def _did_not_work(exchange: Exchange) -> bool:
    """Return whether the user had a reason to say it another way."""
    return exchange.outcome in ('asked back', 'cancelled') or exchange.stopped_after is not None


def _same_wish(failed: Exchange, worked: Exchange) -> bool:
    """Return whether both mean the same: after "say it another way", else by their words."""
    if failed.asked is not None:
        return True
    one, other = (set(_pieces(e.record.text)) for e in (failed, worked))
    return len(one & other) >= 0.34 * min(len(one), len(other))


def _pieces(text: str) -> Iterable[str]:
    """Return the words of English, the characters of Chinese."""
    low = text.lower()
    return [c for c in low if c >= '\u3400'] if language(text) == 'zh' else low.split()


def tags(plan: Plan) -> str:
    """Return a plan's text without what the robot says."""
    return str(Plan(plan.actions))

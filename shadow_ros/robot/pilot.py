"""The pilot: guard, confirmation, stop latch and runner as one; pure, time passed in."""

from dataclasses import dataclass
import math
from typing import Callable, Mapping, Optional, Sequence

from shadow_ros.phrases import language, say
from shadow_ros.plan import Action
from shadow_ros.records import Event, PlanRecord
from shadow_ros.robot.body import BodyState, Outcome
from shadow_ros.robot.guard import (
    only_stops, Question, question, refuse, Rule, RULES, Settings, Situation, steps)
from shadow_ros.robot.runner import Effects, Runner

_SAME_STOP = 2.0  # s in which stops count as one when it comes to answering


@dataclass(frozen=True)
class _LastStop:
    """When the last stop came (epoch seconds) and the sentence that held it."""

    stamp: float = -math.inf
    text: str = ''


class Pilot:
    """
    Decides what a body does with plans, stops, answers and the passing of time.

    Every method takes `now` (monotonic seconds) and the body's latest report and returns
    Effects. It owns no clock, thread or topic.
    """

    def __init__(self, settings: Settings = Settings(),
                 refusal: Callable[[Action], str] = lambda action: '',
                 rules: Mapping[str, Rule] = RULES) -> None:
        self.settings = settings
        self.latched = False
        self._refusal = refusal
        self._rules = rules
        self._runner = Runner()
        self._question: Optional[Question] = None
        self._last_stop = _LastStop()

    @property
    def busy(self) -> bool:
        """Return whether a plan runs or the body is coming to rest."""
        return self._runner.busy

    @property
    def asking(self) -> bool:
        """Return whether a question waits for its yes."""
        return self._question is not None

    def plan(self, record: PlanRecord, now: float, state: BodyState) -> Effects:
        """Take a plan: refuse it, ask about it, or begin it."""
        if not record.plan.actions or record.plan.route == 'remote':
            return Effects(events=[Event(record.id, 'accepted'), Event(record.id, 'done')])
        if only_stops(record):
            effects = self.stop(now, record.stamp, record.text, record.id)
            effects.events.insert(0, Event(record.id, 'accepted'))
            return effects
        reason = refuse(record, self._situation(now, state), self._rules)
        if reason:
            return Effects(events=[Event(record.id, 'refused', reason=reason)], replies=[reason])
        effects = self._drop_question('newer')
        asked = question(record, now, self.settings)
        if asked:
            self._question = asked
            effects.events.append(Event(record.id, 'confirm', reason=asked.text))
            effects.replies.append(asked.text)
            return effects
        effects.extend(self._begin(record, now, state))
        return effects

    def unreadable(self, error: str) -> Effects:
        """Answer a plan that could not be parsed: refused, nothing moves."""
        reason = say('bad_record', error=error)
        return Effects(events=[Event('', 'refused', reason=reason)], replies=[reason])

    def stop(self, now: float, stamp: float, text: str = '', plan_id: str = '',
             latch: bool = False) -> Effects:
        """
        Stop at once, ahead of everything; with `latch` hold until `resume`.

        `stamp` (epoch seconds) is when the stop was given: commands from before it are refused.
        """
        # A spoken stop comes as partial, transcript and plan: one answer is enough for all three.
        again = stamp - self._last_stop.stamp < _SAME_STOP and not (latch and not self.latched)
        self.latched = self.latched or latch
        self._last_stop = _LastStop(max(stamp, self._last_stop.stamp), text)
        reply = say('latched_now' if latch else 'stopped', language(text))
        effects = self._runner.stop(now, plan_id, '' if again else reply)
        effects.extend(self._drop_question('stopped'))
        return effects

    def halt(self, now: float) -> Effects:
        """Stop because the node ends: nobody asked, so nobody is answered."""
        effects = self._runner.stop(now)
        effects.extend(self._drop_question('closing'))
        return effects

    def resume(self) -> Effects:
        """Release the latch."""
        self.latched = False
        return Effects(replies=[say('resumed')])

    def answer(self, yes: bool, now: float, state: BodyState) -> Effects:
        """Answer the pending question; nothing happens when there is none."""
        asked = self._question
        if asked is None:
            return Effects()
        if not yes or now > asked.deadline:
            return self._drop_question('confirm_no' if not yes else 'confirm_late', aloud=True)
        self._question = None
        reason = refuse(asked.record, self._situation(now, state), self._rules)
        if reason:
            return Effects(events=[Event(asked.record.id, 'refused', reason=reason)],
                           replies=[reason])
        return self._begin(asked.record, now, state)

    def step(self, now: float, state: BodyState, outcomes: Sequence[Outcome] = ()) -> Effects:
        """Advance by one tick (20 Hz or faster)."""
        effects = Effects()
        if self._question and now > self._question.deadline:
            effects.extend(self._drop_question('confirm_late', aloud=True))
        effects.extend(self._runner.step(now, state, outcomes))
        return effects

    def _situation(self, now: float, state: BodyState) -> Situation:
        return Situation(now, state, self.settings, self._runner.speed, self.latched,
                         self._last_stop.stamp, self._last_stop.text, self._refusal)

    def _begin(self, record: PlanRecord, now: float, state: BodyState) -> Effects:
        effects = Effects(events=[Event(record.id, 'accepted')])
        effects.extend(self._runner.begin(
            record, steps(record.plan.actions, state.posture), now, state))
        return effects

    def _drop_question(self, why: str, aloud: bool = False) -> Effects:
        """Cancel the plan that waits for a yes."""
        asked, self._question = self._question, None
        if asked is None:
            return Effects()
        reason = say(why, language(asked.record.text or asked.record.plan.reply))
        return Effects(events=[Event(asked.record.id, 'cancelled', reason=reason)],
                       replies=[reason] if aloud else [])

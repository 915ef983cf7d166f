"""What the intent and action nodes do with what they hear, without ROS, time passed in."""

from collections import deque
from typing import Callable, Deque, Optional

from shadow_ros.errors import PlanError
from shadow_ros.plan import Action, Plan
from shadow_ros.records import PlanRecord
from shadow_ros.robot.body import Body, BodyState
from shadow_ros.robot.helm import PERIOD
from shadow_ros.robot.pilot import Pilot
from shadow_ros.robot.runner import Effects
from shadow_ros.simulation.mind import Mind
from shadow_ros.simulation.trace import Trace
from shadow_ros.speech.stopword import hears_stop, is_no, is_panic, is_stop, is_yes

EPOCH = 1_700_000_000.0  # s since 1970 at which the simulated clock stands at 0
THINKING = 0.05  # s that the intent takes for a command

Call = Callable[[float, BodyState], Effects]


class Graph:
    """
    The two nodes between a text and a body.

    Calls wait in a queue while `frozen`, stops first, as in the helm. `step` must be called with
    every tick.
    """

    def __init__(self, body: Body, pilot: Pilot, trace: Trace, mind: Optional[Mind]) -> None:
        self.pilot = pilot
        self.frozen = self.dead = False
        self._body, self._trace, self._mind = body, trace, mind
        self._calls: Deque[Call] = deque()
        self._thoughts: list[tuple[float, PlanRecord]] = []
        self._due = 0.0
        self._now = self._begin = 0.0
        self._records = 0

    @property
    def quiet(self) -> bool:
        """Return whether nothing is thought about, waits, runs or comes to rest."""
        return not (self._calls or self._thoughts or self.pilot.busy)

    # -- what comes in --------------------------------------------------------------------------

    def text(self, text: str, source: str, plan: Optional[Plan] = None) -> list[str]:
        """Take a command or transcript; return the ids of the plans that may come of it."""
        self._hear(text)
        if is_stop(text) or is_panic(text):
            self._thoughts.clear()
            stop = self.record(Plan((Action('STOP'),)), 'stop word', text)
            self.send(stop)
            return [stop.id]
        answer = is_yes(text) or is_no(text)
        if answer and (self.pilot.asking or self._mind is None):
            return []
        confidence = 1.0
        if plan is None:
            if self._mind is None:
                raise PlanError(f'no plan is given for {text!r}, and there is no model')
            plan, confidence = self._mind.decide(text)
        record = self.record(plan, source, text, confidence=confidence)
        self._thoughts.append((self._now + THINKING, record))
        return [record.id]

    def _hear(self, text: str) -> None:
        """Do what the action node does with every text: stops and answers are heard there."""
        if is_panic(text) or is_stop(text):
            self.stop(text, is_panic(text))
        elif is_yes(text) or is_no(text):
            self.answer(is_yes(text))

    def partial(self, text: str) -> None:
        """Take an interim text."""
        if is_panic(text) or hears_stop(text):
            self.stop(text, is_panic(text))

    def send(self, record: PlanRecord) -> None:
        """Take a plan record, as anyone may publish one."""
        self._trace.plans.append((self._now - self._begin, record))
        self._post(lambda now, state: self.pilot.plan(record, now, state))

    def raw(self, text: str) -> None:
        """Take what claims to be a plan record."""
        try:
            record = PlanRecord.from_json(text)
        except PlanError as error:
            why = str(error)
            self._post(lambda now, state: self.pilot.unreadable(why))
        else:
            self.send(record)

    def stop(self, text: str = '', latch: bool = False) -> None:
        """Stop at once: the stop service when there is no text."""
        stamp = EPOCH + self._now
        self._post(lambda now, state: self.pilot.stop(now, stamp, text, latch=latch), True)

    def resume(self) -> None:
        """Release the latch."""
        self._post(lambda now, state: self.pilot.resume())

    def answer(self, yes: bool) -> None:
        """Answer the question that waits."""
        self._post(lambda now, state: self.pilot.answer(yes, now, state))

    def close(self) -> None:
        """Bring the body to rest, as the node does at its end."""
        self._post(lambda now, state: self.pilot.halt(now), True)

    def record(self, plan: Plan, source: str, text: str = '', stamp: float = 0.0,
               by: str = 'edge', confidence: float = 1.0) -> PlanRecord:
        """Return a record that is `stamp` seconds older than now, with the next id."""
        self._records += 1
        return PlanRecord(plan, id=f'plan-{self._records}', stamp=EPOCH + self._now - stamp,
                          source=source, text=text, by=by, confidence=confidence)

    def _post(self, call: Call, urgent: bool = False) -> None:
        if urgent:
            self._calls.appendleft(call)
        else:
            self._calls.append(call)

    # -- time -----------------------------------------------------------------------------------

    def begin(self, now: float) -> None:
        """Count the trace's time from now."""
        self._now = self._begin = now
        self._due = now

    def step(self, now: float) -> None:
        """Let the nodes do what is due at `now`."""
        self._now = now
        for _, record in [item for item in self._thoughts if item[0] <= now]:
            self.send(record)
            if record.plan.reply:
                self._trace.replies.append((now - self._begin, record.plan.reply))
        self._thoughts = [item for item in self._thoughts if item[0] > now]
        if self.frozen or self.dead:
            return
        while self._calls:
            self._do(self._calls.popleft()(now, self._body.state()))
        if now >= self._due - 1e-9:
            self._do(self.pilot.step(now, self._body.state(), self._body.poll()))
            self._due = max(self._due + PERIOD, now)
        self._trace.latch(now - self._begin, self.pilot.latched)

    def _do(self, effects: Effects) -> None:
        for command in effects.commands:
            self._body.send(command)
        at = self._now - self._begin
        self._trace.events += [(at, event) for event in effects.events]
        self._trace.replies += [(at, reply) for reply in effects.replies]

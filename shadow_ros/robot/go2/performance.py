"""One action's steps carried out and judged by what the robot reports; pure, time passed in."""

import json
import math
from typing import Any, Optional, Sequence

from shadow_ros.phrases import tell
from shadow_ros.robot.go2.report import Report
from shadow_ros.robot.sport import posture as modes
from shadow_ros.robot.sport.request import Request
from shadow_ros.robot.sport.step import Kind, Step
from shadow_ros.robot.sport.words import explain, meaning, OK, TIMEOUT

FRESH = 0.15  # s after the answer before a report speaks of what the request has done
ASK_AGAIN = 0.3  # s between two attempts of a setting that is not confirmed
_RISE = 0.03  # m; a body that has risen or sunk by this much has moved


class _Try:
    """What is known of the step under way."""

    def __init__(self, step: Step, now: float, report: Report) -> None:
        self.step = step
        self.begun = now
        self.first = report
        self.answered: Optional[float] = None
        self.confirming = False
        self.again_at = math.inf
        self.left = False
        self.moved = False

    def watch(self, report: Report) -> None:
        """Take note of signs that the dog does something."""
        if report.stamp <= self.begun:
            return
        self.left = self.left or report.progress > 0.0 or report.mode != self.first.mode \
            and report.mode not in modes.UNLOCKED
        self.moved = self.moved or self.left or not report.known or not report.still \
            or abs(report.height - self.first.height) > _RISE

    def settled(self, now: float, report: Report) -> bool:
        """Return whether the report proves the step."""
        if report.stamp <= self.begun or report.mode not in self.step.reaches:
            return False
        if self.step.kind is Kind.SHOW:
            return self.left and report.progress == 0.0
        if self.first.mode not in self.step.reaches:
            return True
        return self.answered is not None and now - self.answered > FRESH

    def accepted(self, report: Report) -> bool:
        """Return whether nothing that is reported speaks against the step."""
        if self.step.kind is Kind.SHOW and report.progress > 0.0:
            return False
        return not report.known or report.mode in self.step.accepts


class Performance:
    """
    One action on its way through its steps.

    Call `step` every 10 ms or so and send what it returns; `answer` takes the reply to the last
    request that was returned. `ended` and `reason` ('' when all went well) tell the outcome.
    """

    def __init__(self, what: str, steps: Sequence[Step]) -> None:
        self.what = what
        self.ended = False
        self.reason = ''
        self.unlocked = False
        self.undo: Optional[Request] = None
        self._steps = list(steps)
        self._try: Optional[_Try] = None

    def step(self, now: float, report: Report) -> list[Request]:
        """Advance; return the requests that are due."""
        while not self.ended:
            if self._try is None:
                due = self._begin(now, report)
                if due or self._try is None:
                    return due
            self._try.watch(report)
            if not self._done(self._try, now, report):
                return self._asks_again(self._try, now)
            self._finish(self._try.step)
        return []

    def answer(self, code: int, data: str, now: float) -> None:
        """Take the reply to the last request."""
        current = self._try
        if self.ended or current is None:
            return
        if code == TIMEOUT or code in (OK, *current.step.tolerates):
            self._agree(current, code, data, now)
        else:
            self._fail(explain(code, f'{self.what} ({current.step.request})'))

    def abort(self, reason: str) -> list[Request]:
        """Break it off; return what must be sent so that the dog is not left as it is."""
        undo, self.undo = self.undo, None
        if not self.ended:
            self._fail(reason)
        return [undo] if undo else []

    # -- one step -------------------------------------------------------------------------------

    def _begin(self, now: float, report: Report) -> list[Request]:
        """Begin the next step that is needed; without one the action is done."""
        while self._steps and report.mode in self._steps[0].unless:
            self._finish(self._steps.pop(0))
        if not self._steps:
            self.ended = True
            return []
        step = self._steps.pop(0)
        self._try = _Try(step, now, report)
        self.undo = step.undo or self.undo
        if step.request == self.undo:
            self.undo = None
        return [step.request]

    def _finish(self, step: Step) -> None:
        self._try = None
        self.unlocked = step.unlocks

    def _done(self, current: _Try, now: float, report: Report) -> bool:
        """Return whether the step has worked; give the action up when it has not in time."""
        step, past = current.step, now - current.begun
        if step.kind is not Kind.SETTING and current.settled(now, report):
            return self._proved(current)
        answered = current.answered is not None and not current.confirming
        if answered and step.kind is Kind.SETTING:
            return now - (current.answered or now) >= step.seconds
        if answered and past >= step.seconds and current.accepted(report):
            return self._proved(current)
        if past > step.timeout:
            self._fail(self._late(current, report))
        return False

    def _proved(self, current: _Try) -> bool:
        """Return True, unless a stunt has left the body where it was."""
        if current.step.stunt and not current.moved:
            self._fail(tell(
                '{what} was taken by the robot, but the body did not move; make room around it '
                'and see that its battery is not low.',
                '机器狗接受了 {what}，但身体没有动，请让出空间并检查电量。', what=self.what))
            return False
        return True

    def _agree(self, current: _Try, code: int, data: str, now: float) -> None:
        """Take an answer that is no failure."""
        if code == TIMEOUT:
            return  # the robot's report may still prove the step; its time-out says the rest
        if current.step.confirm is None or code != OK:
            current.answered = now
        elif not current.confirming:
            current.confirming, current.again_at = True, now
        elif _holds(data, *current.step.expects):
            current.confirming, current.answered = False, now
        else:
            current.confirming, current.again_at = False, now + ASK_AGAIN

    def _asks_again(self, current: _Try, now: float) -> list[Request]:
        """Return the next question of a setting that must be confirmed."""
        if self.ended or now < current.again_at:
            return []
        current.again_at = math.inf
        step = current.step
        return [step.confirm if current.confirming and step.confirm else step.request]

    def _late(self, current: _Try, report: Report) -> str:
        """Return why a step whose time is over has not worked."""
        call, seconds = current.step.request, current.step.timeout
        if current.answered is None and current.step.kind is not Kind.SETTING:
            return tell('{what} ({call}) failed: {why}.', '{what}（{call}）失败：{why}。',
                        what=self.what, call=call, why=meaning(TIMEOUT))
        if current.step.kind is Kind.SETTING:
            return tell('{what} ({call}) was not confirmed within {seconds:.0f} s; check that '
                        'the service {service} is on.',
                        '{what}（{call}）在 {seconds:.0f} 秒内没有确认，请检查服务 {service} '
                        '是否开启。', what=self.what, call=call, seconds=seconds,
                        service=call.service)
        return tell('{what} was taken by the robot, but after {seconds:.0f} s it reports {mode}; '
                    'see that nothing holds it and try again.',
                    '机器狗接受了 {what}，但 {seconds:.0f} 秒后它报告{mode}，请检查有没有'
                    '东西挡住它，然后再试。', what=self.what, seconds=seconds,
                    mode=modes.name(report.mode))

    def _fail(self, reason: str) -> None:
        self.ended, self.reason = True, reason
        self._try = None
        self._steps = []


def _holds(data: str, key: str, value: Any) -> bool:
    """Return whether the JSON text is an object that holds the value."""
    try:
        found = json.loads(data)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get(key) == value

"""What velocities need before they may pass to the dog; pure, time passed in."""

import math
from typing import Optional

from shadow_ros.robot.go2.performance import Performance
from shadow_ros.robot.go2.report import Report
from shadow_ros.robot.sport.ids import OBSTACLES_AVOID, SPORT
from shadow_ros.robot.sport.request import listen, Request
from shadow_ros.robot.sport.sequence import LISTEN, UNLOCK

RELEASE_AFTER = 2.0  # s after a walk in which the next one finds avoidance still listening


class Walk:
    """
    Unlocks the joints before a walk and, when obstacle avoidance is on, makes it listen.

    StandUp locks the joints, and a locked dog takes Move and stays; BalanceStand frees them.
    Avoidance is told to listen only around walks, because meanwhile the hand remote is deaf.
    """

    def __init__(self, avoids: bool = False) -> None:
        self.avoids = avoids
        self.trouble = ''
        self._unlocked = False
        self._listening = False
        self._preparation: Optional[Performance] = None
        self._walking = False
        self._halted = -math.inf

    @property
    def via(self) -> str:
        """Return the service that velocities go to."""
        return OBSTACLES_AVOID if self.avoids else SPORT

    def velocity(self, report: Report) -> bool:
        """Take note of a velocity; return whether it may pass now."""
        if self._walking:
            return True
        if self._preparation is None:
            self._begin(report)
        return self._walking

    def halt(self, now: float) -> None:
        """Take note that the walk is over."""
        self._walking, self._preparation, self.trouble = False, None, ''
        self._halted = now

    def changed(self, unlocked: bool) -> None:
        """Take note that another motion has left the joints free, or perhaps not."""
        self._unlocked = unlocked

    def step(self, now: float, report: Report) -> list[Request]:
        """Return the requests that are due."""
        if self._preparation:
            due = self._preparation.step(now, report)
            if self._preparation.ended:
                self._prepared(self._preparation)
            return due
        if self._listening and not self._walking and now - self._halted > RELEASE_AFTER:
            self._listening = False
            return [listen(False)]
        return []

    def answer(self, code: int, data: str, now: float) -> None:
        """Take the answer to the last request of the preparation."""
        if self._preparation:
            self._preparation.answer(code, data, now)

    def _begin(self, report: Report) -> None:
        """Prepare what is not ready yet."""
        if self.trouble:
            return
        free = report.unlocked or self._unlocked and not report.known
        steps = [*([] if free else [UNLOCK]),
                 *([LISTEN] if self.avoids and not self._listening else [])]
        if steps:
            self._preparation = Performance('walking', steps)
        else:
            self._walking = True

    def _prepared(self, preparation: Performance) -> None:
        self._preparation = None
        self.trouble = preparation.reason
        if not self.trouble:
            self._unlocked = self._walking = True
            self._listening = self.avoids

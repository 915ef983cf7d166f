"""The Go2 body: the runner's commands to a robot or to the virtual Go2, over two SDK processes."""

import math
import threading
import time
from typing import Callable, Optional, Sequence

from shadow_ros.actions import Risk
from shadow_ros.errors import RobotError
from shadow_ros.phrases import tell
from shadow_ros.plan import Action
from shadow_ros.robot.body import BodyState, Command, Halt, Outcome, Perform, Velocity
from shadow_ros.robot.go2.calls import Calls
from shadow_ros.robot.go2.interface import addresses, choose_interface
from shadow_ros.robot.go2.link import Link
from shadow_ros.robot.go2.opening import Facts, meet, set_avoidance
from shadow_ros.robot.go2.pair import Pair
from shadow_ros.robot.go2.performance import Performance
from shadow_ros.robot.go2.repertoire import refusal
from shadow_ros.robot.go2.report import Report, Unwrap
from shadow_ros.robot.go2.walk import Walk
from shadow_ros.robot.sport import posture as modes
from shadow_ros.robot.sport.sequence import AFTER, PERFORMED, sequence

LOOP = 0.01  # s; how late a fail-over may be noticed
SILENT = 0.5  # s without a report after which the body is not well


class Go2Body:
    """
    A Unitree Go2, or anything that serves its `sport` service on DDS.

    `interface` '' finds the one in the robot's network; `avoidance` is keep, on or off. The SDK
    lives in two processes of its own; a thread here keeps them alive and carries out Performs.
    After a watchdog or a fail-over has stopped a walk, reports are withheld, so that the runner
    gives the walk up, and velocities are dropped until the next Halt. A simulation brings its
    own `clock` (monotonic s) and `pair`.
    """

    def __init__(self, interface: str = '', domain: int = 0, avoidance: str = 'keep',
                 name: str = 'go2', clock: Callable[[], float] = time.monotonic,
                 pair: Optional[Pair] = None) -> None:
        self.name = name
        self._clock = clock
        self.facts = Facts()
        self._interface, self._domain, self._avoidance = interface, domain, avoidance
        self._lock = threading.RLock()
        self._pair = pair or Pair(lambda: Link(self._interface, self._domain))
        self._calls = Calls(self._pair.send, self._lock)
        self._walk = Walk()
        self._report = Report()
        self._unwrap = Unwrap()
        self._state = BodyState()
        self._assumed: Optional[str] = None
        self._tripped = ''
        self._performance: Optional[Performance] = None
        self._perform: Optional[Perform] = None
        self._outcomes: list[Outcome] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name='go2-body', daemon=True)

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the ids of the SDK processes, the active one's first."""
        with self._lock:
            return self._pair.pids

    # -- life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the SDK processes, meet the robot and set its obstacle avoidance."""
        self._interface = self._interface or choose_interface(addresses())
        try:
            self._pair.open()
            self._thread.start()
            self.facts = meet(self._calls.ask, lambda: self._report.stamp > 0.0, self._where)
            if self._avoidance != 'keep':
                self.facts = set_avoidance(self._calls.ask, self._avoidance == 'on', self.facts)
            self._walk.avoids = bool(self.facts.avoids)
        except RobotError:
            self.close()
            raise

    def close(self) -> None:
        """Stop the dog and end the SDK processes."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            self._halt()
            self._pair.close()

    # -- the Body protocol ----------------------------------------------------------------------

    def refusal(self, action: Action) -> str:
        """Return why this robot cannot do the action, '' when it can."""
        if action.spec.risk is Risk.MOVES and not self._pair.guarded:
            return tell('{action} needs the second SDK process, which would stop the dog if the '
                        'first one died; it is being started, try again in a moment.',
                        '{action} 需要第二个 SDK 进程，万一第一个出错由它叫停；它正在启动，'
                        '请稍后再试。', action=action.name)
        return refusal(action, self.facts, self._calls.missing)

    def send(self, command: Command) -> None:
        """Pass a command on: a velocity or Halt is written before this returns."""
        with self._lock:
            if isinstance(command, Velocity):
                self._velocity(command)
            elif isinstance(command, Halt):
                self._halt()
            else:
                self._begin(command)

    def poll(self) -> Sequence[Outcome]:
        """Return the outcomes that have come since the last call."""
        with self._lock:
            outcomes, self._outcomes = self._outcomes, []
            return outcomes

    def state(self) -> BodyState:
        """Return the latest report."""
        with self._lock:
            return self._state

    def health(self) -> tuple[bool, str]:
        """Return whether the robot reports and a guardian is ready, in a sentence."""
        with self._lock:
            age = self._clock() - self._report.stamp
            trouble = self._pair.lost or self._tripped or (
                f'no rt/sportmodestate for {min(age, 999.0):.1f} s' if age > SILENT else '')
            about = f'{self.name} on {self._where}: {self.facts}'
            if trouble:
                return False, f'{about}; {trouble}'
            guardian = 'guardian ready' if self._pair.guarded \
                else self._pair.troubled or 'guardian being started'
            return True, f'{about}; {guardian}, {self._pair.failed} fail-overs'

    @property
    def _where(self) -> str:
        return f'{self._interface or "(no interface)"}, domain {self._domain}'

    # -- commands; the lock is held -------------------------------------------------------------

    def _velocity(self, wish: Velocity) -> None:
        """Pass a velocity on if nothing has tripped and the dog stands with free joints."""
        stands = not self._report.known or modes.posture(self._report.mode) == 'stand'
        if self._tripped or not stands or not all(map(math.isfinite, _numbers(wish))):
            return
        if self._walk.velocity(self._report):
            self._pair.velocity(self._clock(), self._walk.via, *_numbers(wish))
        else:
            self._advance_walk(self._clock())

    def _halt(self) -> None:
        """Stop at once; what was being carried out is broken off."""
        self._pair.halt()
        self._tripped = ''
        self._walk.halt(self._clock())
        if self._performance:
            self._break_off(tell('it was stopped before it was done', '还没做完就被叫停了'))

    def _begin(self, perform: Perform) -> None:
        """Begin to carry out an action."""
        reason = self.refusal(perform.action)
        if not reason and perform.action.name not in PERFORMED:
            reason = tell('{action} is not a motion of its own.', '{action} 不是单独的动作。',
                          action=perform.action.name)
        if reason:
            self._outcomes.append(Outcome(perform.token, False, reason))
            return
        if self._performance:
            self._break_off(tell('a newer action began', '有了更新的动作'))
        self._perform = perform
        self._performance = Performance(
            perform.action.name, sequence(perform.action, self._report.mode))
        self._advance_performance(self._clock())

    def _break_off(self, reason: str) -> None:
        """End the action in hand, undoing what must not be left as it is."""
        assert self._performance is not None
        why = tell('{what}: {reason}.', '{what}：{reason}。', what=self._performance.what,
                   reason=reason)
        for call in self._performance.abort(why):
            self._calls.make(call)
        self._conclude(self._performance)

    def _conclude(self, performance: Performance) -> None:
        """Turn a performance that has ended into an outcome."""
        assert self._perform is not None
        action, done = self._perform.action, not performance.reason
        self._outcomes.append(Outcome(self._perform.token, done, performance.reason))
        self._performance = self._perform = None
        self._pair.undo()
        if action.name == 'AVOID' and done:
            self._avoids(bool(action.get('on')))
        elif action.name not in ('AVOID', 'SPEED'):
            self._walk.changed(performance.unlocked and done)
            self._assumed = AFTER.get(action.name, 'stand') if done else None

    def _avoids(self, on: bool) -> None:
        """Take note that obstacle avoidance was switched."""
        self._walk.avoids = on
        self.facts = Facts(self.facts.new_table, self.facts.mode, on)

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            self._pair.wait(LOOP)
            with self._lock:
                self._look(self._clock())

    def _look(self, now: float) -> None:
        """Read what has come and advance what is under way."""
        failed, walked = self._pair.failed, self._pair.walking
        for kind, *values in self._pair.step(now):
            if kind == 'report':
                self._report = Report.from_list(values)
            elif kind == 'answer':
                self._calls.answer(now, *values)
            elif kind == 'tripped' and values[1] == self._pair.halts:
                self._trip(tell(
                    'the dog was stopped: no velocity came for {seconds:.2f} s',
                    '机器狗已被叫停：{seconds:.2f} 秒没有收到速度指令', seconds=values[0]))
        if self._pair.failed != failed:
            self._failed_over(walked)
        self._advance_performance(now)
        self._advance_walk(now)
        if not self._tripped:
            self._state = self._body_state(self._report, self._walk.trouble)

    def _advance_performance(self, now: float) -> None:
        performance = self._performance
        if performance is None:
            return
        for call in performance.step(now, self._report):
            self._calls.make(call, performance.answer)
        undo = performance.undo
        self._pair.undo(*((undo.service, undo.api, undo.parameter) if undo else ()))
        if performance.ended:
            self._conclude(performance)

    def _advance_walk(self, now: float) -> None:
        for call in self._walk.step(now, self._report):
            self._calls.make(call, self._walk.answer)

    def _failed_over(self, walked: bool) -> None:
        """Give up what the old process was doing."""
        self._calls.forget()
        self._walk.halt(self._clock())
        if walked:
            self._trip(tell('the dog was stopped: the SDK process that commanded it was lost',
                            '机器狗已被叫停：控制它的 SDK 进程丢失了'))
        if self._performance:
            self._break_off(tell('the SDK process was lost on the way; try again',
                                 'SDK 进程中途丢失，请再试一次'))

    def _trip(self, why: str) -> None:
        """Freeze the state, so that it grows stale, until the next Halt."""
        self._tripped = self._tripped or why
        self._state = self._body_state(self._report, self._tripped)

    def _body_state(self, report: Report, error: str) -> BodyState:
        return BodyState(
            stamp=report.stamp, x=report.x, y=report.y, yaw=self._unwrap(report.yaw),
            vx=report.vx, vy=report.vy, wz=report.wz, battery=report.battery, error=error,
            posture=modes.posture(report.mode, report.state_code, report.height, self._assumed))


def _numbers(velocity: Velocity) -> tuple[float, float, float]:
    return velocity.vx, velocity.vy, velocity.wz

"""The world of `--body gazebo`: real time, the real go2 body, whatever serves `sport` on DDS."""

import time
from typing import Callable, Sequence

from shadow_ros.plan import Action
from shadow_ros.robot.body import BodyState, Perform
from shadow_ros.robot.go2.body import Go2Body
from shadow_ros.simulation.scenario import Start
from shadow_ros.simulation.trace import Moment, moved, Sent
from shadow_ros.simulation.world import CannotBeHad

TICK = 0.01  # s
_READY_WITHIN = 30.0  # s for the robot to stand as the scenario begins

_ONLY_VIRTUAL = {'firmware': 'new', 'wall': None, 'slip': 0.0, 'stuck': False}
_BEGINNINGS = {'stand': 'STAND', 'balance': 'BALANCE', 'sit': 'SIT', 'lie': 'LIE', 'damp': 'DAMP'}


class LiveWorld:
    """
    A robot on DDS in its own surroundings; poses count from where it stood at the beginning.

    Faults of the wire and of the floor cannot be had here, a frozen node can. What reaches the
    robot is not seen, so claims about requests do not hold.
    """

    def __init__(self, interface: str, domain: int, start: Start) -> None:
        self._start = start
        wrong = [name for name, usual in _ONLY_VIRTUAL.items() if getattr(start, name) != usual]
        self._wrong = wrong[0] if wrong else ''
        self.body: Go2Body = Go2Body(interface, domain, start.obstacle_avoidance, 'gazebo')
        self._origin: BodyState | None = None
        self._tokens = 0

    @property
    def now(self) -> float:
        """Return the monotonic time."""
        return time.monotonic()

    def start(self) -> None:
        """Meet the robot and bring it into the posture of the beginning."""
        if self._wrong or self._start.posture not in _BEGINNINGS:
            raise CannotBeHad(f'robot: {self._wrong or self._start.posture} is only there with '
                              '--body virtual')
        self.body.start()
        if self._start.posture != 'stand':
            self._perform('STAND')
        self._perform(_BEGINNINGS[self._start.posture])
        self._origin = self.body.state()

    def _perform(self, name: str) -> None:
        """Let the robot do an action and wait until it has."""
        self._tokens -= 1  # the runner's are positive
        self.body.send(Perform(self._tokens, Action(name)))
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline:
            for outcome in self.body.poll():
                if outcome.token == self._tokens:
                    if not outcome.done:
                        raise CannotBeHad(f'{name} did not work at the beginning: '
                                          f'{outcome.reason}')
                    return
            time.sleep(TICK)
        raise CannotBeHad(f'{name} did not end within {_READY_WITHIN:.0f} s at the beginning')

    def tick(self, node_runs: bool) -> None:
        """Let TICK seconds pass; the body has a thread of its own."""
        time.sleep(TICK)

    def moment(self) -> Moment:
        """Return where the robot reports to be, seen from where it began."""
        state = self.body.state()
        origin = self._origin or state
        x, y, _ = moved(_moment(0.0, origin), _moment(0.0, state))
        return Moment(self.now, x, y, state.yaw - origin.yaw, state.vx, state.vy, state.wz,
                      state.posture)

    def requests(self) -> Sequence[Sent]:
        """Return nothing: what reaches the robot is not seen."""
        return ()

    def fault(self, name: str, value: float) -> Callable[[], None]:
        """Refuse: these faults are only there with the virtual body."""
        raise CannotBeHad(f'the fault "{name}" is only there with --body virtual')

    def close(self) -> None:
        """Stop the robot and let go of it."""
        self.body.close()


def _moment(at: float, state: BodyState) -> Moment:
    return Moment(at, state.x, state.y, state.yaw, state.vx, state.vy, state.wz, state.posture)

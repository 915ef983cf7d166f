"""Where a scenario plays: the virtual Go2 and the real go2 body on a simulated clock."""

from typing import Callable, Mapping, Optional, Protocol, Sequence

from shadow_ros.errors import RobotError
from shadow_ros.robot.body import Body
from shadow_ros.robot.go2.body import Go2Body
from shadow_ros.robot.go2.calls import Answers, Receiver
from shadow_ros.robot.go2.opening import meet, set_avoidance
from shadow_ros.robot.sport.posture import posture
from shadow_ros.robot.sport.request import Request
from shadow_ros.robot.sport.words import SEND_FAILED
from shadow_ros.robot.virtual.dog import Dog
from shadow_ros.robot.virtual.report import Report
from shadow_ros.robot.virtual.robot import Robot
from shadow_ros.robot.virtual.skills import BALANCE, DAMP, IDLE, LIE, LOCK, SIT
from shadow_ros.robot.virtual.walker import Walker
from shadow_ros.robot.virtual.wall import Wall
from shadow_ros.simulation.scenario import Start
from shadow_ros.simulation.sdk import Ether, SimulatedPair
from shadow_ros.simulation.trace import Moment, Sent

TICK = 0.01  # s; the beat of the body's thread and of the SDK processes
BEGIN = 100.0  # s on the simulated clock at which everything is started

_POSTURES = {'stand': IDLE, 'balance': BALANCE, 'lock': LOCK, 'sit': SIT, 'lie': LIE, 'damp': DAMP}


class CannotBeHad(RobotError):
    """This world has no such fault or beginning; the scenario is for another one."""


class World(Protocol):
    """A body in surroundings that can be watched, and whose time is told by `now` (s)."""

    @property
    def body(self) -> Body:
        """Return the body."""

    @property
    def now(self) -> float:
        """Return the monotonic time."""

    def start(self) -> None:
        """Meet the robot."""

    def tick(self, node_runs: bool) -> None:
        """Let TICK seconds pass; without `node_runs` the node's own process stands still."""

    def moment(self) -> Moment:
        """Return where the dog is; its time is the world's."""

    def requests(self) -> Sequence[Sent]:
        """Return the requests that reached the robot, if that can be seen."""

    def fault(self, name: str, value: float) -> Callable[[], None]:
        """Begin a fault and return what ends it; raise CannotBeHad."""

    def close(self) -> None:
        """Let go of the robot."""


class SimulatedGo2(Go2Body):
    """The go2 body without its thread: the world calls `look` every tick."""

    def __init__(self, ether: Ether, pair: SimulatedPair, avoidance: str,
                 tick: Callable[[], None]) -> None:
        super().__init__('simulated', 0, avoidance, 'virtual', ether.clock, pair)
        self._tick = tick

    def start(self) -> None:
        """Meet the robot as the real body does, with simulated time passing meanwhile."""
        self._pair.open()
        self.facts = meet(self._ask, lambda: self._report.stamp > 0.0, 'the simulation')
        if self._avoidance != 'keep':
            self.facts = set_avoidance(self._ask, self._avoidance == 'on', self.facts)
        self._walk.avoids = bool(self.facts.avoids)

    def look(self) -> None:
        """Read what has come and advance what is under way."""
        with self._lock:
            self._look(self._clock())

    def _ask(self, calls: Sequence[Request], seconds: float) -> Answers:
        """Make the requests and let time pass until they are answered, at most that long."""
        answers: Answers = [None] * len(calls)

        def take(place: int) -> Receiver:
            def receive(code: int, data: str, now: float) -> None:
                if code != SEND_FAILED:
                    answers[place] = (code, data)
            return receive

        for place, call in enumerate(calls):
            with self._lock:
                self._calls.make(call, take(place))
        until = self._clock() + seconds
        while None in answers and self._clock() < until:
            self._tick()
        return answers


class SimulatedWorld:
    """A virtual Go2 behind a simulated link; no threads, no sleeps, the same every time."""

    def __init__(self, start: Start) -> None:
        self._ticks = 0
        walker = Walker(1.0 if start.stuck else start.slip / 100.0,
                        Wall(start.wall) if start.wall is not None else None)
        dog = Dog(BEGIN, _POSTURES[start.posture], start.battery, walker)
        self._walker = walker
        self._robot = Robot(dog, start.firmware)
        self._ether = Ether(self._robot, lambda: self.now)
        self._pair = SimulatedPair(self._ether)
        self.body: SimulatedGo2 = SimulatedGo2(
            self._ether, self._pair, start.obstacle_avoidance, lambda: self.tick(True))
        self.report: Optional[Report] = None

    @property
    def now(self) -> float:
        """Return the simulated monotonic time."""
        return BEGIN + self._ticks * TICK

    def start(self) -> None:
        """Meet the robot, and let its first reports come."""
        self.body.start()
        for _ in range(10):
            self.tick(True)

    def tick(self, node_runs: bool) -> None:
        """Let a tick pass: the SDK processes work, then the body if its process runs."""
        self._ticks += 1
        self._pair.step_processes()
        if node_runs:
            self.body.look()
        self.report = self._robot.report(self.now)

    def moment(self) -> Moment:
        """Return where the dog really is."""
        report = self.report or self._robot.report(self.now)
        return Moment(self.now, report.x, report.y, report.yaw, *report.velocity,
                      posture(report.mode, report.code, report.height), report.skill)

    def requests(self) -> Sequence[Sent]:
        """Return the requests that reached the robot."""
        return self._ether.log

    def fault(self, name: str, value: float) -> Callable[[], None]:
        """Begin a fault; return what ends it."""
        begins: Mapping[str, Callable[[], Callable[[], None]]] = {
            'lost link': lambda: self._set('link_lost', True),
            'no replies': lambda: self._set('no_replies', True),
            'slow replies': lambda: self._set('reply_delay', value or 0.5),
            'no state': lambda: self._set('no_state', True),
            'stuck': lambda: self._slip(1.0),
            'dead sdk process': self._kill,
            'frozen sdk process': self._freeze,
            'dead node': self._abandon,
        }
        return begins[name]()

    def close(self) -> None:
        """Let go of the robot."""
        self.body.close()

    def _set(self, name: str, value: object) -> Callable[[], None]:
        before = getattr(self._ether.faults, name)
        setattr(self._ether.faults, name, value)
        return lambda: setattr(self._ether.faults, name, before)

    def _slip(self, share: float) -> Callable[[], None]:
        before, self._walker._slip = self._walker._slip, share

        def end() -> None:
            self._walker._slip = before
        return end

    def _kill(self) -> Callable[[], None]:
        if self._pair.active:
            self._pair.active.die()
        return lambda: None

    def _freeze(self) -> Callable[[], None]:
        process = self._pair.active

        def go_on() -> None:
            if process:
                process.frozen = False
        if process:
            process.frozen = True
        return go_on

    def _abandon(self) -> Callable[[], None]:
        """Let the node's process die: its ends of the pipes close."""
        for process in self._pair.processes:
            process.let_go()
        return lambda: None

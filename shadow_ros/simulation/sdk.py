"""The go2 body's two SDK processes in one process, on a simulated clock: only DDS is left out."""

from collections import deque
from dataclasses import dataclass
import math
from typing import Any, Callable, Deque, Optional, Sequence

from shadow_ros.robot.go2.lines import HasFileno
from shadow_ros.robot.go2.pair import Pair
from shadow_ros.robot.go2.report import Report
from shadow_ros.robot.go2.worker import Worker
from shadow_ros.robot.sport.ids import Sport
from shadow_ros.robot.sport.request import Request
from shadow_ros.robot.virtual.robot import Robot
from shadow_ros.simulation.trace import Sent

LOADING = 1.0  # s that a new SDK process needs to load; about what a desktop needs
DELAY = 0.002  # s from a request to its answer, as measured on a loopback interface

Clock = Callable[[], float]


@dataclass
class Faults:
    """What goes wrong now: between robot and SDK, in the replies, in the reports."""

    link_lost: bool = False
    no_replies: bool = False
    reply_delay: float = 0.0
    no_state: bool = False


@dataclass(frozen=True)
class Answer:
    """The reply to the request of that id, as the real wire has it."""

    ident: int
    code: int
    data: str


class Ether:
    """What lies between the SDK processes and the robot; `log` collects what arrives."""

    def __init__(self, robot: Robot, clock: Clock) -> None:
        self.faults = Faults()
        self.log: list[Sent] = []
        self.clock = clock
        self._robot = robot

    def request(self, call: Request) -> Optional[tuple[int, str]]:
        """Carry a request to the robot; return code and data, None when nothing comes back."""
        if self.faults.link_lost:
            return None
        if call.api == Sport.API_VERSION:
            return 0, self._robot.services[call.service].version
        now = self.clock()
        self.log.append(Sent(now, call.service, int(call.api), call.parameter))
        reply = self._robot.handle(call.service, int(call.api), call.parameter, now)
        return None if reply is None or self.faults.no_replies else (int(reply[0]), reply[1])

    def report(self, now: float) -> Optional[Report]:
        """Return the robot's state as the SDK would read it from DDS."""
        if self.faults.link_lost or self.faults.no_state or self._robot.released:
            return None
        report = self._robot.report(now)
        tells = self._robot.firmware == 'new'
        return Report(
            stamp=now, mode=report.mode, state_code=report.code if tells else 0,
            progress=report.progress, x=report.x, y=report.y,
            yaw=math.remainder(report.yaw, 2 * math.pi), height=report.height,
            vx=report.velocity[0], vy=report.velocity[1], wz=report.velocity[2],
            battery=float(math.ceil(report.battery)))


class Wire:
    """One process's way to the robot, with the methods of the real one."""

    def __init__(self, ether: Ether) -> None:
        self._ether = ether
        self._answers: list[tuple[float, Answer]] = []
        self._ident = 0

    def send(self, request: Request, wants_reply: bool = True) -> tuple[int, bool]:
        """Write a request; a lost link is noticed by nobody."""
        self._ident += 1
        reply = self._ether.request(request)
        if reply and wants_reply:
            at = self._ether.clock() + DELAY + self._ether.faults.reply_delay
            self._answers.append((at, Answer(self._ident, *reply)))
        return self._ident, True

    def answers(self) -> list[Answer]:
        """Return the replies that have come since the last look."""
        now = self._ether.clock()
        come = [answer for at, answer in self._answers if at <= now]
        self._answers = [item for item in self._answers if item[0] > now]
        return come

    def report(self, now: float) -> Optional[Report]:
        """Return the newest state."""
        return self._ether.report(now)


class End:
    """One end of a pipe in memory, with the methods of Lines."""

    def __init__(self) -> None:
        self.closed = False
        self.other: Optional[End] = None
        self._come: Deque[list[Any]] = deque()

    def send(self, kind: str, *values: Any) -> bool:
        """Put a message into the other end."""
        if self.closed or self.other is None or self.other.closed:
            return False
        self.other._come.append([kind, *values])
        return True

    def receive(self) -> list[list[Any]]:
        """Return what has come; the other end's closing is read after its last message."""
        messages = list(self._come)
        self._come.clear()
        self.closed = self.closed or self.other is None or self.other.closed
        return messages

    def close(self) -> None:
        """Close this end."""
        self.closed = True


class Process:
    """A worker as the pair sees it: it takes its time to load, it can be killed or freeze."""

    def __init__(self, ether: Ether, loading: float) -> None:
        self._clock = ether.clock
        self._ours, self._theirs = End(), End()
        self._ours.other, self._theirs.other = self._theirs, self._ours
        self._worker = Worker(self._theirs, Wire(ether), self._clock)  # type: ignore[arg-type]
        self.born = self.pulse = self._clock()
        self._ready_at = self.born + loading
        self.frozen = False
        self.running = True
        self.fault = ''
        self.pid = 0

    @property
    def ready(self) -> bool:
        """Return whether it has loaded."""
        return self._clock() >= self._ready_at

    @property
    def dead(self) -> bool:
        """Return whether the pair knows that it has ended."""
        return self._ours.closed

    def step(self) -> None:
        """Let it do what is due, unless it hangs or is gone."""
        if self.running and self.ready and not self.frozen:
            self.running = self._worker.step()

    def send(self, kind: str, *values: Any) -> bool:
        """Send it a message."""
        return self._ours.send(kind, *values)

    def receive(self) -> list[list[Any]]:
        """Return what it has said, apart from signs of life."""
        messages = self._ours.receive()
        if messages:
            self.pulse = self._clock()
        return [message for message in messages if message[0] != 'alive']

    def die(self) -> None:
        """Die, as by a signal; the pair learns it from the closed pipe."""
        self.running = False
        self._theirs.close()

    def kill(self) -> None:
        """End it at once."""
        self.running = False
        self._ours.close()

    def let_go(self) -> None:
        """Close this end: it stops the dog and ends."""
        self._ours.close()

    def join(self) -> None:
        """Wait for nothing: it ends in its own steps."""


class SimulatedPair(Pair):
    """The pair of SDK processes on a simulated clock; `step_processes` lets them work."""

    def __init__(self, ether: Ether) -> None:
        self.processes: list[Process] = []
        self._ether = ether
        super().__init__(self._begin)  # type: ignore[arg-type]

    def _begin(self) -> Process:
        # The first two have loaded before the story begins.
        process = Process(self._ether, LOADING if len(self.processes) >= 2 else 0.0)
        self.processes.append(process)
        return process

    def step_processes(self) -> None:
        """Let every process do what is due."""
        for process in list(self.processes):
            process.step()

    def wait(self, seconds: float, ends: Sequence[HasFileno] = ()) -> None:
        """Wait for nothing: time is passed in."""

    @property
    def active(self) -> Optional[Process]:
        """Return the process that commands the robot."""
        return self._active  # type: ignore[return-value]

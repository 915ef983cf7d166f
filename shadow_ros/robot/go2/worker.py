"""The SDK process: carries requests to the robot, and stops it when its body falls silent."""

import signal
import socket
import sys
import time
from typing import Any, Callable, Mapping, Optional, Sequence, TYPE_CHECKING

from shadow_ros.errors import RobotError
from shadow_ros.robot import dds
from shadow_ros.robot.body import Velocity
from shadow_ros.robot.go2.lines import Lines, wait
from shadow_ros.robot.go2.report import Report
from shadow_ros.robot.go2.watchdog import LATE, Watchdog
from shadow_ros.robot.precedence import give_way, take_precedence
from shadow_ros.robot.sport.ids import OBSTACLES_AVOID
from shadow_ros.robot.sport.request import listen, move, Request, STOP
from shadow_ros.robot.sport.words import SEND_FAILED

if TYPE_CHECKING:
    from shadow_ros.robot.go2.wire import Wire

LOOP = 0.01  # s; how late the watchdog may be
IDLE_LOOP = 0.05  # s; the guardian's while the dog does not walk
REPORT_EVERY = 0.018  # s; a little under 20 ms, so that the body gets 50 reports a second
IDLE_REPORT_EVERY = 0.5  # s; the guardian's, whose reports nobody reads until the dog must stop
BEAT_EVERY = 0.05  # s between signs of life when there is nothing else to tell
STALE = 0.2  # s; a velocity that was this long under way belongs to the past
GUARDIAN_LATE = LATE + 0.05  # s; the guardian stops the dog only when the active one has not
_FORGET = 60.0  # s after which no answer is expected any more


class Worker:
    """
    One of a body's two SDK processes.

    Both hear every velocity. The active one passes it on; the guardian only watches, and stops
    the dog by the same rule if body and active process are lost together. It becomes the active
    one when it is told to `lead`. A simulation brings its own `clock` (monotonic s) and calls
    `step` instead of `run`.
    """

    def __init__(self, lines: Lines, wire: 'Wire',
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._lines, self._wire, self._clock = lines, wire, clock
        self._watchdog = Watchdog(GUARDIAN_LATE)
        self._active = False
        self._ended = False
        self._via = ''
        self._undo: Optional[Request] = None
        self._report: Optional[Report] = None
        self._tokens: dict[int, tuple[int, float]] = {}
        self._told, self._halts = '', 0
        self._next_report = self._next_beat = 0.0
        self._orders: Mapping[str, Callable[..., None]] = {
            'velocity': self._velocity, 'halt': self._halt, 'call': self._call,
            'lead': self._lead, 'undo': self._keep_undo}

    def run(self) -> None:
        """Work until the body is gone and the dog stands still."""
        self._lines.send('ready')
        while self.step():
            self._wait()
        if self._via == OBSTACLES_AVOID:
            self._wire.send(listen(False))

    def step(self) -> bool:
        """Do what is due now; return False when all is done."""
        for kind, *values in [] if self._ended else self._lines.receive():
            self._orders[kind](*values)
        now = self._clock()
        self._look(now)
        if self._lines.closed and not self._ended:
            self.end(now)
        if self._watchdog.due(now, self._report):
            self._stop()
        self._tell(now)
        return not self._ended or self._watchdog.stopping

    def end(self, now: float) -> None:
        """Take the body for gone: the dog stops, then this process ends."""
        self._ended = True
        if self._active or self._watchdog.walking or self._watchdog.stopping:
            self._watchdog.trip('the body is gone', now)
            if self._undo:
                self._wire.send(self._undo)

    @property
    def _watching(self) -> bool:
        """Return whether every report matters here."""
        return self._active or self._watchdog.walking or self._watchdog.stopping

    # -- what the body says ---------------------------------------------------------------------

    def _velocity(self, sent: float, via: str, *velocity: float) -> None:
        now = self._clock()
        if now - sent > STALE or not self._watchdog.velocity(now):
            return
        if not self._active:
            self._next_report = min(self._next_report, now + REPORT_EVERY)
        self._via = via
        if self._active:
            self._wire.send(move(Velocity(*velocity), via), wants_reply=False)

    def _halt(self, number: int) -> None:
        self._watchdog.halt()
        self._halts, self._told = number, ''
        if self._active:
            self._stop()

    def _call(self, token: int, service: str, api: int, parameter: str) -> None:
        request = Request(service, api, parameter)
        if request == listen(True):
            self._via = OBSTACLES_AVOID  # so that it is told to let go of us in the end
        ident, sent = self._wire.send(request)
        if sent:
            self._tokens[ident] = (token, self._clock())
        else:
            self._lines.send('answer', token, SEND_FAILED, '')

    def _lead(self, stop: bool) -> None:
        """Become the active process; with `stop` the dog may still walk on the old one's word."""
        self._active = True
        self._next_report = 0.0
        self._watchdog = Watchdog(LATE)
        if stop:
            self._watchdog.trip('the SDK process before this one failed', self._clock())

    def _keep_undo(self, *call: Any) -> None:
        self._undo = Request(*call) if call else None

    # -- what the robot says --------------------------------------------------------------------

    def _look(self, now: float) -> None:
        """Read what has come from the robot."""
        for answer in self._wire.answers():
            token, _ = self._tokens.pop(answer.ident, (None, 0.0))
            if token is not None:
                self._lines.send('answer', token, answer.code, answer.data)
        if now >= self._next_report:
            report = self._wire.report(now)
            if report:
                self._report = report
                self._next_report = now + (REPORT_EVERY if self._watching else IDLE_REPORT_EVERY)
                self._send_beat(now, 'report', *report.to_list())

    def _tell(self, now: float) -> None:
        """Give a sign of life, and tell once that the watchdog has tripped."""
        if self._watchdog.tripped and not self._told:
            self._told = self._watchdog.tripped
            self._send_beat(now, 'tripped', self._watchdog.silence, self._halts)
        if now >= self._next_beat:
            self._send_beat(now, 'alive')
            for ident in [i for i, (_, at) in self._tokens.items() if now - at > _FORGET]:
                del self._tokens[ident]

    def _send_beat(self, now: float, kind: str, *values: Any) -> None:
        self._lines.send(kind, *values)
        self._next_beat = now + BEAT_EVERY

    def _stop(self) -> None:
        """Stop the dog, whoever takes its velocities."""
        if self._via == OBSTACLES_AVOID:
            self._wire.send(move(Velocity(0.0, 0.0, 0.0), OBSTACLES_AVOID), wants_reply=False)
        self._wire.send(STOP)

    def _wait(self) -> None:
        """Wait for a message, but not for long."""
        if self._ended:
            time.sleep(LOOP)
        else:
            wait([self._lines], LOOP if self._watching else IDLE_LOOP)


def main(arguments: Sequence[str]) -> int:
    """Run with the descriptor of the socket, the interface and the domain as arguments."""
    give_way()
    lines = Lines(socket.socket(fileno=int(arguments[0])))
    # The terminal's Ctrl-C reaches the whole group: the body decides when this process ends.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        dds.connect(arguments[1], int(arguments[2]))
        from shadow_ros.robot.go2.wire import Wire  # after connect, which says what is missing
        take_precedence()
        worker = Worker(lines, Wire(int(arguments[2])))
    except RobotError as error:
        lines.send('fault', str(error))
        return 1
    signal.signal(signal.SIGTERM, lambda *_: worker.end(time.monotonic()))
    worker.run()
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

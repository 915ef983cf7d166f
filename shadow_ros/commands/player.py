"""Gives commands to a graph one by one, prints and records what becomes of them."""

import time
from typing import Callable, TYPE_CHECKING

from shadow_ros.commands.exchange import Exchange, heading, news_lines, reply_line
from shadow_ros.commands.recording import Recording, Said, where
from shadow_ros.commands.style import paint, say_line
from shadow_ros.errors import RobotError
from shadow_ros.records import Event, PlanRecord, RobotState

if TYPE_CHECKING:
    from shadow_ros.nodes.client import GraphClient, News

PLAN_SECONDS = 15.0
"""How long a plan may take to come; a cold model on a slow machine included."""

_SETTLE_SECONDS = 0.3  # the state behind an event may arrive after it


class Player:
    """
    Talks to the graph through a client; everything it hears ends up in `recording`.

    Several commands may be under way (a walk and the stop that ends it); events find theirs.
    """

    def __init__(self, client: 'GraphClient', check: Callable[[], None] = lambda: None) -> None:
        self.client = client
        self.recording = Recording()
        self.heard: list[Said] = []
        self._check = check
        self._begun = time.monotonic()
        self._told = 0

    @property
    def now(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._begun

    def give(self, text: str, source: str = 'typed', publish: bool = True) -> Said:
        """Give a command, or take up one that the graph heard itself (`publish=False`)."""
        said = self.recording.say(Exchange(text, self.now), self.now, source)
        self._told = said.number
        say_line()
        say_line(heading(text, source, said.number))
        if publish:
            self.client.say(text)
        return said

    def reply(self, text: str) -> None:
        """Answer a question for a yes; an answer has no plan of its own."""
        say_line(f'{"":12}{paint("answer", "name")}     {text}')
        self.client.say(text)

    def live(self) -> list[Said]:
        """Return the commands that have not ended."""
        return [said for said in self.recording.said if said.exchange.end is None]

    def follow(self, said: Said, timeout: float,
               until: Callable[[], bool] = lambda: False) -> None:
        """Take in news until the command has ended or `until` is true, or raise TimeoutError."""
        exchange, begun = said.exchange, time.monotonic()
        while exchange.end is None and not until():
            waited = time.monotonic() - begun
            if exchange.plan is None and waited > PLAN_SECONDS:
                raise TimeoutError(f'no plan came within {PLAN_SECONDS:g} s')
            if waited > timeout:
                raise TimeoutError(f'no end within {timeout:g} s')
            self.pump(0.1)

    def settle(self) -> None:
        """Take in what the end of a command still brings, and say where the robot is."""
        self.wait_for(lambda: False, _SETTLE_SECONDS)
        say_line(f'{"":12}{paint("→ " + where(self.recording.last), "quiet")}')

    def wait_for(self, true: Callable[[], bool], seconds: float) -> bool:
        """Take in news until it is true or the time is over; return whether it is."""
        deadline = time.monotonic() + seconds
        while not true() and time.monotonic() < deadline:
            self.pump(min(0.05, max(deadline - time.monotonic(), 0.0)))
        return true()

    def pump(self, seconds: float) -> None:
        """Take in what the graph says, waiting at most this long for the first of it."""
        self._check()
        for news in self.client.listen(seconds):
            self._take(news)
        for said in self.recording.said:
            for text in said.exchange.due_replies(self.now):
                say_line('  ' + reply_line(text))

    def _take(self, news: 'News') -> None:
        from shadow_ros.nodes.client import Heard, Pose, Reply
        if isinstance(news, Pose):
            self.recording.pose(self.now, news.x, news.y, news.yaw)
        elif isinstance(news, RobotState):
            self.recording.state(self.now, news.posture, news.moving)
        elif isinstance(news, Heard) and news.final:
            self.heard.append(self.give(news.text, 'spoken', publish=False))
        elif isinstance(news, Reply):
            if self.recording.said:
                self.recording.said[-1].exchange.take_reply(news.text, self.now)
        elif isinstance(news, (PlanRecord, Event)):
            self._tell(news)

    def _tell(self, news: 'PlanRecord | Event') -> None:
        """Print a plan or event under its command, with the number when others came since."""
        for said in reversed(self.recording.said):
            taken = said.exchange.take(news, self.now)
            for line in news_lines(said.exchange, taken):
                number = f'{said.number:>2}' if said.number != self._told else '  '
                self._told = said.number
                say_line(f'{number}{line}')
            if taken:
                return


def first_pose(player: Player, seconds: float = 10.0) -> None:
    """Wait for the robot's first report, or raise RobotError."""
    if not player.wait_for(lambda: player.recording.last is not None, seconds):
        raise RobotError(f'expected a report of the robot within {seconds:g} s, got none; '
                         'is the body well? see shadow-ros doctor')

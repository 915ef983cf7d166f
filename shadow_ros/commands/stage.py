"""Where a demo plays: the virtual dog, the nodes and a client, all on this machine alone."""

from collections import deque
from contextlib import ExitStack
import os
from pathlib import Path
import time
from types import TracebackType
from typing import Deque, Iterator, Optional, Type

from shadow_ros.commands.domains import own_domain, own_ros
from shadow_ros.commands.graph import open_client
from shadow_ros.commands.player import first_pose, Player
from shadow_ros.commands.recording import Said
from shadow_ros.commands.style import bold, paint, part_line, say_line
from shadow_ros.config import Config
from shadow_ros.errors import AudioError, RobotError
from shadow_ros.group import Group

START_SECONDS = 120.0
_AROUND_SECONDS = 3.0  # that the speech node waits before a sound file, and hears behind it
_SPEECH_SECONDS = 12.0  # the same on a slow machine, when nothing was heard yet


class Stage:
    """
    A running graph on domains of its own; use it in a `with` block.

    `player` talks to it. Entering takes seconds; leaving ends every process.
    """

    def __init__(self, model: Optional[Path] = None, microphone: bool = False) -> None:
        self._model = model
        self._microphone = microphone
        self._said: Deque[str] = deque(maxlen=30)
        self._stack = ExitStack()

    def __enter__(self) -> 'Stage':
        with ExitStack() as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        if isinstance(error, RobotError):
            for line in self._said:
                say_line(line, err=True)
        self._stack.close()

    def _open(self, stack: ExitStack) -> None:
        begun = time.monotonic()
        self._env = stack.enter_context(own_ros())
        self._config = Config().changed({
            'robot.body': 'virtual', 'robot.dds_domain': stack.enter_context(own_domain()),
            'intent.model': str(self._model or ''), 'speech.source': 'microphone'})
        nodes = ('intent', 'action') + (('speech',) if self._microphone and _can_hear() else ())
        say_line(f'{bold("shadow_ros demo")}  ' + paint(
            f'virtual Go2, {", ".join(nodes)}; ROS domain {self._env["ROS_DOMAIN_ID"]}, '
            f'DDS domain {self._config.robot.dds_domain}', 'quiet'))
        self._group = stack.enter_context(self._make(self._config, nodes))
        self._group.start(START_SECONDS)
        client = stack.enter_context(open_client('demo'))
        client.connect(START_SECONDS)
        self.player = Player(client, self._check)
        first_pose(self.player)
        say_line(paint(f'ready after {time.monotonic() - begun:.1f} s', 'quiet'))

    def _make(self, config: Config, nodes: tuple[str, ...]) -> Group:
        return Group(config, nodes=nodes, env=self._env, log_level='warn', on_line=self._note)

    def _note(self, part: str, line: str) -> None:
        self._said.append(part_line(part, line))

    def _check(self) -> None:
        """Raise RobotError when a part has died; a demo does not paper over that."""
        gone = next(_ended(self._group), None)
        if gone:
            raise RobotError(f'expected {gone} to keep running, but it ended; what the parts '
                             'said last is above')

    def speak(self, wav: Path) -> list[Said]:
        """Let the speech node hear a sound file; return the commands that it understood."""
        seconds = _length(wav)
        say_line()
        say_line(paint(f'listening to {wav.name} ({seconds:.1f} s)', 'quiet'))
        before = len(self.player.heard)
        config = self._config.changed({'speech.source': str(wav.resolve())})
        with self._make(config, ('speech',)) as speech:
            speech.start(START_SECONDS)
            self.player.wait_for(lambda: False, seconds + _AROUND_SECONDS)
            self.player.wait_for(lambda: len(self.player.heard) > before, _SPEECH_SECONDS)
        return self.player.heard[before:]


def _can_hear() -> bool:
    """Return whether there is a microphone, and say why not."""
    from shadow_ros.speech.sources import find_microphone
    try:
        find_microphone(None)
    except AudioError as error:
        say_line(paint(f'only typed commands: {error}', 'quiet'))
        return False
    return True


def _length(wav: Path) -> float:
    """Return a sound file's length in seconds, or raise AudioError when it is none."""
    from shadow_ros.speech.audio import read_file, SAMPLE_RATE
    return len(read_file(wav)) / SAMPLE_RATE


def _ended(group: Group) -> Iterator[str]:
    """Yield the names of the parts whose process has ended."""
    for name, pid in group.pids.items():
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            if os.waitid(os.P_PID, pid, flags) is not None:
                yield name
        except ChildProcessError:
            yield name

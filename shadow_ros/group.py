"""The nodes and the virtual dog as one process group, for `shadow-ros up` and `demo`; no ROS."""

from collections import deque
from dataclasses import dataclass, field
from importlib.util import find_spec
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Callable, cast, Deque, IO, Mapping, Optional, Sequence, Type

from shadow_ros.config import Config, NODES, SETTINGS
from shadow_ros.errors import RobotError, ShadowRosError
from shadow_ros.setting import Value

DOG = 'dog'
"""The name of the virtual Go2 among the parts of a group."""

# Ctrl-C goes to every process of the terminal's group: the parts leave it to their parent, who
# ends them in order, the dog (in a session of its own) after the node that moves it.
_DEAF_TO_CTRL_C = ('/bin/sh', '-c', 'trap "" INT; exec "$@"', 'sh')
_LOG_LINE = re.compile(r'(?:\x1b\[\S*?m)?\[(?:ERROR|FATAL)\] \[[0-9.]+\] \[\S+\]: (.*)')
_MAX_RESTARTS = 3
_RESTART_WINDOW = 60.0  # seconds

OnLine = Callable[[str, str], None]


def node_command(node: str, config: Config, log_level: str = 'info') -> list[str]:
    """Return the command that runs a node with this config, to end when its stdin does."""
    command = [sys.executable, '-m', f'shadow_ros.nodes.{node}', '--with-parent', '--ros-args',
               '--log-level', log_level]
    for name, value in config.flat().items():
        if name.split('.')[0] in NODES[node] and value != SETTINGS[name].default:
            command += ['-p', f'{name}:={_as_yaml(value)}']
    return command


def dog_command(config: Config) -> list[str]:
    """Return the command that runs the virtual Go2, to end when its stdin does."""
    return [sys.executable, '-m', 'shadow_ros.robot.virtual', '--network-interface', 'lo',
            '--dds-domain', str(config.robot.dds_domain), '--with-parent']


def _as_yaml(value: Value) -> str:
    """Return the value so that ROS reads it back in its own type, texts with any characters."""
    return json.dumps(value, ensure_ascii=False)


@dataclass
class _Part:
    """One process of the group and what it said last."""

    name: str
    process: 'subprocess.Popen[str]'
    reader: Optional[threading.Thread] = None
    ready: threading.Event = field(default_factory=threading.Event)
    tail: Deque[str] = field(default_factory=lambda: deque(maxlen=50))

    def why(self) -> str:
        """Return why it ended: its last error sentence, or its last line."""
        self.join()
        for line in reversed(self.tail):
            match = _LOG_LINE.match(line)
            if match:
                return match[1]
        said = f': {self.tail[-1]}' if self.tail else ''
        return f'{self.name} ended with exit code {self.process.poll()}{said}'


    def join(self) -> None:
        """Wait until everything that it said was taken in."""
        if self.reader:
            self.reader.join(1.0)


class Group:
    """
    Start, watch and end the parts; use it in a `with` block.

    Every line that a part prints goes to `on_line(part, line)`, from threads of the group. The
    parts end with this process however it dies: their standard input closes then.
    """

    def __init__(self, config: Config, *, nodes: Optional[Sequence[str]] = None,
                 env: Optional[Mapping[str, str]] = None, log_level: str = 'info',
                 on_line: Optional[OnLine] = None) -> None:
        self._env = {**(os.environ if env is None else env), 'PYTHONUNBUFFERED': '1'}
        self._on_line = on_line or (lambda part, line: None)
        nodes = config.nodes() if nodes is None else nodes
        self._commands = {
            node: node_command(node, config, log_level) for node in nodes}
        if config.robot.body == 'virtual' and 'action' in nodes:
            self._commands = {DOG: dog_command(config), **self._commands}
        self._parts: dict[str, _Part] = {}
        self._restarts: dict[str, list[float]] = {}

    def __enter__(self) -> 'Group':
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """Return the process id of each part."""
        return {name: part.process.pid for name, part in self._parts.items()}

    def start(self, timeout: float = 60.0, stop: Optional[threading.Event] = None) -> None:
        """
        Start all parts and return when each has said that it is ready.

        Raises ShadowRosError, with all parts ended, when one cannot start or takes longer than
        `timeout` seconds. When `stop` is set meanwhile it returns early, for `stop()` to follow.
        """
        if self._commands.keys() - {DOG} and find_spec('rclpy') is None:
            raise ShadowRosError(
                'expected ROS 2 (rclpy), found none in this Python; source /opt/ros/<distro>/'
                "setup.bash, or on x86-64: pip install 'shadow_ros[ros]'")
        deadline = time.monotonic() + timeout
        try:
            for name in self._commands:
                if name == 'action' and DOG in self._parts:
                    self._await(self._parts[DOG], deadline, stop)
                if stop is not None and stop.is_set():
                    return
                self._launch(name)
            for part in self._parts.values():
                self._await(part, deadline, stop)
        except ShadowRosError:
            self.stop()
            raise

    def supervise(self, stop: threading.Event) -> None:
        """
        Keep the parts running until `stop` is set.

        A part that ends is started again; RobotError when it does not stay.
        """
        while not stop.wait(0.1):
            for part in list(self._parts.values()):
                code = part.process.poll()
                if code is not None:
                    self._restart(part, code)

    def stop(self, timeout: float = 5.0) -> dict[str, int]:
        """
        End the nodes, then the dog; return the exit codes.

        Who has not ended `timeout` seconds after it was asked to is ended by force.
        """
        nodes = [part for part in self._parts.values() if part.name != DOG]
        dog = [part for part in self._parts.values() if part.name == DOG]
        for parts in (nodes, dog):
            deadline = time.monotonic() + timeout
            for part in parts:
                if part.process.poll() is None:
                    part.process.send_signal(signal.SIGTERM)
            for part in parts:
                _end(part, deadline - time.monotonic())
        codes = {name: part.process.returncode for name, part in self._parts.items()}
        self._parts.clear()
        return codes

    def _launch(self, name: str) -> None:
        process = subprocess.Popen(
            [*_DEAF_TO_CTRL_C, *self._commands[name]], env=self._env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding='utf-8',
            errors='replace', start_new_session=name == DOG)
        part = self._parts[name] = _Part(name, process)
        part.reader = threading.Thread(target=self._read, args=(part,), daemon=True)
        part.reader.start()

    def _read(self, part: _Part) -> None:
        for line in cast(IO[str], part.process.stdout):
            line = line.rstrip('\n')
            part.tail.append(line)
            if line == f'{part.name} ready' or (part.name == DOG and 'ready' in line):
                part.ready.set()
            else:
                self._on_line(part.name, line)

    def _await(self, part: _Part, deadline: float, stop: Optional[threading.Event]) -> None:
        while not part.ready.wait(0.05):
            if stop is not None and stop.is_set():
                return
            if part.process.poll() is not None:
                raise RobotError(part.why())
            if time.monotonic() > deadline:
                last = part.tail[-1] if part.tail else 'nothing'
                raise RobotError(f'{part.name} was not ready in time; it last said: {last}')

    def _restart(self, part: _Part, code: int) -> None:
        now = time.monotonic()
        recent = [t for t in self._restarts.get(part.name, []) if now - t < _RESTART_WINDOW]
        if len(recent) >= _MAX_RESTARTS:
            raise RobotError(f'{part.name} ended {len(recent) + 1} times within '
                             f'{_RESTART_WINDOW:g} s; the last time: {part.why()}')
        self._restarts[part.name] = [*recent, now]
        self._on_line(part.name, f'ended with exit code {code}; starting it again')
        _end(part, 0.2)
        self._launch(part.name)


def _end(part: _Part, seconds: float) -> None:
    """Wait for the part's end, then enforce it, and close its pipes."""
    try:
        part.process.wait(max(seconds, 0.1))
    except subprocess.TimeoutExpired:
        part.process.kill()
        part.process.wait()
    if part.process.stdin:
        part.process.stdin.close()
    part.join()

"""`shadow-ros up`: the nodes from a configuration, in one process group, without `ros2 launch`."""

from pathlib import Path
import threading
from typing import Any, Callable, Optional, TypeVar

import click

from shadow_ros.commands.signals import on_end
from shadow_ros.commands.style import paint, part_line, say_line
from shadow_ros.config import Config, SETTINGS

_Command = TypeVar('_Command', bound=Callable[..., Any])
START_SECONDS = 120.0
_SHORT = {'robot.body': '--body', 'robot.network_interface': '--network-interface',
          'robot.dds_domain': '--dds-domain', 'recorder.mode': '--record'}


def _parameters(function: _Command) -> _Command:
    """Give the command an option for each parameter of the configuration."""
    for name, item in reversed(list(SETTINGS.items())):
        flags = [f'--{name}', *([_SHORT[name]] if name in _SHORT else [])]
        function = click.option(
            *flags, name.replace('.', '__'), metavar='VALUE',
            help=f'{item.text[0].upper()}{item.text[1:]} ({item.expected()}).')(function)
    return function

_EXAMPLES = (
    '\b\n'
    '  shadow-ros up --body virtual\n'
    '  shadow-ros up --body go2 --network-interface eth0 --robot.acrobatics true\n')


@click.command(epilog=_EXAMPLES)
@click.option('--config', 'file', type=click.Path(path_type=Path), metavar='F',
              help='ROS parameter file; the defaults without it.')
@_parameters
def up(file: Optional[Path], **parameters: Optional[str]) -> None:
    """
    Run the nodes from a configuration until Ctrl-C.

    Every parameter of the configuration is an option; options win over the file. With --body
    virtual the virtual Go2 runs too. A node that dies is started again.
    """
    config = load(file, parameters)
    stop = threading.Event()
    on_end(stop)
    from shadow_ros.group import Group
    with Group(config, on_line=_print) as group:
        say_line(paint(f'starting {", ".join(config.nodes())} for body {config.robot.body}',
                       'quiet'))
        group.start(START_SECONDS, stop)
        if not stop.is_set():
            say_line(paint('ready; Ctrl-C ends', 'ok'))
        group.supervise(stop)


def load(file: Optional[Path], parameters: dict[str, Optional[str]]) -> Config:
    """Return the configuration of the file and the options, or raise ConfigError."""
    given = {name.replace('__', '.'): text for name, text in parameters.items()
             if text is not None}
    return Config.load(file, [f'{name}={text}' for name, text in given.items()])


def _print(part: str, line: str) -> None:
    say_line(part_line(part, line))

"""`shadow-ros record`: a running graph into bags, until Ctrl-C."""

from pathlib import Path
import threading
from typing import Optional

import click

from shadow_ros.commands.signals import on_end
from shadow_ros.commands.style import paint, part_line, say_line
from shadow_ros.config import Config

START_SECONDS = 30.0
_SEAL_SECONDS = 120.0
_EXAMPLES = (
    '\b\n'
    '  shadow-ros record                       # into ~/.local/share/shadow_ros/bags\n'
    '  shadow-ros record --folder day --seconds 3600\n')


@click.command(epilog=_EXAMPLES)
@click.option('--folder', type=click.Path(path_type=Path), metavar='DIR',
              help='Where recordings go; each gets a folder of its own there.')
@click.option('--seconds', type=click.FloatRange(min=0.1), metavar='S',
              help='End after this time instead of at Ctrl-C.')
@click.option('--audio', is_flag=True,
              help='Record the sound of utterances too, if speech.publish_audio lets it out.')
@click.option('--format', 'storage', type=click.Choice(['mcap', 'sqlite3']), default='mcap',
              show_default=True, help='Storage of the bag.')
@click.option('--split-seconds', type=float, metavar='S', help='Begin a new file after this time.')
@click.option('--split-megabytes', type=float, metavar='MB', help='Begin a new file at this size.')
@click.option('--quota-gigabytes', type=float, metavar='GB',
              help='What all recordings in the folder may take.')
def record(folder: Optional[Path], seconds: Optional[float], audio: bool, storage: str,
           **limits: Optional[float]) -> None:
    """
    Record what a running graph says: commands, plans, events, feedback, replies, state.

    The bag is a rosbag2 folder. A crash or power cut costs at most the last seconds: what it
    leaves is put in order at the next start, or by `shadow-ros bags recover`. No sound is
    recorded unless --audio is given.
    """
    values: dict[str, object] = {
        'recorder.mode': 'on', 'recorder.audio': audio, 'recorder.format': storage,
        **{f'recorder.{name}': value for name, value in limits.items() if value is not None}}
    if folder is not None:
        values['recorder.folder'] = str(folder.resolve())
    stop = threading.Event()
    on_end(stop)
    _run(Config().changed(values), stop, seconds)


def _run(config: Config, stop: threading.Event, seconds: Optional[float]) -> None:
    """Run the recorder alone until it is to stop, then wait until the bag is whole."""
    from shadow_ros.group import Group
    if seconds is not None:
        timer = threading.Timer(seconds, stop.set)
        timer.daemon = True
    with Group(config, nodes=('recorder',), on_line=_print) as group:
        group.start(START_SECONDS, stop)
        if seconds is not None:
            timer.start()
        if not stop.is_set():
            say_line(paint('recording; Ctrl-C ends', 'ok'))
        group.supervise(stop)
        group.stop(_SEAL_SECONDS)


def _print(part: str, line: str) -> None:
    say_line(part_line(part, line))

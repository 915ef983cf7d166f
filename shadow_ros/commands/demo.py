"""`shadow-ros demo`: everything on this machine, with the virtual Go2."""

from importlib.util import find_spec
from pathlib import Path
import sys
from typing import Iterable, Iterator, Optional, Sequence

import click

from shadow_ros.commands.expect import carried_out_or_refused
from shadow_ros.commands.signals import polite_ends
from shadow_ros.commands.style import say_line
from shadow_ros.commands.tour import Step, tour
from shadow_ros.errors import ConfigError

PICTURES = ('.png', '.svg', '.pdf')


class _InOrder(click.Command):
    """A command that remembers in which order its options came."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note the order, then parse as ever."""
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        ctx.meta['order'] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)


_EXAMPLES = (
    '\b\n'
    '  shadow-ros demo --say "walk forward two meters" --say "坐下"\n'
    '  shadow-ros demo --picture demo.png < /dev/null\n')


@click.command(cls=_InOrder, epilog=_EXAMPLES)
@click.option('--say', 'texts', multiple=True, metavar='TEXT',
              help='Type this command; may be given again, also between --wav.')
@click.option('--wav', 'wavs', multiple=True, metavar='FILE', type=click.Path(path_type=Path),
              help='Speak this sound file (WAV, FLAC, ...) into the speech node.')
@click.option('--no-console', is_flag=True,
              help='Without the web console (this version has none yet).')
@click.option('--picture', metavar='FILE', type=click.Path(path_type=Path),
              help='Draw the way and the postures into this file (.png, .svg, .pdf).')
@click.option('--view', metavar='FILE', type=click.Path(path_type=Path),
              help='Show the dog: a film (.gif, .mp4) or its moments (.png).')
@click.option('--timeout', type=click.FloatRange(min=1.0), default=90.0, show_default=True,
              metavar='SECONDS', help='How long one command may take.')
@click.option('--model', metavar='DIR', type=click.Path(path_type=Path),
              help='Model folder; the shipped one without it.')
@click.pass_context
def demo(ctx: click.Context, texts: tuple[str, ...], wavs: tuple[Path, ...], no_console: bool,
         picture: Optional[Path], view: Optional[Path], timeout: float,
         model: Optional[Path]) -> None:
    """
    Try everything on this machine, with the virtual Go2 and the real nodes.

    Without --say and --wav it takes typed lines (and the microphone, if there is one); without
    a terminal it plays a tour. It prints for each command what was heard, the plan, each event
    and where the robot ends.

    The exit code is 0 when every command was carried out or properly refused (in the tour:
    when every one did what the script expects), else 1. Nothing is left behind: the
    DDS domains are the demo's own, logs vanish with it.
    """
    steps = list(_given(ctx.meta['order'], texts, wavs))
    if not steps and not sys.stdin.isatty():
        steps = list(tour())
    check_files([step.wav for step in steps if step.wav], picture)
    if view:
        from shadow_ros.simulation.view.film import check
        check(view)
    polite_ends()
    from shadow_ros.commands.show import chat, play
    from shadow_ros.commands.stage import Stage
    with Stage(model, microphone=not steps) as stage:
        fine = play(stage, steps, timeout) if steps else chat(stage)
        recording = stage.player.recording
    if picture:
        from shadow_ros.commands.picture import draw
        draw(recording, picture)
        say_line(f'picture: {picture}')
    if view:
        from shadow_ros.commands.retelling import trace_of
        from shadow_ros.simulation.view.film import write
        write(trace_of(recording), view, 'shadow_ros demo')
        say_line(f'view: {view}')
    ctx.exit(0 if fine else 1)


def _given(order: Sequence[str], texts: Iterable[str], wavs: Iterable[Path]) -> Iterator[Step]:
    """Yield what --say and --wav ask for, in the order in which they stand."""
    text, wav = iter(texts), iter(wavs)
    for name in order:
        if name == 'texts':
            yield Step(_words(next(text)), carried_out_or_refused())
        elif name == 'wavs':
            path = next(wav)
            yield Step(path.name, carried_out_or_refused(), wav=path)


def _words(text: str) -> str:
    """Return the text without blanks around it, or raise ConfigError when nothing is left."""
    if not text.strip():
        raise ConfigError('expected something to say, got an empty --say; '
                          'try: shadow-ros demo --say "sit down"')
    return text.strip()


def check_files(wavs: Iterable[Path], picture: Optional[Path]) -> None:
    """Raise AudioError or ConfigError now, and not when half of the demo is over."""
    for wav in wavs:
        from shadow_ros.speech.audio import read_file
        read_file(wav)
    if picture is None:
        return
    if picture.suffix not in PICTURES:
        raise ConfigError(f'expected a picture named *{" or *".join(PICTURES)}, got {picture}')
    if not picture.absolute().parent.is_dir():
        raise ConfigError(f'expected a folder for the picture, got {picture.absolute().parent}, '
                          'which does not exist; make it first')
    if find_spec('matplotlib') is None:
        raise ConfigError("a picture needs matplotlib, got none; pip install 'shadow_ros[train]' "
                          'or leave --picture out')

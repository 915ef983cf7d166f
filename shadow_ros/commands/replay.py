"""`shadow-ros replay`: recorded commands through one model or two, and what differs."""

import json
from pathlib import Path
from typing import Optional, TYPE_CHECKING

import click

from shadow_ros.commands.style import bold, one_line, paint, say_line
from shadow_ros.errors import ConfigError

if TYPE_CHECKING:
    from shadow_ros.learning.replay import Replayed

_EXAMPLES = (
    '\b\n'
    '  shadow-ros replay day1 --model shipped --model edge-20261128-1a2b --picture replay.png\n'
    '  shadow-ros replay day1 --model runs/first/edge      # against what was recorded\n')


@click.command(epilog=_EXAMPLES)
@click.argument('bag', nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option('--model', 'models', multiple=True, metavar='NAME|DIR',
              help='One or two models, by name or folder; one is compared with the recording. '
                   'The current model without it.')
@click.option('--json', 'json_file', type=click.Path(path_type=Path), metavar='FILE',
              help='Write everything there as JSON; "-" is standard output.')
@click.option('--picture', 'picture_file', type=click.Path(path_type=Path), metavar='FILE',
              help='Draw confusion and latency as a PNG.')
def replay(bag: tuple[Path, ...], models: tuple[str, ...], json_file: Optional[Path],
           picture_file: Optional[Path]) -> None:
    """
    Play the commands of BAGs through models and show where they differ. Nothing moves.

    Shown are the differing plans, which first action became which, and percentiles of the time
    from text to plan.
    """
    if len(models) > 2:
        raise ConfigError(f'expected one or two --model, got {len(models)}')
    from shadow_ros.intent.engine import EdgeEngine
    from shadow_ros.intent.library import Library
    from shadow_ros.learning.replay import commands, replay as play
    said = commands(bag)
    library = Library()
    engines = {}
    for model in models or ('',):
        engine = EdgeEngine.load(library.folder(model), 'cpu')
        name = engine.card.name if engine.card.name not in engines else model
        engines[name] = engine
    played = play(said, engines)
    if str(json_file) == '-':
        say_line(json.dumps(played.as_json(), ensure_ascii=False))
    else:
        _show(played)
    if json_file is not None and str(json_file) != '-':
        json_file.write_text(json.dumps(played.as_json(), indent=1, ensure_ascii=False) + '\n',
                             encoding='utf-8')
    if picture_file is not None:
        from shadow_ros.learning.replay_picture import picture
        picture_file.write_bytes(picture(played))


def _show(played: 'Replayed') -> None:
    """Print differences, labels, confusion off the diagonal, and latency."""
    one, other = played.names
    differences = played.differences()
    say_line(f'{bold(one)} and {bold(other)}: {len(played.commands)} commands, '
             f'{len(differences)} answered differently')
    for found in differences:
        label = f'  (should be {found["label"] or "no motion"})' \
            if found['label'] is not None else ''
        say_line(f'    {one_line(found["text"])}: {paint(found[one], "plan")} → '
                 f'{paint(found[other], "plan")}{label}')
    labelled = played.labelled()
    if labelled['count']:
        say_line(f'{labelled["count"]} have a label: exact {labelled[one]:.1%} and '
                 f'{labelled[other]:.1%}')
    for first, row in played.confusion().items():
        moved = [f'{name} {count}' for name, count in sorted(row.items()) if name != first]
        if moved:
            say_line(f'{first:>14} → {", ".join(moved)}')
    for name, found in played.latency().items():
        say_line(f'{name}: ' + ', '.join(f'{key} {ms:.1f} ms' for key, ms in found.items()))

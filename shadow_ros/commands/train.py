"""`shadow-ros train`: a shadow and its backbone from the corpus, or from published weights."""

import json
from pathlib import Path
from typing import Any

import click

from shadow_ros.commands.style import say_line
from shadow_ros.errors import ConfigError

_EXAMPLES = (
    '\b\n'
    '  shadow-ros train --run runs/first                      # everything from scratch\n'
    '  shadow-ros train --run runs/first                      # the same again: goes on\n'
    '  shadow-ros train --preset qwen3-0.6b --run runs/orin   # the shadow for a Jetson Orin\n'
    '  shadow-ros evaluate runs/first/edge --data FILE --calibrate --save\n')


@click.command(epilog=_EXAMPLES)
@click.option('--run', type=click.Path(path_type=Path), required=True, metavar='DIR',
              help='Run folder, made or continued; one with a recipe.json alone is made again.')
@click.option('--preset', default='tiny', show_default=True,
              help='Recipe to start from: tiny, qwen3-0.6b, qwen3-8b, smoke.')
@click.option('--method', help='shadow, lora, dora or full.')
@click.option('--backbone', metavar='DIR|ID', help='A backbone that is there already.')
@click.option('--shadow', metavar='DIR|ID', help='A shadow or small model that is there already.')
@click.option('--start-from', metavar='DIR',
              help='A run or an edge model that this one goes on from.')
@click.option('--seed', type=int, help='Of everything random.')
@click.option('--negatives', metavar='FILE', help='JSON lines of public requests: text, route, '
              'lang. They must never move the robot.')
@click.option('--own', metavar='FILE',
              help='JSON lines of your own examples: text, plan, lang and, if you like, cloud and '
                   'history.')
@click.option('--keep-out', multiple=True, metavar='FILE',
              help='JSON lines that are never trained on: a development set. May be repeated.')
@click.option('--set', 'changes', multiple=True, metavar='KEY=VALUE',
              help='Change a field of the recipe.')
@click.option('--cpu', is_flag=True, help='Leave a GPU alone.')
def train(run: Path, cpu: bool, **options: Any) -> None:
    """
    Train a shadow that works alone and under its backbone.

    DIR then holds the models (edge, backbone), recipe, log and curves. The same command goes on
    where it was broken off.
    """
    recipe = _recipe(run, options)
    from shadow_ros.learning.progress import draw_curves
    from shadow_ros.learning.ship import ship
    from shadow_ros.learning.train import train as make
    from transformers.utils import logging
    quiet: Any = logging.disable_progress_bar
    quiet()
    try:
        made = make(recipe, run, cpu)
    except KeyboardInterrupt:
        say_line('broken off; the same command goes on from the last checkpoint', err=True)
        raise
    finally:
        draw_curves(run)  # also of a run that is broken off
    for folder in ship(made, run):
        say_line(f'wrote {folder}')


def _recipe(run: Path, options: dict[str, Any]) -> Any:
    """Return the run's own recipe, or that of the preset and the options."""
    from shadow_ros.learning.recipe import preset, Recipe, RECIPE_FILE
    changes = {k: v for k, v in options.items()
               if v not in (None, ()) and k not in ('preset', 'changes')}
    changes |= dict(_change(pair) for pair in options['changes'])
    if not (run / RECIPE_FILE).is_file():
        return Recipe.from_dict({**vars(preset(options['preset'])), **changes})
    recipe = Recipe.load(run)
    other = {k for k, v in changes.items() if Recipe.from_dict({**vars(recipe), k: v}) != recipe}
    if other:
        raise ConfigError(f'{run} has a recipe with another {", ".join(sorted(other))}; leave '
                          'the options out to go on with it, or give another --run')
    return recipe


def _change(pair: str) -> tuple[str, Any]:
    """Return key and value of KEY=VALUE, the value read as JSON where it is."""
    key, equals, value = pair.partition('=')
    if not equals:
        raise ConfigError(f'--set takes KEY=VALUE, got {pair!r}')
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value

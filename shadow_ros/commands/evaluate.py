"""`shadow-ros evaluate`: how good a model is, by category and action, alone or against another."""

import json
from pathlib import Path
from typing import Any, Optional, Sequence

import click

from shadow_ros.commands.style import paint, say_line, stdout_is_terminal
from shadow_ros.errors import ConfigError

_EXAMPLES = (
    '\b\n'
    '  shadow-ros evaluate models/edge --out report           # report/report.html, report.json\n'
    '  shadow-ros evaluate models/backbone --against models/edge --data FILE --out report\n'
    '  shadow-ros evaluate runs/first/edge --calibrate --save\n')


@click.command(epilog=_EXAMPLES)
@click.argument('model', type=click.Path(path_type=Path))
@click.option('--data', type=click.Path(path_type=Path), multiple=True, metavar='FILE',
              help='JSON lines with text, plan, lang and category; cloud and history if you like. '
                   'May be repeated. Without it, the development set.')
@click.option('--against', type=click.Path(path_type=Path), metavar='MODEL',
              help='Another model on the same examples; differences with bootstrap intervals.')
@click.option('--mode', default='attached', show_default=True, help='How a backbone with a shadow '
              'is run: attached, detached (the shadow alone) or plain (the backbone alone).')
@click.option('--negatives', type=click.Path(path_type=Path), metavar='FILE',
              help='JSON lines of public requests; measures the tenth that training leaves out.')
@click.option('--out', type=click.Path(path_type=Path), metavar='DIR',
              help='Write report.html, report.json and the figures into this folder.')
@click.option('--errors', is_flag=True, help='List what went wrong.')
@click.option('--calibrate', is_flag=True, help='Fit temperature and thresholds to the examples '
              'and write them into the model folder.')
@click.option('--save', is_flag=True, help='Write the scores into the model folder and its card.')
@click.option('--device', default='cpu', show_default=True, help='cpu, cuda or auto.')
def evaluate(model: Path, data: tuple[Path, ...], against: Optional[Path], mode: str,
             negatives: Optional[Path], out: Optional[Path], errors: bool, calibrate: bool,
             save: bool, device: str) -> None:
    """
    Measure MODEL: exact plans, parameters, false motion, stops, REMOTE, calibration, speed.

    The stop word counts as on the robot, before any model. At a terminal the figures are a table,
    in a pipe they are JSON.
    """
    from shadow_ros.learning.evaluate import details
    examples = _examples(data)
    judged, card = _judge(model, mode, device, examples, calibrate)
    found = {'name': str(model), 'mode': mode, **details(judged)}
    if negatives:
        found |= _public(model, mode, device, negatives)
    if calibrate:
        from shadow_ros.learning.calibration import cross_validated
        found |= {f'validated_{key}': value for key, value in cross_validated(judged).items()}
    other, comparison = None, None
    if against:
        from shadow_ros.learning.compare import compare
        theirs, _ = _judge(against, mode, device, examples, False)
        other, comparison = {'name': str(against), **details(theirs)}, compare(judged, theirs)
    _show(found, comparison, errors)
    if out:
        _write(out, found, other, comparison)
    if save:
        _save(model, card, found)


def _examples(data: Sequence[Path]) -> list[Any]:
    """Return the examples of files, or the development set."""
    from shadow_ros.learning.data import read_examples
    from shadow_ros.learning.standing import DEVELOPMENT, find_set
    files = data or (find_set(DEVELOPMENT),)
    found = [example for path in files for example in read_examples(path)]
    if not found:
        raise ConfigError(f'expected examples, got none in {", ".join(map(str, files))}')
    return found


def _judge(model: Path, mode: str, device: str, examples: Sequence[Any],
           fit: bool) -> tuple[list[Any], Any]:
    """Return the model's results and its card, calibrated on these examples if wanted."""
    from shadow_ros.learning.judge import judging, open_engine
    from transformers.utils import logging
    quiet: Any = logging.disable_progress_bar
    quiet()
    engine, attached = open_engine(model, mode, device)
    if fit:
        from shadow_ros.learning.calibration import calibrate
        engine.card = calibrate(engine, examples, attached)
        engine.card.save(model)
    results = judging(engine, examples, attached=attached, stops=_stops)
    with click.progressbar(results, length=len(examples), label=str(model),
                           hidden=not stdout_is_terminal()) as bar:
        return list(bar), engine.card


def _public(model: Path, mode: str, device: str, negatives: Path) -> dict[str, Any]:
    """Return the figures of the public requests that training has left out."""
    from shadow_ros.learning.data import negatives as read
    from shadow_ros.learning.evaluate import report
    judged, _ = _judge(model, mode, device, read(negatives, held_out=True), False)
    found = report(judged)
    return {f'public_{key}': found[key] for key in (
        'count', 'false_motion', 'acrobatic_false_motion')}


def _stops(text: str) -> bool:
    """Return whether the text is a stop, which never waits for a model."""
    from shadow_ros.speech.stopword import is_panic, is_stop
    return is_stop(text) or is_panic(text)


def _show(found: dict[str, Any], comparison: Optional[dict[str, Any]], errors: bool) -> None:
    """Print the figures: a table at a terminal, JSON in a pipe."""
    if not stdout_is_terminal():
        shown = {k: v for k, v in found.items() if errors or k != 'errors'}
        say_line(json.dumps({**shown, **({'comparison': comparison} if comparison else {})},
                            ensure_ascii=False))
        return
    from shadow_ros.learning.page import HEADLINES, value
    for key, label in HEADLINES.items():
        if key in found:
            say_line(f'{label:42} {value(key, found[key]):>9}')
    for name, group in found['categories'].items():
        say_line(f'  {name:40} {100 * group["exact"]:7.1f} %  of {group["count"]}')
    for key, gap in (comparison or {}).items():
        if isinstance(gap, dict):
            say_line(f'{key:20} {gap["ours"]:.4f} against {gap["theirs"]:.4f}: '
                     f'{gap["difference"]:+.4f} ({gap["low"]:+.4f} to {gap["high"]:+.4f})')
    for error in found['errors'] if errors else ():
        mark = paint('moves', 'failed') if error['false_motion'] else '     '
        say_line(f'{error["confidence"]:.2f} {mark} {error["text"]!r}: wanted '
                 f'{error["wanted"] or "talk"}, got {error["got"] or "talk"}')


def _write(out: Path, found: dict[str, Any], other: Optional[dict[str, Any]],
           comparison: Optional[dict[str, Any]]) -> None:
    """Write page, figures and JSON into the folder."""
    from shadow_ros.learning.figures import figures
    from shadow_ros.learning.page import page
    out.mkdir(parents=True, exist_ok=True)
    pictures = figures(found, [other] if other else [])
    for name, png in pictures.items():
        (out / f'{name}.png').write_bytes(png)
    (out / 'report.html').write_text(
        page(found['name'], found, pictures, other, comparison), encoding='utf-8')
    (out / 'report.json').write_text(json.dumps(
        {**found, **({'against': other, 'comparison': comparison} if other else {})},
        indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
    say_line(f'wrote {out}/report.html', err=not stdout_is_terminal())


def _save(model: Path, card: Any, found: dict[str, Any]) -> None:
    """Write the headline figures into the model's card."""
    from dataclasses import replace

    from shadow_ros.learning.model_card import write_scores
    from shadow_ros.learning.page import HEADLINES
    scores = {key: found[key] for key in HEADLINES if key in found}
    replace(card, scores=scores).save(model)
    write_scores(model, found)

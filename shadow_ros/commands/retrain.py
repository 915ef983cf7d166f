"""`shadow-ros retrain` and `shadow-ros promote`: from bags to a better model, if it is better."""

import hashlib
from pathlib import Path
from typing import Optional, Sequence, TYPE_CHECKING

import click

from shadow_ros.commands.style import bold, paint, say_line
from shadow_ros.errors import BagError
from shadow_ros.places import bags_folder, data_folder

if TYPE_CHECKING:
    from shadow_ros.learning.retrain import Made

REFUSED = 1
_EXAMPLES = (
    '\b\n'
    '  shadow-ros retrain                              # all recordings of this machine\n'
    '  shadow-ros retrain day1 day2 review.csv --promote\n')


@click.command(epilog=_EXAMPLES)
@click.argument('bag', nargs=-1, type=click.Path(path_type=Path))
@click.option('--model', default='', metavar='NAME|DIR',
              help='The model to go on from; the current one without it.')
@click.option('--run', type=click.Path(path_type=Path), metavar='DIR',
              help='Run folder, made or continued; one for these bags and this model without it.')
@click.option('--backbone', type=click.Path(path_type=Path), metavar='DIR',
              help='The attached model (backbone and shadow): both losses are learned together.')
@click.option('--dev', type=click.Path(path_type=Path), metavar='FILE',
              help='Another standing development set.')
@click.option('--steps', type=click.IntRange(1), default=400, show_default=True,
              help='Steps of 32 examples.')
@click.option('--seed', type=int, default=1, show_default=True, help='Of everything random.')
@click.option('--precision', type=click.Choice(['no', 'bf16', 'fp16']), default='no',
              show_default=True, help='Mixed precision on a GPU.')
@click.option('--cpu', is_flag=True, help='Leave a GPU alone.')
@click.option('--promote', 'promoting', is_flag=True,
              help='Make the new model current if it passes the gate.')
def retrain(bag: tuple[Path, ...], model: str, run: Optional[Path], backbone: Optional[Path],
            dev: Optional[Path], promoting: bool, **options: object) -> None:
    """
    Train the current shadow on what recordings teach, and show whether it is better.

    BAGs are recordings and review files. The run folder then holds the candidate, its report and
    its verdict. The exit code is 0 when the candidate passes the gate, 1 when it does not. The
    same command goes on where it was broken off; the current model is never touched.
    """
    from shadow_ros.intent.library import Library
    from shadow_ros.learning.promotion import current_folder
    from shadow_ros.learning.retrain import Retraining, Settings
    from shadow_ros.learning.standing import Base
    from shadow_ros.speech.stopword import is_stop
    bags = bag or _recordings()
    library = Library()
    parent = library.folder(model) or current_folder(library)
    folder = run or _run_folder(bags, parent, options)
    say_line(f'retraining {parent.name} in {folder}')
    made = Retraining(parent, folder, Settings(**options),  # type: ignore[arg-type]
                      Base.shipped(dev, is_stop), backbone, _tell).work(bags)
    show(made, folder)
    if not made.verdict.passed:
        click.get_current_context().exit(REFUSED)
    if promoting:
        _promote(folder)
    else:
        say_line(f'to let it work: shadow-ros promote {folder}')


@click.command()
@click.argument('run', type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option('--dev', type=click.Path(path_type=Path), metavar='FILE',
              help='Another standing development set, for a model without a retraining.')
def promote(run: Path, dev: Optional[Path]) -> None:
    """
    Make a retrained model the current one, if it has passed the gate.

    RUN is the folder of a retraining, or of any model: that one must be no worse than the current
    model. A running graph takes it on without a restart.
    """
    _promote(run, dev)


def _promote(run: Path, dev: Optional[Path] = None) -> None:
    from shadow_ros.intent.library import Library
    from shadow_ros.learning.promotion import is_run, promote_folder, promote_run
    from shadow_ros.learning.standing import Base
    from shadow_ros.speech.stopword import is_stop
    library = Library()
    name = promote_run(run, library) if is_run(run) else promote_folder(
        run, library, Base.shipped(dev, is_stop), _tell)
    say_line(paint(f'{name} is the current model', 'done'))


def show(made: 'Made', folder: Path) -> None:
    """Print the verdict with its figures."""
    from shadow_ros.learning.gate import exact
    from shadow_ros.learning.outcome import changes, REPORT
    for conflict in made.collected.conflicts:
        say_line(paint(f'contradiction: {conflict}', 'failed'))
    for trouble in made.collected.troubles:
        say_line(paint(f'not read: {trouble}', 'failed'))
    for name, results in made.new.sets().items():
        say_line(f'{name.replace("_", " "):>10}  {len(results):4} examples, exact '
                 f'{exact(made.old.sets()[name]):.1%} before, {exact(results):.1%} after')
    fixed, broken = changes(made.old, made.new)
    say_line(f'{len(fixed)} examples fixed, {len(broken)} broken; see {folder / REPORT}')
    if made.verdict.passed:
        say_line(paint(bold('passes the gate'), 'done'))
    for reason in made.verdict.reasons:
        say_line(paint(f'does not pass: {reason}', 'failed'))


def _recordings() -> Sequence[Path]:
    """Return the recordings of this machine, or raise BagError."""
    root = bags_folder()
    found = sorted(path for path in root.glob('*') if path.is_dir()) if root.is_dir() else []
    if not found:
        raise BagError(f'there is no recording in {root} yet; make one with shadow-ros record, '
                       'or name the bags')
    return found


def _run_folder(bags: Sequence[Path], parent: Path, options: dict[str, object]) -> Path:
    """Return the run folder of these bags, this model and these options."""
    from shadow_ros.learning.candidate import fingerprint
    about = [sorted(str(path.resolve()) for path in bags), fingerprint(parent),
             sorted(options.items())]
    return data_folder() / 'runs' / hashlib.sha256(repr(about).encode()).hexdigest()[:12]


def _tell(line: str) -> None:
    say_line(paint(line, 'quiet'))

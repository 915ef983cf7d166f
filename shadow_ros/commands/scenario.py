"""`shadow-ros scenario`: stories that test the whole chain, played and judged."""

import os
from pathlib import Path
import time
from typing import Iterable, Iterator, Optional, Sequence, TYPE_CHECKING

import click

from shadow_ros.commands.style import bold, paint, say_line
from shadow_ros.errors import ConfigError, ModelError, ShadowRosError
from shadow_ros.places import homes_of

if TYPE_CHECKING:
    from shadow_ros.simulation.mind import Mind
    from shadow_ros.simulation.play import Run
    from shadow_ros.simulation.scenario import Scenario


@click.group()
def scenario() -> None:
    """Play scenarios: what is said, what goes wrong, and what must be true."""


_EXAMPLES = (
    '\b\n'
    '  shadow-ros scenario run\n'
    '  shadow-ros scenario run scenarios/stop_on_the_way.yaml --view stop.gif\n'
    '  shadow-ros scenario run --body gazebo scenarios/first_walk.yaml\n')


@scenario.command(epilog=_EXAMPLES)
@click.argument('files', nargs=-1, type=click.Path(path_type=Path))
@click.option('--body', type=click.Choice(['virtual', 'gazebo']), default='virtual',
              show_default=True, help='virtual: on a simulated clock, at once. gazebo: in real '
              'time, against the sport service of a running Gazebo.')
@click.option('--model', metavar='DIR', type=click.Path(path_type=Path),
              help='Model folder; the shipped one without it.')
@click.option('--junit', metavar='FILE', type=click.Path(path_type=Path),
              help='Write the results as JUnit XML.')
@click.option('--pictures', metavar='DIR', type=click.Path(path_type=Path),
              help='Draw each run into this folder: way, postures, what was said.')
@click.option('--view', metavar='FILE', type=click.Path(path_type=Path),
              help='Show the dog of a single run: a film (.gif, .mp4) or its moments (.png).')
@click.option('--network-interface', default='lo', show_default=True, metavar='NAME',
              help='For gazebo: where its sport service is.')
@click.option('--dds-domain', type=click.IntRange(0, 232), default=0, show_default=True,
              help='For gazebo: the DDS domain of its sport service.')
@click.pass_context
def run(ctx: click.Context, files: tuple[Path, ...], body: str, model: Optional[Path],
        junit: Optional[Path], pictures: Optional[Path], view: Optional[Path],
        network_interface: str, dds_domain: int) -> None:
    """
    Play scenario files (all that are shipped, without any) and judge them.

    The exit code is 0 when every claim holds. A scenario that cannot be played here (no model,
    no voice, a fault that only the virtual robot has) is shown as skipped, with the reason.
    """
    stories = load_all(files)
    _check_outputs(stories, junit, pictures, view)
    begun = time.monotonic()
    runs = []
    for played in _played(stories, body, model, network_interface, dds_domain):
        runs.append(played)
        _tell(played)
        if pictures and not played.skipped:
            _draw(played, pictures / f'{played.scenario.name}.png')
    _sum_up(runs, time.monotonic() - begun)
    if junit:
        from shadow_ros.simulation.results import write_junit
        write_junit(runs, junit)
    if view:
        _film(runs[0], view)
    ctx.exit(0 if all(played.passed or played.skipped for played in runs) else 1)


@scenario.command('list')
@click.argument('files', nargs=-1, type=click.Path(path_type=Path))
def list_(files: tuple[Path, ...]) -> None:
    """Tell the stories of scenario files (all that are shipped, without any)."""
    for story in load_all(files):
        say_line(bold(story.name))
        say_line(f'  {story.story}')


def load_all(files: Sequence[Path]) -> list['Scenario']:
    """Return the scenarios of the files and folders, or the shipped ones; a wrong one raises."""
    from shadow_ros.simulation.scenario import load
    return [load(path) for path in _paths(files or [shipped()])]


def shipped() -> Path:
    """Return the folder of the shipped scenarios: a checkout's, or where pip and colcon put it."""
    for place in homes_of('scenarios'):
        if place.is_dir():
            return place
    raise ConfigError('no shipped scenarios were found; give the path of a scenario file')


def _paths(files: Iterable[Path]) -> Iterator[Path]:
    for path in files:
        if path.is_dir():
            found = sorted(path.glob('*.yaml'))
            if not found:
                raise ConfigError(f'expected scenarios (*.yaml) in {path}, got none')
            yield from found
        else:
            yield path


def _check_outputs(stories: Sequence['Scenario'], junit: Optional[Path],
                   pictures: Optional[Path], view: Optional[Path]) -> None:
    """Raise ConfigError now, and not when all has been played."""
    if view:
        from shadow_ros.simulation.view.film import check
        check(view)
        if len(stories) != 1:
            raise ConfigError(f'--view shows one scenario, got {len(stories)}; name its file')
    if junit and not junit.absolute().parent.is_dir():
        raise ConfigError(f'expected a folder for {junit.name}, got {junit.absolute().parent}, '
                          'which does not exist; make it first')
    if pictures:
        try:
            pictures.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f'expected a folder for pictures, got {pictures}: '
                              f'{error.strerror}') from None


def _played(stories: Sequence['Scenario'], body: str, model: Optional[Path],
            interface: str, domain: int) -> Iterator['Run']:
    """Play one after the other; what cannot be played here comes back as skipped."""
    from shadow_ros.simulation.play import play, skipped
    from shadow_ros.simulation.world import CannotBeHad, SimulatedWorld, World
    os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')
    mind, why = _mind(stories, model)
    for story in stories:
        lacks = why if story.needs_model and mind is None else _voiceless(story)
        if lacks:
            yield skipped(story, lacks)
            continue
        world: World
        if body == 'virtual':
            world = SimulatedWorld(story.start)
        else:
            from shadow_ros.simulation.live import LiveWorld
            world = LiveWorld(interface, domain, story.start)
        try:
            yield play(story, world, mind)
        except CannotBeHad as error:
            yield skipped(story, str(error))


def _voiceless(story: 'Scenario') -> str:
    """Return why what is spoken cannot be, '' when it can."""
    if not story.needs_sound:
        return ''
    from shadow_ros.simulation.ears import missing
    return missing(step.value for step in story.steps if step.kind == 'hear')


def _mind(stories: Sequence['Scenario'], model: Optional[Path]) -> tuple[Optional['Mind'], str]:
    """Return the engine if something is said that needs it, and why there is none."""
    if not any(story.needs_model for story in stories):
        return None, ''
    from shadow_ros.simulation.mind import EdgeMind
    try:
        return EdgeMind(model), ''
    except ModelError as error:
        if model is not None:
            raise
        return None, f'what is said has no plan in the file, and {error}'


# -- what is shown --------------------------------------------------------------------------------


def _tell(played: 'Run') -> None:
    """Print a line for a run, and one for each claim that does not hold."""
    from shadow_ros.simulation.results import sentence
    mark = paint('–', 'warn') if played.skipped else \
        paint('✓', 'ok') if played.passed else paint('✗', 'fail')
    count = f'{len(played.verdicts)} claims'
    say_line(f'{mark} {played.scenario.name:<34} {played.seconds:6.1f} s  '
             + paint(played.skipped or count, 'quiet'))
    for verdict in played.complaints:
        say_line(f'    {paint(sentence(verdict), "fail")}')


def _sum_up(runs: Sequence['Run'], seconds: float) -> None:
    fine = sum(played.passed for played in runs)
    left = sum(bool(played.skipped) for played in runs)
    text = f'{fine} of {len(runs) - left} scenarios hold' + (f', {left} skipped' if left else '')
    simulated = sum(played.seconds for played in runs)
    say_line()
    say_line(bold(paint(f'{text}; {simulated:.0f} s of the story in {seconds:.1f} s.',
                        'ok' if fine + left == len(runs) else 'fail')))


def _draw(played: 'Run', path: Path) -> None:
    from shadow_ros.commands.picture import draw
    from shadow_ros.commands.retelling import recording_of
    title = played.scenario.name.replace('_', ' ')
    draw(recording_of(played.trace), path, title if played.passed else f'{title} (failed)')


def _film(played: 'Run', path: Path) -> None:
    if played.skipped:
        raise ShadowRosError(f'nothing to show: {played.skipped}')
    from shadow_ros.simulation.view.film import write
    write(played.trace, path, played.scenario.name.replace('_', ' '))
    say_line(f'view: {path}')

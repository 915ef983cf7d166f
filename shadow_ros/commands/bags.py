"""`shadow-ros bags`: look at recordings, put broken ones in order, take out what is private."""

from pathlib import Path
import time
from typing import Optional

import click

from shadow_ros.commands.style import bold, paint, say_line
from shadow_ros.errors import BagError
from shadow_ros.places import bags_folder


@click.group()
def bags() -> None:
    """Look at recordings, recover broken ones, remove what is private."""


@bags.command('list')
@click.argument('bag', nargs=-1, type=click.Path(path_type=Path))
def list_bags(bag: tuple[Path, ...]) -> None:
    """Show what BAGs hold; without any, the recordings of this machine."""
    from shadow_ros.bags.reader import read_bags
    for path in bag or _recordings():
        found = read_bags([path])
        counts: dict[str, int] = {}
        for message in found.messages:
            counts[message.topic] = counts.get(message.topic, 0) + 1
        when = time.strftime('%Y-%m-%d %H:%M', time.localtime(
            found.messages[0].stamp / 1e9)) if found.messages else 'empty'
        told = ', '.join(f'{count} {topic}' for topic, count in sorted(counts.items()))
        say_line(f'{bold(str(path))}  {when}  {told}')
        for trouble in found.troubles:
            say_line(paint(f'    {trouble}', 'failed'))


def _recordings() -> list[Path]:
    """Return the recordings of this machine, or raise BagError where there is none."""
    root = bags_folder()
    found = sorted(p for p in root.glob('*') if p.is_dir()) if root.is_dir() else []
    if not found:
        raise BagError(f'there is no recording in {root} yet; make one with shadow-ros record, or '
                       'give the path of one')
    return found


@bags.command()
@click.argument('folder', nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option('--format', 'storage', type=click.Choice(['mcap', 'sqlite3']), default='mcap',
              show_default=True, help='Storage of what is recovered.')
def recover(folder: tuple[Path, ...], storage: str) -> None:
    """
    Make bags of what a crash or a power cut has left.

    FOLDERs are recordings or hold some; without any, those of this machine. What is being
    recorded right now is left alone.
    """
    from shadow_ros.bags.recover import recover as recover_all
    done = list(recover_all(folder or [bags_folder()], storage))
    for found in done:
        say_line(f'{found.folder}: {found.parts} unfinished part{"s"[:found.parts != 1]} sealed')
        for trouble in found.troubles:
            say_line(paint(f'    lost: {trouble}', 'failed'))
    if not done:
        say_line('nothing to recover')


@bags.command()
@click.argument('bag', nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option('--output', '-o', type=click.Path(path_type=Path), metavar='FILE',
              help='Write the lessons here, as CSV or JSON lines by its suffix.')
def review(bag: tuple[Path, ...], output: Optional[Path]) -> None:
    """
    Show what BAGs teach, and write it down for a person to look through.

    In the file, say yes or no in the column "use" and mend the column "plan"; then hand the file
    to `shadow-ros retrain`. Without --output only the summary is shown.
    """
    from shadow_ros.learning.lessons.collect import collect
    from shadow_ros.learning.lessons.review import write_review
    found = collect(bag)
    for line in found.summary():
        say_line(line)
    for trouble in found.troubles:
        say_line(paint(f'not used: {trouble}', 'failed'))
    for conflict in found.conflicts:
        say_line(paint(f'contradiction: {conflict}', 'failed'))
    if output is not None:
        write_review(output, found.lessons)
        say_line(f'{len(found.lessons)} lessons written to {output}')


@bags.command()
@click.argument('bag', type=click.Path(path_type=Path, exists=True))
@click.option('--from', 'begin', required=True, metavar='TIME',
              help='Beginning: "2026-11-28 10:15", "10:15" of the day of the bag, or seconds '
                   'since its first message, as in 90.')
@click.option('--to', 'end', required=True, metavar='TIME', help='End, in the same forms.')
@click.option('--only', type=click.Choice(['text', 'audio']),
              help='Take out words or sound alone; both without it.')
@click.option('--output', type=click.Path(path_type=Path), metavar='DIR',
              help='Write the rest here and leave BAG as it is; without it BAG is rewritten.')
def scrub(bag: Path, begin: str, end: str, only: Optional[str], output: Optional[Path]) -> None:
    """Remove what was said between two times; plans and events stay, without words."""
    from shadow_ros.bags.scrub import scrub as scrub_bag
    done = scrub_bag(bag, begin, end, words=only != 'audio', sound=only != 'text', output=output)
    say_line(f'{done.folder}: {done.removed} messages removed, {done.blanked} without their words '
             f'now, {done.kept} as they were')

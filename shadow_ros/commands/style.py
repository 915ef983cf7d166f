"""How the commands print: colours by meaning, and lines that a person likes to read."""

import os
import sys
import unicodedata

import click

COLOURS = {
    'accepted': 'cyan', 'confirm': 'yellow', 'started': 'blue', 'progress': 'bright_black',
    'done': 'green', 'refused': 'yellow', 'cancelled': 'yellow', 'stopped': 'yellow',
    'failed': 'red', 'ok': 'green', 'warn': 'yellow', 'fail': 'red', 'name': 'cyan',
    'plan': 'magenta', 'quiet': 'bright_black',
}

_PARTS = {'dog': 'yellow', 'speech': 'magenta', 'intent': 'cyan', 'action': 'green'}


def part_colour(part: str) -> str:
    """Return the name of a process as the prefix of its lines, each in its own colour."""
    return click.style(f'{part:>6} │', fg=_PARTS.get(part, 'blue'))


def paint(text: str, meaning: str) -> str:
    """Return the text in the colour of its meaning; `click.echo` strips it off a terminal."""
    return click.style(text, fg=COLOURS[meaning])


def bold(text: str) -> str:
    """Return the text in bold."""
    return click.style(text, bold=True)


def say_line(text: str = '', err: bool = False) -> None:
    """Print a line at once, plain unless a terminal shows it and NO_COLOR is not set."""
    stream = sys.stderr if err else sys.stdout
    coloured = stream.isatty() and not os.environ.get('NO_COLOR')
    click.echo(text, err=err, color=coloured)


def stdout_is_terminal() -> bool:
    """Return whether a person reads the output as it comes."""
    return sys.stdout.isatty()


def pad(text: str, width: int) -> str:
    """Return the text cut or filled to so many columns; Chinese characters take two."""
    columns = 0
    for place, character in enumerate(text):
        columns += 2 if unicodedata.east_asian_width(character) in 'WF' else 1
        if columns > width:
            return pad(text[:max(place - 1, 0)], width - 1) + '…'
    return text + ' ' * (width - columns)

"""How the commands print: colours by meaning, and lines that a person likes to read."""

import os
import re
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


_LOG = re.compile(r'(?:\x1b\[\S*?m)?\[(\w+)\] \[[0-9.]+\] \[\S+\]: (.*?)(?:\x1b\[0m)?')
"""How ROS writes a line to a terminal: level, time, logger, text."""

_LEVELS = {'WARN': 'warn', 'ERROR': 'fail', 'FATAL': 'fail', 'DEBUG': 'quiet'}


def part_line(part: str, line: str) -> str:
    """Return a process's line with its name before it; level and text are left of a ROS log."""
    prefix = click.style(f'{part:>6} │', fg=_PARTS.get(part, 'blue'))
    match = _LOG.fullmatch(line)
    if not match:
        return f'{prefix} {line}'
    level = _LEVELS.get(match[1])
    return f'{prefix} {paint(match[2], level) if level else match[2]}'


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
    """Return the text cut or filled to so many columns."""
    text = text[:width + 1]
    if columns(text) > width:
        while columns(text) >= width:
            text = text[:-1]
        text += '…'
    return text + ' ' * (width - columns(text))


def columns(text: str) -> int:
    """Return how wide a terminal shows the text; Chinese characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


def one_line(text: str, limit: int = 200) -> str:
    """Return any text as one line that does a terminal no harm."""
    plain = ''.join(c if c.isprintable() else ' ' for c in text[:limit])
    return plain + '…' if len(text) > limit else plain

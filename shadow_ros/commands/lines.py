"""Commands to understand, from arguments, files and pipes: lines of text or JSON lines."""

from dataclasses import dataclass
import io
import json
from pathlib import Path
import sys
from typing import Any, Iterable, Iterator, Sequence

from shadow_ros.errors import ConfigError, shorten

Turn = tuple[str, str]
"""What the user said and the plan text that answered it."""


@dataclass(frozen=True)
class Question:
    """A text to understand and what was said before it, oldest first."""

    text: str
    history: tuple[Turn, ...] = ()


def from_file(path: Path) -> Iterator[Question]:
    """Yield the questions of a file, or raise ConfigError naming the line at fault."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f'expected a readable file, got {path}: {error.strerror}; '
                          'give a file of text lines or JSON lines') from None
    yield from from_bytes(data, str(path))


def from_stdin() -> Iterator[Question]:
    """Yield the questions that a pipe brings, each as it comes."""
    stream = getattr(sys.stdin, 'buffer', None) or io.BytesIO(sys.stdin.read().encode())
    yield from _numbered(stream, 'standard input')


def from_bytes(data: bytes, where: str) -> Iterator[Question]:
    """Yield the questions of a file's content; blank lines are passed over."""
    yield from _numbered(data.removeprefix(b'\xef\xbb\xbf').split(b'\n'), where)


def _numbered(lines: Iterable[bytes], where: str) -> Iterator[Question]:
    """Yield one question for each line that says something."""
    for number, raw in enumerate(lines, start=1):
        place = f'line {number} of {where}'
        try:
            line = raw.decode('utf-8').strip()
        except UnicodeDecodeError as error:
            raise ConfigError(f'{place} must be UTF-8 text, got byte 0x{raw[error.start]:02x} '
                              f'at column {error.start + 1}; convert the file first') from None
        if line:
            yield _json_line(line, place) if line.startswith('{') else Question(line)


def _json_line(line: str, place: str) -> Question:
    """Return the question of a JSON line: `text` and, if it likes, `history`."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f'{place} begins like JSON but is not: {error}; '
                          'expected {"text": "..."}') from None
    if not isinstance(data.get('text'), str):
        raise ConfigError(f'{place} needs "text", got {shorten(line)}')
    history = data.get('history', [])
    if not isinstance(history, Sequence) or isinstance(history, str):
        raise ConfigError(f'{place} needs a list as history, got {shorten(str(history))}')
    return Question(data['text'], tuple(_turn(item, place) for item in history))


def _turn(item: Any, place: str) -> Turn:
    """Return one earlier exchange of the history."""
    if (not isinstance(item, dict) or not isinstance(item.get('user'), str)
            or not isinstance(item.get('plan'), str)):
        raise ConfigError(f'{place}: history holds objects with user and plan, '
                          f'got {shorten(str(item))}')
    return item['user'], item['plan']

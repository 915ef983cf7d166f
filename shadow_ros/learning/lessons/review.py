"""The review file between bags and training: lessons as CSV or JSON lines, for people to edit."""

import csv
from dataclasses import asdict, fields, replace
import io
import json
from pathlib import Path
from typing import Any, Iterable, Sequence

from shadow_ros.errors import BagError, did_you_mean, PlanError
from shadow_ros.learning.lessons.lesson import Lesson, TRAINED
from shadow_ros.plan import parse

COLUMNS = ('use', 'text', 'plan', 'source', 'weak', 'was', 'outcome', 'session', 'time', 'count',
           'plan_id', 'note')
SUFFIXES = ('.csv', '.jsonl')
_FLAGS = {'yes': True, 'y': True, 'true': True, '1': True, 'x': True,
          'no': False, 'n': False, 'false': False, '0': False, '': False}
_SHOWN = 5  # mistakes of a file that are told at once


def write_review(path: Path, found: Iterable[Lesson]) -> None:
    """Write the lessons; the suffix (.csv or .jsonl) names the form."""
    if path.suffix not in SUFFIXES:
        raise BagError(f'a review file ends in .csv or .jsonl, got {path.name}')
    rows = [_row(lesson) for lesson in found]
    if path.suffix == '.jsonl':
        path.write_text(''.join(json.dumps(row, ensure_ascii=False) + '\n' for row in rows),
                        encoding='utf-8')
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator='\n')
    writer.writeheader()
    writer.writerows({key: _flag(value) for key, value in row.items()} for row in rows)
    path.write_text(text.getvalue(), encoding='utf-8-sig')  # spreadsheets want the mark


def read_review(path: Path) -> list[Lesson]:
    """
    Return the lessons of a review file, or raise BagError with its first mistakes by line.

    A lesson that its reader decided to use although it was not offered is `reviewed`.
    """
    found, wrong = [], []
    for number, row in _rows(path):
        try:
            found.append(_lesson(row))
        except (PlanError, ValueError) as error:
            wrong.append(f'line {number}: {error}')
    if wrong:
        more = f' (and {len(wrong) - _SHOWN} more)' if len(wrong) > _SHOWN else ''
        raise BagError(f'{path} cannot be used: {"; ".join(wrong[:_SHOWN])}{more}')
    return found


def is_review(path: Path) -> bool:
    """Return whether a path names a review file and not a bag."""
    return path.suffix in SUFFIXES


def _row(lesson: Lesson) -> dict[str, Any]:
    data = asdict(lesson)
    return {column: data[column] for column in COLUMNS}


def _flag(value: object) -> object:
    return {True: 'yes', False: 'no'}[value] if isinstance(value, bool) else value


def _rows(path: Path) -> Sequence[tuple[int, dict[str, Any]]]:
    """Return the rows of the file with their line numbers."""
    try:
        text = path.read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        raise BagError(f'the review file {path} cannot be read: {error}; save it as UTF-8'
                       ) from None
    if path.suffix == '.jsonl':
        return [(number, _json(line, number, path))
                for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    reader = csv.DictReader(io.StringIO(text))
    for name in reader.fieldnames or ():
        if name not in COLUMNS:
            raise BagError(f'{path} has the unknown column {name!r}{did_you_mean(name, COLUMNS)}')
    return [(reader.line_num, dict(row)) for row in reader]


def _json(line: str, number: int, path: Path) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise BagError(f'line {number} of {path} must be JSON: {error}') from None
    if not isinstance(data, dict):
        raise BagError(f'line {number} of {path} must be a JSON object')
    return data


def _lesson(row: dict[str, Any]) -> Lesson:
    """Return the lesson of a row."""
    known = {f.name for f in fields(Lesson)}
    for key in row:
        if key not in known:
            raise ValueError(f'unknown {key!r}{did_you_mean(str(key), known)}')
    data = {key: value for key, value in row.items() if value is not None}
    data['use'], data['weak'] = _bool(data.get('use', ''), 'use'), _bool(
        data.get('weak', ''), 'weak')
    data['count'] = int(data.get('count') or 1)
    lesson = Lesson(**{'source': 'reviewed', 'plan': '', **data})
    lesson = replace(lesson, plan=''.join(map(str, parse(lesson.plan).actions)))
    offered = lesson.source in TRAINED and not lesson.note
    return replace(lesson, source='reviewed', weak=False) if lesson.use and not offered \
        else lesson


def _bool(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return value
    flag = _FLAGS.get(str(value).strip().lower())
    if flag is None:
        raise ValueError(f'{name} must be yes or no, got {value!r}')
    return flag

"""The report of a retraining: verdict, before and after, examples fixed and broken, pictures."""

from collections import defaultdict
import json
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

from shadow_ros.durable import replaced
from shadow_ros.learning.compare import compare
from shadow_ros.learning.evaluate import details
from shadow_ros.learning.figures import figures
from shadow_ros.learning.gate import exact, Measured, Verdict
from shadow_ros.learning.judge import Result
from shadow_ros.learning.lessons.collect import Collected
from shadow_ros.learning.page import page

VERDICT, REPORT, PAGE = 'verdict.json', 'report.md', 'report.html'
_SHOWN = 40

Change = tuple[str, str, str, str]
"""A text, the plan wanted, the old model's and the new model's."""


def changes(old: Measured, new: Measured) -> tuple[list[Change], list[Change]]:
    """Return the examples that only the new model has right, and those it has wrong now."""
    fixed: list[Change] = []
    broken: list[Change] = []
    for name, results in new.sets().items():
        for before, after in zip(old.sets()[name], results):
            if before.exact != after.exact:
                (fixed if after.exact else broken).append(
                    (after.example.text, tags(after.wanted), tags(before.plan), tags(after.plan)))
    return fixed, broken


def tags(plan: Any) -> str:
    """Return a plan's tags, or what it is without any."""
    return ''.join(map(str, plan.actions)) or 'no motion'


def write_report(run: Path, names: tuple[str, str], old: Measured, new: Measured,
                 verdict: Verdict, collected: Collected, marks: Mapping[str, str]) -> None:
    """
    Write verdict.json, report.md, report.html and the pictures into the run folder.

    `names` are those of the old and the new model, `marks` what ties the verdict to its models.
    """
    fixed, broken = changes(old, new)
    ours, theirs = ([r for results in m.sets().values() for r in results] for m in (new, old))
    found = {'name': names[1], **details(ours)}
    other = {'name': names[0], **details(theirs)}
    pictures = figures(found, [other])
    for name, png in pictures.items():
        (run / f'{name}.png').write_bytes(png)
    (run / PAGE).write_text(page(names[1], found, pictures, other, compare(ours, theirs)),
                            encoding='utf-8')
    (run / REPORT).write_text('\n'.join(_lines(names, old, new, verdict, collected, fixed,
                                               broken)) + '\n', encoding='utf-8')
    _write_verdict(run / VERDICT, {
        'passed': verdict.passed, 'reasons': list(verdict.reasons), 'old': names[0],
        'new': names[1], **marks, **verdict.figures, 'fixed': fixed, 'broken': broken})


def _write_verdict(path: Path, data: Mapping[str, Any]) -> None:
    """Write the verdict last and as a whole: a run without one is not finished."""
    with replaced(path) as fresh:
        fresh.write_text(json.dumps(data, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')


def _lines(names: tuple[str, str], old: Measured, new: Measured, verdict: Verdict,
           collected: Collected, fixed: Sequence[Change],
           broken: Sequence[Change]) -> Iterable[str]:
    """Yield the lines of report.md."""
    yield f'# {names[1]}, retrained from {names[0]}'
    yield ''
    yield 'It passes the gate.' if verdict.passed else 'It does not pass the gate:'
    yield from (f'- {reason}' for reason in verdict.reasons)
    yield from ('', '## Exact plans', '', '| set | examples | before | after |',
                '|---|---|---|---|')
    for name, results in new.sets().items():
        yield _row(name.replace('_', ' '), old.sets()[name], results)
    yield from ('', '## By category', '', '| category | examples | before | after |',
                '|---|---|---|---|')
    before, after = _by_category(old), _by_category(new)
    yield from (_row(name, before[name], after[name]) for name in sorted(after))
    for title, some in (('Fixed', fixed), ('Broken', broken)):
        yield from ('', f'## {title} ({len(some)})', '', '| text | wanted | before | after |',
                    '|---|---|---|---|')
        yield from ('| ' + ' | '.join(_cell(part) for part in change) + ' |'
                    for change in some[:_SHOWN])
    yield from ('', '## Lessons', '', *(f'    {line}' for line in collected.summary()))
    for title, items in (('Contradictions', collected.conflicts),
                         ('Not read', collected.troubles)):
        if items:
            yield from ('', f'## {title} ({len(items)})', '', *(f'- {item}' for item in items))


def _by_category(measured: Measured) -> Mapping[str, list[Result]]:
    groups: dict[str, list[Result]] = defaultdict(list)
    for results in measured.sets().values():
        for result in results:
            groups[result.example.category].append(result)
    return groups


def _row(name: str, before: Sequence[Result], after: Sequence[Result]) -> str:
    return f'| {_cell(name)} | {len(after)} | {exact(before):.1%} | {exact(after):.1%} |'


def _cell(text: str) -> str:
    return text.replace('|', '\\|').replace('\n', ' ')

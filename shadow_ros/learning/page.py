"""The report of an evaluation as one HTML file, its pictures inside."""

from base64 import b64encode
from html import escape
from typing import Any, Iterable, Mapping, Optional

Details = Mapping[str, Any]

HEADLINES = {  # key of a report -> how a person reads it
    'count': 'examples', 'exact': 'exact plan', 'exact_en': 'exact plan, English',
    'exact_zh': 'exact plan, Mandarin', 'names': 'action names',
    'parameters': 'parameters, where the names are right',
    'false_motion': 'motion though none was asked for',
    'acrobatic_false_motion': 'acrobatic though not asked for',
    'stop_recall': 'stop recall', 'stop_recall_model': 'stop recall, model alone',
    'remote_recall': 'REMOTE recall', 'remote_precision': 'REMOTE precision',
    'asked_back': 'asked back instead of acting',
    'public_count': 'public requests, held out',
    'public_false_motion': 'motion on public requests',
    'public_acrobatic_false_motion': 'acrobatic on public requests',
    'calibration_error': 'calibration error',
    'latency_median': 'text to plan, median', 'latency_p95': 'text to plan, 95th percentile',
    'latency_p99': 'text to plan, 99th percentile'}
_COUNTS = ('count', 'acrobatic_false_motion', 'public_count', 'public_acrobatic_false_motion')
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0 } img { max-width: 100% }
td, th { padding: .2em .8em; border-bottom: 1px solid #ddd; text-align: left }
td.n { text-align: right; font-variant-numeric: tabular-nums }
.moves { color: #b00; font-weight: bold } code { background: #f3f3f3 }
"""


def value(key: str, number: float) -> str:
    """Return a figure as text: a count, milliseconds or a percentage."""
    if key in _COUNTS:
        return f'{number:.0f}'
    return f'{number:.1f} ms' if key.startswith('latency') else f'{100 * number:.1f} %'


def page(name: str, details: Details, pictures: Mapping[str, bytes],
         other: Optional[Details] = None, comparison: Optional[Mapping[str, Any]] = None) -> str:
    """Return the report of a model, compared with another's if there is one."""
    parts = [_headlines(details, other)]
    if comparison:
        parts.append(_comparison(comparison))
    parts += [f'<h2>{title}</h2>{_picture(pictures[key])}' for key, title in (
        ('categories', 'Exact plans by category'), ('calibration', 'Calibration'),
        ('confusion', 'First action: wanted and published'), ('actions', 'Actions'))
        if key in pictures]
    parts.append(_errors(details['errors']))
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(name)}</title>'
            f'<style>{_STYLE}</style><h1>{escape(name)}</h1>{"".join(parts)}</html>\n')


def _headlines(details: Details, other: Optional[Details]) -> str:
    """Return the table of headline figures."""
    columns = [details, *([other] if other else [])]
    rows = [[label, *(value(key, found[key]) if key in found else '' for found in columns)]
            for key, label in HEADLINES.items() if key in details]
    head = ['', *(str(found.get('name', '')) for found in columns)]
    return _table(head, rows)


def _comparison(comparison: Mapping[str, Any]) -> str:
    """Return the table of differences with their intervals."""
    rows = []
    for key, found in comparison.items():
        if isinstance(found, Mapping):
            scale, unit = (1, ' ms') if key.endswith('ms') else (100, '')
            rows.append([key, *(f'{scale * found[k]:.1f}{unit}' for k in (
                'ours', 'theirs', 'difference', 'low', 'high'))])
    alone = (f'<p>Exact in the first model alone: {comparison["only_ours"]}, in the second '
             f'alone: {comparison["only_theirs"]}.</p>')
    return ('<h2>Comparison</h2>' + _table(
        ['percent', 'first', 'second', 'difference', 'from', 'to'], rows)
        + '<p>From, to: 95 percent interval of the difference, examples resampled in pairs.</p>'
        + alone)


def _errors(errors: Iterable[Mapping[str, Any]]) -> str:
    """Return the table of what went wrong, false motion first."""
    rows = []
    for error in sorted(errors, key=lambda e: (not e['false_motion'], e['category'])):
        earlier = ''.join(f'{user} → {plan}; ' for user, plan in error['history'])
        mark = '<span class="moves">moves</span>' if error['false_motion'] else ''
        rows.append([escape(error['category']), escape(earlier + error['text']),
                     f'<code>{escape(error["wanted"])}</code>',
                     f'<code>{escape(error["got"])}</code>', f'{error["confidence"]:.2f}', mark])
    return f'<h2>What went wrong ({len(rows)})</h2>' + _table(
        ['category', 'text', 'wanted', 'thought', 'confidence', ''], rows, raw=True)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], raw: bool = False) -> str:
    """Return an HTML table; cells are escaped unless they are HTML already."""
    def cell(text: str, first: bool) -> str:
        return f'<td{"" if first or raw else " class=n"}>{text if raw else escape(text)}</td>'

    top = ''.join(f'<th>{escape(text)}</th>' for text in head)
    body = ''.join('<tr>' + ''.join(cell(text, not i) for i, text in enumerate(row)) + '</tr>'
                   for row in rows)
    return f'<table><tr>{top}</tr>{body}</table>'


def _picture(png: bytes) -> str:
    """Return a picture inside the page."""
    return f'<img src="data:image/png;base64,{b64encode(png).decode()}" alt="">'

"""
The tables of docs/results.md, from what the benchmarks have written under benchmarks/results.

    python benchmarks/make_results.py

What stands between markers is written anew; the words around them are for people.
"""

from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence

from scored import BASELINES, gap, GROUPS, load, METHODS, SHIPPED

PAGE = Path(__file__).parents[1] / 'docs/results.md'
_NAMES = {
    'edge': 'the shipped shadow', 'tfidf': 'character n-grams (tf-idf), linear classifier',
    'embeddings': 'sentence embeddings (all-MiniLM-L6-v2), linear classifier',
    'templates': 'templates (hassil)', 'shadow': 'shadow, attached', 'lora': 'LoRA',
    'dora': 'DoRA', 'full': 'all weights'}
_END = '<!-- end -->'


def shipped() -> str:
    """Return the table of the models that ship, and attached against detached if both do."""
    found = load(SHIPPED)
    sets = list(found['rows'][0]['sets'])
    head = ['model', *(f'`{name}`' for name in sets), 'English', 'Mandarin', 'false motion',
            'unasked acrobatics', 'public requests', 'CPU ms a text']
    rows = [[row['name'], *(percent(row['sets'][name]['exact']) for name in sets),
             percent(row['exact_en']), percent(row['exact_zh']), percent(row['false_motion']),
             str(row['acrobatic_false_motion']), percent(row.get('public_false_motion')),
             f'{row["cpu_ms"]:.1f}']
            for row in found['rows']]
    counts = ', '.join(f'`{name}` {found["rows"][0]["sets"][name]["count"]}' for name in sets)
    note = (f'Measured {found["date"]}; utterances: {counts}. English, Mandarin, false motion '
            'and acrobatics are of the first two sets, CPU time is the mean of all.')
    parts = [table(head, rows), note]
    if found['gaps']:
        parts.append(table(['attached against', 'where both should say the same', 'interval'], [
            [name, points(each), interval(each)] for name, each in found['gaps'].items()]))
        parts.append(f'Points of exact plans, of the {found["agreed"]} utterances of the first '
                     'two sets for which edge and cloud plan are the same.')
    return '\n\n'.join(parts)


def methods() -> str:
    """Return the table of the methods at equal parameters."""
    found = load(METHODS)
    head = ['method', 'learned parameters', 'rate', 'CPU s a step', 'exact, mean', 'by seed',
            'against shadow, attached', 'interval']
    rows = [[_NAMES.get(row['method'], row['method']), f'{row["parameters"]:,}',
             f'{row["rate"]:g}', f'{row["step_seconds"]:.2f}',
             percent(sum(row['exact']) / len(row['exact'])),
             ', '.join(percent(each) for each in row['exact']),
             '' if row['method'] == 'shadow' else points(row['gap']),
             '' if row['method'] == 'shadow' else interval(row['gap'])] for row in found['rows']]
    note = (f'A backbone of {found["backbone"]:,} parameters, {found["examples"]:,} composed '
            f'examples, {found["steps"]} steps of {found["batch"]}, {len(found["seeds"])} seeds, '
            f'{found["measured"]} utterances of the two hand-written sets, no threshold; '
            f'{found["cpu_hours"]:.2f} CPU hours in all.{stale(found)}')
    return f'{table(head, rows)}\n\n{note}'


def baselines() -> str:
    """Return the table of what a user would pick instead, beside the shipped shadow."""
    found, ours = load(BASELINES), load(SHIPPED)['rows'][0]
    same = found['sets'] == load(SHIPPED)['sets']
    head = ['', 'exact', 'English', 'Mandarin', *GROUPS, 'false motion', 'unasked acrobatics',
            'public requests', 'composed examples',
            'shadow ahead by', 'interval']
    rows = []
    for row in [ours, *found['rows']]:
        ahead = gap(ours['right'], row['right']) if same else None
        keys = ('exact', 'exact_en', 'exact_zh', *GROUPS, 'false_motion')
        rows.append([_NAMES.get(row['name'], row['name']),
                     *(percent(row[key]) for key in keys), str(row['acrobatic_false_motion']),
                     percent(row.get('public_false_motion')),
                     '' if row['name'] in ('edge', 'templates') else f'{row["examples"]:,}',
                     *((points(ahead), interval(ahead)) if ahead and row is not ours
                       else ('', ''))])
    return f'{table(head, rows)}\n\nOf {ours["count"]} utterances.{stale(found)}'


SECTIONS: Mapping[str, Callable[[], str]] = {
    SHIPPED: shipped, METHODS: methods, BASELINES: baselines}


def stale(found: Mapping[str, Any]) -> str:
    """Return a remark on results of other utterances than the shipped models'."""
    return '' if found['sets'] == load(SHIPPED)['sets'] else (
        ' Measured on an earlier state of the hand-written sets.')


def percent(share: Optional[float]) -> str:
    """Return a share in percent, nothing of nothing."""
    return '' if share is None else f'{100 * share:.1f} %'


def points(found: Mapping[str, Any]) -> str:
    """Return a difference in points of percent."""
    return f'{100 * found["difference"]:+.1f}'


def interval(found: Mapping[str, Any]) -> str:
    """Return a difference's interval in points of percent."""
    return f'{100 * found["low"]:+.1f} to {100 * found["high"]:+.1f}'


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ['---'] * len(head), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def write(text: str) -> str:
    """Return the page with its tables written anew."""
    for name, section in SECTIONS.items():
        start, rest = text.split(f'<!-- {name} -->\n')
        text = f'{start}<!-- {name} -->\n{section()}\n{rest[rest.index(_END):]}'
    return text


if __name__ == '__main__':
    PAGE.write_text(write(PAGE.read_text('utf-8')), 'utf-8')

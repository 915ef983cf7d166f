"""Pictures of an evaluation, as PNG bytes by name."""

import io
from typing import Any, Mapping, Sequence

Details = Mapping[str, Any]

_OURS, _THEIRS, _GRID = '#2463a8', '#d9822b', 0.3


def figures(details: Details, against: Sequence[Details] = ()) -> dict[str, bytes]:
    """Return the pictures of what `evaluate.details` found, another model's beside it if given."""
    return {'categories': categories(details, against), 'calibration': calibration(details),
            'confusion': confusion(details), 'actions': actions(details)}


def categories(details: Details, against: Sequence[Details] = ()) -> bytes:
    """Return the share of exact plans by category."""
    names = sorted(details['categories'], key=lambda n: details['categories'][n]['exact'])
    figure, axis = _new(7.0, 0.6 + 0.24 * len(names) * (1 + len(against)))
    both = [details, *against]
    height = 0.8 / len(both)
    for i, (found, colour) in enumerate(zip(both, (_OURS, _THEIRS))):
        places = [y - 0.4 + height * (i + 0.5) for y in range(len(names))]
        shares = [100 * found['categories'].get(name, {'exact': 0})['exact'] for name in names]
        axis.barh(places, shares, height, color=colour, label=found.get('name', ''))
    axis.set(yticks=range(len(names)), xlim=(0, 100), ylim=(-0.6, len(names) - 0.4),
             xlabel='exact plans, percent')
    axis.set_yticklabels([f'{n} ({details["categories"][n]["count"]})' for n in names])
    axis.grid(axis='x', alpha=_GRID)
    if against:
        axis.legend(loc='lower center', bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    return _png(figure)


def calibration(details: Details) -> bytes:
    """Return confidence against the share that was right, in bins sized by their count."""
    figure, axis = _new(4.2, 4.0)
    bins = details['reliability']
    total = sum(b['count'] for b in bins) or 1
    axis.plot([0, 1], [0, 1], ':', color='grey')
    axis.plot([b['confidence'] for b in bins], [b['accuracy'] for b in bins], color=_OURS)
    axis.scatter([b['confidence'] for b in bins], [b['accuracy'] for b in bins],
                 s=[20 + 600 * b['count'] / total for b in bins], color=_OURS, alpha=0.7)
    axis.set(xlim=(0, 1.03), ylim=(0, 1.03), xlabel='confidence', ylabel='share that was right',
             title=f'calibration error {100 * details["calibration_error"]:.1f} %')
    axis.grid(alpha=_GRID)
    return _png(figure)


def confusion(details: Details) -> bytes:
    """Return wanted first action against the published one; the shade is the share of a row."""
    table = details['confusion']
    names = {*table, *(name for row in table.values() for name in row)}
    figure, axis = _new(1.6 + 0.3 * len(names), 1.6 + 0.3 * len(table))
    draw_matrix(axis, table, 'wanted', 'published')
    return _png(figure)


def draw_matrix(axis: Any, table: Mapping[str, Mapping[str, int]], down: str,
                across: str) -> None:
    """Draw counts by two names: blue where both are the same, red where not."""
    rows = sorted(table)
    names = sorted(set(rows) | {name for row in table.values() for name in row})
    for y, one in enumerate(rows):
        total = sum(table[one].values()) or 1
        for x, other in enumerate(names):
            count = table[one].get(other, 0)
            if count:
                colour = _OURS if other == one else '#c0392b'
                axis.add_patch(_square(x, y, colour, 0.15 + 0.85 * count / total))
                axis.text(x, y, str(count), ha='center', va='center', fontsize=7)
    axis.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(rows) - 0.5, -0.5),
             xticks=range(len(names)), yticks=range(len(rows)), xlabel=across, ylabel=down)
    axis.set_xticklabels(names, rotation=90, fontsize=7)
    axis.set_yticklabels(rows, fontsize=7)


def actions(details: Details) -> bytes:
    """Return precision and recall of each action."""
    names = list(details['actions'])[::-1]
    figure, axis = _new(6.0, 0.8 + 0.26 * len(names))
    for key, marker, colour in (('recall', 'o', _OURS), ('precision', '|', _THEIRS)):
        axis.plot([100 * details['actions'][n][key] for n in names], range(len(names)), marker,
                  color=colour, label=key)
    axis.set(xlim=(0, 102), yticks=range(len(names)), xlabel='percent')
    axis.set_yticklabels([f'{n} ({details["actions"][n]["count"]})' for n in names], fontsize=8)
    axis.grid(alpha=_GRID)
    axis.legend(loc='lower left')
    return _png(figure)


def _new(width: float, height: float) -> tuple[Any, Any]:
    """Return a figure of so many inches with one axis."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    return pyplot.subplots(figsize=(width, height))


def _square(x: int, y: int, colour: str, alpha: float) -> Any:
    """Return a cell of a matrix."""
    from matplotlib.patches import Rectangle
    return Rectangle((x - 0.5, y - 0.5), 1, 1, color=colour, alpha=alpha, lw=0)


def _png(figure: Any) -> bytes:
    """Return the figure as PNG and close it."""
    from matplotlib import pyplot
    out = io.BytesIO()
    figure.savefig(out, format='png', dpi=110, bbox_inches='tight')
    pyplot.close(figure)
    return out.getvalue()

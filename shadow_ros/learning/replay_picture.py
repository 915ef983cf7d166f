"""The picture of a replay: which first action became which, and how long a plan took."""

import io
from typing import Any, TYPE_CHECKING

from shadow_ros.learning.figures import draw_matrix

if TYPE_CHECKING:
    from shadow_ros.learning.replay import Replayed

_CELL, _CURVES = 0.34, 4.6  # inches: of an action, and of the curves beside the matrix


def picture(played: 'Replayed') -> bytes:
    """Return the confusion matrix and the curves of latency as PNG."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    table = played.confusion()
    columns = len({*table, *(name for row in table.values() for name in row)})
    width = 1.6 + _CELL * columns
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(width + _CURVES, max(3.6, 1.6 + _CELL * len(table))),
        width_ratios=(width, _CURVES), layout='constrained')
    draw_matrix(left, table, played.names[0], played.names[1])
    left.set_title('first action', fontsize=10)
    _curves(right, played)
    out = io.BytesIO()
    figure.savefig(out, format='png', dpi=110)
    pyplot.close(figure)
    return out.getvalue()


def _curves(axis: Any, played: 'Replayed') -> None:
    """Draw which share of the commands each model had understood within a time."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
    for name, answers in played.answers.items():
        times = sorted(a.milliseconds for a in answers if a.milliseconds)
        if times:
            shares = [100 * (i + 1) / len(times) for i in range(len(times))]
            axis.step(times, shares, label=name, where='post')
    axis.set(xlabel='text to plan, ms', ylabel='percent of commands', xscale='log', ylim=(0, 102))
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.xaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(alpha=0.3)
    axis.legend(loc='lower right')

"""The picture of a demo: its way from above, what was said on it, and a time line of postures."""

import logging
import math
from pathlib import Path
from typing import Any, Iterable, Iterator, Sequence

from shadow_ros.commands.exchange import Exchange
from shadow_ros.commands.recording import Recording, Said, Sample
from shadow_ros.errors import ConfigError

POSTURES = {'stand': '#8ecae6', 'sit': '#ffb703', 'lie': '#b8a1d9', 'damp': '#c9ada7',
            'acrobatic': '#f28482', 'unknown': '#e5e5e5'}
OUTCOMES = {'done': '#2a9d8f', 'refused': '#e09f3e', 'stopped': '#e76f51', 'failed': '#c1121f',
            'cancelled': '#e76f51', 'remote': '#4361ee', 'talk': '#6c757d', '': '#adb5bd'}
TITLE = 'What was said to the dog, and what it did'
_INK, _WAY = '#22303c', '#1d6fa5'
_CHINESE_FONTS = ('WenQuanYi', 'Noto Sans CJK', 'Noto Sans SC', 'Source Han Sans', 'PingFang',
                  'SimHei', 'Microsoft YaHei', 'Droid Sans Fallback')
_ARROW_EVERY = 0.5  # metres between the arrows that show the heading
_SAME_PLACE = 0.12  # metres within which commands share a spot on the map


def draw(recording: Recording, path: Path, title: str = TITLE) -> None:
    """
    Write the picture (PNG, SVG or PDF by its suffix), or raise ConfigError.

    Needs matplotlib; Chinese texts need a font that has them, else their plans stand for them.
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("a picture needs matplotlib, got none; pip install 'shadow_ros[train]' "
                          'or leave --picture out') from None
    chinese = _use_fonts(matplotlib)
    figure = Figure(figsize=(12.5, 8.2), dpi=130, facecolor='white')
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2, width_ratios=(1.25, 1), height_ratios=(2.9, 1),
                               left=0.06, right=0.985, top=0.92, bottom=0.075,
                               wspace=0.06, hspace=0.2)
    figure.text(0.06, 0.955, title, fontsize=15, fontweight='bold', color=_INK)
    _map(figure.add_subplot(grid[0, 0]), recording)
    _list(figure.add_subplot(grid[0, 1]), recording.said, chinese)
    _time_line(figure.add_subplot(grid[1, :]), recording)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f'expected a picture file that can be written (.png, .svg, .pdf), got '
                          f'{path}: {error}') from None


def _use_fonts(matplotlib: Any) -> bool:
    """Put a Chinese font behind the usual one; return whether there is one."""
    from matplotlib import font_manager
    names = sorted({font.name for font in font_manager.fontManager.ttflist})
    found = [name for wanted in _CHINESE_FONTS for name in names if name.startswith(wanted)]
    matplotlib.rcParams['font.family'] = ['DejaVu Sans', *found[:1]]
    logging.getLogger('matplotlib.font_manager').setLevel(logging.ERROR)  # no bold Chinese
    return bool(found)


def outcome(exchange: Exchange) -> str:
    """Return the word under which the picture and the table file a command."""
    if exchange.end is not None and exchange.end.kind != 'done':
        return 'done' if exchange.done else exchange.end.kind
    return exchange.route if exchange.route in ('remote', 'talk') else \
        'done' if exchange.done else ''


# -- the map --------------------------------------------------------------------------------------


def _map(axes: Any, recording: Recording) -> None:
    """Draw the way from above: x (forward at the start) to the right, y (left) up."""
    samples = recording.samples
    _frame(axes, 'The way, from above')
    axes.set_xlabel('x, forward at the start (m)')
    axes.set_ylabel('y, left at the start (m)')
    axes.set_aspect('equal', adjustable='box')
    axes.grid(color='#eef1f4', linewidth=0.8)
    if not samples:
        return
    xs, ys = [s.x for s in samples], [s.y for s in samples]
    axes.plot(xs, ys, color=_WAY, linewidth=7, alpha=0.16, solid_capstyle='round', zorder=2)
    axes.plot(xs, ys, color=_WAY, linewidth=2, solid_capstyle='round', zorder=3)
    for sample in _every(samples, _ARROW_EVERY):
        _heading(axes, sample, _WAY, 0.16, 3)
    for posture, sample in _rests(samples):
        axes.plot(sample.x, sample.y, 'o', markersize=17, color=POSTURES[posture], zorder=2)
    _heading(axes, samples[-1], _INK, 0.3, 6)
    _spots(axes, recording.said)
    middle_x, middle_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    reach = max(max(xs) - min(xs), 1.25 * (max(ys) - min(ys)), 2.0) / 2 + 0.6
    axes.set_xlim(middle_x - reach, middle_x + reach)
    axes.set_ylim(middle_y - reach / 1.25, middle_y + reach / 1.25)


def _every(samples: Sequence[Sample], metres: float) -> Iterator[Sample]:
    """Yield samples that lie this far apart on the way."""
    way, told = 0.0, 0.0
    for before, after in zip(samples, samples[1:]):
        way += math.dist((before.x, before.y), (after.x, after.y))
        if way - told >= metres:
            told = way
            yield after


def _rests(samples: Sequence[Sample]) -> Iterator[tuple[str, Sample]]:
    """Yield the places at which the robot sat or lay."""
    for before, after in zip(samples, samples[1:]):
        if after.posture != before.posture and after.posture in ('sit', 'lie', 'damp'):
            yield after.posture, after


def _heading(axes: Any, sample: Sample, colour: str, length: float, order: int) -> None:
    """Draw an arrow that points where the robot looks."""
    dx, dy = length * math.cos(sample.yaw), length * math.sin(sample.yaw)
    axes.annotate('', (sample.x + dx, sample.y + dy), (sample.x - dx, sample.y - dy), zorder=order,
                  arrowprops={'arrowstyle': '-|>', 'color': colour, 'linewidth': 1.6,
                              'shrinkA': 0, 'shrinkB': 0})


def _spots(axes: Any, said: Sequence[Said]) -> None:
    """Put the numbers of the commands where the robot was when they were given."""
    places: list[tuple[Said, list[Said]]] = []
    for item in said:
        near = next((group for first, group in places if math.dist(
            (first.before.x, first.before.y), (item.before.x, item.before.y)) < _SAME_PLACE), None)
        if near is None:
            places.append((item, [item]))
        else:
            near.append(item)
    for first, group in places:
        spot = (first.before.x, first.before.y)
        axes.plot(*spot, 'o', markersize=6, color=_INK, zorder=5)
        for place, item in enumerate(group):
            angle = math.radians(150 - 40 * place)
            axes.annotate(
                str(item.number), spot, textcoords='offset points', zorder=7,
                xytext=(26 * math.cos(angle), 26 * math.sin(angle)), ha='center', va='center',
                fontsize=8.5, fontweight='bold', color='white', bbox=_badge(item.exchange))


def _badge(exchange: Exchange) -> dict[str, Any]:
    """Return the look of a number: a disc in the colour of what became of the command."""
    return {'boxstyle': 'circle,pad=0.28', 'facecolor': OUTCOMES[outcome(exchange)],
            'edgecolor': 'white', 'linewidth': 1.2}


# -- the list -------------------------------------------------------------------------------------


def _list(axes: Any, said: Sequence[Said], chinese: bool) -> None:
    """Write what was said beside its number, with the plan and what became of it."""
    _frame(axes, 'What was said')
    axes.set_axis_off()
    step = 1.0 / max(len(said), 9)
    for row, item in enumerate(said):
        y = 1.0 - (row + 0.45) * step
        axes.text(0.035, y, str(item.number), fontsize=8.5, fontweight='bold', color='white',
                  ha='center', va='center', bbox=_badge(item.exchange))
        text = _cut(item.exchange.text, 46)
        if not chinese and not text.isascii():
            text = '(a command in Chinese)'
        axes.text(0.085, y + 0.17 * step, text, fontsize=9.5, color=_INK, va='center')
        axes.text(0.085, y - 0.24 * step, _under(item), fontsize=7.5, va='center',
                  color=OUTCOMES[outcome(item.exchange)])


def _under(item: Said) -> str:
    """Return the small line under a command: how it came, its plan, its outcome."""
    plan = item.exchange.plan
    tags = ' '.join(f'{a.name}{_amount(a)}' for a in plan.plan.actions) if plan else ''
    return '  ·  '.join(part for part in (item.source, _cut(tags, 44), outcome(item.exchange))
                        if part)


def _amount(action: Any) -> str:
    """Return an action's parameters as the list shows them: ` 2.0 m`."""
    told = []
    for key, value in action.parameters:
        unit = action.spec.parameter(key).unit
        told.append(f'{value:g}{"°" if unit == "deg" else " m"}'
                    f'{" sideways" if key == "y" else ""}' if unit else str(value))
    return ' ' + ' '.join(told) if told else ''


def _cut(text: str, limit: int) -> str:
    """Return the text, shortened with an ellipsis."""
    return text if len(text) <= limit else text[:limit - 1] + '…'


# -- the time line --------------------------------------------------------------------------------


def _time_line(axes: Any, recording: Recording) -> None:
    """Draw postures as a band, actions as bars above it, commands as numbers on top."""
    samples = recording.samples
    _frame(axes, 'The time line')
    axes.set_ylim(0, 3.1)
    axes.set_yticks([0.45, 1.35], ['posture', 'action'])
    axes.tick_params(axis='y', length=0)
    axes.set_xlabel('time (s)')
    if not samples:
        return
    axes.set_xlim(samples[0].time, max(samples[-1].time, samples[0].time + 1.0))
    seen: set[str] = set()
    for posture, begin, end in _bands(samples):
        axes.barh(0.45, end - begin, left=begin, height=0.62, color=POSTURES[posture],
                  label=None if posture in seen else posture)
        seen.add(posture)
    near = 0.016 * (samples[-1].time - samples[0].time)
    level, last = 0, -math.inf
    for item in recording.said:
        level = (level + 1) % 3 if item.time - last < near else 0
        last, height = item.time, 2.1 + 0.36 * level
        axes.vlines(item.time, 0, height, color='#ced6dd', linewidth=0.8, zorder=0)
        axes.text(item.time, height, str(item.number), fontsize=8, fontweight='bold', ha='center',
                  va='center', color='white', bbox=_badge(item.exchange))
        for name, begin, end, kind in _bars(item):
            axes.barh(1.35, end - begin, left=begin, height=0.62, color=OUTCOMES[kind],
                      edgecolor='white')
            if end - begin > (samples[-1].time - samples[0].time) * 0.013 * max(len(name), 2):
                axes.text((begin + end) / 2, 1.35, name, fontsize=6.8, color='white',
                          ha='center', va='center')
    axes.legend(loc='lower left', bbox_to_anchor=(0.1, 1.0), ncol=6, frameon=False, fontsize=8.5,
                handlelength=1.0, columnspacing=1.2, borderaxespad=0.1)


def _bands(samples: Sequence[Sample]) -> Iterator[tuple[str, float, float]]:
    """Yield (posture, begin, end) for each stretch of one posture."""
    begin = samples[0]
    for sample in samples[1:]:
        if sample.posture != begin.posture:
            yield begin.posture, begin.time, sample.time
            begin = sample
    yield begin.posture, begin.time, samples[-1].time


def _bars(item: Said) -> Iterable[tuple[str, float, float, str]]:
    """Return (name, begin, end, kind) for each action that was started."""
    bars, running = [], None
    for seconds, event in item.exchange.events:
        at = item.time + seconds
        if event.kind == 'started':
            running = (event.action.strip('[]').split(' ')[0], at)
        elif running and event.kind in ('done', 'failed', 'cancelled', 'stopped'):
            bars.append((*running, at, event.kind))
            running = None
    return bars


def _frame(axes: Any, title: str) -> None:
    """Give the axes a quiet frame and a title on the left."""
    axes.set_title(title, loc='left', fontsize=10.5, color='#5b6b78')
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    for side in ('left', 'bottom'):
        axes.spines[side].set_color('#b8c2cb')
    axes.tick_params(colors='#5b6b78', labelsize=8.5)
    axes.xaxis.label.set_color('#5b6b78')
    axes.yaxis.label.set_color('#5b6b78')

#!/usr/bin/env python3
"""Draw docs/shadow.png, the picture of docs/shadow.md: python docs/shadow_figure.py."""

from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

FROZEN, LEARNS, HEAD = '#d9dee7', '#ffd9a8', '#cfe8cf'


def box(axes: Axes, x: float, y: float, text: str, colour: str, width: float = 1.5) -> None:
    """Draw a box around a text at its middle."""
    axes.add_patch(plt.Rectangle((x - width / 2, y - 0.3), width, 0.6, facecolor=colour,
                                 edgecolor='#445', linewidth=1.2))
    axes.text(x, y, text, ha='center', va='center', fontsize=9)


def arrow(axes: Axes, start: tuple, end: tuple, text: str = '', colour: str = '#445') -> None:
    """Draw an arrow with a text above its middle."""
    axes.annotate('', end, start, arrowprops={'arrowstyle': '->', 'color': colour, 'lw': 1.3})
    axes.text((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.09, text, ha='center',
              fontsize=8, color=colour)


def main() -> None:
    """Draw and save the figure."""
    plt.switch_backend('Agg')
    figure, axes = plt.subplots(figsize=(9.6, 3.6))
    for x, text in ((0.9, 'embeddings'), (3.1, 'block 0'), (5.6, 'block l'), (8.1, 'block l + 1'),
                    (10.4, 'head')):
        box(axes, x, 2.6, text, HEAD if text == 'head' else FROZEN)
    for start, end in ((1.65, 2.35), (3.85, 4.85), (6.35, 7.35), (8.85, 9.65)):
        arrow(axes, (start, 2.6), (end, 2.6), 'h')
    box(axes, 2.6, 0.6, 'shadow stack', LEARNS)
    box(axes, 4.45, 0.6, 'projection', LEARNS, 1.3)
    box(axes, 7.0, 0.6, 'gated update', LEARNS)
    box(axes, 10.4, 0.6, 'head', HEAD)
    arrow(axes, (0.9, 2.3), (1.85, 0.6), '', '#777')
    arrow(axes, (3.35, 0.6), (3.8, 0.6))
    arrow(axes, (5.1, 0.6), (6.25, 0.6), 's', '#b35c00')
    arrow(axes, (4.6, 0.9), (4.6, 2.6), '', '#b35c00')
    axes.text(4.7, 1.65, 'inject (2)-(4)\nh + a (h - s) Wd Wu', fontsize=8, color='#b35c00')
    arrow(axes, (6.7, 2.6), (6.9, 0.9), '', '#777')
    axes.text(7.6, 1.6, 'update (5)-(7)\ns + g (t - s)', fontsize=8, color='#b35c00', ha='left')
    arrow(axes, (7.6, 0.9), (7.2, 2.6), '', '#b35c00')
    axes.plot([4.45, 4.45, 10.4], [0.3, 0.0, 0.0], color='#777', lw=1.2, ls='--')
    arrow(axes, (10.4, 0.0), (10.4, 0.3), '', '#777')
    axes.text(7.4, 0.07, 'detached: the shadow answers alone (8)', fontsize=8, color='#555',
              ha='center')
    axes.text(0.15, 3.15, 'frozen backbone', fontsize=9, weight='bold')
    axes.text(0.15, -0.35, 'orange learns, grey never does', fontsize=8, color='#555')
    axes.set(xlim=(0, 11.4), ylim=(-0.5, 3.4))
    axes.axis('off')
    figure.savefig(Path(__file__).with_name('shadow.png'), dpi=110, bbox_inches='tight',
                   metadata={'Software': None})


if __name__ == '__main__':
    main()

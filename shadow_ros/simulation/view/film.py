"""Films of a run (GIF, MP4), or its moments on one sheet (PNG); no screen needed."""

from dataclasses import dataclass
from importlib.util import find_spec
import logging
import math
from pathlib import Path
import shutil
from typing import Any, Optional, Sequence

import numpy as np

from shadow_ros.errors import ConfigError
from shadow_ros.simulation.looks import Looks
from shadow_ros.simulation.motion import Frame, Motion
from shadow_ros.simulation.trace import Moment, Trace
from shadow_ros.simulation.view.camera import Camera, painted
from shadow_ros.simulation.view.dog import Face, faces

SUFFIXES = ('.gif', '.mp4', '.png')
FPS = 15
LONGEST = 40.0  # s of a film; what is longer is shown faster
SHEET = 8  # moments on a sheet
_POSTURES = ('STAND', 'SIT', 'LIE', 'DAMP', 'RECOVER', 'BALANCE')
_REACH = 3.0  # m to which the grid is drawn
_STEP = 0.02  # s between the looks that the motion follows
_SKY, _GROUND, _LINES, _INK = '#f4f7f9', '#e7ecef', '#cfd8de', '#22303c'
_FONTS = ('WenQuanYi', 'Noto Sans CJK', 'Noto Sans SC', 'Source Han Sans', 'PingFang', 'SimHei',
          'Microsoft YaHei')


@dataclass(frozen=True)
class Shot:
    """A frame with what is written under it."""

    frame: Frame
    said: str
    doing: str


def check(path: Path) -> None:
    """Raise ConfigError when no view can be written there, before anything is played for it."""
    if path.suffix not in SUFFIXES:
        raise ConfigError(f'expected a view named *{", *".join(SUFFIXES)}, got {path}')
    if not path.absolute().parent.is_dir():
        raise ConfigError(f'expected a folder for the view, got {path.absolute().parent}, which '
                          'does not exist; make it first')
    if find_spec('matplotlib') is None:
        raise ConfigError("a view needs matplotlib, got none; pip install 'shadow_ros[train]' or "
                          'leave --view out')
    if path.suffix == '.mp4' and shutil.which('ffmpeg') is None:
        raise ConfigError('an .mp4 needs the program ffmpeg, which is not installed; apt install '
                          'ffmpeg, or name the file *.gif')


def write(trace: Trace, path: Path, title: str = '') -> None:
    """Write the film or sheet that the suffix names, or raise ConfigError."""
    check(path)
    import matplotlib
    from matplotlib import font_manager
    names = sorted({font.name for font in font_manager.fontManager.ttflist})
    chinese = [name for wanted in _FONTS for name in names if name.startswith(wanted)]
    matplotlib.rcParams['font.family'] = ['DejaVu Sans', *chinese[:1]]
    logging.getLogger('matplotlib.font_manager').setLevel(logging.ERROR)  # no bold Chinese
    shots = shots_of(trace)
    if not shots:
        raise ConfigError('there is nothing to view: the robot did not report where it is')
    try:
        if path.suffix == '.png':
            _sheet(shots, trace, path, title)
        else:
            _film(shots, path, title)
    except OSError as error:
        raise ConfigError(f'expected a file that can be written, got {path}: {error}') from None


def shots_of(trace: Trace) -> list[Shot]:
    """Return what is to be seen of a run, FPS times a second."""
    looks, motion = Looks(), Motion()
    shots: list[Shot] = []
    due = seen = -1.0
    for moment in trace.moments:
        if moment.time - seen < _STEP - 1e-9:
            continue
        seen = moment.time
        frame = motion.step(looks.of(moment))
        if moment.time >= due:
            due = max(due, moment.time) + 1 / FPS
            shots.append(Shot(frame, _said(trace, moment.time), _doing(trace, moment)))
    return shots


def _said(trace: Trace, time: float) -> str:
    """Return what was last said to the dog, for as long as one reads it."""
    given = [g for g in trace.given if g.time <= time and g.source != 'time']
    if not given or time - given[-1].time > 6.0:
        return ''
    last = given[-1]
    return f'“{last.text}”' if last.source in ('typed', 'spoken', 'partial') else last.text


def _doing(trace: Trace, moment: Moment) -> str:
    """Return the event that holds at that time, in words, with the posture."""
    events = [event for at, event in trace.events if at <= moment.time + 1e-9
              and event.kind not in ('accepted', 'progress')]
    last = events[-1] if events else None
    told = f'{last.kind} {last.action}'.strip() if last else 'waits'
    return f'{moment.time:5.1f} s   {moment.posture}   {told}'


# -- drawing --------------------------------------------------------------------------------------


def _figure(width: float, height: float, dpi: int) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor=_SKY)
    FigureCanvasAgg(figure)
    return figure


def _camera(frame: Frame, old: Optional[Camera]) -> Camera:
    """Return a camera that follows softly and turns slowly around."""
    target = (frame.x, frame.y, 0.22 + 0.6 * max(0.0, frame.z - 0.31))
    if old is None:
        return Camera(target)
    x, y, z = (a + (b - a) * 0.25 for a, b in zip(old.target, target))
    return Camera((x, y, z), old.azimuth + 0.12)


def draw(axes: Any, frame: Frame, camera: Camera, way: Sequence[tuple[float, float]] = ()) -> None:
    """Draw the dog on its ground into axes."""
    from matplotlib.collections import LineCollection, PolyCollection
    axes.clear()
    axes.set_axis_off()
    axes.set_xlim(-0.98, 0.98)
    axes.set_ylim(-0.50, 0.68)
    axes.set_aspect('equal')
    lines, colours = _grid(camera)
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=0.8, zorder=1))
    if len(way) > 1:
        flat, _ = camera.project(np.array([(x, y, 0.0) for x, y in way]))
        axes.plot(flat[:, 0], flat[:, 1], color='#1d6fa5', linewidth=2.2, alpha=0.5, zorder=2)
    body = faces(frame)
    shadow = _shadows(body, camera)
    axes.add_collection(PolyCollection(shadow, facecolors='#c3ccd3', edgecolors='#c3ccd3',
                                       linewidths=0.3, zorder=3))
    outlines, tints = painted(body, camera)
    axes.add_collection(PolyCollection(outlines, facecolors=tints, edgecolors=tints * 0.86,
                                       linewidths=0.35, zorder=4))


def _grid(camera: Camera) -> tuple[list[Any], list[Any]]:
    """Return the lines of a half-metre grid around the target, paler with the distance."""
    from matplotlib.colors import to_rgba
    cx, cy = (round(2 * v) / 2 for v in camera.target[:2])
    steps = np.arange(-_REACH, _REACH + 0.01, 0.5)
    ends = np.array([line for fixed in steps for along in steps[:-1] for line in (
        ((cx + fixed, cy + along, 0.0), (cx + fixed, cy + along + 0.5, 0.0)),
        ((cx + along, cy + fixed, 0.0), (cx + along + 0.5, cy + fixed, 0.0)))])
    far = np.hypot(*(ends.mean(axis=1)[:, :2] - np.array(camera.target[:2])).T)
    flat, depth = camera.project(ends.reshape(-1, 3))
    seen = (depth.reshape(-1, 2).min(axis=1) > 0.3) & (far < _REACH)
    return (list(flat.reshape(-1, 2, 2)[seen]),
            [to_rgba(_LINES, 1.0 - distance / _REACH) for distance in far[seen]])


def _shadows(body: Sequence[Face], camera: Camera) -> list[Any]:
    """Return the faces' shadows on the ground."""
    ground = np.concatenate([face.corners for face in body])
    ground[:, 0] -= 0.28 * ground[:, 2]
    ground[:, 1] += 0.36 * ground[:, 2]
    ground[:, 2] = 0.0
    cuts = np.cumsum([len(face.corners) for face in body])[:-1]
    return list(np.split(camera.project(ground)[0], cuts))


def _film(shots: Sequence[Shot], path: Path, title: str) -> None:
    """Write all shots one after the other."""
    figure = _figure(6.4, 3.85, 100)
    axes = figure.add_axes((0, 0, 1, 1))
    said = figure.text(0.04, 0.925, '', fontsize=13, fontweight='bold', color=_INK)
    doing = figure.text(0.04, 0.045, '', fontsize=9, color='#5b6b78', family='monospace')
    figure.text(0.96, 0.045, title, fontsize=9, color='#9aa7b1', ha='right')
    step = max(1, math.ceil(len(shots) / (LONGEST * FPS)))
    writer = _writer(path)
    camera: Optional[Camera] = None
    with writer.saving(figure, str(path), 100):
        for place in range(0, len(shots), step):
            shot = shots[place]
            camera = _camera(shot.frame, camera)
            draw(axes, shot.frame, camera, [(s.frame.x, s.frame.y) for s in shots[:place + 1]])
            said.set_text(shot.said)
            doing.set_text(shot.doing)
            writer.grab_frame()


def _writer(path: Path) -> Any:
    """Return matplotlib's writer for the suffix."""
    from matplotlib import animation
    return animation.PillowWriter(fps=FPS) if path.suffix == '.gif' else \
        animation.FFMpegWriter(fps=FPS, bitrate=1800)


def _sheet(shots: Sequence[Shot], trace: Trace, path: Path, title: str) -> None:
    """Write the moments that tell the story on one sheet."""
    chosen = _moments(shots, trace)
    columns = len(chosen) if len(chosen) <= 4 else 3 if len(chosen) <= 6 else 4
    rows = math.ceil(len(chosen) / columns)
    figure = _figure(3.5 * columns, 2.35 * rows + 0.5, 130)
    top = 1 - 0.5 / (2.35 * rows + 0.5)
    figure.text(0.012, top + (1 - top) * 0.32, title, fontsize=14, fontweight='bold', color=_INK)
    for place, shot in enumerate(chosen):
        row, column = divmod(place, columns)
        axes = figure.add_axes((column / columns, top - (row + 1) * top / rows, 1 / columns,
                                top / rows))
        index = shots.index(shot)
        draw(axes, shot.frame, _camera(shot.frame, None),
             [(s.frame.x, s.frame.y) for s in shots[:index + 1]])
        axes.text(0.04, 0.93, shot.said, fontsize=9, fontweight='bold', color=_INK, va='top',
                  transform=axes.transAxes)
        axes.text(0.04, 0.05, shot.doing, fontsize=6.8, color='#5b6b78', family='monospace',
                  transform=axes.transAxes)
    figure.savefig(path)


def _moments(shots: Sequence[Shot], trace: Trace) -> list[Shot]:
    """Return at most SHEET shots: the middle of each walk and gesture, the end of each posture."""
    times: list[float] = []
    begun: Optional[float] = None
    for at, event in trace.events:
        if event.kind == 'started':
            begun = at
        elif begun is not None and event.kind in ('done', 'failed', 'cancelled'):
            posture = event.action.strip('[]') in _POSTURES
            times.append(at if posture else (begun + at) / 2)
            begun = None
    if len(times) < 4:
        times.insert(0, shots[0].frame.time)
    if len(times) < 4 and shots[-1].frame.time - times[-1] > 1.0:
        times.append(shots[-1].frame.time)
    if len(times) > SHEET:
        times = [times[round(k * (len(times) - 1) / (SHEET - 1))] for k in range(SHEET)]
    found = [min(shots, key=lambda shot: abs(shot.frame.time - at)) for at in sorted(set(times))]
    return list(dict.fromkeys(found))

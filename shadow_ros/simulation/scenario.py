"""A scenario as data: what is given when, with which faults, and what must be true of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

import yaml

from shadow_ros.errors import ConfigError, PlanError, shorten
from shadow_ros.plan import parse, Plan
from shadow_ros.simulation.claims import CLAIMS
from shadow_ros.simulation.reading import Check, flag, many, none, number, Section, text, word
from shadow_ros.speech.stopword import is_no, is_panic, is_stop, is_yes

FAULTS = ('lost link', 'no replies', 'slow replies', 'no state', 'stuck', 'frozen node',
          'dead node', 'dead sdk process', 'frozen sdk process')
"""What can go wrong on purpose; docs/simulation.md says what each is."""

LONGEST = 600.0  # s that one step, pause or fault may last


@dataclass(frozen=True)
class Start:
    """The robot at the beginning, its surroundings, and what the operator allows."""

    posture: str = 'stand'
    firmware: str = 'new'
    battery: float = 100.0
    wall: Optional[float] = None
    slip: float = 0.0
    stuck: bool = False
    acrobatics: bool = False
    confirm_timeout: float = 8.0
    obstacle_avoidance: str = 'keep'


@dataclass(frozen=True)
class Claim:
    """One thing that must be true; `value` is what CLAIMS made of the file's."""

    name: str
    value: Any


@dataclass(frozen=True)
class Sound:
    """What is spoken: a file, or words for a synthetic voice; noise as dB below the voice."""

    words: str = ''
    file: Optional[Path] = None
    voice: str = 'flite:slt'
    noise: str = 'white'
    snr: float = 40.0


@dataclass(frozen=True)
class Step:
    """
    One thing that the script does.

    `kind` is a key of DEEDS and `value` what it takes. It is done when the robot has finished
    what came before (or asks a question), `pause` seconds later; with `after` so many seconds
    after the step before, with `walked` when the dog has come so many metres since then, even
    though it is still under way. `plan` replaces the model's thought. `stamp` (s) makes a record
    older, `by` says who made it, `seconds` how long a fault lasts (0: for good).
    """

    kind: str
    value: Any
    number: int
    after: Optional[float] = None
    walked: Optional[float] = None
    pause: float = 0.0
    plan: Optional[Plan] = None
    stamp: float = 0.0
    by: str = 'edge'
    seconds: float = 0.0
    amount: float = 0.0
    expect: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One story; `name` is the file's, `tail` how long (s) it is watched after the last step."""

    name: str
    story: str
    start: Start
    steps: tuple[Step, ...]
    expect: tuple[Claim, ...] = ()
    tail: float = 0.5

    @property
    def needs_model(self) -> bool:
        """Return whether something must be understood whose plan is not given."""
        return any(map(_must_be_understood, self.steps))

    @property
    def needs_sound(self) -> bool:
        """Return whether something is spoken."""
        return any(step.kind == 'hear' for step in self.steps)


def _must_be_understood(step: Step) -> bool:
    """Return whether a step's words go to the model."""
    if step.plan is not None or step.kind not in ('say', 'hear', 'play'):
        return False
    if step.kind == 'play':
        return isinstance(step.value, Path) or any(
            topic in ('command', 'transcript') for _, topic, _ in step.value)
    return not is_answer(step.value if step.kind == 'say' else step.value.words)


def is_answer(words: str) -> bool:
    """Return whether the words are heard without a model: a stop, a yes or a no."""
    return any(heard(words) for heard in (is_stop, is_panic, is_yes, is_no))


def load(path: Path) -> Scenario:
    """Return the scenario of a YAML file, or raise ConfigError naming file, place and remedy."""
    try:
        data = yaml.safe_load(path.read_text('utf-8'))
    except OSError as error:
        raise ConfigError(f'expected a scenario file, got {path}: {error.strerror}') from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path} is not YAML: {" ".join(str(error).split())}') from None
    return read(data, path.stem, path.name, path.parent)


def read(data: Any, name: str, place: str = '', folder: Path = Path()) -> Scenario:
    """Return the scenario that the data describe; sound files are looked up in the folder."""
    section = Section(data, place or name)
    scenario = Scenario(
        name, section.need('story', text), section.take('robot', _start, Start()),
        section.need('steps', lambda value, where: _steps(value, where, folder)),
        section.take('expect', _claims, ()),
        section.take('watch', number(0.0, LONGEST, 's'), 0.5))
    section.close()
    return scenario


def _start(data: Any, place: str) -> Start:
    section = Section(data, place)
    default = Start()
    start = Start(
        section.take('posture', word(('stand', 'balance', 'lock', 'sit', 'lie', 'damp')),
                     default.posture),
        section.take('firmware', word(('new', 'old')), default.firmware),
        section.take('battery', number(0, 100, '%'), default.battery),
        section.take('wall', number(1, 100, 'm'), default.wall),
        section.take('slip', number(0, 100, '%'), default.slip),
        section.take('stuck', flag, default.stuck),
        section.take('acrobatics', flag, default.acrobatics),
        section.take('confirm_timeout', number(0.5, 60, 's'), default.confirm_timeout),
        section.take('obstacle_avoidance', word(('keep', 'on', 'off')),
                     default.obstacle_avoidance))
    section.close()
    return start


def _steps(data: Any, place: str, folder: Path) -> tuple[Step, ...]:
    if not isinstance(data, list) or not data:
        raise ConfigError(f'{place} must be a list of steps, got {shorten(str(data))}')
    deeds = _deeds(folder)
    return tuple(_step(item, f'{place.split(":")[0]}: step {index}', index, deeds)
                 for index, item in enumerate(data, 1))


def _step(data: Any, place: str, index: int, deeds: Mapping[str, Check]) -> Step:
    section = Section(data, place)
    seconds = number(0.0, LONGEST, 's')
    about = {
        'after': section.take('after', seconds), 'walked': section.take('walked', number(0, 5)),
        'pause': section.take('pause', seconds, 0.0), 'plan': section.take('plan', _plan),
        'stamp': section.take('stamp', number(-LONGEST, LONGEST, 's'), 0.0),
        'by': section.take('by', word(('edge', 'cloud')), 'edge'),
        'seconds': section.take('for', seconds, 0.0),
        'amount': section.take('amount', number(0.0, LONGEST), 0.0),
        'expect': section.take('expect', _claims, ()),
    }
    kind, value = section.one_of(deeds)
    section.close()
    return Step(kind, value, index, **about)


def _plan(value: Any, place: str) -> Plan:
    try:
        return parse(text(value, place))
    except PlanError as error:
        raise ConfigError(f'{place}: {error}') from None


def _deeds(folder: Path) -> Mapping[str, Check]:
    """Return what a step can do, with the check of its value."""
    return {
        'say': text, 'partial': text, 'hear': lambda value, place: _sound(value, place, folder),
        'send': lambda value, place: str(_plan(value, place)), 'raw': text,
        'service': word(('stop', 'resume', 'confirm', 'deny')),
        'fault': word(FAULTS), 'wait': number(0.0, LONGEST, 's'),
        'play': lambda value, place: _bag(value, place, folder), 'close': none,
    }


DEEDS = tuple(_deeds(Path()))
"""What a step can do; each has a paragraph in docs/simulation.md."""


def _sound(value: Any, place: str, folder: Path) -> Sound:
    """Return what is spoken: words alone, or a mapping with words or file, voice, noise, snr."""
    if isinstance(value, str):
        return Sound(text(value, place))
    section = Section(value, place)
    words, file = section.take('words', text, ''), section.take('file', text)
    sound = Sound(words, folder / file if file else None,
                  section.take('voice', text, Sound.voice),
                  section.take('noise', word(('white', 'pink', 'motor')), Sound.noise),
                  section.take('snr', number(-20, 100, 'dB'), Sound.snr))
    section.close()
    if bool(words) == bool(file):
        raise ConfigError(f'{place} needs either words or file')
    return sound


def _bag(value: Any, place: str, folder: Path) -> Any:
    """Return what is played back: the path of a bag, or a list of [seconds, topic, text]."""
    if isinstance(value, str):
        return folder / text(value, place)

    def entry(item: Any, where: str) -> tuple[float, str, str]:
        if not isinstance(item, list) or len(item) != 3:
            raise ConfigError(f'{where} must be [seconds, topic, text], got {shorten(str(item))}')
        return (number(0.0, LONGEST, 's')(item[0], where),
                word(('command', 'transcript', 'partial', 'plan'))(item[1], where),
                text(item[2], where))
    return many(entry)(value, place) if value and isinstance(value[0], list) \
        else many(entry)([value], place)


def _claims(data: Any, place: str) -> tuple[Claim, ...]:
    """Return the claims of a mapping from their names."""
    section = Section(data, place)
    claims = []
    for name, (check, _) in CLAIMS.items():
        value = section.take(name, check)
        if value is not None:
            claims.append(Claim(name, value))
    section.close()
    return tuple(claims)

"""What travels on the topics as JSON: plan records, events and the robot's state."""

from dataclasses import asdict, dataclass, field, fields
import json
import math
from typing import Any, Mapping, Optional, Type, TypeVar
import uuid

from shadow_ros.errors import PlanError, shorten
from shadow_ros.plan import parse, Plan

EVENT_KINDS = ('accepted', 'refused', 'confirm', 'started', 'progress', 'done', 'cancelled',
               'failed', 'stopped')
FINAL_KINDS = ('refused', 'done', 'cancelled', 'failed')

_T = TypeVar('_T')


def new_id() -> str:
    """Return an id for a plan record: 12 hexadecimal digits, unique enough for a robot's life."""
    return uuid.uuid4().hex[:12]


@dataclass(frozen=True)
class PlanRecord:
    """
    A plan on its way from intent to action, with where it came from.

    `stamp` is when the command was received (seconds since the epoch), `source` who gave it
    (command, speech, stop word, cli, ...), `by` who made it (edge or cloud), `timing_ms` how
    long each step took.
    """

    plan: Plan
    id: str = field(default_factory=new_id)
    stamp: float = 0.0
    source: str = ''
    text: str = ''
    by: str = 'edge'
    confidence: float = 1.0
    model: str = ''
    timing_ms: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the record as one line of JSON."""
        return json.dumps({
            'id': self.id, 'stamp': self.stamp, 'source': self.source, 'text': self.text,
            'plan': str(self.plan), **self.plan.to_dict(), 'by': self.by,
            'confidence': self.confidence, 'model': self.model,
            'timing_ms': dict(self.timing_ms)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> 'PlanRecord':
        """
        Return the record of a JSON line, or raise PlanError.

        `plan` (text) or `actions` (with `reply`) is enough; when both are there they must agree.
        A bare plan text such as `[SIT]` is a record too, for people at a terminal.
        """
        if not text.lstrip().startswith('{'):
            return cls(parse(text))
        data = load_object(text, 'a plan record')
        if 'plan' not in data and 'actions' not in data:
            raise PlanError(f'a plan record needs plan or actions, got {shorten(text)}')
        plans = []
        if 'plan' in data:
            plans.append(parse(_text(data, 'plan')))
        if 'actions' in data:
            plans.append(Plan.from_dict(
                {k: data[k] for k in ('actions', 'reply', 'route') if k in data}))
        if any(plan.actions != plans[0].actions for plan in plans):
            raise PlanError(f'plan and actions of a record must agree, got {plans[0]} '
                            f'and {plans[-1]}')
        timing = data.get('timing_ms', {})
        if not isinstance(timing, Mapping):
            raise PlanError(f'timing_ms must be an object, got {shorten(str(timing))}')
        return cls(
            plan=plans[0], id=_text(data, 'id') or new_id(), stamp=_number(data, 'stamp'),
            source=_text(data, 'source'), text=_text(data, 'text'),
            by=_text(data, 'by') or 'edge', confidence=_number(data, 'confidence', 1.0),
            model=_text(data, 'model'),
            timing_ms={str(k): _number(timing, k) for k in timing})


@dataclass(frozen=True)
class Event:
    """
    One thing that happened to a plan; `index` is the action's place in it, -1 for the whole plan.

    `action` is the action's tag, `reason` a sentence for the user, `data` figures (metres,
    degrees, milliseconds) for programs.
    """

    plan_id: str
    kind: str
    index: int = -1
    action: str = ''
    reason: str = ''
    time: float = 0.0
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the event as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> 'Event':
        """Return the event of a JSON line, or raise PlanError."""
        return _known(cls, load_object(text, 'an event'))

    @property
    def ends_plan(self) -> bool:
        """Return whether nothing more will come for this plan."""
        return self.index == -1 and self.kind in FINAL_KINDS


@dataclass(frozen=True)
class Feedback:
    """
    What a user says about a plan: that it was right, or wrong, or what it should have been.

    `should_be` is a plan's text: '' for no motion at all, None when the user did not say.
    `source` is who told it (cli, service, spoken, console), `text` the user's words, `time` is
    since the epoch (s).
    """

    plan_id: str
    right: bool
    should_be: Optional[str] = None
    source: str = ''
    text: str = ''
    time: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.plan_id, str) or not self.plan_id:
            raise PlanError(f'feedback needs a plan_id, got {shorten(str(self.plan_id))}')
        if not isinstance(self.right, bool):
            raise PlanError(f'right must be true or false, got {shorten(str(self.right))}')
        if self.should_be is not None and not isinstance(self.should_be, str):
            raise PlanError(f'should_be must be text, got {shorten(str(self.should_be))}')
        if self.right and self.should_be is not None:
            raise PlanError('a plan that was right should not be anything else; leave should_be '
                            f'out, got {shorten(self.should_be)}')
        parse(self.should_be or '')

    def to_json(self) -> str:
        """Return the feedback as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> 'Feedback':
        """Return the feedback of a JSON line, or raise PlanError."""
        data = load_object(text, 'feedback')
        for key in ('source', 'text'):
            _text(data, key)
        _number(data, 'time')
        return _known(cls, data)


@dataclass(frozen=True)
class Comparison:
    """What edge and cloud made of the same command, for bags: plan texts, models, times (ms)."""

    plan_id: str
    text: str
    edge: str
    cloud: str
    same: bool
    edge_confidence: float = 0.0
    cloud_confidence: float = 0.0
    edge_model: str = ''
    cloud_model: str = ''
    edge_ms: float = 0.0
    cloud_ms: float = 0.0

    def to_json(self) -> str:
        """Return the comparison as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> 'Comparison':
        """Return the comparison of a JSON line, or raise PlanError."""
        return _known(cls, load_object(text, 'a comparison'))


@dataclass(frozen=True)
class RobotState:
    """The content of the `state` topic; `battery` is in percent, -1 when the body has none."""

    posture: str = 'unknown'
    moving: bool = False
    stopped: bool = False
    body: str = ''
    battery: float = -1.0
    backbone_attached: bool = False
    model: str = ''

    def to_json(self) -> str:
        """Return the state as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> 'RobotState':
        """Return the state of a JSON line, or raise PlanError."""
        return _known(cls, load_object(text, 'a state'))


def load_object(text: str, what: str) -> dict[str, Any]:
    """Return the JSON object that the text holds; raise PlanError naming `what` it should be."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanError(f'{what} must be JSON, got {shorten(text)}: {error}') from None
    if not isinstance(data, dict):
        raise PlanError(f'{what} must be a JSON object, got {shorten(text)}')
    return data


def _known(cls: Type[_T], data: Mapping[str, Any]) -> _T:
    """Return the dataclass from the keys it knows; later versions may add keys."""
    names = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    try:
        return cls(**{k: v for k, v in data.items() if k in names})
    except TypeError as error:
        raise PlanError(f'incomplete {cls.__name__}: {error}') from None


def _text(data: Mapping[str, Any], key: str) -> str:
    """Return a text of the record, '' when it is not there."""
    value = data.get(key, '')
    if not isinstance(value, str):
        raise PlanError(f'{key} must be text, got {shorten(str(value))}')
    return value


def _number(data: Mapping[str, Any], key: str, default: float = 0.0) -> float:
    """Return a finite number of the record."""
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
        raise PlanError(f'{key} must be a finite number, got {shorten(str(value))}')
    return float(value)


def _finite(number: float) -> bool:
    """Return whether a float can hold the number; JSON knows integers past all floats."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False

"""The guard: every plan passes these rules before anything moves; pure, time passed in."""

from dataclasses import dataclass, field
import math
from typing import Callable, Mapping, Optional, Sequence

from shadow_ros.actions import MAX_ACTIONS, MAX_PLAN_SECONDS, Risk, Speed, SPEEDS
from shadow_ros.phrases import language, say, spoken
from shadow_ros.plan import Action
from shadow_ros.records import PlanRecord
from shadow_ros.robot.body import BodyState

STALE_SECONDS = 0.5
"""A body that has not reported for this long is not known to be anywhere."""

_FROM_ANYWHERE = {'STOP', 'STAND', 'RECOVER', 'DAMP', 'SPEED', 'AVOID', 'REMOTE'}
_ENDS_IN = {'SIT': 'sit', 'LIE': 'lie', 'DAMP': 'damp'}


@dataclass(frozen=True)
class Step:
    """One action to run; `index` is its place in the plan, `inserted` marks the guard's own."""

    action: Action
    index: int
    inserted: bool = False


@dataclass(frozen=True)
class Settings:
    """
    What the operator allows.

    `confirm_seconds` is how long a question waits for its yes, `cloud_actions` how many actions a
    plan of the cloud may have without one, `cloud_confidence` how sure it must be of it.
    """

    acrobatics: bool = False
    confirm_seconds: float = 8.0
    cloud_actions: int = 3
    cloud_confidence: float = 0.6


@dataclass(frozen=True)
class Situation:
    """
    What a rule may look at besides the plan.

    `speed` is the walking level ('slow', 'normal', 'fast'), `refusal` the body's own veto,
    `stopped_at` the stamp (epoch seconds) of the last stop and `stopped_text` what was said then.
    """

    now: float
    state: BodyState
    settings: Settings
    speed: str = 'normal'
    latched: bool = False
    stopped_at: float = -math.inf
    stopped_text: str = ''
    refusal: Callable[[Action], str] = field(default=lambda action: '')


Rule = Callable[[PlanRecord, Situation, str], str]
"""(record, situation, language) -> why it is refused, '' when this rule has nothing against it."""


def walking_speed(action: Action, level: str) -> Speed:
    """Return the speeds of a MOVE or TURN: its own word, else the level set by SPEED."""
    return SPEEDS[str(action.get('speed') or level)]


def nominal_seconds(action: Action, level: str) -> float:
    """Return how long the action takes when nothing hinders it, in seconds."""
    speed = walking_speed(action, level)
    if action.name == 'MOVE':
        return max(abs(action.amount('x')) / speed.forward,
                   abs(action.amount('y')) / speed.sideways)
    if action.name == 'TURN':
        return abs(math.radians(action.amount('yaw'))) / speed.turn
    return action.spec.seconds


def only_stops(record: PlanRecord) -> bool:
    """Return whether the plan does nothing but stop."""
    return bool(record.plan.actions) and all(a.name == 'STOP' for a in record.plan.actions)


def _latched(record: PlanRecord, situation: Situation, lang: str) -> str:
    return say('latched', lang) if situation.latched else ''


def _superseded(record: PlanRecord, situation: Situation, lang: str) -> str:
    # The sentence that held the stop word ("stop and sit down") is itself not older than the stop.
    older = 0.0 < record.stamp < situation.stopped_at
    same = bool(record.text) and record.text == situation.stopped_text
    return say('superseded', lang) if older and not same else ''


def _too_many(record: PlanRecord, situation: Situation, lang: str) -> str:
    count = len(record.plan.actions)
    return say('too_many', lang, limit=MAX_ACTIONS, count=count) if count > MAX_ACTIONS else ''


def _limits(record: PlanRecord, situation: Situation, lang: str) -> str:
    for action in record.plan.actions:
        numbers = [p for p in action.spec.parameters if p.kind == 'number']
        for parameter in numbers:
            value = action.amount(parameter.name)
            if not abs(value) <= parameter.limit:
                return say('over_limit', lang, action=action.name, name=parameter.name,
                           limit=parameter.limit, unit=parameter.unit, value=value)
        if numbers and not any(action.amount(p.name) for p in numbers):
            return say('nothing', lang, action=action.name)
    return ''


def _duration(record: PlanRecord, situation: Situation, lang: str) -> str:
    seconds, level = 0.0, situation.speed
    for action in record.plan.actions:
        seconds += nominal_seconds(action, level)
        level = str(action.get('level') or level)
    return say('too_long', lang, seconds=seconds, limit=MAX_PLAN_SECONDS) \
        if seconds > MAX_PLAN_SECONDS else ''


def _acrobatics(record: PlanRecord, situation: Situation, lang: str) -> str:
    for action in record.plan.actions:
        if action.spec.risk is Risk.ACROBATIC and not situation.settings.acrobatics:
            return say('acrobatics_off', lang, action=action.name)
    return ''


def _body(record: PlanRecord, situation: Situation, lang: str) -> str:
    reasons = map(situation.refusal, record.plan.actions)
    return next((spoken(reason, lang) for reason in reasons if reason), '')


def _fresh(record: PlanRecord, situation: Situation, lang: str) -> str:
    silent = situation.now - situation.state.stamp
    return say('no_state', lang, seconds=min(silent, 999.0)) if silent > STALE_SECONDS else ''


def _posture(record: PlanRecord, situation: Situation, lang: str) -> str:
    posture = situation.state.posture
    first = record.plan.actions[0]
    lost = posture in ('unknown', 'acrobatic') and first.name not in _FROM_ANYWHERE
    return say('posture_unknown', lang, posture=posture) if lost else ''


RULES: Mapping[str, Rule] = {
    'latched': _latched, 'superseded': _superseded, 'too_many': _too_many, 'limits': _limits,
    'duration': _duration, 'acrobatics': _acrobatics, 'body': _body, 'fresh': _fresh,
    'posture': _posture,
}


def refuse(record: PlanRecord, situation: Situation, rules: Mapping[str, Rule] = RULES) -> str:
    """
    Return why the plan must not run, in the language of its text, or '' when it may.

    A plan that only stops is never refused.
    """
    if only_stops(record) or not record.plan.actions:
        return ''
    lang = language(record.text or record.plan.reply)
    return next((why for why in (rule(record, situation, lang) for rule in rules.values())
                 if why), '')


def needs_yes(record: PlanRecord, cloud_actions: int = 3,
              cloud_confidence: float = 0.6) -> tuple[Action, ...]:
    """
    Return the actions that a person must confirm before the plan may run.

    A plan from the cloud with more than `cloud_actions` actions is confirmed whole, and so is one
    of which it is less sure than `cloud_confidence`; a plan that only stops never is.
    """
    actions = record.plan.actions
    if record.by == 'cloud' and not only_stops(record) and (
            len(actions) > cloud_actions or record.confidence < cloud_confidence):
        return actions
    return tuple(a for a in actions if a.spec.risk in (Risk.ACROBATIC, Risk.LIMP)
                 or (a.name == 'AVOID' and a.get('on') is False))


def steps(actions: Sequence[Action], posture: str) -> tuple[Step, ...]:
    """Return the actions as steps, with STAND put before what cannot start from the posture."""
    result = []
    for index, action in enumerate(actions):
        if _must_stand(action.name, posture):
            result.append(Step(Action('STAND'), index, inserted=True))
            posture = 'stand'
        result.append(Step(action, index))
        posture = _after(action.name, posture)
    return tuple(result)


def _must_stand(name: str, posture: str) -> bool:
    """Return whether a dog that sits, lies or is limp has to stand up before this action."""
    if name in _FROM_ANYWHERE or _ENDS_IN.get(name) == posture:
        return False
    if name == 'LIE' and posture == 'damp':
        return False  # it lies already; StandDown only stiffens the legs
    return posture in ('sit', 'lie', 'damp')


def _after(name: str, posture: str) -> str:
    """Return the posture that the action leaves behind."""
    if name in ('STOP', 'SPEED', 'AVOID', 'REMOTE'):
        return posture
    return _ENDS_IN.get(name, 'stand')


@dataclass(frozen=True)
class Question:
    """A plan that waits for a yes until the deadline (monotonic seconds)."""

    record: PlanRecord
    text: str
    deadline: float


def question(record: PlanRecord, now: float, settings: Settings) -> Optional[Question]:
    """Return what must be asked before the plan may run, or None."""
    asked = needs_yes(record, settings.cloud_actions, settings.cloud_confidence)
    if not asked:
        return None
    text = say('confirm', language(record.text or record.plan.reply),
               actions=' '.join(str(action) for action in asked),
               seconds=settings.confirm_seconds)
    return Question(record, text, now + settings.confirm_seconds)

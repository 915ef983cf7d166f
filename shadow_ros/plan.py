"""Plans: zero to five action tags and a spoken reply, as objects, text and JSON."""

from dataclasses import dataclass
import re
from typing import Any, Mapping, Optional

from shadow_ros.actions import ACTIONS, ActionSpec, spec, Value
from shadow_ros.errors import PlanError, shorten

_TAG = re.compile(r'\[([^\[\]]*)\]')
_PAIR = re.compile(r'([^\s=]+)=([^\s=]*)')
_MAX_TAG = 200  # characters; far longer than any real tag, short enough to parse in no time


@dataclass(frozen=True)
class Action:
    """
    One action of the table with its parameters, checked at construction.

    `parameters` holds (name, value) pairs in the table's order, so equal actions compare and
    hash equal. Build one with `Action.of('MOVE', x=2.0)`.
    """

    name: str
    parameters: tuple[tuple[str, Value], ...] = ()

    def __post_init__(self) -> None:
        row = spec(self.name)
        given: dict[str, Value] = {}
        for key, value in self.parameters:
            if key in given:
                raise PlanError(f'{self.name} got {key} twice; say it once')
            given[key] = row.parameter(key).check(value)
        missing = [p.name for p in row.parameters if p.required and p.name not in given]
        if missing:
            raise PlanError(f'{self.name} needs {" and ".join(missing)}, got '
                            f'{", ".join(given) or "no parameters"}')
        if self.name == 'MOVE' and not {'x', 'y'} & given.keys():
            raise PlanError('MOVE needs x or y in metres, got neither')
        object.__setattr__(self, 'parameters', tuple(
            (p.name, given[p.name]) for p in row.parameters if p.name in given))

    @classmethod
    def of(cls, name: str, **parameters: Value) -> 'Action':
        """Return the action with these parameters."""
        return cls(name, tuple(parameters.items()))

    @property
    def spec(self) -> ActionSpec:
        """Return the action's row of the table."""
        return ACTIONS[self.name]

    def get(self, key: str) -> Optional[Value]:
        """Return the parameter's value, or None when it was not given."""
        return dict(self.parameters).get(key)

    def amount(self, key: str) -> float:
        """Return a number parameter (m or deg); 0.0 when it was not given."""
        return float(self.get(key) or 0.0)

    def __str__(self) -> str:
        """Return the tag: `[MOVE x=2.0]`."""
        row = self.spec
        pairs = (f' {key}={row.parameter(key).format(value)}' for key, value in self.parameters)
        return f'[{self.name}{"".join(pairs)}]'

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: `{"name": "MOVE", "x": 2.0}`."""
        return {'name': self.name, **dict(self.parameters)}

    @classmethod
    def from_dict(cls, data: object) -> 'Action':
        """Return the action of a JSON object, or raise PlanError."""
        if not isinstance(data, Mapping) or not isinstance(data.get('name'), str):
            raise PlanError(f'an action must be an object with a name, got {shorten(str(data))}')
        return cls(data['name'], tuple((str(k), v) for k, v in data.items() if k != 'name'))


@dataclass(frozen=True)
class Plan:
    """
    Actions in order, then what the robot says.

    The reply is kept on one line with single spaces and may hold no square brackets, so that
    `parse(str(plan)) == plan` for every plan. REMOTE stands alone: it means that nothing can be
    done here. How many actions are allowed is the guard's matter, not the language's.
    """

    actions: tuple[Action, ...] = ()
    reply: str = ''

    def __post_init__(self) -> None:
        reply = ' '.join(self.reply.split())
        if '[' in reply or ']' in reply:
            raise PlanError('expected tags first, then a reply without square brackets, got '
                            + shorten(reply))
        object.__setattr__(self, 'actions', tuple(self.actions))
        object.__setattr__(self, 'reply', reply)
        if len(self.actions) > 1 and any(a.name == 'REMOTE' for a in self.actions):
            raise PlanError('REMOTE must be the only action of its plan, got '
                            + shorten(''.join(str(a) for a in self.actions)))

    @property
    def route(self) -> str:
        """Return 'talk' (no tag), 'remote' (the plan is REMOTE) or 'edge'."""
        if not self.actions:
            return 'talk'
        return 'remote' if self.actions[0].name == 'REMOTE' else 'edge'

    def __str__(self) -> str:
        """Return the text form: `[MOVE x=2.0][SIT] On it!`."""
        tags = ''.join(str(action) for action in self.actions)
        return f'{tags} {self.reply}' if tags and self.reply else tags or self.reply

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {'actions': [action.to_dict() for action in self.actions],
                'reply': self.reply, 'route': self.route}

    @classmethod
    def from_dict(cls, data: object) -> 'Plan':
        """Return the plan of a JSON object; `reply` and `route` may be left out."""
        if not isinstance(data, Mapping) or not isinstance(data.get('actions'), (list, tuple)):
            raise PlanError(
                f'a plan must be an object with a list of actions, got {shorten(str(data))}')
        reply = data.get('reply', '')
        if not isinstance(reply, str):
            raise PlanError(f'reply must be text, got {shorten(str(reply))}')
        unknown = sorted(set(data) - {'actions', 'reply', 'route'})
        if unknown:
            raise PlanError(f'a plan holds actions, reply and route, got {shorten(unknown[0])}')
        plan = cls(tuple(Action.from_dict(item) for item in data['actions']), reply)
        if data.get('route', plan.route) != plan.route:
            raise PlanError(f'the route of {shorten(str(plan))} is {plan.route}, '
                            f'got {shorten(str(data["route"]))}')
        return plan


def parse(text: str) -> Plan:
    """
    Return the plan that a text holds, or raise PlanError.

    Tolerant of form (`[ move X = +2 ]`, `[MOVE x=2m, speed=FAST]`), strict in meaning: an
    unknown name or parameter, a missing or repeated one, or a number that is not finite is an
    error, and so is a tag after the reply has begun.
    """
    actions = []
    rest = text.strip()
    position = 0
    while match := _TAG.match(rest, position):
        actions.append(_parse_tag(match[1]))
        position = match.end()
        while position < len(rest) and rest[position].isspace():
            position += 1
    return Plan(tuple(actions), rest[position:])


def _parse_tag(body: str) -> Action:
    """Return the action between the brackets of one tag."""
    if len(body) > _MAX_TAG:
        raise PlanError(f'a tag has at most {_MAX_TAG} characters, got {len(body)}')
    body = re.sub(r'\s*=\s*', '=', body.replace(',', ' ').replace(';', ' '))
    words = body.split()
    names = [word for word in words if '=' not in word]
    pairs = [word for word in words if '=' in word]
    if not names or words[:len(names)] != names or not all(n.isascii() for n in names):
        raise PlanError(f'a tag is [NAME key=value ...], got {shorten("[" + body + "]")}')
    row = spec('_'.join(names).upper().replace('-', '_'))
    parameters = []
    for pair in pairs:
        match = _PAIR.fullmatch(pair)
        if not match:
            raise PlanError(f'a parameter is key=value, got {shorten(pair)} in {row.name}')
        key = match[1].lower()
        parameters.append((key, row.parameter(key).parse(match[2])))
    return Action(row.name, tuple(parameters))

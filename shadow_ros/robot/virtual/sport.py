"""The calls of the `sport` service, from id and JSON parameter to what the dog does."""

import json
from typing import Any, Callable, Mapping

from shadow_ros.robot.virtual.base import Triple
from shadow_ros.robot.virtual.codes import Code
from shadow_ros.robot.virtual.dog import Dog
from shadow_ros.robot.virtual.skills import (
    AGILE, GAITS, LEAVE_TALL, NEW_SKILLS, OLD_SKILLS, POSE, POSE_SKILL, SETTLE, SWITCHED_GAITS,
    TALL_SKILLS)

Reply = tuple[Code, str]
"""A status code and the data, JSON or ''."""

_LARGEST = 1e6
_EULER_LIMITS = (0.75, 0.75, 0.6)  # rad


class BadParameter(ValueError):
    """The parameter of a call is not what it must be; answered with 3204."""


class Sport:
    """
    The `sport` service (`rt/api/sport/request`) of a Go2.

    `firmware` is 'new' (from about 1.1.6: ids 20xx and 1061 to 1063) or 'old' (before: those get
    3203, and 1011 to 1026 are served; 1012 and 1018 are not). Every call is answered at once,
    before the motion ends; Move is sent with no reply wanted.
    """

    name = 'sport'
    version = '1.0.0.1'

    def __init__(self, dog: Dog, firmware: str = 'new') -> None:
        self.dog = dog
        self.settings: dict[str, Any] = {
            'speed level': 0, 'joystick': True, 'auto recovery': True, 'avoid mode': False,
            'body height': 0.0, 'foot raise height': 0.0}
        self._skills = NEW_SKILLS if firmware == 'new' else OLD_SKILLS
        self._calls = {**_BOTH, **(_NEW if firmware == 'new' else _OLD)}

    def handle(self, api_id: int, parameter: str, now: float) -> Reply:
        """Carry out one call."""
        if api_id in self._skills:
            return self.dog.perform(self._skills[api_id], now), ''
        if api_id not in self._calls:
            return Code.NOT_IMPLEMENTED, ''
        try:
            return self._calls[api_id](self, parse(parameter), now)
        except BadParameter:
            return Code.BAD_PARAMETER, ''


def parse(parameter: str) -> Mapping[str, Any]:
    """Return the JSON object that a parameter holds; '' is an empty one."""
    try:
        data = json.loads(parameter or '{}')
    except (ValueError, RecursionError):
        raise BadParameter('not JSON') from None
    if not isinstance(data, dict):
        raise BadParameter('not an object')
    return data


def number(data: Mapping[str, Any], key: str) -> float:
    """Return a finite number."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadParameter(key)
    if not abs(value) < _LARGEST:  # in this form NaN is refused too
        raise BadParameter(key)
    return float(value)


def flag(data: Mapping[str, Any], key: str = 'data') -> bool:
    """Return a bool; 0 and 1 will do, as the older clients send them."""
    value = data.get(key)
    if value not in (0, 1) or isinstance(value, float):
        raise BadParameter(key)
    return bool(value)


_Call = Callable[[Sport, Mapping[str, Any], float], Reply]


def _stop(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
    sport.dog.stop(now)
    return Code.OK, ''


def _move(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
    velocity: Triple = (number(data, 'x'), number(data, 'y'), number(data, 'z'))
    return (Code.OK if sport.dog.move(velocity, now) else Code.NOT_READY), ''


def _euler(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
    roll, pitch, yaw = angles = [number(data, key) for key in 'xyz']
    if any(abs(angle) > limit for angle, limit in zip(angles, _EULER_LIMITS)):
        raise BadParameter('angle')
    return sport.dog.lean(roll, pitch, yaw, now), ''


def _speed_level(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
    if number(data, 'data') not in (-1, 0, 1):
        raise BadParameter('data')
    sport.settings['speed level'] = int(data['data'])
    return Code.OK, ''


def _pose(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
    if flag(data):
        return sport.dog.perform(POSE_SKILL, now), ''
    return (sport.dog.perform(SETTLE, now) if sport.dog.posture is POSE else Code.OK), ''


def _tall(api_id: int) -> _Call:
    """Return the call that enters or leaves a posture on two legs."""
    skill = TALL_SKILLS[api_id]

    def call(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
        if flag(data):
            return sport.dog.perform(skill, now), ''
        if sport.dog.heads_for(skill.to):
            return sport.dog.perform(LEAVE_TALL, now), ''
        return Code.OK, ''
    return call


def _gait(api_id: int) -> _Call:
    """Return the call that chooses a gait."""
    def call(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
        return sport.dog.walk_as(GAITS[api_id], now), ''
    return call


def _switched_gait(api_id: int) -> _Call:
    """Return the call that switches a gait on, or back to the agile one."""
    def call(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
        gait = SWITCHED_GAITS[api_id] if flag(data) else AGILE
        return sport.dog.walk_as(gait, now), ''
    return call


def _set(key: str, read: Callable[[Mapping[str, Any]], Any]) -> _Call:
    """Return the call that keeps a setting."""
    def call(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
        sport.settings[key] = read(data)
        return Code.OK, ''
    return call


def _get(key: str) -> _Call:
    """Return the call that tells a setting."""
    def call(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
        return Code.OK, json.dumps({'data': sport.settings[key]})
    return call


def _toggle_avoid(sport: Sport, data: Mapping[str, Any], now: float) -> Reply:
    sport.settings['avoid mode'] = not sport.settings['avoid mode']
    return Code.OK, ''


def _data(data: Mapping[str, Any]) -> float:
    return number(data, 'data')


_BOTH: Mapping[int, _Call] = {
    1003: _stop,
    1007: _euler,
    1008: _move,
    1015: _speed_level,
    1027: _set('joystick', flag),
    1028: _pose,
}
_NEW: Mapping[int, _Call] = {
    **{api_id: _gait(api_id) for api_id in GAITS},
    **{api_id: _switched_gait(api_id) for api_id in SWITCHED_GAITS},
    **{api_id: _tall(api_id) for api_id in TALL_SKILLS},
    2054: _set('auto recovery', flag),
    2055: _get('auto recovery'),
    2058: _toggle_avoid,
}
_OLD: Mapping[int, _Call] = {
    1011: _set('gait', _data),
    1013: _set('body height', _data),
    1014: _set('foot raise height', _data),
    1019: _set('continuous gait', flag),
    1024: _get('body height'),
    1025: _get('foot raise height'),
    1026: _get('speed level'),
}

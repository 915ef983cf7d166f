"""The services beside `sport`: motion switcher, obstacle avoidance, light and volume."""

import json
from typing import Any, Mapping

from shadow_ros.robot.virtual.codes import Code
from shadow_ros.robot.virtual.dog import Dog
from shadow_ros.robot.virtual.skills import DAMPING
from shadow_ros.robot.virtual.sport import BadParameter, flag, number, parse, Reply

_MODES = {'new': ('mcf', 'ai'), 'old': ('normal', 'ai', 'advanced')}


class MotionSwitcher:
    """
    The `motion_switcher` service: 1001 CheckMode, 1002 SelectMode, 1003 ReleaseMode.

    A new firmware starts in `mcf`, an old one in `normal`. With the mode released (name '') the
    motors are limp and the sport service is silent, as on the robot, until a mode is selected.
    """

    name = 'motion_switcher'
    version = '1.0.0.1'

    def __init__(self, dog: Dog, firmware: str = 'new') -> None:
        self.dog = dog
        self.known = _MODES[firmware]
        self.mode = self.known[0]

    def handle(self, api_id: int, parameter: str, now: float) -> Reply:
        """Carry out one call."""
        if api_id == 1001:
            return Code.OK, json.dumps({'form': '0', 'name': self.mode})
        if api_id == 1003:
            self.mode = ''
            return self.dog.perform(DAMPING, now), ''
        if api_id != 1002:
            return Code.NOT_IMPLEMENTED, ''
        try:
            return self._select(parse(parameter).get('name')), ''
        except BadParameter:
            return Code.BAD_PARAMETER, ''

    def _select(self, name: object) -> Code:
        """Enter a mode; the posture stays."""
        if name not in self.known:
            return Code.BAD_PARAMETER
        if name == self.mode:
            return Code.SAME_MODE
        self.mode = str(name)
        return Code.OK


class ObstaclesAvoid:
    """
    The `obstacles_avoid` service.

    1001 SwitchSet, 1002 SwitchGet, 1003 Move, 1004 UseRemoteCommandFromApi. Move is obeyed while
    the service is switched on and takes its commands from the api: as a velocity (mode 0), as a
    way from here (1) or as a pose of the odometry frame (2), in m and rad; the turn is called
    `yaw` here. The only obstacle there can be is a wall, seen straight ahead.
    """

    name = 'obstacles_avoid'
    version = '1.0.0.2'

    def __init__(self, dog: Dog) -> None:
        self.dog = dog
        self.on = False
        self.from_api = False

    def handle(self, api_id: int, parameter: str, now: float) -> Reply:
        """Carry out one call."""
        if api_id == 1002:
            return Code.OK, json.dumps({'enable': self.on})
        try:
            return self._order(api_id, parse(parameter), now), ''
        except BadParameter:
            return Code.BAD_PARAMETER, ''

    def _order(self, api_id: int, data: Mapping[str, Any], now: float) -> Code:
        """Carry out a call that changes something."""
        if api_id == 1001:
            self.on = flag(data, 'enable')
        elif api_id == 1004:
            self.from_api = flag(data, 'is_remote_commands_from_api')
        elif api_id == 1003:
            return self._move(data, now)
        else:
            return Code.NOT_IMPLEMENTED
        return Code.OK

    def _move(self, data: Mapping[str, Any], now: float) -> Code:
        """Walk, guarded."""
        x, y, yaw = (number(data, key) for key in ('x', 'y', 'yaw'))
        mode = data.get('mode', 0)
        if mode not in (0, 1, 2):
            raise BadParameter('mode')
        if not (self.on and self.from_api):
            return Code.NOT_READY
        if mode == 0:
            obeyed = self.dog.move((x, y, yaw), now, guarded=True)
        else:
            goal = self.dog.walker.base.ahead((x, y, yaw)) if mode == 1 else (x, y, yaw)
            obeyed = self.dog.seek(goal, now)
        return Code.OK if obeyed else Code.NOT_READY


class Vui:
    """The `vui` service: light and volume, kept and told again (ids 1001 to 1006)."""

    name = 'vui'
    version = '1.0.0.1'
    _KEYS = ('enable', 'volume', 'brightness')

    def __init__(self) -> None:
        self.settings = {'enable': 1, 'volume': 5, 'brightness': 5}

    def handle(self, api_id: int, parameter: str, now: float) -> Reply:
        """Carry out one call: odd ids set, even ids get."""
        which, gets = divmod(api_id - 1001, 2)
        if not 0 <= which < len(self._KEYS):
            return Code.NOT_IMPLEMENTED, ''
        key = self._KEYS[which]
        if gets:
            return Code.OK, json.dumps({key: self.settings[key]})
        try:
            self.settings[key] = int(number(parse(parameter), key))
        except BadParameter:
            return Code.BAD_PARAMETER, ''
        return Code.OK, ''

"""The first talk with a robot: what it is, in which mode, and what it can do; nothing moves."""

from dataclasses import dataclass, replace
import json
import time
from typing import Any, Callable, Optional, Sequence

from shadow_ros.errors import RobotError
from shadow_ros.robot.go2.calls import Answers
from shadow_ros.robot.sport.ids import (
    Avoid, MOTION_SWITCHER, OBSTACLES_AVOID, SPORT, Sport, Switcher)
from shadow_ros.robot.sport.request import Request, request
from shadow_ros.robot.sport.words import explain, NOT_IMPLEMENTED, OK, SAME_MODE

FIND_WITHIN = 5.0  # s in which a robot on the network must have answered
WAKE_WITHIN = 5.0  # s more that a motion mode needs to start; peers wait as long
TRY = 0.4  # s for one answer; a first request may be lost while DDS finds its partners
MODES = ('normal', 'ai', 'mcf')
"""Motion modes to select when none is, in this order; which exist depends on the firmware."""

Ask = Callable[[Sequence[Request], float], Answers]
"""(requests, seconds) -> for each a code and data, None when no answer came in time."""

_PROBE = request(SPORT, Sport.AUTORECOVERY_GET)
_ALIVE = request(SPORT, Sport.API_VERSION)
_CHECK = request(MOTION_SWITCHER, Switcher.CHECK_MODE)
_AVOID_GET = request(OBSTACLES_AVOID, Avoid.SWITCH_GET)


@dataclass(frozen=True)
class Facts:
    """
    What was learned of a robot.

    `new_table` tells whether it has the 20xx ids; `mode` is the motion mode, `avoids` whether
    obstacle avoidance is on; both are None without the service.
    """

    new_table: bool = False
    mode: Optional[str] = None
    avoids: Optional[bool] = None

    def __str__(self) -> str:
        """Return the facts in words."""
        avoids = {None: 'not there', True: 'on', False: 'off'}[self.avoids]
        return (f'{"new" if self.new_table else "old"} id table, motion mode '
                f'{self.mode or "unknown (no motion_switcher)"}, obstacle avoidance {avoids}')


def meet(ask: Ask, reports: Callable[[], bool], where: str,
         within: float = FIND_WITHIN) -> Facts:
    """
    Find out what robot answers, waking its motion mode if need be, or raise RobotError.

    `reports` tells whether its state comes; `where` names interface and domain; what must come
    has that many seconds.
    """
    _find(ask, reports, where, within)
    mode, avoids = _services(ask)
    if mode == '':
        mode = _select(ask)
        _find(ask, reports, where, within + WAKE_WITHIN, mode)
    new_table = _new_table(ask)
    _wait_for_reports(reports, where, within)
    return Facts(new_table, mode, avoids)


def _find(ask: Ask, reports: Callable[[], bool], where: str, seconds: float,
          mode: Optional[str] = None) -> None:
    """Wait for an answer of the sport service, or of a switcher that has no mode selected yet."""
    deadline = time.monotonic() + seconds
    while True:
        alive, probe, check = ask([_ALIVE, _PROBE, _CHECK], TRY)
        mode = _name(check) or mode
        if alive or probe or not mode and _name(check) == '':
            return
        if time.monotonic() > deadline:
            raise RobotError(_nobody(where, reports(), mode))


def _select(ask: Ask) -> str:
    """Select the first motion mode that the robot has, and return it."""
    reason = ''
    for name in MODES:
        answer = ask([request(MOTION_SWITCHER, Switcher.SELECT_MODE, name=name)], 5.0)[0]
        if answer and answer[0] in (OK, SAME_MODE):
            return name
        reason = explain(answer[0], f'SelectMode {name}') if answer else 'no answer came'
    raise RobotError('the robot has no motion mode selected, and none of '
                     f'{", ".join(MODES)} could be: {reason} Select one in the app.')


def _nobody(where: str, reports: bool, mode: Optional[str]) -> str:
    """Return why no sport service was found, and what to do."""
    if mode is not None:
        return (f'the robot on {where} is in motion mode {mode or "(none)"}, but its sport '
                'service does not answer: leave low-level or debug mode, or restart it')
    if reports:
        return (f'a robot on {where} reports its state, but its sport service does not answer: '
                'switch the service on, or leave low-level mode (a simulator of low-level '
                'commands has none; `shadow-ros virtual` has)')
    return (f'no robot answers on {where}: is it on, and is robot.network_interface the one to '
            'it (and robot.dds_domain 0 for a real Go2)? Without a robot start the virtual one '
            'with `shadow-ros virtual`')


def _new_table(ask: Ask) -> bool:
    """Return whether the 20xx ids exist, by asking one of them that moves nothing."""
    for _ in range(3):
        answer = ask([_PROBE], TRY)[0]
        if answer:
            return answer[0] != NOT_IMPLEMENTED
    return False


def _wait_for_reports(reports: Callable[[], bool], where: str, seconds: float) -> None:
    """Wait for the robot's state."""
    deadline = time.monotonic() + seconds
    while not reports():
        if time.monotonic() > deadline:
            raise RobotError(
                f'the sport service on {where} answers, but no rt/sportmodestate comes within '
                f'{seconds:.0f} s: without it nothing can be verified; check that multicast '
                'passes on that interface, or restart the robot')
        time.sleep(0.02)


def _services(ask: Ask) -> tuple[Optional[str], Optional[bool]]:
    """Return the motion mode and whether obstacles are avoided; None for an absent service."""
    mode: Optional[str] = None
    avoids: Optional[bool] = None
    for _ in range(3):
        check, switch = ask([_CHECK, _AVOID_GET], TRY)
        mode = _name(check) if check else mode
        if switch and switch[0] == OK:
            avoids = bool(_value(switch[1], 'enable'))
        if check and switch:
            break
    return mode, avoids


def _name(check: Optional[tuple[int, str]]) -> Optional[str]:
    """Return the motion mode that CheckMode tells, '' for none, None without an answer."""
    return str(_value(check[1], 'name') or '') if check and check[0] == OK else None


def _value(data: str, key: str) -> Any:
    """Return a value of the JSON object in an answer, None when there is none."""
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found.get(key) if isinstance(found, dict) else None


def set_avoidance(ask: Ask, on: bool, facts: Facts) -> Facts:
    """Switch obstacle avoidance, make sure that it has, and return the facts as they are then."""
    if facts.avoids is on or facts.avoids is None and not on:
        return facts
    if facts.avoids is None:
        raise _not_set('the service obstacles_avoid does not answer')
    reason = 'it answers, but stays as it is'
    for _ in range(10):  # peers find that it has to be said until it is so
        said, got = ask([request(OBSTACLES_AVOID, Avoid.SWITCH_SET, enable=on)], 1.0)[0], None
        if said and said[0] == OK:
            got = ask([_AVOID_GET], 1.0)[0]
        if got and _value(got[1], 'enable') is on:
            return replace(facts, avoids=on)
        if said and said[0] != OK:
            reason = explain(said[0], 'SwitchSet')
    raise _not_set(reason)


def _not_set(why: str) -> RobotError:
    return RobotError(f'robot.obstacle_avoidance cannot be set on this robot: {why}; '
                      'set it to keep')

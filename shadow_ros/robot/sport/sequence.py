"""From an action of the table to the steps that a Go2 takes for it, by the posture it is in."""

from typing import Callable, Mapping

from shadow_ros.actions import ACTIONS
from shadow_ros.errors import RobotError
from shadow_ros.plan import Action
from shadow_ros.robot.sport import posture as modes
from shadow_ros.robot.sport.ids import Avoid, FIRST_NEW_ID, OBSTACLES_AVOID, SPORT, Sport
from shadow_ros.robot.sport.request import listen, Request, request
from shadow_ros.robot.sport.step import Kind, Step
from shadow_ros.robot.sport.words import NOT_IMPLEMENTED

HOLD_SECONDS = 5.0
"""How long a handstand or upright walk is kept up, getting into it included."""

LISTEN_SECONDS = 0.5
"""What obstacle avoidance needs after it was told to listen to us, before the first Move."""

_LEVELS = {'slow': -1, 'normal': 0, 'fast': 1}


def _sport(api: Sport) -> Request:
    return request(SPORT, api)


BALANCE = Step(_sport(Sport.BALANCESTAND), Kind.POSTURE, 1.0, 5.0, modes.UNLOCKED,
               modes.UNLOCKED | {modes.POSE, modes.RECOVERY})
UNLOCK = Step(_sport(Sport.BALANCESTAND), Kind.POSTURE, 0.5, 3.0, modes.UNLOCKED,
              BALANCE.accepts, unless=modes.UNLOCKED)
"""BalanceStand before a motion that needs free joints; left out when they are."""

_RISE = Step(_sport(Sport.RISESIT), Kind.POSTURE, 2.5, 7.0, modes.STANDING, modes.STANDING)
_STAND_UP = Step(_sport(Sport.STANDUP), Kind.POSTURE, 2.5, 7.0, modes.STANDING, modes.STANDING)
_RECOVER = Step(_sport(Sport.RECOVERYSTAND), Kind.POSTURE, 3.0, 9.0,
                modes.STANDING - {modes.RECOVERY}, modes.STANDING)
_LAND = Step(_sport(Sport.RECOVERYSTAND), Kind.POSTURE, 3.0, 9.0, _RECOVER.reaches,
             modes.STANDING, unless=modes.UNLOCKED)
_SIT = Step(_sport(Sport.SIT), Kind.POSTURE, 3.0, 7.0, frozenset({modes.SIT}),
            frozenset({modes.SIT}))
_LIE = Step(_sport(Sport.STANDDOWN), Kind.POSTURE, 3.0, 7.0, frozenset({modes.LIE, modes.DAMP}),
            frozenset({modes.LIE, modes.DAMP}))
_DAMP = Step(_sport(Sport.DAMP), Kind.POSTURE, 2.0, 5.0, frozenset({modes.DAMP}),
             frozenset({modes.DAMP, modes.LIE}))

LISTEN = Step(listen(True), Kind.SETTING, LISTEN_SECONDS, 2.0, undo=listen(False))
"""What comes before velocities that go through obstacle avoidance."""

AFTER = {'SIT': 'sit', 'LIE': 'lie', 'DAMP': 'damp'}
"""The posture that an action leaves the dog in, where it is not 'stand'."""


def _stand(action: Action, mode: int) -> tuple[Step, ...]:
    """Return the way up from where the dog is; from no known posture recovery is the safe one."""
    ways = {modes.SIT: (_RISE, BALANCE), modes.LIE: (_STAND_UP, BALANCE)}
    if mode in modes.STANDING:
        return (BALANCE,)
    return ways.get(mode, (_RECOVER, BALANCE))


def _sit(action: Action, mode: int) -> tuple[Step, ...]:
    return () if mode == modes.SIT else (UNLOCK, _SIT)


def _lie(action: Action, mode: int) -> tuple[Step, ...]:
    return () if mode == modes.LIE else (_LIE,)


def _show(api: Sport) -> Callable[[Action, int], tuple[Step, ...]]:
    """Return the steps of a gesture."""
    def steps(action: Action, mode: int) -> tuple[Step, ...]:
        return (UNLOCK, _performance(action, api))
    return steps


def _stunt(api: Sport) -> Callable[[Action, int], tuple[Step, ...]]:
    """Return the steps of a jump or flip, after which the dog may have to recover."""
    def steps(action: Action, mode: int) -> tuple[Step, ...]:
        return (UNLOCK, _performance(action, api, stunt=True), _LAND, UNLOCK)
    return steps


def _performance(action: Action, api: Sport, stunt: bool = False) -> Step:
    seconds = ACTIONS[action.name].seconds
    return Step(_sport(api), Kind.SHOW, seconds, 2 * seconds + 3.0, modes.UNLOCKED,
                modes.STANDING, stunt=stunt)


def _tall(api: Sport) -> Callable[[Action, int], tuple[Step, ...]]:
    """Return the steps of a posture on two legs: into it, hold, out of it."""
    into, out = request(SPORT, api, data=True), request(SPORT, api, data=False)

    def steps(action: Action, mode: int) -> tuple[Step, ...]:
        return (UNLOCK,
                Step(into, Kind.HOLD, HOLD_SECONDS, HOLD_SECONDS + 4.0,
                     accepts=modes.STANDING | modes.AIRBORNE, undo=out, stunt=True),
                Step(out, Kind.POSTURE, 2.0, 7.0, modes.UNLOCKED, modes.STANDING),
                UNLOCK)
    return steps


def _speed(action: Action, mode: int) -> tuple[Step, ...]:
    """Return the setting; a firmware without it is no failure, our velocities are the level."""
    level = request(SPORT, Sport.SPEEDLEVEL, data=_LEVELS[str(action.get('level'))])
    return (Step(level, Kind.SETTING, 0.0, 2.0, tolerates=(NOT_IMPLEMENTED,)),)


def avoid(on: bool) -> Step:
    """Return the step that switches obstacle avoidance and makes sure that it has."""
    return Step(request(OBSTACLES_AVOID, Avoid.SWITCH_SET, enable=on), Kind.SETTING, 0.0, 4.0,
                confirm=request(OBSTACLES_AVOID, Avoid.SWITCH_GET), expects=('enable', on))


def _avoid(action: Action, mode: int) -> tuple[Step, ...]:
    return (avoid(bool(action.get('on'))),)


_SEQUENCES: Mapping[str, Callable[[Action, int], tuple[Step, ...]]] = {
    'STAND': _stand,
    'SIT': _sit,
    'LIE': _lie,
    'RECOVER': lambda action, mode: (_RECOVER, BALANCE),
    'BALANCE': lambda action, mode: (BALANCE,),
    'DAMP': lambda action, mode: (_DAMP,),
    'HELLO': _show(Sport.HELLO),
    'STRETCH': _show(Sport.STRETCH),
    'DANCE': _show(Sport.DANCE1),
    'HEART': _show(Sport.HEART),
    'SCRAPE': _show(Sport.SCRAPE),
    'POUNCE': _stunt(Sport.FRONTPOUNCE),
    'JUMP': _stunt(Sport.FRONTJUMP),
    'FRONT_FLIP': _stunt(Sport.FRONTFLIP),
    'BACK_FLIP': _stunt(Sport.BACKFLIP),
    'LEFT_FLIP': _stunt(Sport.LEFTFLIP),
    'HANDSTAND': _tall(Sport.HANDSTAND),
    'WALK_UPRIGHT': _tall(Sport.WALKUPRIGHT),
    'SPEED': _speed,
    'AVOID': _avoid,
}

PERFORMED = frozenset(_SEQUENCES)
"""Actions that are a Perform; MOVE, TURN and STOP are velocities, REMOTE is nothing."""


def sequence(action: Action, mode: int) -> tuple[Step, ...]:
    """
    Return the steps of an action from the mode that the robot reports; () when it is so already.

    Raise RobotError for an action that no request carries out.
    """
    if action.name not in _SEQUENCES:
        raise RobotError(f'expected one of {", ".join(sorted(PERFORMED))}, got {action.name}: '
                         'it is not a motion of its own')
    return _SEQUENCES[action.name](action, mode)


def requests(action: Action) -> tuple[Request, ...]:
    """Return the calls that are the action itself, whatever posture it starts from."""
    if action.name not in _SEQUENCES:
        return ()
    return tuple(step.request for step in sequence(action, modes.BALANCE) if step is not UNLOCK)


def needs_new_table(action: Action) -> bool:
    """Return whether the action uses an id that only newer firmware has."""
    return any(call.api >= FIRST_NEW_ID for call in requests(action))

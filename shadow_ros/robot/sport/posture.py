"""From what the robot reports of itself to a posture, as far as its codes can be trusted."""

from typing import Mapping, Optional

from shadow_ros.phrases import tell, Told

IDLE = 0
BALANCE, POSE, WALK, LIE, LOCK, DAMP, RECOVERY, SIT = 1, 2, 3, 5, 6, 7, 8, 10
FLIP, JUMP, POUNCE = 11, 12, 13

UNLOCKED = frozenset({BALANCE, WALK})
"""Modes in which the joints are free, so that Move is obeyed."""

STANDING = frozenset({BALANCE, POSE, WALK, LOCK, RECOVERY})
AIRBORNE = frozenset({FLIP, JUMP, POUNCE})

_MODES: Mapping[int, tuple[str, Told]] = {
    BALANCE: ('stand', tell('balance stand', '平衡站立')),
    POSE: ('stand', tell('pose', '摆姿势')),
    WALK: ('stand', tell('locomotion', '行走')),
    LIE: ('lie', tell('lying', '趴着')),
    LOCK: ('stand', tell('standing with locked joints', '关节锁定站立')),
    DAMP: ('damp', tell('damping', '阻尼')),
    RECOVERY: ('stand', tell('recovery stand', '恢复站立')),
    SIT: ('sit', tell('sitting', '坐着')),
    FLIP: ('acrobatic', tell('flipping', '翻跟头')),
    JUMP: ('acrobatic', tell('jumping', '跳跃')),
    POUNCE: ('acrobatic', tell('pouncing', '扑')),
}
"""sportmodestate.mode -> posture, words; IDLE says nothing, other codes are a newer firmware's."""

_TALL = {2011: 'acrobatic', 2017: 'acrobatic'}
"""State codes (in error_code, newer firmware) of the handstand and of standing upright."""

_UP, _DOWN = 0.22, 0.14  # m; a Go2 stands at 0.27 to 0.33 and lies below 0.1


def known(mode: int) -> bool:
    """Return whether the mode code tells a posture, so that it can prove or disprove one."""
    return mode in _MODES


def name(mode: int) -> Told:
    """Return the mode in words."""
    return _MODES[mode][1] if known(mode) else tell('mode {mode}', '模式 {mode}', mode=mode)


def posture(mode: int, state_code: int = 0, height: float = 0.0,
            assumed: Optional[str] = None) -> str:
    """
    Return the posture of the Body protocol.

    A known mode decides. Without one it is `assumed`, where the last motion that succeeded has
    left the dog, unless the body's height (m, 0.0 when it is not reported) speaks against it.
    """
    if state_code in _TALL and mode in (IDLE, POSE):
        return _TALL[state_code]
    if known(mode):
        return _MODES[mode][0]
    if height >= _UP:
        return assumed if assumed == 'sit' else 'stand'
    if 0.0 < height <= _DOWN:
        return assumed if assumed in ('lie', 'damp') else 'lie'
    return assumed or 'unknown'

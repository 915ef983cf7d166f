"""The api ids of the Go2's services, under the names that unitree_sdk2py gives them."""

from enum import IntEnum

SPORT = 'sport'
MOTION_SWITCHER = 'motion_switcher'
OBSTACLES_AVOID = 'obstacles_avoid'
SERVICES = (SPORT, MOTION_SWITCHER, OBSTACLES_AVOID)

FIRST_NEW_ID = 2000
"""Ids from here on came with firmware 1.1.6 or so; a robot that lacks them answers 3203."""


class Sport(IntEnum):
    """Calls of the `sport` service; the names are those of SPORT_API_ID_* in the SDK."""

    API_VERSION = 1  # every service of the SDK's rpc layer answers this one
    DAMP = 1001
    BALANCESTAND = 1002
    STOPMOVE = 1003
    STANDUP = 1004
    STANDDOWN = 1005
    RECOVERYSTAND = 1006
    MOVE = 1008
    SIT = 1009
    RISESIT = 1010
    SPEEDLEVEL = 1015
    HELLO = 1016
    STRETCH = 1017
    DANCE1 = 1022
    SCRAPE = 1029
    FRONTFLIP = 1030
    FRONTJUMP = 1031
    FRONTPOUNCE = 1032
    HEART = 1036
    LEFTFLIP = 2041
    BACKFLIP = 2043
    HANDSTAND = 2044
    WALKUPRIGHT = 2050
    AUTORECOVERY_GET = 2055


class Switcher(IntEnum):
    """Calls of the `motion_switcher` service, from firmware 1.0.24 on."""

    CHECK_MODE = 1001
    SELECT_MODE = 1002


class Avoid(IntEnum):
    """Calls of the `obstacles_avoid` service."""

    SWITCH_SET = 1001
    SWITCH_GET = 1002
    MOVE = 1003
    USE_REMOTE_COMMAND_FROM_API = 1004

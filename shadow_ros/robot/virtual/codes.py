"""The status codes that a Go2 answers with."""

from enum import IntEnum


class Code(IntEnum):
    """
    Codes of the rpc layer (32xx), of the sport service (42xx) and of the motion switcher (70xx).

    OVERTIME means that the dog is busy with a gesture or in the air; NOT_READY that its posture,
    or a released motion mode, does not allow the call.
    """

    OK = 0
    NOT_IMPLEMENTED = 3203
    BAD_PARAMETER = 3204
    OVERTIME = 4201
    NOT_READY = 4202
    SAME_MODE = 7004

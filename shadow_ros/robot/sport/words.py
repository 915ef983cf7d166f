"""What the codes of the robot mean, each in a sentence with what to do."""

OK = 0
SEND_FAILED = 3102
TIMEOUT = 3104
NOT_IMPLEMENTED = 3203
SAME_MODE = 7004

_MEANINGS = {
    3001: 'the call failed for a reason that the SDK does not tell; try again',
    SEND_FAILED: 'nothing takes the request; check that the sport service is on and that '
                 'robot.network_interface is the one to the robot',
    3103: 'this api id is not registered in the client; the SDK is older than this call, '
          'update unitree_sdk2py',
    TIMEOUT: 'no answer came in time; check the network to the robot and that it is not switching '
             'its motion mode',
    3105: 'the answer belongs to another call; two programs may command the robot at once, '
          'end the other one',
    3106: 'the answer cannot be read; the firmware may not fit this version',
    3107: 'the lease is not valid; another program commands the robot, end it',
    3201: 'the robot could not send its answer; check the network',
    3202: 'the service failed inside; restart the robot if it goes on',
    NOT_IMPLEMENTED: 'this firmware does not have the call; update the firmware or leave the '
                     'action out',
    3204: 'the robot does not accept the parameter; the firmware may expect another form',
    3205: 'another program holds the lease; end it, or close the app that is connected',
    3206: 'the lease has ended; start again',
    3207: 'another program has taken the lease; end it',
    4101: 'the path has the wrong number of points',
    4201: 'the robot is still busy with another motion; wait until it stands, then try again',
    4202: 'the motion controller is not ready for this from its posture or mode; let the robot '
          'stand up first',
    7002: 'the robot does not know this motion mode',
    SAME_MODE: 'the robot is in this mode already, which is fine',
}


def meaning(code: int) -> str:
    """Return what a code means and what to do, without a full stop."""
    return _MEANINGS.get(code, 'the robot gives a code that is not documented; '
                         'see the firmware notes')


def explain(code: int, what: str) -> str:
    """Return the sentence for a call that came back with a code."""
    return f'{what} failed with code {code}: {meaning(code)}.'

"""The virtual Go2 as a program: options, start, clean end."""

import argparse
import os
import signal
import sys
import threading
import time
from typing import Optional, Sequence

from shadow_ros.errors import RobotError
from shadow_ros.robot import dds
from shadow_ros.robot.precedence import take_precedence
from shadow_ros.robot.virtual.dog import Dog
from shadow_ros.robot.virtual.request_log import RequestLog
from shadow_ros.robot.virtual.robot import FIRMWARES, Robot
from shadow_ros.robot.virtual.skills import BALANCE, DAMP, IDLE, LIE, LOCK, SIT
from shadow_ros.robot.virtual.walker import Walker
from shadow_ros.robot.virtual.wall import Wall

START_POSTURES = {'stand': IDLE, 'balance': BALANCE, 'lock': LOCK, 'sit': SIT, 'lie': LIE,
                  'damp': DAMP}

_DESCRIPTION = """\
A virtual Unitree Go2 that serves the high-level API on real DDS.

Any client of the Unitree SDK (Python, C++ or ROS 2) that reaches the network interface and the
domain can command it as it would the robot: the services sport, motion_switcher,
obstacles_avoid and vui answer with the robot's api ids and error codes, postures take their
time, Move accelerates, brakes and expires after a second, and rt/sportmodestate, rt/lowstate
and their rt/lf/ variants tell what became of it.

It is kinematics, not physics: it does not fall, and its legs are drawn after its motion."""

_EPILOG = """\
examples:
  %(prog)s
  %(prog)s --dds-domain 7 --print-requests
  %(prog)s --start-posture lie --firmware old
  %(prog)s --wall 3 --slip 10

then, in another terminal, with the SDK itself:
  >>> from unitree_sdk2py.core.channel import ChannelFactoryInitialize
  >>> from unitree_sdk2py.go2.sport.sport_client import SportClient
  >>> ChannelFactoryInitialize(0, 'lo'); dog = SportClient(); dog.Init()
  >>> dog.Move(0.5, 0.0, 0.0)"""


def build_parser() -> argparse.ArgumentParser:
    """Return the options of the program."""
    parser = argparse.ArgumentParser(
        'python -m shadow_ros.robot.virtual', description=_DESCRIPTION, epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    network = parser.add_argument_group('network')
    network.add_argument('--network-interface', default='lo', metavar='NAME',
                         help="interface to serve on; '' lets Cyclone DDS choose (default: lo)")
    network.add_argument('--dds-domain', type=int, default=0, metavar='N',
                         help='DDS domain, 0 to 232 (default: 0, as the robot)')
    robot = parser.add_argument_group('robot')
    robot.add_argument('--firmware', choices=FIRMWARES, default='new',
                       help='new: from about 1.1.6, with the api ids 20xx; old: before, with the '
                       'ids that were removed then (default: new)')
    robot.add_argument('--start-posture', choices=START_POSTURES, default='stand',
                       help='(default: stand, ready to walk, as after booting)')
    robot.add_argument('--battery', type=_percent, default=100.0, metavar='PERCENT',
                       help='charge to start with (default: 100)')
    robot.add_argument('--state-rate', type=_rate, default=100.0, metavar='HZ',
                       help='of rt/sportmodestate (default: 100)')
    robot.add_argument('--low-rate', type=_rate, default=25.0, metavar='HZ',
                       help='of rt/lowstate (default: 25)')
    robot.add_argument('--wall', type=_metres, metavar='M',
                       help='put a wall M metres ahead of the start: a guarded Move '
                       '(obstacles_avoid) stops before it, any other bumps into it')
    faults = parser.add_argument_group('faults, to test what depends on the robot')
    faults.add_argument('--stuck', action='store_true',
                        help='Move is accepted and the legs step, but the dog stays where it is')
    faults.add_argument('--slip', type=_percent, default=0.0, metavar='PERCENT',
                        help='it walks that much slower than told (default: 0)')
    faults.add_argument('--no-replies', action='store_true',
                        help='requests are carried out but never answered')
    faults.add_argument('--reply-delay', type=_seconds, default=0.0, metavar='S',
                        help='requests are carried out at once but answered S seconds later')
    faults.add_argument('--no-state', action='store_true',
                        help='rt/sportmodestate is not published')
    program = parser.add_argument_group('program')
    program.add_argument('--print-requests', action='store_true',
                         help='print each request as a line of JSON: time (monotonic, s), '
                         'service, api_id, parameter')
    program.add_argument('--log', metavar='FILE',
                         help='append the same lines to a file')
    program.add_argument('--with-parent', action='store_true',
                         help='end when standard input closes, so that the virtual dog does not '
                         'outlive who started it through a pipe')
    return parser


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the virtual Go2 until SIGINT or SIGTERM; return the exit code."""
    options = build_parser().parse_args(arguments)
    take_precedence()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with RequestLog(options.log, options.print_requests) as log:
            _serve(options, log, stopped)
    except (RobotError, OSError) as error:
        print(f'virtual go2: {error}', file=sys.stderr)
        return 1
    return 0


def _serve(options: argparse.Namespace, log: RequestLog, stopped: threading.Event) -> None:
    """Connect, serve and publish until `stopped` is set."""
    dds.connect(options.network_interface, options.dds_domain)
    from shadow_ros.robot.virtual.service import Faults, VirtualGo2

    walker = Walker(1.0 if options.stuck else options.slip / 100.0,
                    None if options.wall is None else Wall(options.wall))
    dog = Dog(time.monotonic(), START_POSTURES[options.start_posture], options.battery, walker)
    go2 = VirtualGo2(
        Robot(dog, options.firmware), log,
        Faults(options.no_replies, options.reply_delay, options.no_state),
        options.state_rate, options.low_rate)
    go2.start()
    print(f'virtual go2 ready on {options.network_interface or "the default interface"}, '
          f'domain {options.dds_domain}, firmware {options.firmware}', flush=True)
    if options.with_parent:
        threading.Thread(target=_wait_for_parent, args=(stopped,), daemon=True).start()
    go2.run(stopped)


def _wait_for_parent(stopped: threading.Event) -> None:
    """Set `stopped` when standard input closes, or is not there at all."""
    try:
        while os.read(0, 4096):
            pass
    finally:
        stopped.set()


def _percent(text: str) -> float:
    """Return a charge, 0 to 100."""
    return _within(text, 0.0, 100.0)


def _metres(text: str) -> float:
    """Return a distance, 1 to 100 m."""
    return _within(text, 1.0, 100.0)


def _rate(text: str) -> float:
    """Return a rate, 1 to 1000 Hz."""
    return _within(text, 1.0, 1000.0)


def _seconds(text: str) -> float:
    """Return a delay, 0 to 60 s."""
    return _within(text, 0.0, 60.0)


def _within(text: str, low: float, high: float) -> float:
    """Return the number, or raise what argparse turns into a sentence."""
    try:
        value = float(text)
    except ValueError:
        value = float('nan')
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f'expected {low:g} to {high:g}, got {text!r}')
    return value

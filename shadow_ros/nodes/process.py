"""The life of a process: start, spin, clean end on SIGINT, SIGTERM or the end of its parent."""

from contextlib import suppress
import os
import signal
import sys
import threading
from typing import NoReturn, Optional, Sequence, Type

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from shadow_ros.errors import ShadowRosError
from shadow_ros.nodes.base import ShadowNode, SUCCESS

_GRACE = 4.0  # seconds that a node may take to end after its parent is gone


def run(node_class: Type[ShadowNode], args: Optional[Sequence[str]] = None) -> NoReturn:
    """
    Run a node until a signal ends it, and end the process.

    The exit code is 0 after SIGINT, SIGTERM or the parent's end, 1 when the node could not
    start. With `--with-parent` among the arguments the node ends when its standard input does,
    and leaves SIGINT, which a terminal sends to everyone, to its parent.
    """
    code = _run(node_class, list(sys.argv if args is None else args))
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):
            stream.flush()
    # All is let go of; to tear down the modules of torch one by one would take seconds.
    os._exit(code)


def _run(node_class: Type[ShadowNode], argv: list[str]) -> int:
    """Run a node and return the exit code."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if '--with-parent' not in argv:
        signal.signal(signal.SIGINT, lambda *_: stop.set())
    else:
        argv.remove('--with-parent')
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_watch_parent, args=(stop,), daemon=True).start()
    try:
        # Own handlers: with those of rclpy one SIGTERM in five ends with exit code 1.
        rclpy.init(args=argv, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        reason = str(error).split(', at /')[0]
        print(f'ROS 2 cannot start: {reason}; check the arguments after --ros-args, '
              'ROS_DOMAIN_ID and RMW_IMPLEMENTATION', file=sys.stderr)
        return 1
    try:
        return _live(node_class, stop)
    finally:
        rclpy.shutdown()


def _live(node_class: Type[ShadowNode], stop: threading.Event) -> int:
    """Build the node, start it if it is to start itself, spin it and take it down."""
    try:
        node = node_class()
    except ShadowRosError as error:
        rclpy.logging.get_logger(f'shadow.{node_class.node_name}').error(str(error))
        return 1
    try:
        if node.autostart and not _start(node, stop):
            return 1
        _spin(node, stop)
        return 0
    finally:
        node.close()
        node.destroy_node()


def _start(node: ShadowNode, stop: threading.Event) -> bool:
    """Configure and activate; the node logs why when it cannot."""
    if node.trigger_configure() != SUCCESS:
        return False
    if stop.is_set():
        return True
    if node.trigger_activate() != SUCCESS:
        return False
    print(f'{node.get_name()} ready', flush=True)
    return True


def _spin(node: ShadowNode, stop: threading.Event) -> None:
    """Run callbacks on this thread until the end is asked for."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while not stop.is_set() and rclpy.ok():
        executor.spin_once(timeout_sec=0.1)
    executor.remove_node(node)
    executor.shutdown()


def _watch_parent(stop: threading.Event) -> None:
    """Ask for the end when standard input closes, and enforce it when nobody listens."""
    # os.read and not sys.stdin: its lock, held here, would abort the interpreter at its end.
    while os.read(0, 4096):
        pass
    stop.set()
    threading.Event().wait(_GRACE)
    os._exit(1)

"""Precedence on a busy computer for the processes that keep a walking robot under command."""

from contextlib import suppress
import os
from pathlib import Path

_NICE = -10
_GROUP = Path('/proc/self/autogroup')


def take_precedence() -> None:
    """
    Ask the kernel to run this process before ordinary ones, where it is allowed to ask.

    A recogniser or a model that takes all cores must not make the 20 Hz late. Without the right
    (root, or `LimitNICE=-10` in a systemd unit) nothing changes: the watchdogs then stop the
    robot more often, never less. Call it before threads begin, they inherit it.
    """
    _ask(_NICE)


def give_way() -> None:
    """Run as an ordinary process, whatever the parent is: loading must not delay who walks."""
    if os.getpriority(os.PRIO_PROCESS, 0) < 0:
        _ask(0)


def _ask(nice: int) -> None:
    """
    Set the niceness of this process, and of its session if it leads one.

    Where the kernel groups processes by session (sched_autogroup, see sched(7)), niceness counts
    only within a session, and that of the session among all.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        if os.getsid(0) == os.getpid():
            _GROUP.write_text(str(nice))

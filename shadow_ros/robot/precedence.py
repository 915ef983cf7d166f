"""Precedence on a busy computer for the processes that keep a walking robot under command."""

import os

_NICE = -10


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
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError:
        pass

"""What a check of `shadow-ros doctor` finds, and how a check looks into another process."""

from dataclasses import dataclass
import json
import os
import subprocess
import sys
from typing import Any, Callable, Iterable, Optional

OK, WARN, FAIL = 'ok', 'warn', 'fail'


@dataclass(frozen=True)
class Check:
    """One line of the report: what was looked at, how it is, what was found, what to do."""

    name: str
    status: str
    found: str
    advice: str = ''


@dataclass(frozen=True)
class Setup:
    """What the machine is checked for."""

    body: str = 'virtual'
    network_interface: str = ''
    dds_domain: int = 0
    model: str = ''

    @property
    def drives_go2(self) -> bool:
        """Return whether the Unitree SDK is needed."""
        return self.body in ('go2', 'virtual')

    @property
    def interface(self) -> str:
        """Return the interface to look for the dog on; '' when it is still to be found."""
        return self.network_interface or ('lo' if self.body == 'virtual' else '')


Checker = Callable[[Setup], Iterable[Check]]


def probe(code: str, *arguments: str, timeout: float = 30.0,
          environment: Optional[dict[str, str]] = None) -> tuple[dict[str, Any], str]:
    """
    Run Python code in a process of its own; return the JSON it printed last, and what went wrong.

    Libraries that crash, hang or print on import then harm neither doctor nor each other.
    """
    try:
        done = subprocess.run(
            [sys.executable, '-c', code, *arguments], capture_output=True, text=True,
            errors='replace', timeout=timeout, stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})})
    except subprocess.TimeoutExpired:
        return {}, f'no answer within {timeout:.0f} s'
    lines = [line for line in done.stdout.splitlines() if line.startswith('{')]
    if done.returncode == 0 and lines:
        return json.loads(lines[-1]), ''
    complaints = done.stderr.strip().splitlines() or [f'exit code {done.returncode}']
    return {}, complaints[-1][:200]

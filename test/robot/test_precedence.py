"""Precedence is taken and given back, by the process and by the session that it leads."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

SHOW = """
import os
from pathlib import Path
from shadow_ros.robot.precedence import give_way, take_precedence

def show():
    group = Path('/proc/self/autogroup')
    print(os.getpriority(os.PRIO_PROCESS, 0),
          group.read_text().split()[-1] if group.is_file() else 'none')

show()
take_precedence()
show()
give_way()
show()
"""


def shown():
    """Return the (niceness, session's niceness) before, with precedence, and after."""
    done = subprocess.run([sys.executable, '-c', SHOW], capture_output=True, text=True, timeout=60,
                          cwd=Path(__file__).parents[2], start_new_session=True)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.skipif(os.geteuid() != 0, reason='only root may always take precedence')
def test_precedence_is_taken_and_given_back():
    before, taken, given = shown()
    assert taken[0] == '-10' and given[0] == str(max(0, int(before[0])))
    assert taken[1] in ('-10', 'none') and given[1] in ('0', 'none')


def test_without_the_right_nothing_happens_and_nothing_fails():
    assert len(shown()) == 3

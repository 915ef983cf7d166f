"""Style, types and form, as tests: the linters find nothing, and no file outgrows its reader."""

from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAX_LINES = 400
FOLDERS = ('shadow_ros', 'test', 'launch', 'benchmarks')
SOURCES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob('*.py'))]
STRICT = (*sorted(str(path) for path in (ROOT / 'shadow_ros').glob('*.py')),
          'shadow_ros/bags', 'shadow_ros/cloud', 'shadow_ros/robot', 'shadow_ros/speech',
          'shadow_ros/simulation', 'shadow_ros/commands', 'shadow_ros/learning/lessons',
          'shadow_ros/intent/amounts.py', 'shadow_ros/intent/correction.py',
          'shadow_ros/intent/grammar.py', 'shadow_ros/intent/prompt.py')
"""What mypy judges in full: all but what is made of torch's and ROS's untyped classes."""

pytestmark = pytest.mark.linter


def run(*command: str) -> str:
    """Return what a tool of this Python's environment says; '' when it has nothing to say."""
    done = subprocess.run(
        [sys.executable, '-m', *command], cwd=ROOT, capture_output=True, text=True, timeout=290)
    return '' if done.returncode == 0 else done.stdout + done.stderr


def test_ruff_finds_nothing():
    assert run('ruff', 'check', '--output-format', 'concise') == ''


def test_flake8_finds_nothing():
    assert run('flake8') == ''


@pytest.mark.timeout(300)
def test_mypy_finds_nothing():
    assert run('mypy', *STRICT) == ''


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_of_a_size_to_read(path):
    lines = len(path.read_text('utf-8').splitlines())
    assert lines <= MAX_LINES, f'{path} has {lines} lines: one idea each?'


def test_shell_scripts_are_sound():
    for script in ('run', 'apt'):
        subprocess.run(['bash', '-n', str(ROOT / '.ci' / script)], check=True, timeout=10)

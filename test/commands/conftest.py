"""Fixtures for tests of the commands as processes: the program, and a model made in seconds."""

from pathlib import Path
import subprocess
import sys
from typing import Any, Callable

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='session')
def small_model(tmp_path_factory) -> Path:
    """Return the folder of a model that knows a few commands by heart."""
    sys.path.insert(0, str(ROOT / 'test' / 'nodes'))
    try:
        import tiny_model
    finally:
        sys.path.pop(0)
    return tiny_model.make(tmp_path_factory.mktemp('small_model'))


@pytest.fixture
def shadow_ros(ros_env) -> Callable[..., Any]:
    """Yield `shadow_ros('ask', 'sit', stdin=b'')`: the finished process, its output as text."""
    def run(*args: str, stdin: bytes = b'', timeout: float = 90.0) -> Any:
        done = subprocess.run(
            [sys.executable, '-m', 'shadow_ros.cli', *args], input=stdin, capture_output=True,
            env={**ros_env, 'PYTHONPATH': str(ROOT)}, timeout=timeout)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done
    return run

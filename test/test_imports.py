"""Who may import whom: the base install stays light, and imports point one way."""

import ast
import json
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'shadow_ros'

HEAVY = ('rclpy', 'torch', 'transformers', 'whisper', 'unitree_sdk2py', 'cyclonedds',
         'pocketsphinx', 'silero_vad', 'onnxruntime', 'sounddevice', 'soundfile', 'llguidance',
         'tokenizers', 'matplotlib', 'rosbags', 'fastapi', 'uvicorn', 'starlette', 'pydantic',
         'httpx2', 'prometheus_client', 'cryptography')
"""What comes with an extra or with ROS, and so may be missing."""

SDK = {'unitree_sdk2py', 'cyclonedds'}
CLOUD = {'fastapi', 'uvicorn', 'starlette', 'pydantic', 'httpx2', 'prometheus_client',
         'cryptography'}
MODEL = {'torch', 'transformers', 'tokenizers', 'llguidance', 'httpx2'}
MAY_NEED = {
    'shadow_ros.cloud': CLOUD,
    **{f'shadow_ros.cloud.{name}': set[str]() for name in ('limits', 'tokens', 'tls')},
    'shadow_ros.nodes': {'rclpy'},
    'shadow_ros.shadow': MODEL,
    'shadow_ros.learning': MODEL,
    'shadow_ros.intent.tokens': {'tokenizers'},
    'shadow_ros.robot.go2.wire': SDK,
    'shadow_ros.robot.virtual.messages': SDK,
    'shadow_ros.robot.virtual.service': SDK,
    'shadow_ros.robot.virtual.stream': SDK,
}
"""The rooms and modules that need an extra at their top; all others import what they use late."""

CORE = {'errors', 'actions', 'plan', 'records', 'phrases', 'places', 'durable'}
CONFIG = {'setting', 'config'}
MAY_IMPORT = {
    'errors': set(),
    'actions': {'errors'},
    'plan': {'errors', 'actions'},
    'records': {'errors', 'actions', 'plan'},
    'phrases': {'errors'},
    'plugin': {'errors'},
    'places': set(),
    'durable': set(),
    'bags': CORE,
    'setting': {'errors'},
    'config': {'errors', 'setting'},
    'group': {'errors', 'config', 'setting'},
    'shadow': {'errors'},
    'speech': {'errors', 'plugin'},
    'robot': CORE | {'config', 'plugin'},
    'intent': CORE | {'shadow'},
    'cloud': CORE | {'intent', 'shadow'},
    'learning': CORE | {'bags', 'intent', 'shadow'},
    'console': CORE,
    'simulation': CORE | CONFIG | {'bags', 'speech', 'intent', 'robot'},
    'nodes': CORE | CONFIG | {
        'bags', 'speech', 'intent', 'robot', 'cloud', 'console', 'simulation'},
    'commands': None,
    'cli': None,
}
"""Each room and the rooms that it may import; None: all of them."""

NOBODY_IMPORTS = {'nodes', 'commands', 'cli'}
"""Except the command line, which starts and asks all of them."""


def modules() -> list[str]:
    """Return the dotted names of all modules of the package."""
    names = []
    for path in sorted(PACKAGE.rglob('*.py')):
        parts = path.relative_to(ROOT).with_suffix('').parts
        names.append('.'.join(parts[:-1] if parts[-1] == '__init__' else parts))
    return [name for name in names if not name.endswith('__main__')]


def imported(path: Path) -> list[str]:
    """Return the modules of the package that a file imports, also inside functions."""
    names = []
    for node in ast.walk(ast.parse(path.read_text('utf-8'))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: imports are absolute here'
            names += [f'{node.module}.{alias.name}' for alias in node.names]
    return [name for name in names if name.startswith('shadow_ros.')]


def room(path: Path) -> str:
    """Return the room of a file of the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix('.py')


FILES = [path for path in sorted(PACKAGE.rglob('*.py')) if path.parent != PACKAGE or
         path.name != '__init__.py']


def test_every_room_is_in_the_table():
    assert {room(path) for path in FILES} <= set(MAY_IMPORT)


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    here, allowed = room(path), MAY_IMPORT[room(path)]
    for name in imported(path):
        there = name.split('.')[1]
        if there == here or allowed is None:
            continue
        assert there in allowed, f'{here} may import {sorted(allowed)}, not {name}'
        assert there not in NOBODY_IMPORTS, f'nothing but the command line imports {there}'


_IMPORT_WITHOUT = """
import importlib, json, sys

blocked, names = json.loads(sys.argv[1])
sys.modules.update({name: None for name in blocked})  # as if it were not installed
failed = {}
for name in names:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
print(json.dumps(failed))
"""


def failures(blocked: tuple[str, ...], names: list[str]) -> dict[str, str]:
    """Return which modules cannot be imported without the blocked ones, and why."""
    done = subprocess.run(
        [sys.executable, '-c', _IMPORT_WITHOUT, json.dumps([blocked, names])], cwd=ROOT,
        capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def needs(name: str) -> frozenset[str]:
    """Return what a module may need, which is what the longest matching entry says."""
    matching = [key for key in MAY_NEED if f'{name}.'.startswith(f'{key}.')]
    return frozenset(MAY_NEED[max(matching, key=len)] if matching else ())


GROUPS = sorted({needs(name) for name in modules()}, key=sorted)


@pytest.mark.parametrize('extras', GROUPS, ids=lambda extras: '+'.join(sorted(extras)) or 'base')
def test_modules_import_with_no_more_than_they_may_need(extras):
    names = [name for name in modules() if needs(name) == extras]
    assert failures(tuple(set(HEAVY) - extras), names) == {}


def test_every_folder_of_code_is_a_package_with_an_empty_init():
    for folder in {path.parent for path in PACKAGE.rglob('*.py')}:
        init = folder / '__init__.py'
        assert init.is_file() and not init.read_text('utf-8').strip(), f'{init} must be empty'

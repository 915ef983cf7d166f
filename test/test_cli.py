"""The command line as a user meets it: help, near matches, errors in one sentence, exit codes."""

import json
import re
import subprocess
import sys

import click
from click.testing import CliRunner
import pytest

from shadow_ros.cli import main
from shadow_ros.errors import RobotError

COMMANDS = ('demo', 'up', 'say', 'stop', 'resume', 'ask', 'listen', 'doctor', 'virtual')
HEAVY = ('torch', 'transformers', 'rclpy', 'unitree_sdk2py', 'numpy', 'matplotlib', 'yaml',
         'sounddevice', 'llguidance', 'asyncio', 'shadow_ros.speech.stopword')


def run(*args, **options):
    return CliRunner().invoke(main, list(args), prog_name='shadow-ros', **options)


def test_help_names_every_command_with_a_sentence():
    result = run('--help')
    assert result.exit_code == 0
    for command in COMMANDS:
        assert re.search(rf'^  {command} +\S.*', result.output, re.M), command


@pytest.mark.parametrize('command', [c for c in COMMANDS if c != 'virtual'])
def test_each_command_explains_itself(command):
    result = run(command, '--help')
    assert result.exit_code == 0
    assert 'Usage: shadow-ros ' + command in result.output
    assert '--help' in result.output


def test_help_imports_nothing_heavy():
    code = ('import sys; from shadow_ros.cli import main\n'
            'try: main(["--help"])\n'
            'except SystemExit: pass\n'
            f'import json; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_version_is_that_of_the_package():
    result = run('--version')
    assert result.exit_code == 0
    assert re.fullmatch(r'shadow-ros \d+\.\d+\.\d+\n', result.output)


@pytest.mark.parametrize('args, near', [
    (['aks', 'sit'], 'did you mean ask?'),
    (['docter'], 'did you mean doctor?'),
    (['xyzzy'], 'known are: ask, attach, bags'),
    (['demo', '--sya', 'sit'], '--say'),
    (['up', '--robot.acrobatic', 'true'], '--robot.acrobatics'),
], ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_a_misspelling_names_what_was_meant(args, near):
    result = run(*args)
    assert result.exit_code == 2
    assert near in result.output


def test_no_command_shows_the_help():
    result = run()
    assert result.exit_code == 2
    assert 'Commands:' in result.output


def test_an_error_of_ours_is_one_sentence(monkeypatch):
    def fail():
        raise RobotError('expected a dog,\n got a cat')

    monkeypatch.setitem(main.commands, 'stop', click.command('stop')(fail))
    result = run('stop')
    assert result.exit_code == 2
    assert result.stderr == 'shadow-ros: expected a dog, got a cat\n'


@pytest.mark.parametrize('args, module, extra', [
    (['listen', '--wav', 'setup.py'], 'soundfile', 'speech'),
    (['ask', 'sit'], 'tokenizers', 'intent'),
    (['ask', 'sit'], 'llguidance', 'intent'),
])
def test_a_missing_extra_is_named(monkeypatch, args, module, extra):
    for loaded in [name for name in sys.modules if name.startswith('shadow_ros.intent')]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    result = run(*args)
    assert result.exit_code == 2
    assert result.stderr == (f'shadow-ros: {module} is needed for this but not installed; '
                             f"pip install 'shadow_ros[{extra}]'\n")


def test_ctrl_c_is_quiet(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setitem(main.commands, 'stop', click.command('stop')(interrupted))
    result = run('stop')
    assert result.exit_code == 130
    assert result.output == ''


def test_output_that_a_terminal_cannot_show_is_no_traceback():
    done = subprocess.run(
        [sys.executable, '-m', 'shadow_ros.cli', 'ask', '停下'], capture_output=True, timeout=60,
        env={'PATH': '/usr/bin:/bin', 'HOME': '/tmp', 'PYTHONIOENCODING': 'ascii'})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)['text'] == '停下'

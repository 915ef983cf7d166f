"""`shadow-ros demo`: the whole chain on this machine, with an honest exit code."""

from pathlib import Path
import signal
import sys
import tempfile

import psutil
import pytest

ROOT = Path(__file__).parents[2]
DEMO = ('demo', '--no-console')
pytestmark = pytest.mark.usefixtures('real_time')


def left_behind():
    """Return what a demo could leave in the temp folder."""
    return {path.name for path in Path(tempfile.gettempdir()).iterdir()
            if path.name.startswith('shadow_ros_') or path.name.lower() == 'cdds.log'}


@pytest.mark.timeout(180)
def test_given_commands_are_carried_out_or_refused(shadow_ros, small_model, tmp_path):
    before = left_behind()
    picture = tmp_path / 'demo.png'
    done = shadow_ros(*DEMO, '--model', str(small_model), '--picture', str(picture),
                      '--say', '坐下', '--say', 'turn left', timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ('坐下', '[SIT]', 'sit at x', 'I stand up first', '[TURN yaw=90]', 'heading 90°',
                 '2 of 2 as expected'):
        assert part in done.stdout
    assert '\x1b[' not in done.stdout
    assert picture.read_bytes().startswith(b'\x89PNG')
    assert left_behind() <= before


@pytest.mark.timeout(180)
def test_what_does_not_end_well_is_exit_code_1(shadow_ros, small_model):
    done = shadow_ros(*DEMO, '--model', str(small_model), '--timeout', '1',
                      '--say', 'walk forward 2 meters', timeout=170)
    assert done.returncode == 1, done.stdout + done.stderr
    assert '0 of 1 as expected' in done.stdout
    assert 'no end within 1 s' in done.stdout


@pytest.mark.timeout(180)
@pytest.mark.parametrize('number, code', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_everything(spawn, ros_env, small_model, number, code):
    child = spawn([sys.executable, '-m', 'shadow_ros.cli', *DEMO, '--model', str(small_model),
                   '--say', 'walk forward 2 meters'], env={**ros_env, 'PYTHONPATH': str(ROOT)})
    child.wait_for('started', 150)
    parts = psutil.Process(child.pid).children(recursive=True)
    assert len(parts) >= 3
    child.signal(number)
    assert child.wait(20) == code, child.output
    assert not psutil.wait_procs(parts, timeout=10)[1]
    assert 'Traceback' not in child.output


@pytest.mark.timeout(180)
def test_a_terminal_types_its_commands(spawn, ros_env, small_model):
    in_terminal = ('import os, pty, sys; '
                   'sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))')
    child = spawn(
        [sys.executable, '-c', in_terminal, sys.executable, '-m', 'shadow_ros.cli', *DEMO,
         '--model', str(small_model)], env={**ros_env, 'PYTHONPATH': str(ROOT)})

    def type_line(line):
        child.process.stdin.write(line + '\n')
        child.process.stdin.flush()

    child.wait_for('"quit" ends', 150)
    type_line('walk forward 2 meters')
    child.wait_for('progress', 20)
    type_line('stop')
    child.wait_for('cancelled', 20)
    child.wait_for('→ stand at', 20)
    type_line('quit')
    assert child.wait(20) == 0
    assert '\x1b[36m' in child.output  # a terminal gets its colours


@pytest.mark.parametrize('args, says', [
    (('--wav', '/nowhere.wav'), '/nowhere.wav is not there'),
    (('--wav', str(ROOT / 'setup.py')), 'cannot be read as sound'),
    (('--say', ' '), 'empty --say'),
    (('--say', 'sit', '--picture', '/nowhere/demo.png'), '/nowhere, which does not exist'),
    (('--say', 'sit', '--picture', 'demo.gif'), 'expected a picture named'),
    (('--say', 'sit', '--model', '/nowhere'), '/nowhere does not exist'),
], ids=lambda value: ' '.join(value[-2:]) if isinstance(value, tuple) else '')
def test_what_cannot_be_shown_is_a_sentence(shadow_ros, args, says):
    done = shadow_ros(*DEMO, *args)
    assert done.returncode == 2
    assert says in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stdout + done.stderr

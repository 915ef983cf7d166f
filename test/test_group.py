"""The process group: real nodes and the virtual dog start, are watched, and all end."""

import os
from pathlib import Path
import signal
import sys
import threading
import time

import psutil
import pytest

from shadow_ros.config import Config
from shadow_ros.errors import ShadowRosError
from shadow_ros.group import DOG, dog_command, Group, node_command

ROOT = Path(__file__).parents[1]

# What `up` does, for a test that kills it: a group of its own that runs until SIGINT or SIGTERM.
UP = """
import signal, sys, threading
from shadow_ros.config import Config
from shadow_ros.group import Group
stop = threading.Event()
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: stop.set())
config = Config.load(overrides=sys.argv[1:])
with Group(config, nodes=('speech', 'action')) as group:
    group.start(90, stop)
    print('pids', *group.pids.values(), flush=True)
    group.supervise(stop)
    print('codes', group.stop(), flush=True)
"""


@pytest.fixture
def config(dds_domain) -> Config:
    """Return a config whose speech is off and whose body is the virtual dog, in its own domain."""
    return Config().changed({
        'robot.body': 'virtual', 'robot.dds_domain': dds_domain, 'speech.recogniser': 'none'})


@pytest.fixture
def env(ros_env) -> dict[str, str]:
    """Return an environment in which the package is found from anywhere."""
    return {**ros_env, 'PYTHONPATH': str(ROOT)}


def wait_gone(pids: list[int], seconds: float) -> None:
    """Wait until none of the processes is left, except as a zombie that init will take."""
    deadline = time.monotonic() + seconds
    left = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    while left:
        left = [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def family(pids: list[int]) -> list[int]:
    """Return the processes and all that they started."""
    return [child.pid for pid in pids for p in [psutil.Process(pid)]
            for child in [p, *p.children(recursive=True)]]


def test_commands_carry_what_differs_from_the_defaults():
    """Texts with any characters, and nothing of other nodes."""
    config = Config().changed({
        'speech.source': 'a "b" 中.wav', 'robot.body': 'virtual', 'robot.confirm_timeout': 5})
    command = node_command('speech', config, 'warn')
    assert command[:6] == [sys.executable, '-m', 'shadow_ros.nodes.speech', '--with-parent',
                           '--ros-args', '--log-level']
    assert command[6:] == ['warn', '-p', 'speech.source:="a \\"b\\" 中.wav"']
    assert node_command('action', config)[-1] == 'robot.confirm_timeout:=5.0'
    assert dog_command(config)[-3:] == ['--dds-domain', '0', '--with-parent']


def test_starts_supervises_and_ends_in_order(config, env):
    """A part that dies is started again; at the end all are gone with exit code 0."""
    lines, stop = [], threading.Event()
    group = Group(config, nodes=('speech', 'action'), env=env,
                  on_line=lambda part, line: lines.append((part, line)))
    with group:
        group.start(90)
        first = group.pids
        assert list(first) == [DOG, 'speech', 'action']
        everyone = family(list(first.values()))
        watch = threading.Thread(target=group.supervise, args=(stop,))
        watch.start()
        os.kill(first['speech'], signal.SIGKILL)
        deadline = time.monotonic() + 20
        while group.pids['speech'] == first['speech']:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert ('speech', 'ended with exit code -9; starting it again') in lines
        everyone += family([group.pids['speech']])
        stop.set()
        watch.join(10)
        codes = group.stop(15)
    assert codes[DOG] == codes['action'] == 0
    wait_gone(everyone, 1)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGKILL],
                         ids=['SIGINT', 'SIGTERM', 'SIGKILL'])
def test_no_orphans_however_it_dies(spawn, config, env, number):
    """The parts end cleanly with their parent, and also when it is killed."""
    child = spawn([sys.executable, '-c', UP, *(
        f'{name}={value}' for name, value in config.flat().items()
        if value != Config().get(name))], env=env)
    pids = [int(pid) for pid in child.wait_for('pids', 90).split()[1:]]
    everyone = family(pids)
    assert len(everyone) >= 5  # dog, speech, action and its two SDK workers
    child.signal(number)
    code = child.wait(30)
    assert code == (-9 if number == signal.SIGKILL else 0)
    if code == 0:
        assert "{'dog': 0, 'speech': 0, 'action': 0}" in child.output
    wait_gone(everyone, 15)


def test_ctrl_c_of_a_terminal_reaches_only_the_parent(spawn, config, env):
    """A SIGINT to the whole process group ends the parts in order, without tracebacks."""
    child = spawn([sys.executable, '-c', UP, 'speech.recogniser=none', 'robot.body=twist'],
                  env=env)
    child.wait_for('pids', 90)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(30) == 0
    assert "codes {'speech': 0, 'action': 0}" in child.output
    assert 'Traceback' not in child.output


def test_a_part_that_cannot_start_ends_all_with_its_sentence(config, env):
    """The sentence is the part's own, without the log's prefix."""
    broken = config.changed({
        'speech.recogniser': 'pocketsphinx', 'speech.source': '/nowhere/at/all.wav'})
    group = Group(broken, nodes=('speech',), env=env)
    with pytest.raises(ShadowRosError, match='/nowhere/at/all.wav') as error:
        group.start(60)
    assert 'ERROR' not in str(error.value) and group.pids == {}


def test_start_can_be_given_up(config, env):
    """Whoever presses Ctrl-C while the nodes start does not wait for them."""
    stop = threading.Event()
    stop.set()
    with Group(config, nodes=('speech',), env=env) as group:
        began = time.monotonic()
        group.start(60, stop)
        assert time.monotonic() - began < 5

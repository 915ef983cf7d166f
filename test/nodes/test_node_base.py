"""The base of all nodes, shown by a small real node in a process of its own."""

import os
from pathlib import Path
import signal
import sys

import pytest
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import ListParameters
from std_srvs.srv import SetBool, Trigger

ECHO = str(Path(__file__).with_name('echo_node.py'))


def boolean(value: bool) -> ParameterValue:
    """Return a parameter value."""
    return ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=value)


def text(value: str) -> ParameterValue:
    """Return a parameter value."""
    return ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['SIGINT', 'SIGTERM'])
def test_clean_exit_on_signals(start_node, number):
    """A signal ends the node in order and with exit code 0."""
    child = start_node(ECHO)
    child.signal(number)
    assert child.wait(5) == 0
    assert child.lines[-2:] == ['deactivated', 'cleaned up']
    assert 'Traceback' not in child.output


def test_ends_with_its_parent_and_leaves_ctrl_c_to_it(start_node):
    """With --with-parent a closed stdin ends the node, SIGINT does not."""
    child = start_node(ECHO, arguments=('--with-parent',))
    child.signal(signal.SIGINT)
    with pytest.raises(AssertionError, match='still running'):
        child.wait(0.5)
    child.process.stdin.close()
    assert child.wait(5) == 0


def test_hears_says_and_serves(start_node, probe):
    """Topics, services and timers work while the node is active, in the namespace shadow."""
    start_node(ECHO)
    replies = probe.hear('/shadow/reply')
    probe.say('/shadow/command', '坐下 \N{DOG} \ud800'.encode('utf-8', 'replace').decode())
    probe.wait(lambda: 'heard 坐下 \N{DOG} ?' in replies, what='the echo')
    probe.wait(lambda: 'tick' in replies, what='a tick')
    assert probe.call(Trigger, '/shadow/stop').message == 'trigger'
    answer = probe.call(SetBool, '/shadow/confirm', data=True)
    assert (answer.success, answer.message) == (True, 'set True')


def test_launched_waits_for_its_transitions(start_node, probe):
    """With autostart off the lifecycle is driven from outside, there and back again."""
    child = start_node(ECHO, 'autostart:=false', wait=False)
    assert probe.state_of('action') == 'unconfigured'
    assert probe.change('action', 'configure') and probe.state_of('action') == 'inactive'
    replies = probe.hear('reply')
    answer = probe.call(Trigger, 'stop')
    assert (answer.success, answer.message) == (
        False, 'the node action is not active; activate it first')
    assert not replies
    assert probe.change('action', 'activate') and probe.state_of('action') == 'active'
    probe.wait(lambda: 'tick' in replies, what='a tick')
    assert probe.change('action', 'deactivate') and probe.change('action', 'cleanup')
    assert probe.state_of('action') == 'unconfigured'
    assert probe.change('action', 'configure') and probe.change('action', 'activate')
    assert probe.call(Trigger, 'stop').success
    assert probe.change('action', 'shutdown') and probe.state_of('action') == 'finalized'
    child.signal(signal.SIGINT)
    assert child.wait(5) == 0


@pytest.mark.parametrize('hook', ['configure', 'activate'])
def test_failure_when_started_by_hand(start_node, hook):
    """The one sentence, no traceback, exit code 1."""
    child = start_node(ECHO, wait=False, env={'ECHO_FAILS': hook})
    assert child.wait(30) == 1
    errors = [line for line in child.lines if 'ERROR' in line]
    assert len(errors) == 1 and errors[0].endswith('expected a dog, found a cat; feed it')
    assert 'Traceback' not in child.output and 'cleaned up' in child.lines


def test_failure_when_launched(start_node, probe):
    """The transition fails, the sentence is logged and shown in /diagnostics."""
    child = start_node(ECHO, 'autostart:=false', wait=False, env={'ECHO_FAILS': 'configure'})
    assert not probe.change('action', 'configure')
    assert probe.state_of('action') == 'unconfigured'
    child.wait_for('expected a dog, found a cat; feed it', 5)
    status = probe.health('shadow/action: lifecycle')
    assert (status.level, status.message) == (b'\x02', 'expected a dog, found a cat; feed it')


def test_mistake_in_a_hook_is_logged_with_its_place(start_node):
    """What is not an expected failure keeps its traceback."""
    child = start_node(ECHO, wait=False, env={'ECHO_BREAKS': 'configure'})
    assert child.wait(30) == 1
    assert "KeyError: 'a mistake'" in child.output and 'echo_node.py' in child.output


@pytest.mark.parametrize('override, sentence', [
    ('robot.bdy:=go2', "unknown parameter 'robot.bdy'; did you mean robot.body?"),
    ('robot.body:=spot', 'robot.body must be one of go2, virtual, twist, or package.module:Class'),
    ('robot.dds_domain:=[1, 2]', 'robot.dds_domain must be a whole number from 0 to 232'),
    ('robot.acrobatics:=1', 'robot.acrobatics must be true or false, got 1'),
    ('speech.endpoint_silence:=99.0', 'speech.endpoint_silence must be a number from 0.1 to 5'),
])
def test_wrong_override_ends_with_a_sentence(start_node, override, sentence):
    """A mistake in any group is refused by every node, with exit code 1."""
    child = start_node(ECHO, override, wait=False)
    assert child.wait(30) == 1
    assert sentence in child.output and 'Traceback' not in child.output


def test_wrong_ros_arguments_end_with_a_sentence(start_node):
    """What ROS itself cannot read is told as well."""
    child = start_node(ECHO, 'robot.body', wait=False)
    assert child.wait(30) == 1
    assert 'ROS 2 cannot start' in child.output and 'Traceback' not in child.output


def test_parameters(start_node, probe):
    """Own group only, described; texts arrive whole; YAML's on is a word again."""
    tricky = 'a "b" \\ 中 #: {x} \''
    start_node(ECHO, 'robot.network_interface:="a \\"b\\" \\\\ 中 #: {x} \'"',
               'robot.obstacle_avoidance:=on', 'robot.confirm_timeout:=5', 'speech.device:=2')
    assert probe.get('action', 'robot.network_interface').string_value == tricky
    assert probe.get('action', 'robot.obstacle_avoidance').string_value == 'on'
    assert probe.get('action', 'robot.confirm_timeout').double_value == 5.0
    names = probe.call(ListParameters, 'action/list_parameters').result.names
    assert 'robot.body' in names and not [name for name in names if name.startswith('speech')]
    described = probe.describe('action', 'robot.body')
    assert described.description.endswith('; changes need a restart')
    assert described.additional_constraints.startswith('one of go2, virtual, twist')


def test_changes_while_running(start_node, probe):
    """What may change does, with effect; the rest is refused with the reason."""
    start_node(ECHO)
    replies = probe.hear('reply')
    assert probe.set('action', 'robot.acrobatics', boolean(True)) == ''
    probe.wait(lambda: 'acrobatics False True' in replies, what='the change')
    assert probe.set('action', 'robot.body', text('twist')) == (
        'robot.body cannot change while the node runs, it needs a restart; '
        'set it in the configuration and start again')
    assert probe.set('action', 'robot.body', text('go2')) == ''  # no change
    timeout = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=1000.0)
    assert 'a number from 1 to 60 s' in probe.set('action', 'robot.confirm_timeout', timeout)


def test_changes_before_configuring(start_node, probe):
    """An unconfigured node takes any valid value."""
    start_node(ECHO, 'autostart:=false', wait=False)
    assert 'must be one of' in probe.set('action', 'robot.body', text('cat'))
    assert probe.set('action', 'robot.body', text('twist')) == ''
    assert probe.get('action', 'robot.body').string_value == 'twist'


def test_diagnostics(start_node, probe):
    """One status for the node, one for each part, with figures."""
    start_node(ECHO)
    status = probe.health('shadow/action: echo')
    assert (status.level, status.message) == (b'\x00', 'all is well')
    assert [(v.key, v.value) for v in status.values] == [('answer', '42')]
    assert probe.health('shadow/action: lifecycle').message == 'active'


def test_namespace_can_be_remapped(start_node, probe):
    """All names are relative."""
    start_node(ECHO, 'autostart:=true', arguments=('--ros-args', '-r', '__ns:=/rex', '--'))
    probe.say('/rex/command', 'hi')


def test_the_base_imports_no_heavy_parts(spawn):
    """The base imports neither torch nor the SDK nor a recogniser."""
    code = ('import sys, shadow_ros.nodes.process; bad = {"torch", "unitree_sdk2py", "whisper", '
            '"pocketsphinx", "onnxruntime", "cyclonedds"} & set(sys.modules); print("bad", bad)')
    child = spawn([sys.executable, '-c', code], env=dict(os.environ))
    assert child.wait_for('bad', 30) == 'bad set()'
    assert child.wait(10) == 0

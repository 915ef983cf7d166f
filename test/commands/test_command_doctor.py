"""`shadow-ros doctor`: what it finds, and what it says to do."""

import json
import socket

import pytest

from shadow_ros.commands.checks import ports, robot
from shadow_ros.commands.checks.check import Check, FAIL, OK, probe, Setup, WARN
from shadow_ros.commands.doctor import line, verdict

FOUND = {'lo': '127.0.0.1', 'eth0': '10.0.0.5', 'eth1': '192.168.123.222'}


@pytest.mark.usefixtures('real_time')
@pytest.mark.timeout(240)
def test_this_machine_can_run_the_virtual_dog(shadow_ros, small_model):
    done = shadow_ros('doctor', '--json', '--model', str(small_model), timeout=220)
    report = json.loads(done.stdout)
    status = {check['name']: check['status'] for check in report['checks']}
    wrong = [check for check in report['checks'] if check['status'] == FAIL]
    assert (report['ok'], wrong, done.returncode) == (True, [], 0)
    assert {'python', 'torch', 'model', 'thinking', 'microphone', 'moonshine', 'pocketsphinx',
            'ros', 'ports', 'ros domain', 'unitree sdk', 'network interface',
            'virtual go2'} <= set(status)
    assert status['virtual go2'] == OK


@pytest.mark.parametrize('name, body, status, part', [
    ('eth7', 'go2', FAIL, 'does not exist'),
    ('eth0', 'go2', WARN, '10.0.0.5'),
    ('eth1', 'go2', OK, '192.168.123.222'),
    ('lo', 'virtual', OK, '127.0.0.1'),
])
def test_the_interface_must_exist_and_reach_the_robot(name, body, status, part):
    check = robot.interface(name, FOUND, body)
    assert check.status == status
    assert part in check.found
    assert check.advice or status == OK


def test_interfaces_of_this_machine_hold_loopback():
    assert robot.interfaces()['lo'] == '127.0.0.1'


def test_a_domain_without_a_dog_says_so(dds_domain):
    check = robot.sport_service('lo', dds_domain)
    assert check.status == FAIL
    assert f'domain {dds_domain}' in check.found
    assert 'shadow-ros virtual' in check.advice


def test_a_port_in_use_is_told(dds_domain):
    first = 7400 + 250 * dds_domain
    assert ports.ports('domain', dds_domain, 'move').status == OK
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(('', first))
        check = ports.ports('domain', dds_domain, 'move')
    assert (check.status, check.advice, str(first) in check.found) == (WARN, 'move', True)
    assert ports.ports('domain', 233, 'move').status == WARN


def test_a_body_without_sdk_asks_for_none():
    assert [check.status for check in robot.check(Setup('twist'))] == [OK]


@pytest.mark.parametrize('code, problem', [
    ('raise ImportError("no such thing")', 'ImportError: no such thing'),
    ('import os; os._exit(7)', 'exit code 7'),
    ('while True: pass', 'no answer within 1 s'),
    ('print("noise")', 'exit code 0'),
])
def test_a_probe_survives_what_it_looks_into(code, problem):
    assert probe(code, timeout=1.0 if 'while' in code else 20.0) == ({}, problem)


def test_a_probe_takes_the_last_line():
    assert probe('print("noise"); print(\'{"a": 1}\')') == ({'a': 1}, '')


def test_lines_and_verdict():
    fine, note = Check('disk', OK, '3 GB'), Check('microphone', WARN, 'none', 'plug one in')
    broken = Check('ros', FAIL, 'no rclpy', 'source it')
    assert 'plug one in' in line(note).splitlines()[1]
    assert len(line(fine).splitlines()) == 1
    assert 'Ready for body go2 (1 note above)' in verdict([fine, note], 'go2')
    assert 'Not ready for body go2: ros.' in verdict([fine, broken], 'go2')

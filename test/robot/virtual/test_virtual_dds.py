"""The one way into the SDK's DDS: once a process, with clear errors, without files."""

import os
from pathlib import Path
import sys

import pytest

from shadow_ros.errors import RobotError
from shadow_ros.robot.dds import connect

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize('interface, domain, sentence', [
    ('eht0', 0, "expected a network interface of this machine, got 'eht0'"),
    ('lo', -1, 'must be 0 to 232, got -1'), ('lo', 233, 'a real Go2 uses 0')])
def test_what_cannot_be_is_refused_before_the_sdk_is_touched(interface, domain, sentence):
    with pytest.raises(RobotError, match=sentence):
        connect(interface, domain)


def test_connects_once_again_to_the_same_place_but_not_to_another(spawn, dds_domain):
    pytest.importorskip('unitree_sdk2py')
    child = spawn([sys.executable, '-c', f"""
from shadow_ros.robot.dds import connect
connect('lo', {dds_domain})
connect('lo', {dds_domain})
connect('', {dds_domain})
"""], cwd=str(ROOT))
    assert child.wait(20) == 1
    assert f'network interface lo, domain {dds_domain}, which this process' in child.output


def test_leaves_no_trace_file(spawn, dds_domain, tmp_path):
    pytest.importorskip('unitree_sdk2py')
    child = spawn([sys.executable, '-c', f"""
import os
opened = set()
from shadow_ros.robot.dds import connect
connect('lo', {dds_domain})
links = [os.readlink(f'/proc/self/fd/{{fd}}') for fd in os.listdir('/proc/self/fd')
         if os.path.exists(f'/proc/self/fd/{{fd}}')]
assert not any('cdds' in link for link in links), links
"""], cwd=str(tmp_path), env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert child.wait(20) == 0, child.output
    assert list(tmp_path.iterdir()) == []

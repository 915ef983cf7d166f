"""`shadow-ros record` and `shadow-ros bags`: from a graph to a bag, and what comes of it."""

from click.testing import CliRunner
from diary import raw, small_day, write
import pytest

from shadow_ros.bags.recording import Limits, Recording
from shadow_ros.bags.seal import channel
from shadow_ros.cli import main


def said(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.timeout(100)
def test_record(shadow_ros, tmp_path):
    """A second of a graph in which nobody speaks; still it starts and ends cleanly."""
    done = shadow_ros('record', '--folder', str(tmp_path / 'bags'), '--seconds', '1')
    assert done.returncode == 0, done.stderr
    assert 'recording into' in done.stdout and 'Ctrl-C ends' in done.stdout


def test_list(tmp_path):
    write(tmp_path / 'one', small_day(8))
    file = write(tmp_path / 'two', small_day(400), chunk=40)
    file.write_bytes(file.read_bytes()[:-2000])
    output = said('bags', 'list', tmp_path / 'one', tmp_path / 'two')
    assert '2 command, 2 event, 2 plan, 2 state' in output
    assert f'{file}, byte' in output


def test_list_without_any(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    assert 'make one with shadow-ros record' in said('bags', 'list', code=2)


def test_recover(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path))
    recording = Recording(tmp_path / 'shadow_ros' / 'bags', [
        channel(1, '/shadow/command', 'std_msgs/msg/String')], Limits(), 0.0)
    recording.add(1, raw(0, 'command', 'sit').stamp, raw(0, 'command', 'sit').data)
    recording.close()
    recording.release()  # as the kernel does for a process that was killed
    assert '1 unfinished part sealed' in said('bags', 'recover')
    assert '1 command' in said('bags', 'list')
    assert 'nothing to recover' in said('bags', 'recover')


def test_scrub(tmp_path):
    write(tmp_path / 'day', [raw(0, 'command', 'my secret'), raw(9, 'command', 'sit')])
    output = said('bags', 'scrub', tmp_path / 'day', '--from', '0', '--to', '5')
    assert '1 messages removed' in output and '1 command' in said('bags', 'list', tmp_path / 'day')
    assert 'expected a time' in said(
        'bags', 'scrub', tmp_path / 'day', '--from', 'noon', '--to', '5', code=2)


def test_review(tmp_path):
    plan = '{"id": "a", "text": "plonk yourself", "plan": "[BALANCE]"}'
    told = '{"plan_id": "a", "right": false, "should_be": "[SIT]"}'
    write(tmp_path / 'day', [raw(0, 'plan', plan), raw(9, 'feedback', told)])
    output = said('bags', 'review', tmp_path / 'day', '-o', tmp_path / 'review.csv')
    assert 'corrected     1, used 1' in output and '1 lessons written' in output
    assert 'yes,plonk yourself,[SIT],corrected' in (tmp_path / 'review.csv').read_text('utf-8')
    assert 'ends in .csv or .jsonl' in said(
        'bags', 'review', tmp_path / 'day', '-o', tmp_path / 'review.xls', code=2)

"""`shadow-ros up`, `say`, `stop` and `resume` with the real nodes and the virtual dog."""

import os
from pathlib import Path
import re
import signal
import sys

import psutil
import pytest

from shadow_ros.bags.reader import read_bags, TOPICS
from shadow_ros.commands.up import load
from shadow_ros.records import Event, Feedback, PlanRecord

ROOT = Path(__file__).parents[2]


@pytest.fixture
def up(spawn, ros_env, dds_domain, small_model):
    """Yield a function that starts `shadow-ros up` and returns once it is ready."""
    def start(*options):
        child = spawn(
            [sys.executable, '-m', 'shadow_ros.cli', 'up', '--body', 'virtual', '--dds-domain',
             str(dds_domain), '--speech.recogniser', 'none', '--intent.model', str(small_model),
             *options], env={**ros_env, 'PYTHONPATH': str(ROOT)})
        child.wait_for('ready; Ctrl-C ends', 120)
        return child
    return start


def gone(processes):
    """Return whether all of them end soon."""
    return not psutil.wait_procs(processes, timeout=10)[1]


@pytest.mark.timeout(240)
def test_a_graph_is_commanded_from_a_terminal_and_ends_cleanly(up, shadow_ros, tmp_path):
    graph = up('--record', 'on', '--recorder.folder', str(tmp_path / 'bags'))
    parts = psutil.Process(graph.pid).children(recursive=True)
    assert len(parts) >= 3

    done = shadow_ros('say', 'sit down then wave')
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ('[SIT][HELLO]', 'accepted', 'started', 'done'):
        assert part in done.stdout
    assert len(re.findall(r'^ +\d+\.\d\d s  done', done.stdout, re.M)) >= 3

    told = shadow_ros('feedback', 'last', '--should-be', '[HELLO]')
    assert told.returncode == 0 and 'wrong, it should be [HELLO]' in told.stdout, told.stderr

    talk = shadow_ros('say', 'who', 'are', 'you')
    assert (talk.returncode, "I'm Doger." in talk.stdout) == (0, True)
    remote = shadow_ros('say', 'what is the capital of France')
    assert (remote.returncode, '[REMOTE]' in remote.stdout) == (1, True), remote.stderr
    assert shadow_ros('say', 'yes').returncode == 1  # nothing was asked

    assert shadow_ros('stop').returncode == 0
    refused = shadow_ros('say', 'turn left')
    assert refused.returncode == 1
    assert 'refused' in refused.stdout and 'resume' in refused.stdout
    assert shadow_ros('resume').returncode == 0
    assert shadow_ros('say', 'turn left').returncode == 0

    graph.signal(signal.SIGINT)
    assert graph.wait(20) == 0
    assert gone(parts)
    assert 'Traceback' not in graph.output
    check_bag(tmp_path / 'bags')


def check_bag(root):
    """See that the day lies in one bag: commands, plans, what became of them, feedback."""
    found = read_bags(list(root.iterdir()))
    assert found.troubles == []
    told = {topic: [m.text for m in found.messages if m.topic == topic] for topic in TOPICS}
    assert told['command'][:2] == ['sit down then wave', 'who are you']
    plans = [PlanRecord.from_json(text) for text in told['plan']]
    feedback = Feedback.from_json(told['feedback'][0])
    assert (feedback.plan_id, feedback.should_be) == (plans[0].id, '[HELLO]')
    assert {'started', 'done', 'refused'} <= {Event.from_json(e).kind for e in told['event']}
    assert told['state'] and "I'm Doger." in told['reply'] and len(plans) >= 4


@pytest.mark.timeout(120)
def test_the_parts_end_with_a_killed_parent(up):
    graph = up()
    parts = psutil.Process(graph.pid).children(recursive=True)
    graph.signal(signal.SIGKILL)
    graph.wait(10)
    assert gone(parts)


def test_nobody_there_is_a_sentence(shadow_ros):
    for command in (('say', 'sit'), ('stop',)):
        done = shadow_ros(*command)
        assert done.returncode == 2
        assert done.stdout == ''
        assert len(done.stderr.splitlines()) == 1
        assert 'shadow-ros up' in done.stderr


@pytest.mark.parametrize('options, says', [
    (('--body', 'cat'), 'robot.body must be one of'),
    (('--robot.acrobatics', 'maybe'), 'true or false'),
    (('--dds-domain', '500'), 'robot.dds_domain must be'),
    (('--config', '/nowhere.yaml'), 'cannot read the configuration'),
    (('--body', 'virtual', '--intent.model', '/nowhere'), '/nowhere does not exist'),
], ids=lambda value: value[0] if isinstance(value, tuple) else '')
def test_up_says_what_is_wrong(shadow_ros, options, says):
    done = shadow_ros('up', '--speech.recogniser', 'none', *options)
    assert done.returncode == 2
    assert says in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stdout + done.stderr


def test_options_win_over_the_file(tmp_path):
    file = tmp_path / 'dog.yaml'
    file.write_text('/**:\n  ros__parameters:\n    robot: {body: twist, dds_domain: 3}\n')
    config = load(file, {'robot__body': 'virtual', 'robot__acrobatics': 'true',
                         'intent__model': None})
    assert (config.robot.body, config.robot.dds_domain, config.robot.acrobatics) == (
        'virtual', 3, True)


def test_empty_words_are_not_sent(shadow_ros):
    done = shadow_ros('say', '  ')
    assert (done.returncode, 'empty text' in done.stderr) == (2, True)


def test_the_environment_is_left_as_it_was(monkeypatch):
    from shadow_ros.commands.domains import own_domain, own_ros
    before = dict(os.environ)
    with own_ros() as env, own_ros() as other, own_domain() as domain:
        assert env['ROS_DOMAIN_ID'] != other['ROS_DOMAIN_ID'] != str(domain)
        folder = Path(env['ROS_LOG_DIR'])
        assert folder.is_dir()
    assert dict(os.environ) == before
    assert not folder.exists()

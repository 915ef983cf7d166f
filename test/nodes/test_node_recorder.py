"""The recorder node as a real process: what is said on the graph lies in a bag afterwards."""

import json
from pathlib import Path
import signal
import time

import pytest
from rosbags.typesys import get_typestore, Stores
from std_msgs.msg import String
from std_srvs.srv import SetBool

from shadow_ros.bags.reader import read_bags, read_raw
from shadow_ros.nodes.base import LATCHED
from shadow_ros.records import RobotState
from shadow_ros.speech.recogniser import make_recogniser

TOPICS = ('transcript', 'command', 'plan', 'event', 'feedback', 'reply')


@pytest.fixture
def root(tmp_path):
    return tmp_path / 'bags'


def texts(folder):
    """Return topic and text of what a bag holds."""
    found = read_bags([folder])
    assert found.troubles == []
    return [(m.topic, m.text) for m in found.messages]


def only(root):
    """Return the one recording."""
    folders = [path for path in root.iterdir() if path.is_dir()]
    assert len(folders) == 1, folders
    return folders[0]


@pytest.mark.timeout(120)
def test_service_starts_and_ends_a_recording(start_node, probe, root):
    """What is said in between is recorded, and nothing else."""
    child = start_node('recorder', 'recorder.mode:=ready', f'recorder.folder:={root}')
    for topic in TOPICS:
        probe.publisher(topic)
    probe.say('command', 'not recorded')
    probe.spin(0.5)  # topics and services: no order between them
    answer = probe.call(SetBool, 'record', data=True)
    assert answer.success and str(root) in answer.message
    said = [(topic, f'{topic}: 坐下') for topic in TOPICS]
    for topic, text in said:
        probe.say(topic, text)
    probe.wait(lambda: int({v.key: v.value for v in probe.health(
        'shadow/recorder: recording').values}['messages']) >= len(said), 20)
    answer = probe.call(SetBool, 'record', data=False)
    assert answer.success and f'recorded {len(said)} messages' in answer.message
    assert probe.call(SetBool, 'record', data=False).message == 'nothing was being recorded'
    child.signal(signal.SIGTERM)
    assert child.wait(30) == 0 and 'Traceback' not in child.output
    assert sorted(texts(only(root))) == sorted(said)


@pytest.mark.timeout(120)
def test_killed_and_started_again(start_node, probe, root):
    """Kill -9 costs at most the last 5 s; the next start makes a bag of the rest."""
    child = start_node('recorder', 'recorder.mode:=on', f'recorder.folder:={root}')
    child.wait_for('recording into')
    probe.publisher('command')
    begun = time.time()
    while time.time() - begun < 4.0:
        probe.say('command', json.dumps(time.time()))
        probe.spin(0.05)
    killed = time.time()
    child.signal(signal.SIGKILL)
    child.wait(10)
    child = start_node('recorder', 'recorder.mode:=ready', f'recorder.folder:={root}')
    child.wait_for('recovered 1 unfinished part')
    stamps = [float(text) for _, text in texts(only(root))]
    assert stamps == sorted(stamps) and killed - stamps[-1] < 5.0 and len(stamps) > 10
    assert stamps[0] - begun < 1.0


@pytest.mark.timeout(120)
def test_state_that_was_said_before(start_node, probe, root):
    """The last state, which a latched topic keeps for latecomers, is in the bag."""
    state = RobotState('sit', body='virtual').to_json()
    publisher = probe.node.create_publisher(String, 'state', LATCHED)
    publisher.publish(String(data=state))
    child = start_node('recorder', 'recorder.mode:=on', f'recorder.folder:={root}')
    probe.wait(lambda: publisher.get_subscription_count() > 0)
    probe.spin(1.0)
    child.signal(signal.SIGTERM)
    assert child.wait(30) == 0, child.output
    assert texts(only(root)) == [('state', state)]


def test_audio_is_not_even_subscribed_to(start_node, probe, root):
    """Nothing personal is recorded unless it is asked for."""
    start_node('recorder', 'recorder.mode:=on', f'recorder.folder:={root}')
    topics = {info.topic_type for info in
              probe.node.get_subscriptions_info_by_topic('/shadow/audio')}
    assert topics == set()
    assert probe.state_of('recorder') == 'active'


def recorded(probe):
    """Return how many messages the recorder says that it has."""
    values = probe.health('shadow/recorder: recording').values
    return next(int(v.value) for v in values if v.key == 'messages')


@pytest.mark.timeout(120)
def test_sound_is_recorded_when_both_sides_say_so(start_node, probe, root):
    """The utterances alone, whole: heard again from the bag they are the same words."""
    sound = Path(__file__).parents[1] / 'data' / 'speech' / 'three_commands.flac'
    recorder = start_node('recorder', 'recorder.mode:=on', 'recorder.audio:=true',
                          f'recorder.folder:={root}')
    start_node('speech', f'speech.source:={sound}', 'speech.publish_audio:=true')
    # The file is played to its first listener: the recorder must be the only one.
    probe.wait(lambda: recorded(probe) >= 6, 60, 'three transcripts and their sound')
    recorder.signal(signal.SIGTERM)
    assert recorder.wait(30) == 0, recorder.output
    kind = 'std_msgs/msg/Int16MultiArray'
    raws, _ = read_raw(only(root), lambda topic, wanted: wanted == kind)
    store = get_typestore(Stores.ROS2_HUMBLE)
    ear = make_recogniser('auto')
    ear.load()
    heard = []
    for raw in raws:
        ear.start()
        samples = store.deserialize_cdr(raw.data, kind).data.astype('float32') / 32767
        for at in range(0, len(samples), 512):
            ear.accept(samples[at:at + 512])
        heard.append(ear.finish().text)
    finals = [text for topic, text in texts(only(root)) if topic == 'transcript']
    assert len(finals) == 3 and heard == finals


def test_folder_that_cannot_be_used(start_node, tmp_path):
    (tmp_path / 'file').write_text('')
    child = start_node('recorder', 'recorder.mode:=on',
                       f'recorder.folder:={tmp_path}/file/x', wait=False)
    assert child.wait(60) == 1
    assert 'set recorder.folder to a folder that can be written' in child.output
    assert 'Traceback' not in child.output

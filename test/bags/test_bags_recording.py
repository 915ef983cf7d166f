"""Recording: journals that survive, parts that become one bag, a disk that does not fill up."""

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from diary import BEGIN, raw, told
import pytest

from shadow_ros.bags import quota
from shadow_ros.bags.cdr import decode_text, encode_text
from shadow_ros.bags.journal import Journal
from shadow_ros.bags.reader import read_bags, read_raw, TEXT
from shadow_ros.bags.recording import Limits, Recording
from shadow_ros.bags.recover import recover
from shadow_ros.bags.salvage import salvage
from shadow_ros.bags.seal import channel, JOURNAL, seal
from shadow_ros.bags.sealer import Keeping, Sealer
from shadow_ros.errors import BagError

ROOT = Path(__file__).parents[2]
CHANNELS = [channel(1, '/shadow/command', TEXT), channel(2, '/shadow/state', TEXT)]


def messages(count=20):
    return [raw(i, ('command', 'state')[i % 2], f'说 {i}') for i in range(count)]


def record(root: Path, limits=Limits(split_seconds=5.0), storage='mcap', given=None) -> Path:
    """Record messages one second apart, sealing each part as it ends; return the folder."""
    recording = Recording(root, CHANNELS, limits, 0.0)
    for second, message in enumerate(given or messages()):
        recording.add(1 + message.topic.endswith('state'), message.stamp, message.data)
        for part in recording.step(float(second)):
            assert seal(recording.folder, part, storage) == []
    for part in recording.close():
        seal(recording.folder, part, storage)
    recording.release()
    return recording.folder


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_parts_are_one_bag_that_others_read(tmp_path, storage):
    from rosbags.highlevel import AnyReader
    folder = record(tmp_path, storage=storage)
    with AnyReader([folder]) as reader:
        read = [(stamp, connection.topic, bytes(data))
                for connection, stamp, data in reader.messages()]
        assert {c.topic: c.msgcount for c in reader.connections} == {
            '/shadow/command': 10, '/shadow/state': 10}
        said = [reader.deserialize(data, c.msgtype).data for c, _, data in reader.messages()]
    assert sorted(read) == told(messages()) and said[3] == '说 3'
    assert len(list(folder.glob('*_[0-9]*'))) == 4 and not list(folder.glob('journal*'))
    assert oct(folder.stat().st_mode)[-3:] == '700'  # what a household says is its own


def test_files_are_read_by_the_mcap_library(tmp_path):
    """A reader that shares no code with the writer."""
    from mcap.reader import make_reader
    folder = record(tmp_path)
    found = []
    for path in folder.glob('*.mcap'):
        with open(path, 'rb') as file:
            for schema, line, message in make_reader(file, validate_crcs=True).iter_messages():
                assert schema.name == TEXT and schema.data.decode().startswith('string data')
                found.append((message.log_time, line.topic, message.data))
    assert sorted(found) == told(messages())


def test_metadata_is_what_humble_reads(tmp_path):
    """Version 8 at most: QoS as text; the state is latched for those who play the bag back."""
    import yaml
    data = yaml.safe_load((record(tmp_path) / 'metadata.yaml').read_text())
    found = data['rosbag2_bagfile_information']
    assert found['version'] == 8 and found['message_count'] == 20
    assert found['duration']['nanoseconds'] == 19 * 10 ** 9
    profiles = {t['topic_metadata']['name']: t['topic_metadata']['offered_qos_profiles']
                for t in found['topics_with_message_count']}
    assert [yaml.safe_load(profiles[f'/shadow/{topic}'])[0]['durability']
            for topic in ('state', 'command')] == [1, 2]


def test_parts_end_by_size(tmp_path):
    folder = record(tmp_path, Limits(split_seconds=1e9, split_bytes=800, flush_seconds=0.0))
    assert len(list(folder.glob('*.mcap'))) > 2
    assert told(read_raw(folder)[0]) == told(messages())


@pytest.mark.parametrize('text', ['', 'sit', '趴窝', 'x' * 100_000, 'a\0b', '\ud800'])
def test_text_is_what_ros_writes(text):
    """Text to CDR and back; rosbags, which is checked against rclpy, agrees on the bytes."""
    from rosbags.typesys import get_typestore, Stores
    store = get_typestore(Stores.ROS2_HUMBLE)
    clean = text.encode('utf-8', 'replace').decode()
    assert decode_text(encode_text(text)) == clean.rstrip('\0')
    kind = store.types[TEXT]
    assert bytes(store.serialize_cdr(kind(data=clean), TEXT)) == encode_text(text)


@pytest.mark.parametrize('data', [b'', b'\0\1\0\0', b'\0\1\0\0\xff\xff\0\0abc', b'\0\7\0\0' * 3])
def test_what_is_no_text_is_refused(data):
    with pytest.raises(BagError):
        decode_text(data)


def test_big_endian_text():
    assert decode_text(b'\0\0\0\0\0\0\0\4sit\0') == 'sit'


RECORD = """
import sys, time
from pathlib import Path
from shadow_ros.bags.recording import Limits, Recording
from shadow_ros.bags.seal import channel
from shadow_ros.bags.cdr import encode_text
recording = Recording(Path(sys.argv[1]), [channel(1, '/shadow/command', 'std_msgs/msg/String')],
                      Limits(flush_seconds=0.2), time.monotonic())
while True:
    stamp = time.time_ns()
    recording.add(1, stamp, encode_text(str(stamp)))
    recording.step(time.monotonic())
    print(stamp, flush=True)
    time.sleep(0.005)
"""


@pytest.mark.timeout(60)
def test_a_killed_recorder_loses_its_last_moments_alone(tmp_path):
    """After kill -9 nothing older than a flush is lost; the next start makes a bag of it."""
    process = subprocess.Popen(
        [sys.executable, '-c', RECORD, str(tmp_path)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)})
    said = [int(process.stdout.readline()) for _ in range(150)]
    assert list(recover([tmp_path])) == []  # it is being recorded into: hands off
    process.send_signal(signal.SIGKILL)
    said += [int(line) for line in process.stdout.read().split()]
    process.wait(10)
    found = list(recover([tmp_path]))
    assert [(f.parts, f.troubles) for f in found] == [(1, ())]
    stamps = [message.stamp for message in read_bags([found[0].folder]).messages]
    assert stamps == said[:len(stamps)]
    assert said[-1] - stamps[-1] < 1.5e9  # ns; the flush is every 0.2 s, the machine may be busy
    assert list(recover([tmp_path])) == []


@pytest.mark.parametrize('cut', [1, 40, 400, 3000])
def test_a_torn_journal_is_sealed_up_to_the_tear(tmp_path, cut):
    """A power cut leaves half a chunk, or zeros where one should be."""
    folder = tmp_path / 'torn'
    folder.mkdir()
    journal = Journal(folder / JOURNAL.format(0), CHANNELS)
    for message in messages(50):
        journal.add(1, message.stamp, message.data)
        journal.flush()
    journal.close()
    data = journal.path.read_bytes()
    journal.path.write_bytes(data[:-cut] + bytes(cut if cut == 400 else 0))
    troubles = seal(folder, 0)
    left = [m.data for m in read_raw(folder)[0]]
    assert left == [m.data for m in messages(50)][:len(left)]
    assert len(left) >= 50 - (cut // 60 + 2)
    if cut != 1:
        assert troubles and all(str(folder) in str(trouble) for trouble in troubles)


@pytest.mark.parametrize('until', range(1, 9))
def test_sealing_may_be_interrupted_anywhere(tmp_path, until, monkeypatch):
    """However far it came, sealing the journal again ends with each message once."""
    recording = Recording(tmp_path, CHANNELS, Limits(split_seconds=5.0), 0.0)
    parts = []
    for second, message in enumerate(messages()):
        recording.add(1 + message.topic.endswith('state'), message.stamp, message.data)
        parts += recording.step(float(second))
    parts += recording.close()
    recording.release()
    calls = 0

    def broken(kind, name):
        real = getattr(kind, name)

        def step(*args, **options):
            nonlocal calls
            calls += 1
            if calls == until:
                raise KeyboardInterrupt
            return real(*args, **options)
        monkeypatch.setattr(kind, name, step)

    with monkeypatch.context() as monkeypatch:
        for kind, name in ((Path, 'replace'), (os, 'fsync'), (Path, 'unlink'), (Path, 'chmod')):
            broken(kind, name)
        with pytest.raises(KeyboardInterrupt):
            for part in parts:
                seal(recording.folder, part)
    found = list(recover([tmp_path]))
    assert len(found) == 1 and not found[0].troubles
    assert told(read_raw(recording.folder)[0]) == told(messages())
    assert json.dumps(sorted(p.name for p in recording.folder.iterdir())).count('part') == 0


def test_a_recording_without_messages_leaves_nothing(tmp_path):
    recording = Recording(tmp_path, CHANNELS, Limits(), 0.0)
    recording.close()
    recording.release()
    assert [found.parts for found in recover([tmp_path])] == [1]
    assert list(tmp_path.iterdir()) == []


def test_oldest_files_go_when_the_quota_is_reached(tmp_path):
    """Of our own recordings only; a bag that somebody else put there stays."""
    from diary import small_day, write
    write(tmp_path / 'theirs', small_day(50))
    first = record(tmp_path)
    later = [raw(1000 + i, 'command', str(i)) for i in range(20)]
    second = record(tmp_path, given=later)
    sizes = {part.name: part.size for part in quota.parts(tmp_path)}
    assert len(sizes) == 8
    oldest = next(part for part in quota.parts(tmp_path) if part.begin == BEGIN)
    gone = quota.make_room(tmp_path, quota.used(tmp_path) - oldest.size)
    assert [part.name for part in gone] == [oldest.name]
    left = read_raw(first)[0]
    assert 10 < len(left) < 20 and read_raw(first)[1] == []
    quota.make_room(tmp_path, 1)
    assert [p.name for p in tmp_path.iterdir()] == ['theirs'] and not second.exists()
    assert quota.too_much(tmp_path, 10 ** 12) == 0


def test_sealer_stops_the_recording_when_nothing_may_go(tmp_path):
    record(tmp_path)
    said = []
    sealer = Sealer(tmp_path, Keeping(quota=1000, drop_oldest=False), said.append)
    sealer.start()
    assert sealer.close(20)
    assert 'over the quota' in sealer.full and 'quota_gigabytes' in sealer.full and said == []


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(BagError, match='set recorder.folder'):
        Recording(tmp_path / 'file', CHANNELS, Limits(), time.monotonic())


def test_journal_is_an_mcap_file_of_its_own(tmp_path):
    """Even unsealed, what was flushed is plain MCAP for every tool that reads streams."""
    from mcap.stream_reader import StreamReader
    journal = Journal(tmp_path / 'journal_0.mcap', CHANNELS)
    journal.add(1, 5, encode_text('sit'))
    journal.flush()
    kinds = []
    with open(journal.path, 'rb') as file:
        records = StreamReader(file, validate_crcs=True).records
        for _ in range(6):
            kinds.append(type(next(records)).__name__)
    journal.close()
    assert kinds == ['Header', 'Schema', 'Channel', 'Schema', 'Channel', 'Message']
    assert [m.data for m in salvage(journal.path).messages] == [encode_text('sit')]

"""Reading: every storage and compression, split bags, and what is left of damaged ones."""

from diary import small_day, told, write
import pytest

from shadow_ros.bags.reader import read_bags, read_raw
from shadow_ros.bags.salvage import salvage
from shadow_ros.errors import BagError


@pytest.mark.parametrize('storage, compression', [
    ('mcap', ''), ('mcap', 'storage'), ('mcap', 'file'), ('mcap', 'message'),
    ('sqlite3', ''), ('sqlite3', 'file'), ('sqlite3', 'message')])
@pytest.mark.parametrize('version', [8, 9])
def test_every_kind_of_bag(tmp_path, storage, compression, version):
    """The whole bag by rosbags, its file alone by our own reader; both the same."""
    day = small_day()
    file = write(tmp_path / 'day', day, storage, version, compression)
    assert [told(read_raw(tmp_path / 'day')[0]), read_raw(tmp_path / 'day')[1]] == [told(day), []]
    if version == 9:
        raws, troubles = read_raw(file)
        assert told(raws) == told(day) and troubles == []


def test_metadata_of_older_distributions(tmp_path):
    """Humble's version 5 names neither hashes nor custom data."""
    import yaml
    day = small_day()
    write(tmp_path / 'day', day, 'sqlite3', 8)
    path = tmp_path / 'day' / 'metadata.yaml'
    data = yaml.safe_load(path.read_text())
    found = data['rosbag2_bagfile_information']
    found['version'] = 5
    for key in ('custom_data', 'ros_distro'):
        del found[key]
    for topic in found['topics_with_message_count']:
        del topic['topic_metadata']['type_description_hash']
    path.write_text(yaml.safe_dump(data))
    assert told(read_raw(tmp_path / 'day')[0]) == told(day)


def test_texts_of_several_bags(tmp_path):
    """Topics by their last name, the namespace and the bag beside them; others are passed over."""
    day = small_day(8)
    write(tmp_path / 'one', day)
    write(tmp_path / 'two', day, 'sqlite3')
    found = read_bags([tmp_path / 'one', tmp_path / 'two'], ('command',))
    assert [(m.topic, m.namespace, m.bag) for m in found.messages] == [
        ('command', '/shadow', name) for name in ('one', 'one', 'two', 'two')]
    assert found.messages[1].text == f'message 4: 坐下 {"ab" * 4} é'


def damage(file, kind):
    data = file.read_bytes()
    half, size = len(data) // 2, len(data)
    file.write_bytes({
        'cut': data[:half], 'hole': data[:half] + bytes(200) + data[half + 200:],
        'tail': data[:size - 300] + bytes(300), 'head': b'x' * 100 + data[100:],
        'empty': b''}[kind])


LEFT = {'cut': (0.3, 0.7), 'hole': (0.6, 1.0), 'tail': (0.9, 1.0), 'head': (0.6, 1.0),
        'empty': (0.0, 0.0)}


@pytest.mark.parametrize('compression', ['', 'storage'])
@pytest.mark.parametrize('kind', LEFT)
def test_damaged_mcap(tmp_path, kind, compression):
    """What can be read is used; the rest is reported by file and offset, never made up."""
    day = small_day(1000)
    file = write(tmp_path / 'day', day, compression=compression, chunk=40)
    damage(file, kind)
    raws, troubles = read_raw(tmp_path / 'day')
    low, high = LEFT[kind]
    assert low <= len(raws) / len(day) <= high
    assert troubles and all(t.file == str(file) and 0 <= t.offset <= file.stat().st_size
                            for t in troubles)
    strange = {(r.stamp, r.topic, r.data) for r in raws} - set(told(day))
    assert len(strange) <= (1 if (kind, compression) == ('hole', '') else 0)  # no checksums there


@pytest.mark.parametrize('kind', ['cut', 'hole', 'tail', 'empty'])
@pytest.mark.parametrize('compression', ['', 'file'])
def test_damaged_sqlite(tmp_path, kind, compression):
    day = small_day(1000)
    file = write(tmp_path / 'day', day, 'sqlite3', compression=compression)
    damage(file, kind)
    raws, troubles = read_raw(tmp_path / 'day')
    assert troubles
    if not compression:  # zstd's blocks of 128 KiB are lost as a whole
        assert len(raws) > {'cut': 200, 'hole': 200, 'tail': 400, 'empty': -1}[kind]


def test_a_bag_that_was_never_finished(tmp_path):
    """No metadata.yaml, no index, no last chunk: what a killed recorder of ROS leaves."""
    day = small_day(1000)
    file = write(tmp_path / 'day', day, chunk=40)
    (tmp_path / 'day' / 'metadata.yaml').unlink()
    data = file.read_bytes()
    file.write_bytes(data[:data.rindex(b'ab' * 36)])
    raws, troubles = read_raw(tmp_path / 'day')
    assert 900 < len(raws) < 1000
    assert any('not finished' in trouble.what for trouble in troubles)


def test_split_bag_with_a_lost_part(tmp_path):
    from shadow_ros.bags.metadata import read_metadata, write_metadata
    day = small_day()
    write(tmp_path / 'day', day)
    found = read_metadata(tmp_path / 'day')
    write_metadata(tmp_path / 'day', {
        **found, 'relative_file_paths': [*found['relative_file_paths'], 'day_1.mcap']})
    raws, troubles = read_raw(tmp_path / 'day')
    assert told(raws) == told(day) and [t.file for t in troubles] == [
        str(tmp_path / 'day' / 'day_1.mcap')]


def test_lost_messages_are_never_passed_over_in_silence(tmp_path):
    """A reader that follows an index may miss what the index no longer leads to."""
    day = small_day(400)
    file = write(tmp_path / 'day', day, chunk=40)
    data = bytearray(file.read_bytes())
    at = data.index(b'message 200')
    data[at - 60:at - 30] = bytes(30)
    file.write_bytes(data)
    raws, troubles = read_raw(tmp_path / 'day')
    assert len(raws) < 400 and troubles


@pytest.mark.parametrize('make, complaint', [
    (lambda folder: folder / 'nothing', 'does not exist'),
    (lambda folder: folder, 'holds no recording'),
    (lambda folder: (folder / 'a.txt').touch() or folder / 'a.txt', 'is no recording')])
def test_what_is_no_bag(tmp_path, make, complaint):
    with pytest.raises(BagError, match=complaint):
        read_bags([make(tmp_path)])


def test_a_folder_of_bags_is_told_how_to_name_them(tmp_path):
    write(tmp_path / 'day', small_day(4))
    with pytest.raises(BagError, match=r'name the recordings in it: .*/\*$'):
        read_bags([tmp_path])


@pytest.mark.timeout(60)
def test_any_bytes_can_be_salvaged(tmp_path):
    """Random damage anywhere: always an answer, and no message that was not written."""
    import random
    day = small_day(60)
    whole = write(tmp_path / 'day', day, compression='storage', chunk=10).read_bytes()
    known = set(told(day))
    rng = random.Random(1)
    path = tmp_path / 'bad.mcap'
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 3, 30))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data[:rng.choice((len(data), rng.randrange(len(data))))])
        for message in salvage(path).messages:
            assert len(message.data) < 10 ** 6
    path.write_bytes(whole)
    assert {(m.stamp, m.topic, m.data) for m in salvage(path).messages} == known

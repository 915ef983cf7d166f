"""
Reading bags: rosbag2 folders and single files, MCAP and sqlite3, whole or not.

    found = read_bags([Path('monday'), Path('tuesday.mcap')])
    found.messages      # Texts of our topics, oldest first within a bag
    found.troubles      # what could not be read, by file and offset

Whole bags are read by rosbags. Where that fails, each file is read as far as it goes.
"""

from dataclasses import dataclass, field
from pathlib import Path
import re
import tempfile
from typing import Iterable, Iterator, Sequence

from shadow_ros.bags.cdr import decode_text
from shadow_ros.bags.metadata import files_of, METADATA, read_metadata
from shadow_ros.bags.packing import decompress_file, NEEDED
from shadow_ros.bags.salvage import everything, plain, Raw, salvage, Trouble, Wanted
from shadow_ros.bags.salvage_sqlite import salvage_sqlite
from shadow_ros.bags.seal import JOURNAL, journals
from shadow_ros.errors import BagError

TOPICS = ('command', 'transcript', 'partial', 'plan', 'event', 'feedback', 'reply', 'state',
          'comparison')
TEXT = 'std_msgs/msg/String'
_FILE = re.compile(r'(.*?)(\d*)\.(mcap|db3)(\.zstd)?$')


@dataclass(frozen=True)
class Text:
    """
    A text message: when it was recorded (ns since the epoch) and the topic's last name.

    `namespace` is what stands before that name, `bag` the recording it comes from.
    """

    stamp: int
    topic: str
    text: str
    namespace: str = ''
    bag: str = ''


@dataclass
class Bags:
    """What was found in one or several bags."""

    messages: list[Text] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def read_bags(paths: Iterable[Path], topics: Sequence[str] = TOPICS) -> Bags:
    """Return the text messages of all bags, or raise BagError where a path is no bag at all."""
    def wanted(topic: str, kind: str) -> bool:
        return kind == TEXT and topic.rsplit('/', 1)[-1] in topics

    found = Bags()
    for path in paths:
        raws, troubles = read_raw(path, wanted)
        found.troubles += troubles
        found.messages += _texts(raws, path, found.troubles)
    return found


def read_raw(path: Path, wanted: Wanted = everything) -> tuple[list[Raw], list[Trouble]]:
    """Return the wanted messages of a bag, oldest first, and what of it could not be read."""
    if not path.exists():
        raise BagError(f'{path} does not exist; give the folder of a recording, or its file')
    if not path.is_dir():
        return _one_file(path, wanted)
    if not (path / METADATA).exists() or journals(path):
        return _pieces(path, wanted)
    try:
        return _whole(path, wanted), []
    except BagError as error:
        reason = str(error)
    except Exception as error:  # rosbags raises whatever the damage leads to
        reason = ' '.join(str(error).split())[:200]
    raws, troubles = _pieces(path, wanted)
    return raws, troubles or [Trouble(str(path), 0, reason)]


def _whole(path: Path, wanted: Wanted) -> list[Raw]:
    """Return the messages of a bag that is as it should be, or raise an error."""
    try:
        from rosbags.rosbag2 import Reader
    except ImportError:
        raise BagError(NEEDED) from None
    with Reader(path) as reader:
        chosen = [c for c in reader.connections if wanted(c.topic, c.msgtype)]
        found = [Raw(stamp, connection.topic, connection.msgtype, bytes(data))
                 for connection, stamp, data in (
                     reader.messages(connections=chosen) if chosen else ())]
        promised = sum(connection.msgcount for connection in chosen)
    if len(found) < promised:  # it passes over what it cannot follow without a word
        raise BagError(f'{promised - len(found)} of {promised} messages are lost')
    return sorted(found, key=lambda r: r.stamp)


def _pieces(path: Path, wanted: Wanted) -> tuple[list[Raw], list[Trouble]]:
    """Return what the files of a folder hold, each by itself."""
    raws, troubles = [], []
    names, missing = _names(path)
    for name in missing:
        troubles.append(Trouble(str(path / name), 0, 'metadata.yaml names it, but it is gone'))
    for name in names:
        more, bad = _one_file(path / name, wanted)
        raws += more
        troubles += bad
    if not names and not troubles:
        inside = any(p.is_dir() and _names(p) != ([], []) for p in path.iterdir())
        hint = f'; name the recordings in it: {path}/*' if inside else ''
        raise BagError(f'{path} holds no recording: expected metadata.yaml, or files that end in '
                       f'.mcap or .db3{hint}')
    return sorted(raws, key=lambda r: r.stamp), troubles


def _names(path: Path) -> tuple[list[str], list[str]]:
    """Return the names of a folder's files in order, and of those that should be there."""
    there = [p.name for p in path.iterdir() if p.is_file() and _FILE.match(p.name)]
    try:
        listed = [Path(str(name)).name
                  for name in read_metadata(path).get('relative_file_paths', [])]
    except BagError:
        listed = []
    sealed = {JOURNAL.format(number) for number, _ in journals(path)
              if any(name.startswith(f'{path.name}_{number}.') for name in
                     files_of({'relative_file_paths': listed}))}
    return (sorted(set(there) - sealed, key=_order), [n for n in listed if n not in there])


def _order(name: str) -> tuple[str, int, str]:
    """Return a key by which part 10 comes after part 9."""
    match = _FILE.match(name)
    assert match is not None
    return match[1], int(match[2] or -1), name


def _one_file(path: Path, wanted: Wanted) -> tuple[list[Raw], list[Trouble]]:
    """Return what a file holds, by rosbags where it can, else as far as it goes."""
    if not _FILE.match(path.name):
        raise BagError(f'{path} is no recording: expected a folder, or a file that ends in .mcap '
                       'or .db3')
    if path.suffix == '.zstd':
        with tempfile.TemporaryDirectory() as folder:
            plainer = Path(folder, path.stem)
            whole = decompress_file(path, plainer)
            raws, troubles = _one_file(plainer, wanted)
        cut = [] if whole else [Trouble(str(path), path.stat().st_size, 'the file is cut off')]
        return raws, [*(Trouble(str(path), t.offset, f'{t.what} (decompressed)', t.unit)
                        for t in troubles), *cut]
    found = (salvage if path.suffix == '.mcap' else salvage_sqlite)(path, wanted)
    return [_unpacked(raw) for raw in found.messages], found.troubles


def _unpacked(raw: Raw) -> Raw:
    """Return the message without the compression of its own that its bag may have."""
    return Raw(raw.stamp, raw.topic, raw.kind, plain(raw.data))


def _texts(raws: Sequence[Raw], path: Path, troubles: list[Trouble]) -> Iterator[Text]:
    """Yield the text messages."""
    for number, raw in enumerate(raws):
        namespace, _, name = raw.topic.rpartition('/')
        try:
            text = decode_text(raw.data)
        except BagError as error:
            troubles.append(Trouble(str(path), number, str(error), 'message'))
            continue
        yield Text(raw.stamp, name, text, namespace, _name(path))


def _name(path: Path) -> str:
    """Return a bag's name: its folder's, or its file's without the endings."""
    return path.resolve().name.split('.mcap')[0].split('.db3')[0]

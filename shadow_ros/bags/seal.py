"""
Sealing: a journal becomes a file of a rosbag2 folder, which any tool can read.

A recording is one rosbag2 folder with a file for each of its parts and one metadata.yaml. Each
step leaves the folder in a state from which sealing the same journal again ends well; the journal
goes last.
"""

from pathlib import Path
import shutil
from typing import Any, Literal, Sequence

from shadow_ros.bags.mcap import Channel
from shadow_ros.bags.metadata import (
    files_of, merged, read_metadata, write_metadata)
from shadow_ros.bags.packing import NEEDED
from shadow_ros.bags.salvage import Raw, salvage, Trouble
from shadow_ros.durable import sync
from shadow_ros.errors import BagError

JOURNAL = 'journal_{}.mcap'
SUFFIX = {'mcap': '.mcap', 'sqlite3': '.db3'}
VERSION: Literal[8] = 8  # of rosbag2's metadata: the newest that Humble reads, too
LATCHED = ('state',)


def journals(folder: Path) -> list[tuple[int, Path]]:
    """Return number and path of the journals that lie in a recording's folder."""
    found = [(path.stem.removeprefix('journal_'), path) for path in folder.glob('journal_*.mcap')]
    return sorted((int(number), path) for number, path in found if number.isdigit())


def typestore() -> Any:
    """Return rosbags' message types, or raise BagError."""
    try:
        from rosbags.typesys import get_typestore, Stores
    except ImportError:
        raise BagError(NEEDED) from None
    return get_typestore(Stores.ROS2_HUMBLE)


def channel(number: int, topic: str, kind: str) -> Channel:
    """Return the channel of a topic of a known message type."""
    return Channel(number, topic, kind, typestore().generate_msgdef(kind, ros_version=2)[0])


def seal(folder: Path, number: int, storage: str = 'mcap') -> list[Trouble]:
    """
    Make part `number` of the recording from its journal; return what of it could not be read.

    A journal without messages goes without a trace.
    """
    journal = folder / JOURNAL.format(number)
    workshop = folder / f'.part_{number}'
    name = f'{folder.name}_{number}{SUFFIX[storage]}'
    troubles: list[Trouble] = []
    if name not in files_of(read_metadata(folder)):
        found = salvage(journal)
        troubles = [t for t in found.troubles if t.offset < journal.stat().st_size]
        if found.messages:
            write_bag(workshop, found.messages, storage)
            _take_in(folder, workshop, name)
    journal.unlink()
    shutil.rmtree(workshop, ignore_errors=True)
    return troubles


def write_bag(folder: Path, messages: Sequence[Raw], storage: str = 'mcap',
              zstd: bool = True) -> None:
    """Write a rosbag2 folder of one file, in place of what is there."""
    types = typestore()
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
    shutil.rmtree(folder, ignore_errors=True)
    writer = Writer(folder, version=VERSION, storage_plugin=StoragePlugin[storage.upper()])
    if zstd:
        mode = CompressionMode.STORAGE if storage == 'mcap' else CompressionMode.FILE
        writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connections: dict[str, Any] = {}
        for message in sorted(messages, key=lambda m: m.stamp):
            if message.topic not in connections:
                if message.kind not in types.fielddefs:
                    raise BagError(f'messages of type {message.kind} cannot be written here')
                connections[message.topic] = writer.add_connection(
                    message.topic, message.kind, typestore=types,
                    offered_qos_profiles=_qos(message.topic))
            writer.write(connections[message.topic], message.stamp, message.data)


def _take_in(folder: Path, part: Path, name: str) -> None:
    """Move the file of a part's bag into the recording and add its metadata."""
    information = read_metadata(part)
    file = part / information['relative_file_paths'][0]
    name += '.zstd' if file.suffix == '.zstd' else ''
    sync(file)
    file.chmod(0o600)
    file.replace(folder / name)
    sync(folder)
    write_metadata(folder, merged(read_metadata(folder), information, name))


def _qos(topic: str) -> list[Any]:
    """Return the QoS to play back with: the robot's last state is kept for latecomers."""
    from rosbags.interfaces import (
        Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime)
    latched = topic.rsplit('/', 1)[-1] in LATCHED
    forever = QosTime(2147483647, 4294967295)
    return [Qos(QosHistory.KEEP_LAST, 10, QosReliability.RELIABLE,
                QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
                forever, forever, QosLiveliness.AUTOMATIC, forever, False)]

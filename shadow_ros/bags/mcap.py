"""
The MCAP container, as much of it as a journal and a salvage need (mcap.dev/spec).

A file is magic, records, magic; a record is an opcode, a 64-bit length and its content. Messages
lie in chunks, which bear a checksum and may be compressed; what is cut off or damaged in one chunk
leaves the others readable.
"""

from dataclasses import dataclass
import mmap
import struct
from typing import Union
from zlib import crc32

from shadow_ros.errors import BagError

MAGIC = b'\x89MCAP0\r\n'
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
LAST_KNOWN = 0x0F  # DataEnd
HEAD = 9  # bytes of opcode and length
CHUNK_HEAD = 40  # bytes of a chunk before its records, its compression's name not counted
MESSAGE_HEAD = 22

Buffer = Union[bytes, memoryview]


@dataclass(frozen=True)
class Channel:
    """A topic of a file: its number, name, message type, definition and offered QoS."""

    id: int
    topic: str
    kind: str
    definition: str = ''
    qos: str = ''


@dataclass(frozen=True)
class Chunk:
    """A chunk's head, and where in the file its records begin and would end."""

    size: int
    crc: int
    compression: str
    begin: int
    end: int


def record(op: int, *parts: bytes) -> bytes:
    """Return a whole record."""
    content = b''.join(parts)
    return struct.pack('<BQ', op, len(content)) + content


def text(value: str) -> bytes:
    """Return a text with its length."""
    data = value.encode()
    return struct.pack('<I', len(data)) + data


def header(library: str) -> bytes:
    """Return the beginning of a file of ROS 2 messages."""
    return MAGIC + record(HEADER, text('ros2'), text(library))


def channel_records(channel: Channel) -> bytes:
    """Return schema and channel of a topic, which must stand before its messages."""
    metadata = text('offered_qos_profiles') + text(channel.qos)
    return record(
        SCHEMA, struct.pack('<H', channel.id), text(channel.kind), text('ros2msg'),
        text(channel.definition),
    ) + record(
        CHANNEL, struct.pack('<HH', channel.id, channel.id), text(channel.topic), text('cdr'),
        struct.pack('<I', len(metadata)), metadata)


def message_record(channel: int, stamp: int, data: bytes) -> bytes:
    """Return a message that was received at `stamp` (ns since the epoch)."""
    return record(MESSAGE, struct.pack('<HIQQ', channel, 0, stamp, stamp), data)


def chunk_record(records: bytes, first: int, last: int) -> bytes:
    """Return uncompressed records with their checksum; `first` and `last` are stamps (ns)."""
    return record(CHUNK, struct.pack('<QQQI', first, last, len(records), crc32(records)),
                  text(''), struct.pack('<Q', len(records)), records)


def read_text(data: 'Buffer | mmap.mmap', at: int) -> tuple[str, int]:
    """Return the text at a place and the place behind it, or raise BagError."""
    if at + 4 > len(data):
        raise BagError('a text is cut off')
    size: int = struct.unpack_from('<I', data, at)[0]
    if at + 4 + size > len(data):
        raise BagError('a text is cut off')
    return bytes(data[at + 4:at + 4 + size]).decode('utf-8', 'replace'), at + 4 + size


def read_head(data: 'Buffer | mmap.mmap', at: int) -> tuple[int, int]:
    """Return opcode and length of the record at a place that holds its head."""
    op, size = struct.unpack_from('<BQ', data, at)
    return op, size


def read_schema(content: Buffer) -> tuple[int, str]:
    """Return number and name of a message type, or raise BagError."""
    if len(content) < 2:
        raise BagError('a schema is cut off')
    return struct.unpack_from('<H', content)[0], read_text(content, 2)[0]


def read_channel(content: Buffer) -> tuple[int, int, str]:
    """Return number, schema's number and topic of a channel, or raise BagError."""
    if len(content) < 4:
        raise BagError('a channel is cut off')
    number, schema = struct.unpack_from('<HH', content)
    return number, schema, read_text(content, 4)[0]


def read_message(content: Buffer) -> tuple[int, int, bytes]:
    """Return channel, stamp (ns) and data of a message, or raise BagError."""
    if len(content) < MESSAGE_HEAD:
        raise BagError('a message is cut off')
    channel, _, stamp, _ = struct.unpack_from('<HIQQ', content)
    return channel, stamp, bytes(content[MESSAGE_HEAD:])


def read_chunk(data: 'Buffer | mmap.mmap', at: int) -> Chunk:
    """Return the head of the chunk record at a place, or raise BagError where it is none."""
    if at + HEAD + CHUNK_HEAD > len(data):
        raise BagError('a chunk is cut off in its head')
    _, length = read_head(data, at)
    _, _, size, crc = struct.unpack_from('<QQQI', data, at + HEAD)
    compression, place = read_text(data, at + HEAD + 28)
    if place + 8 > len(data):
        raise BagError('a chunk is cut off in its head')
    stored: int = struct.unpack_from('<Q', data, place)[0]
    if length != CHUNK_HEAD + len(compression) + stored:
        raise BagError('the lengths in the head of a chunk do not fit together')
    return Chunk(size, crc, compression, place + 8, place + 8 + stored)


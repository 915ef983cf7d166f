"""
What can still be read of an MCAP file that is cut off, damaged or was never finished.

    found = salvage(path)
    found.messages      # when, topic, type and data, about in the order of the file
    found.troubles      # what could not be read, by offset
"""

from dataclasses import dataclass, field
import mmap
from pathlib import Path
import struct
from typing import Callable, Optional
from zlib import crc32

from shadow_ros.bags.mcap import (
    Buffer, CHANNEL, CHUNK, Chunk, CHUNK_HEAD, FOOTER, HEAD, LAST_KNOWN, MAGIC, MESSAGE,
    MESSAGE_HEAD, read_channel, read_chunk, read_head, read_message, read_schema, SCHEMA)
from shadow_ros.bags.packing import decompress
from shadow_ros.errors import BagError

_COMPRESSIONS = (b'', b'lz4', b'zstd')
_FAR = 400 * 86400 * 10 ** 9  # ns; a message so far from the one before is no message
_ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'


Wanted = Callable[[str, str], bool]
"""Whether a topic of a message type is to be read."""


def everything(topic: str, kind: str) -> bool:
    """Want all topics."""
    return True


@dataclass(frozen=True)
class Raw:
    """A message as it lies in a file: when it came (ns since the epoch), its topic and type."""

    stamp: int
    topic: str
    kind: str
    data: bytes


@dataclass(frozen=True)
class Trouble:
    """A part of a file that could not be used: where it begins (bytes, or rows of a database)."""

    file: str
    offset: int
    what: str
    unit: str = 'byte'

    def __str__(self) -> str:
        return f'{self.file}, {self.unit} {self.offset}: {self.what}'


@dataclass
class Salvaged:
    """What was read of one file."""

    messages: list[Raw] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    finished: bool = False


def salvage(path: Path, wanted: Wanted = everything) -> Salvaged:
    """Return all that can be read of an MCAP file, or raise BagError when it cannot be opened."""
    try:
        with open(path, 'rb') as file:
            if not path.stat().st_size:
                return Salvaged(troubles=[Trouble(str(path), 0, 'the file is empty')])
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                reader = _Reader(str(path), mapped, wanted)
                reader.read()
                return reader.found
    except OSError as error:
        raise BagError(f'{path} cannot be opened: {error.strerror}') from None


class _Reader:
    """One pass over a file."""

    def __init__(self, name: str, data: 'mmap.mmap', wanted: Wanted) -> None:
        self.found = Salvaged()
        self._name, self._data, self._wanted = name, data, wanted
        self._schemas: dict[int, str] = {}
        self._channels: dict[int, tuple[str, str]] = {}
        self._unknown: list[tuple[int, int, bytes]] = []
        self._last: Optional[int] = None

    def read(self) -> None:
        """Go through the records; where one is broken, go on with the next that is whole."""
        at = len(MAGIC)
        if self._data[:at] != MAGIC:
            self._trouble(0, 'this is not the beginning of an MCAP file')
            at = self._next(0)
        while 0 <= at < len(self._data) and not self.found.finished:
            at = self._step(at)
        if not self.found.finished:
            self._trouble(len(self._data), 'the file was not finished')
        self._name_channels()

    def _name_channels(self) -> None:
        """Take in messages whose topics the end of the file told, its beginning being lost."""
        lost = 0
        for number, stamp, data in self._unknown:
            if number not in self._channels:
                lost += 1
            elif self._wanted(*self._channels[number]):
                self.found.messages.append(Raw(stamp, *self._channels[number], data))
        if lost:
            self._trouble(0, f'{lost} messages are of topics that the file no longer tells')

    def _step(self, at: int) -> int:
        """Read the record at a place; return the place of the next one, -1 for none."""
        if at + HEAD > len(self._data):
            return -1
        op, size = read_head(self._data, at)
        end = at + HEAD + size
        if op == CHUNK:
            return self._chunk(at, end)
        if not 1 <= op <= LAST_KNOWN or end > len(self._data):
            return self._lost(at, 'a record is damaged or cut off')
        try:
            self._take(op, self._data[at + HEAD:end])
        except BagError as error:
            return self._lost(at, str(error))
        self.found.finished = op == FOOTER
        return end

    def _chunk(self, at: int, end: int) -> int:
        """Read a chunk, or of one that is cut off at the file's end what is there."""
        try:
            chunk = read_chunk(self._data, at)
        except BagError as error:
            return self._lost(at, str(error))
        whole = chunk.end <= len(self._data)
        try:
            inside = decompress(self._data[chunk.begin:chunk.end], chunk.compression,
                                partly=not whole)
            _check(chunk, inside, whole)
        except BagError as error:
            self._trouble(at, f'a chunk of {chunk.size} bytes is lost: {error}')
            return end if whole else -1
        used = self._records(inside)
        if not whole or used < len(inside):
            self._trouble(at, f'{max(chunk.size, used) - used} of {chunk.size} bytes of a chunk '
                              'are lost')
        return end if whole else -1

    def _records(self, inside: bytes) -> int:
        """Take in the whole records of a chunk; return how many bytes they are."""
        used, at = 0, 0
        while 0 <= at < len(inside):
            op, size = read_head(inside, at) if at + HEAD <= len(inside) else (0, 0)
            end = at + HEAD + size
            try:
                if op not in (SCHEMA, CHANNEL, MESSAGE) or end > len(inside):
                    raise BagError('no record of a chunk begins here')
                self._take(op, inside[at + HEAD:end])
                used, at = used + end - at, end
            except BagError:
                at = self._next_message(inside, at + 1)
        return used

    def _take(self, op: int, content: Buffer) -> None:
        if op == SCHEMA:
            number, kind = read_schema(content)
            self._schemas[number] = kind
        elif op == CHANNEL:
            number, schema, topic = read_channel(content)
            self._channels[number] = (topic, self._schemas.get(schema, ''))
        elif op == MESSAGE:
            number, stamp, data = read_message(content)
            self._last = stamp
            if number not in self._channels:
                self._unknown.append((number, stamp, data))
            elif self._wanted(*self._channels[number]):
                self.found.messages.append(Raw(stamp, *self._channels[number], data))

    def _lost(self, at: int, what: str) -> int:
        """Report what is broken at a place; return the place to go on from, -1 for none."""
        following = self._next(at + 1)
        size = (following if following >= 0 else len(self._data)) - at
        self._trouble(at, f'{what}; {size} bytes passed over')
        return following

    def _next(self, at: int) -> int:
        """Return the place of the next record that looks whole from the outside, -1 for none."""
        places = (self._next_chunk(at), self._next_message(self._data, at))
        return min((place for place in places if place >= 0), default=-1)

    def _next_chunk(self, at: int) -> int:
        """Return the place of the next chunk: its lengths agree and its compression is known."""
        place = self._data.find(bytes([CHUNK]), at)
        while 0 <= place <= len(self._data) - HEAD - CHUNK_HEAD:
            size = struct.unpack_from('<I', self._data, place + HEAD + 28)[0]
            name = self._data[place + HEAD + 32:place + HEAD + 32 + min(size, 4)]
            if size == len(name) and name in _COMPRESSIONS:
                try:
                    read_chunk(self._data, place)
                    return place
                except BagError:
                    pass
            place = self._data.find(bytes([CHUNK]), place + 1)
        return -1

    def _next_message(self, data: 'mmap.mmap | bytes', at: int) -> int:
        """Return the place of the next message of a known channel and a likely time."""
        place = data.find(bytes([MESSAGE]), at) if self._channels else -1
        while 0 <= place <= len(data) - HEAD - MESSAGE_HEAD:
            _, size = read_head(data, place)
            if MESSAGE_HEAD <= size <= len(data) - place - HEAD:
                head = data[place + HEAD:place + HEAD + MESSAGE_HEAD]
                channel, stamp, _ = read_message(head)
                if channel in self._channels and abs(stamp - (self._last or stamp)) < _FAR:
                    return place
            place = data.find(bytes([MESSAGE]), place + 1)
        return -1

    def _trouble(self, at: int, what: str) -> None:
        self.found.troubles.append(Trouble(self._name, at, what))


def _check(chunk: Chunk, inside: bytes, whole: bool) -> None:
    """Raise BagError when a whole chunk is not what was written."""
    if whole and len(inside) != chunk.size:
        raise BagError(f'it holds {len(inside)} bytes')
    if whole and chunk.crc and crc32(inside) != chunk.crc:
        raise BagError('its checksum is wrong')


def plain(data: bytes) -> bytes:
    """Return a message's data; a bag may compress each by itself, CDR never begins like that."""
    return decompress(data, 'zstd') if data[:4] == _ZSTD_MAGIC else data

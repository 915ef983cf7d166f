"""
The journal of a recording: an MCAP file that only grows, so a crash costs its last seconds alone.

Messages wait in memory until `flush` writes them as one chunk with its checksum and asks the disk
to keep it. There is no index at the end: a sealed bag (seal.py) has one.
"""

import os
from pathlib import Path
from typing import Sequence

from shadow_ros.bags.mcap import (
    Channel, channel_records, chunk_record, header, message_record)

LIBRARY = 'shadow_ros journal'


class Journal:
    """The file that is being recorded into; use it from one thread."""

    def __init__(self, path: Path, channels: Sequence[Channel]) -> None:
        self.path = path
        self.channels = tuple(channels)
        self.count = 0
        self.size = 0
        self._waiting: list[bytes] = []
        self._stamps: list[int] = []
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._write(header(LIBRARY) + b''.join(map(channel_records, channels)))

    def add(self, channel: int, stamp: int, data: bytes) -> None:
        """Take in a message of a channel, received at `stamp` (ns since the epoch)."""
        self._waiting.append(message_record(channel, stamp, data))
        self._stamps.append(stamp)
        self.count += 1

    def flush(self) -> None:
        """Bring what waits to the disk."""
        if not self._waiting:
            return
        chunk = chunk_record(b''.join(self._waiting), min(self._stamps), max(self._stamps))
        self._waiting.clear()
        self._stamps.clear()
        self._write(chunk)

    def close(self) -> None:
        """Bring what waits to the disk and let go of the file."""
        try:
            self.flush()
        finally:
            os.close(self._file)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest):]
        os.fsync(self._file)
        self.size += len(data)

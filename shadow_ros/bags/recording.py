"""
One recording: a folder whose parts are journals while they grow and files of a bag afterwards.

    recording = Recording(root, channels, limits, now)
    recording.add(channel, stamp, data)
    for part in recording.step(now):      # often; now is monotonic (s)
        seal(recording.folder, part)      # in a thread of its own
    for part in recording.close(): ...
"""

from dataclasses import dataclass
import fcntl
import os
from pathlib import Path
import time
from typing import Optional, Sequence

from shadow_ros.bags.journal import Journal
from shadow_ros.bags.mcap import Channel
from shadow_ros.bags.seal import JOURNAL
from shadow_ros.errors import BagError

LOCK = '.lock'


@dataclass(frozen=True)
class Limits:
    """When a part ends (s, bytes), and for how long messages may wait for the disk (s)."""

    split_seconds: float = 600.0
    split_bytes: int = 64_000_000
    flush_seconds: float = 2.0


class Recording:
    """Takes messages in and keeps them; pure but for its files. Use it from one thread."""

    def __init__(self, root: Path, channels: Sequence[Channel], limits: Limits,
                 now: float) -> None:
        self.folder = new_folder(root)
        self.count = 0
        self._channels, self._limits = channels, limits
        self._lock: Optional[int] = lock(self.folder)
        self._part = 0
        self._begun = self._flushed = now
        self._open(now)

    @property
    def size(self) -> int:
        """Return the bytes of the part that grows."""
        return self._journal.size

    def add(self, channel: int, stamp: int, data: bytes) -> None:
        """Take in a message, received at `stamp` (ns since the epoch)."""
        self._journal.add(channel, stamp, data)
        self.count += 1

    def step(self, now: float) -> list[int]:
        """Bring what is due to the disk; return the number of the part that has ended, if any."""
        if now - self._flushed >= self._limits.flush_seconds:
            self._journal.flush()
            self._flushed = now
        old = now - self._begun >= self._limits.split_seconds
        if not (old or self._journal.size >= self._limits.split_bytes) or not self._journal.count:
            return []
        self._journal.close()
        self._part += 1
        self._open(now)
        return [self._part - 1]

    def close(self) -> list[int]:
        """End the recording; return the number of its last part. The lock goes with `release`."""
        self._journal.close()
        return [self._part]

    def release(self) -> None:
        """Let others seal what may be left in the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open(self, now: float) -> None:
        self._journal = Journal(self.folder / JOURNAL.format(self._part), self._channels)
        self._begun = self._flushed = now


def new_folder(root: Path) -> Path:
    """Make the folder of a new recording, named after the time, for its owner's eyes only."""
    name = time.strftime('%Y-%m-%d_%H-%M-%S')
    for number in range(1000):
        folder = root / (f'{name}_{number}' if number else name)
        try:
            folder.mkdir(mode=0o700, parents=True)
            return folder
        except FileExistsError:
            continue
        except OSError as error:
            raise BagError(f'no recording can be made in {root}: {error.strerror}; set '
                           'recorder.folder to a folder that can be written') from None
    raise BagError(f'{root} holds a thousand recordings of this second; is the clock standing?')


def lock(folder: Path) -> Optional[int]:
    """Return the handle of the folder's lock, None when another process records into it."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle

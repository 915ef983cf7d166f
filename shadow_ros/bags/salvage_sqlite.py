"""What can still be read of a sqlite3 bag that is cut off, damaged or was never finished."""

from contextlib import closing
from pathlib import Path
import shutil
import sqlite3
import struct
import tempfile
from typing import Optional

from shadow_ros.bags.salvage import everything, Raw, Salvaged, Trouble, Wanted
from shadow_ros.errors import BagError

_BESIDE = ('-wal', '-journal')  # what SQLite keeps next to a file that was not closed
_LARGEST = 1 << 40  # bytes; what is larger is no file's size but damage
_GIVE_UP = 1 << 20  # rows that may be missing in one go


def salvage_sqlite(path: Path, wanted: Wanted = everything) -> Salvaged:
    """Return all rows that can be read, or raise BagError when the file cannot be opened."""
    found = Salvaged()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)  # SQLite mends what it opens; a bag is left as it is
        try:
            shutil.copyfile(path, copy)
            for ending in _BESIDE:
                if (beside := path.with_name(path.name + ending)).exists():
                    shutil.copyfile(beside, copy.with_name(copy.name + ending))
        except OSError as error:
            raise BagError(f'{path} cannot be opened: {error.strerror}') from None
        _pad(copy)
        try:
            with closing(sqlite3.connect(copy)) as base:
                _read(base, found, str(path), wanted)
        except sqlite3.DatabaseError as error:
            found.troubles.append(Trouble(str(path), 0, f'nothing can be read: {error}'))
    return found


def _pad(path: Path) -> None:
    """Give a file that was cut off the size that its head tells, or SQLite reads none of it."""
    with open(path, 'r+b') as file:
        head = file.read(32)
        if len(head) == 32:
            page = struct.unpack_from('>H', head, 16)[0]
            count = struct.unpack_from('>I', head, 28)[0]
            size = (65536 if page == 1 else page) * count
            if path.stat().st_size < size < _LARGEST:
                file.truncate(size)


def _read(base: sqlite3.Connection, found: Salvaged, name: str, wanted: Wanted) -> None:
    topics = {number: (topic, kind) for number, topic, kind in
              base.execute('SELECT id, name, type FROM topics') if wanted(topic, kind)}
    row = 0
    while True:
        last = _rows(base, row, topics, found)
        if last is None:
            return
        following = _next_readable(base, last + 1)
        found.troubles.append(Trouble(
            name, last + 1, 'damaged from here' if following is None
            else f'rows up to {following - 1} are damaged', 'row'))
        if following is None:
            return
        row = following - 1


def _rows(base: sqlite3.Connection, after: int, topics: dict[int, tuple[str, str]],
          found: Salvaged) -> Optional[int]:
    """Take in the rows after a number; return the last one before a damage, None at the end."""
    last = after
    try:
        for number, topic, stamp, data in base.execute(
                'SELECT id, topic_id, timestamp, data FROM messages WHERE id > ? ORDER BY id',
                (after,)):
            last = number
            if topic in topics and isinstance(data, bytes) and isinstance(stamp, int):
                found.messages.append(Raw(stamp, *topics[topic], data))
    except sqlite3.DatabaseError:
        return last
    return None


def _next_readable(base: sqlite3.Connection, row: int) -> Optional[int]:
    """Return the number of the first row from here on that can be read, None for none."""
    ahead = 1
    while ahead <= _GIVE_UP:
        try:
            found = base.execute('SELECT id FROM messages WHERE id >= ? ORDER BY id LIMIT 1',
                                 (row + ahead,)).fetchone()
            return int(found[0]) if found else None
        except sqlite3.DatabaseError:
            ahead += max(1, ahead // 8)
    return None

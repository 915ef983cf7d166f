"""Files that are there as a whole or not at all, whatever dies while they are written."""

from contextlib import contextmanager
import os
from pathlib import Path
from typing import Iterator


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """
    Yield a path to write to; what was written takes the place of `path` in one step, on the disk.

    Until then, and if the block raises, the old file stays as it is.
    """
    fresh = path.with_name(f'.{path.name}.{os.getpid()}')
    yield fresh
    sync(fresh)
    fresh.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Ask the disk to keep a file, or what a folder lists."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

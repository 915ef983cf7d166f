"""The disk: how much the recordings take, and which parts go when that is too much."""

from dataclasses import dataclass
from pathlib import Path
import shutil
from typing import Iterator

from shadow_ros.bags.metadata import (
    files_of, METADATA, OURS, read_metadata, without, write_metadata)
from shadow_ros.bags.seal import journals
from shadow_ros.errors import BagError

LEAST_FREE = 200_000_000  # bytes of the disk that a recording leaves to others


@dataclass(frozen=True)
class Part:
    """A sealed file: its recording, name, bytes and when it begins (ns since the epoch)."""

    folder: Path
    name: str
    size: int
    begin: int


def parts(root: Path) -> Iterator[Part]:
    """Yield the sealed files of the recordings below a folder that the recorder has made."""
    for metadata in sorted(root.glob(f'*/{METADATA}')):
        folder = metadata.parent
        try:
            information = read_metadata(folder)
        except BagError:
            continue  # not ours to judge
        if OURS not in (information.get('custom_data') or {}):
            continue
        for file in information['files']:
            path = folder / file['path']
            if path.is_file():
                yield Part(folder, file['path'], path.stat().st_size,
                           file['starting_time']['nanoseconds_since_epoch'])


def used(root: Path) -> int:
    """Return the bytes of everything below a folder."""
    return sum(path.lstat().st_size for path in root.rglob('*') if path.is_file())


def too_much(root: Path, quota: int) -> int:
    """Return by how many bytes the recordings are over the quota, or the disk too full; or 0."""
    return max(0, used(root) - quota, LEAST_FREE - shutil.disk_usage(root).free)


def make_room(root: Path, quota: int) -> list[Part]:
    """Remove the oldest sealed files until quota and disk are content; return what went."""
    excess, gone = too_much(root, quota), []
    for part in sorted(parts(root), key=lambda p: p.begin) if excess else ():
        if excess <= 0:
            break
        drop(part)
        gone.append(part)
        excess -= part.size
    return gone


def drop(part: Part) -> None:
    """Remove a file from its recording, and the recording with its last one."""
    information = read_metadata(part.folder)
    if files_of(information) == [part.name.removesuffix('.zstd')] and not journals(part.folder):
        shutil.rmtree(part.folder)
        return
    write_metadata(part.folder, without(information, part.name))
    (part.folder / part.name).unlink()

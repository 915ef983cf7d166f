"""What a crash left behind: journals without a sealed file, made into bags after the fact."""

from dataclasses import dataclass
import os
from pathlib import Path
from typing import Iterable, Iterator

from shadow_ros.bags.recording import LOCK, lock
from shadow_ros.bags.salvage import Trouble
from shadow_ros.bags.seal import journals, seal


@dataclass(frozen=True)
class Recovered:
    """A recording that was sealed again: its folder, how many parts, what of them is lost."""

    folder: Path
    parts: int
    troubles: tuple[Trouble, ...]


def unfinished(root: Path) -> Iterator[Path]:
    """Yield the folders at or right below a folder that hold journals."""
    for folder in (root, *sorted(p for p in root.glob('*') if p.is_dir())):
        if journals(folder):
            yield folder


def recover(roots: Iterable[Path], storage: str = 'mcap') -> Iterator[Recovered]:
    """Seal what unfinished recordings hold, except those that are being recorded right now."""
    for root in roots:
        for folder in unfinished(root):
            handle = lock(folder)
            if handle is None:
                continue
            try:
                yield _recover(folder, storage)
            finally:
                os.close(handle)


def _recover(folder: Path, storage: str) -> Recovered:
    troubles = []
    parts = journals(folder)
    for number, _ in parts:
        troubles += seal(folder, number, storage)
    left = [path for path in folder.iterdir() if path.name != LOCK]
    if not left:  # a recording that never heard anything
        (folder / LOCK).unlink(missing_ok=True)
        folder.rmdir()
    return Recovered(folder, len(parts), tuple(troubles))

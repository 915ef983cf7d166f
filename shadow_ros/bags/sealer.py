"""The thread that seals parts, recovers old ones and keeps the disk from filling up."""

from dataclasses import dataclass
from pathlib import Path
import queue
import threading
import time
from typing import Callable, Iterable, Optional

from shadow_ros.bags.quota import make_room, Part, too_much
from shadow_ros.bags.recover import recover
from shadow_ros.bags.seal import seal
from shadow_ros.errors import BagError

CHECK_EVERY = 10.0  # s between looks at the disk


@dataclass(frozen=True)
class Keeping:
    """How recordings are kept: format, bytes that all may take, whether the oldest may go."""

    storage: str = 'mcap'
    quota: int = 2_000_000_000
    drop_oldest: bool = True


class Sealer:
    """Does the slow work of a recorder in a thread of its own; `say` gets what it has to tell."""

    def __init__(self, root: Path, keeping: Keeping, say: Callable[[str], None]) -> None:
        self.full = ''
        self._root, self._keeping, self._say = root, keeping, say
        self._work: queue.Queue[Optional[Callable[[], None]]] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name='sealer', daemon=True)

    def start(self) -> None:
        """Begin, with what earlier recordings have left behind."""
        self._work.put(self._recover)
        self._thread.start()

    def seal(self, folder: Path, part: int,
             then: Callable[[], None] = lambda: None) -> None:
        """Seal a part when its turn comes, then call back."""
        def work() -> None:
            self._tell(seal(folder, part, self._keeping.storage), folder)
            then()
        self._work.put(work)

    def close(self, timeout: float) -> bool:
        """Finish what is to do; return whether that was done in time (s)."""
        self._work.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        checked = 0.0
        while True:
            try:
                work = self._work.get(timeout=CHECK_EVERY)
                if work is None:
                    return
                self._attempt(work)
            except queue.Empty:
                pass
            if time.monotonic() - checked > CHECK_EVERY or self._work.empty():
                checked = time.monotonic()
                self._attempt(self._check)

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (BagError, OSError) as error:
            self._say(f'a recording could not be put in order, its journal stays: {error}')

    def _recover(self) -> None:
        for found in recover([self._root], self._keeping.storage):
            self._say(f'recovered {found.parts} unfinished parts of {found.folder}')
            self._tell(found.troubles, found.folder)

    def _check(self) -> None:
        """Make room where there is too little; remember when that does not help."""
        if not self._root.is_dir():
            return
        gone: list[Part] = []
        if self._keeping.drop_oldest:
            gone = make_room(self._root, self._keeping.quota)
        if gone:
            self._say(f'the disk quota is reached: removed {len(gone)} of the oldest files, up to '
                      f'{gone[-1].folder.name}/{gone[-1].name}')
        excess = too_much(self._root, self._keeping.quota)
        self.full = (f'the recordings in {self._root} are {excess / 1e6:.0f} MB over the quota, '
                     'or the disk is full; remove some, or raise recorder.quota_gigabytes'
                     ) if excess else ''

    def _tell(self, troubles: Iterable[object], folder: Path) -> None:
        for trouble in troubles:
            self._say(f'a part of {folder.name} is lost: {trouble}')

"""
The library: models by name, which of them works, and where it goes back to when that fails.

    library = Library()                      # in the data folder, ~/.local/share/shadow_ros/models
    library.folder('edge-20261128-1a2b')     # a name, or the path of a folder, to that folder
    library.promote(folder)                  # copied in and made current, all or nothing
    library.current                          # None: the model shipped with the package
    library.roll_back('it failed its self-test')

`current.json` names the current model and those before it. It is replaced in one step, after the
model lies complete on the disk: whatever dies in between, the old or the new model works.
"""

from dataclasses import asdict, dataclass, field
import json
import os
from pathlib import Path
import shutil
import time
from typing import Any, Iterator, Optional

from shadow_ros.durable import replaced, sync
from shadow_ros.errors import did_you_mean, ModelError
from shadow_ros.intent.card import CARD_FILE, IntentCard
from shadow_ros.places import models_folder

SHIPPED = 'shipped'
"""The name of the model that came with the package."""

POINTER = 'current.json'
_KEPT = 50  # entries of the history


@dataclass(frozen=True)
class Entry:
    """One change of the current model: its name ('' is the shipped one), when, and why."""

    name: str
    at: str
    why: str = ''


@dataclass(frozen=True)
class Pointer:
    """What `current.json` says: the current model, those to go back to, and all changes."""

    current: str = ''
    before: tuple[str, ...] = ()
    history: tuple[Entry, ...] = field(default_factory=tuple)


class Library:
    """The models that were made on this machine; cheap to make, and safe beside others."""

    def __init__(self, root: Optional[Path] = None) -> None:
        self.root = models_folder() if root is None else root

    @property
    def current(self) -> Optional[Path]:
        """Return the folder of the current model, None for the shipped one."""
        name = self.pointer().current
        return self.root / name if name else None

    def pointer(self) -> Pointer:
        """Return what is current; nothing is where there is no pointer or it is unreadable."""
        try:
            data = json.loads((self.root / POINTER).read_text(encoding='utf-8'))
            return Pointer(str(data['current']), tuple(map(str, data['before'])),
                           tuple(Entry(**entry) for entry in data['history']))
        except (OSError, ValueError, TypeError, KeyError):
            return Pointer()

    def stamp(self) -> tuple[int, int]:
        """Return a mark that changes when the pointer does."""
        try:
            status = (self.root / POINTER).stat()
        except OSError:
            return 0, 0
        return status.st_mtime_ns, status.st_ino

    def names(self) -> list[str]:
        """Return the names of the models, the shipped one not among them."""
        return sorted(path.parent.name for path in self.root.glob(f'*/{CARD_FILE}')
                      if not path.parent.name.startswith('.'))

    def cards(self) -> Iterator[tuple[str, Optional[IntentCard]]]:
        """Yield each model's name and card, None where it does not fit this version."""
        for name in self.names():
            try:
                yield name, IntentCard.load(self.root / name)
            except ModelError:
                yield name, None

    def folder(self, name: str) -> Optional[Path]:
        """
        Return the folder of a model, None for the shipped one, or raise ModelError.

        '' is the current model; what looks like a path is one.
        """
        if name == SHIPPED:
            return None
        if not name:
            return self.current
        if os.sep in name or name.startswith(('.', '~')) or Path(name).is_dir():
            return Path(name).expanduser()
        if name in self.names():
            return self.root / name
        near = did_you_mean(name, [*self.names(), SHIPPED])
        raise ModelError(f'no model is called {name!r}{near}; shadow-ros models '
                         'lists them, and the path of a folder does as well')

    def add(self, folder: Path) -> str:
        """Copy a model folder into the library, as a whole or not at all; return its name."""
        name = IntentCard.load(folder).name
        if not name.replace('-', '').replace('_', '').replace('.', '').isalnum() \
                or name in (SHIPPED, '.', '..'):
            raise ModelError(f'a model in the library is named with letters, digits, - and _, '
                             f'got {name!r}')
        target = self.root / name
        if target.exists():
            if _same(folder, target):
                return name
            raise ModelError(f'another model called {name} is in {self.root} already; give this '
                             'one another name')
        self.root.mkdir(parents=True, exist_ok=True)
        draft = self.root / f'.{name}.{os.getpid()}'
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(folder, draft)
        for path in (p for p in draft.rglob('*') if p.is_file()):
            sync(path)
        sync(draft)
        draft.rename(target)
        sync(self.root)
        return name

    def promote(self, folder: Path, why: str = 'promoted') -> str:
        """Add a model and make it current; return its name."""
        name = self.add(folder)
        self.use(name, why)
        return name

    def use(self, name: str, why: str) -> None:
        """Make a model of the library current, '' or 'shipped' the one of the package."""
        name = '' if name == SHIPPED else name
        if name and name not in self.names():
            raise ModelError(f'no model is called {name!r}{did_you_mean(name, self.names())}')
        old = self.pointer()
        if name != old.current:
            before = tuple(n for n in old.before if n != name)
            self._point(Pointer(name, (*before, old.current), self._history(old, name, why)))

    def roll_back(self, why: str) -> str:
        """Make the model before the current one current again; return its name ('' shipped)."""
        old = self.pointer()
        if not old.current and not old.before:
            raise ModelError('the shipped model works already, there is none before it')
        there = ('', *self.names())
        before = [name for name in old.before if name in there]
        name = before[-1] if before else ''
        self._point(Pointer(name, tuple(before[:-1]), self._history(old, name, why)))
        return name

    def _history(self, old: Pointer, name: str, why: str) -> tuple[Entry, ...]:
        entry = Entry(name, time.strftime('%Y-%m-%d %H:%M:%S'), why)
        return (*old.history, entry)[-_KEPT:]

    def _point(self, pointer: Pointer) -> None:
        """Replace the pointer in one step."""
        self.root.mkdir(parents=True, exist_ok=True)
        with replaced(self.root / POINTER) as fresh:
            fresh.write_text(json.dumps(asdict(pointer), indent=1) + '\n', encoding='utf-8')


def _same(one: Path, other: Path) -> bool:
    """Return whether two folders hold the same files."""
    def content(folder: Path) -> dict[str, Any]:
        return {str(p.relative_to(folder)): p.read_bytes()
                for p in folder.rglob('*') if p.is_file()}
    return content(one) == content(other)

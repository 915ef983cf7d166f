"""
The keeper of the engine: opens the wanted model, tests it, and swaps it while commands go on.

    keeper = Keeper(Library(), 'auto', tell)
    engine = keeper.open('')           # the current model; falls back to those before it
    keeper.want('another')             # or shadow-ros promote: noticed by itself
    engine = keeper.step() or engine   # now and then; a new engine once it is ready

A model that cannot be loaded or fails its self-test never works: the one before it goes on, and is
current again.
"""

import threading
from typing import Callable, Optional

from shadow_ros.errors import ModelError
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.engine import EdgeEngine, find_shipped_model
from shadow_ros.intent.library import Library, SHIPPED
from shadow_ros.intent.self_test import self_test

Load = Callable[[str], EdgeEngine]


class Keeper:
    """Loads in a thread of its own; `step` and `want` belong to one other thread."""

    def __init__(self, library: Library, device: str, tell: Callable[[str], None],
                 load: Optional[Load] = None) -> None:
        self.wanted = ''
        self.trouble = ''  # why the last model that was wanted does not work
        self._library, self._device, self._tell = library, device, tell
        self._load = load or self._load_folder
        self._seen = library.stamp()
        self._working = ''  # what was wanted when the working model was loaded
        self._ready: Optional[EdgeEngine] = None
        self._failed = ''
        self._thread: Optional[threading.Thread] = None

    def open(self, name: str) -> EdgeEngine:
        """Return the engine of a model, or raise ModelError; '' goes back until one works."""
        self.wanted = self._working = name
        while True:
            self._seen = self._library.stamp()
            try:
                return self._load(name)
            except ModelError as error:
                if name or self._library.current is None:
                    raise
                self._roll_back(str(error))

    def want(self, name: str) -> None:
        """Begin to load another model, or raise ModelError if there is no such one."""
        if name == self.wanted:
            return
        folder = self._library.folder(name) or find_shipped_model()
        if not folder.is_dir():
            raise ModelError(f'the model folder {folder} does not exist; give the path of one, or '
                             'a name that shadow-ros models lists')
        IntentCard.load(folder)
        self.wanted, self.trouble = name, ''
        self._start()

    def step(self) -> Optional[EdgeEngine]:
        """Return a new engine when one is ready; notice when another model was promoted."""
        if self._thread and not self._thread.is_alive():
            self._thread = None
            if self._failed:
                self._give_up()
            elif self._ready:
                self._working, self.trouble = self.wanted, ''
                ready, self._ready = self._ready, None
                return ready
        if not self._thread and not self.wanted and self._library.stamp() != self._seen:
            self._start()
        return None

    def close(self) -> None:
        """Wait until nothing is being loaded any more."""
        if self._thread:
            self._thread.join()
            self._thread = None

    def _start(self) -> None:
        self.close()
        self._ready, self._failed = None, ''
        self._seen = self._library.stamp()
        self._thread = threading.Thread(target=self._run, args=(self.wanted,), name='load model',
                                        daemon=True)
        self._thread.start()

    def _run(self, name: str) -> None:
        try:
            self._ready = self._load(name)
        except ModelError as error:
            self._failed = str(error)
        except Exception as error:  # the thread's outermost frame: broken weights raise anything
            self._failed = f'{type(error).__name__}: {error}'

    def _give_up(self) -> None:
        """Keep what works, and say so."""
        self.trouble, self._failed = self._failed, ''
        if not self.wanted and self._library.current is not None:
            self._roll_back(self.trouble)
        else:
            self._tell(f'the model {self.wanted or SHIPPED} does not work, the one before it goes '
                       f'on: {self.trouble}')
            self.wanted = self._working
        self._seen = self._library.stamp()

    def _roll_back(self, why: str) -> None:
        bad = self._library.pointer().current
        name = self._library.roll_back(f'{bad} failed: {why}')
        self.trouble = why
        self._tell(f'the model {bad} does not work, back to {name or SHIPPED}: {why}')

    def _load_folder(self, name: str) -> EdgeEngine:
        folder = self._library.folder(name) or find_shipped_model()
        try:
            engine = EdgeEngine.load(folder, self._device)
        except ModelError:
            raise
        except Exception as error:  # weights of any kind may be broken in any way
            raise ModelError(f'{folder} cannot be loaded: {type(error).__name__}: {error}'
                             ) from error
        self_test(engine, folder)
        return engine

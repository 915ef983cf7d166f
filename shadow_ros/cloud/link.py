"""
Link: the robot's side, in a thread of its own, so that nothing there ever waits for a network.

    link = Link(LinkOptions(url), on_change=say)
    link.attach().result(10)                   # a sentence, or CloudError
    errand = link.ask(Question('walk in a square'), on_answer, on_failure)
    errand.cancel()
    link.detach()                              # at once; what was asked is forgotten

`on_answer` and `on_failure` are called in the link's thread, at most one of them a question and
neither after `cancel` or `detach`.
"""

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
import statistics
import threading
import time
from typing import Any, Callable, Coroutine, Optional, TypeVar

from shadow_ros.cloud.breaker import Breaker
from shadow_ros.cloud.client import Answer, reach, Speaker
from shadow_ros.cloud.line import Address, Line
from shadow_ros.cloud.policy import Question
from shadow_ros.cloud.tokens import read_token
from shadow_ros.errors import CloudError, ShadowRosError

_T = TypeVar('_T')
_LOOKS = 3  # round trips that tell the latency
_LOOK_SECONDS = 2.0  # that a look whether it is back may take
_TICK = 0.25  # s between two thoughts of the watch


@dataclass(frozen=True)
class LinkOptions:
    """
    Whom to ask, and how long (s) to wait for a plan.

    `certificate` is a file or `sha256:...`, `kind` one of client.KINDS, `model` for servers with
    several.
    """

    url: str
    deadline: float = 4.0
    token_file: str = ''
    certificate: str = ''
    kind: str = 'auto'
    model: str = ''


@dataclass(frozen=True)
class LinkState:
    """How things stand; `latency_ms` is the median of the looks when it was attached."""

    attached: bool = False
    available: bool = False
    model: str = ''
    latency_ms: float = -1.0
    trouble: str = ''


class Errand:
    """A question on its way; `cancel` lets nobody hear of it again."""

    work: 'Optional[Future[None]]' = None

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = True

    def cancel(self) -> None:
        """Stop waiting."""
        if self._close() and self.work:
            self.work.cancel()

    @property
    def open(self) -> bool:
        """Return whether an outcome may still come."""
        return self._open

    def _close(self) -> bool:
        """Return whether it was open until now."""
        with self._lock:
            was_open, self._open = self._open, False
        return was_open

    def settle(self, tell: Callable[[], None]) -> None:
        """Tell the outcome, unless it is settled already."""
        if self._close():
            tell()


class Link:
    """At most one server; `on_change` hears 'lost' and 'back', once each time."""

    def __init__(self, options: LinkOptions,
                 on_change: Callable[[str], None] = lambda what: None) -> None:
        self._options = options
        self._address = Address.parse(options.url)
        self._on_change = on_change
        self._breaker = Breaker()
        self._line: Optional[Line] = None
        self._speaker: Optional[Speaker] = None
        self._errands: set[Errand] = set()
        self.state = LinkState()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name='cloud', daemon=True)
        self._thread.start()

    @property
    def available(self) -> bool:
        """Return whether a question would be asked at all."""
        return self._speaker is not None and self._breaker.allows()

    def attach(self) -> 'Future[str]':
        """Reach the server; the future holds a sentence, or why it cannot be attached."""
        return self._submit(self._attach())

    def detach(self) -> None:
        """Ask nobody any more, from this moment on."""
        self._speaker = None
        for errand in list(self._errands):
            errand.cancel()
        self.state = LinkState()
        self._submit(self._hang_up())

    def ask(self, question: Question, on_answer: Callable[[Answer], None],
            on_failure: Callable[[CloudError], None]) -> Errand:
        """Ask in the background; when nobody can be asked, `on_failure` is called at once."""
        speaker = self._speaker
        if speaker is None or not self.available:
            errand = Errand()
            errand.settle(lambda: on_failure(CloudError(
                'the cloud is not attached' if speaker is None else 'the cloud is away',
                'detached' if speaker is None else 'away')))
            return errand
        errand = Errand()
        self._errands.add(errand)
        errand.work = self._submit(
            self._ask(speaker, question, errand, on_answer, on_failure))
        return errand

    def close(self) -> None:
        """Detach and end the thread."""
        self.detach()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(3.0)

    # In the link's thread.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._watch = self._loop.create_task(self._watch_over())
        try:
            self._loop.run_forever()
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            if left:
                self._loop.run_until_complete(asyncio.wait(left, timeout=1.0))
            self._loop.close()

    def _submit(self, work: Coroutine[Any, Any, _T]) -> 'Future[_T]':
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _attach(self) -> str:
        await self._hang_up()
        options = self._options
        token = read_token(Path(options.token_file)) if options.token_file else ''
        line = await asyncio.to_thread(Line, self._address, token, options.certificate)
        try:
            speaker = await reach(line, options.kind, options.model, max(4.0, options.deadline))
            latency = await _latency(speaker)
            if latency > options.deadline * 500:
                raise CloudError(f'a round trip takes {latency:.0f} ms, which leaves too little '
                                 f'of the deadline of {options.deadline:g} s', 'slow')
        except (ShadowRosError, asyncio.CancelledError):
            await line.close()
            raise
        self._breaker.reset(time.monotonic())
        self._line, self._speaker = line, speaker
        self.state = LinkState(True, True, speaker.model, latency)
        return f'attached to {speaker.model} at {self._address.base}, {latency:.0f} ms away'

    async def _hang_up(self) -> None:
        line, self._line, self._speaker = self._line, None, None
        if line:
            await line.close()

    async def _ask(self, speaker: Speaker, question: Question, errand: Errand,
                   on_answer: Callable[[Answer], None],
                   on_failure: Callable[[CloudError], None]) -> None:
        deadline = self._options.deadline
        try:
            answer = await asyncio.wait_for(speaker.ask(question, deadline), deadline)
        except asyncio.TimeoutError:
            self._failed(CloudError(f'no answer within {deadline:g} s', 'slow'), errand,
                         on_failure)
        except CloudError as error:
            self._failed(error, errand, on_failure)
        except Exception as error:  # the thread's outermost loop: a mistake is no answer
            self._failed(CloudError(f'{type(error).__name__}: {error}', 'broken'), errand,
                         on_failure)
        else:
            self._succeeded(speaker)
            errand.settle(lambda: on_answer(answer))
        finally:
            self._errands.discard(errand)

    def _failed(self, error: CloudError, errand: Errand,
                on_failure: Callable[[CloudError], None]) -> None:
        errand.settle(lambda: on_failure(error))
        if self._speaker is not None and self._breaker.failed(time.monotonic()):
            self._on_change('lost')
        self._tell(str(error))

    def _succeeded(self, speaker: Speaker) -> None:
        if self._breaker.succeeded(time.monotonic()) and self._speaker is not None:
            self._on_change('back')
        self._tell('')

    def _tell(self, trouble: str) -> None:
        """Bring the state up to date."""
        speaker = self._speaker
        if speaker is not None:
            self.state = LinkState(True, self._breaker.state == 'closed', speaker.model,
                                   self.state.latency_ms, trouble)

    async def _watch_over(self) -> None:
        """Look from time to time whether the server is there, and above all whether it is back."""
        while True:
            await asyncio.sleep(_TICK)
            speaker = self._speaker
            if speaker is None or not self._breaker.probe_due(time.monotonic()):
                continue
            try:
                await asyncio.wait_for(speaker.look(_LOOK_SECONDS), _LOOK_SECONDS)
            except (CloudError, asyncio.TimeoutError) as error:
                if self._breaker.failed(time.monotonic()) and speaker is self._speaker:
                    self._on_change('lost')
                self._tell(str(error) or 'no answer')
            else:
                if speaker is self._speaker:
                    self._succeeded(speaker)


async def _latency(speaker: Speaker) -> float:
    """Return the median time (ms) of a few looks."""
    times = []
    for _ in range(_LOOKS):
        began = time.monotonic()
        await speaker.look(_LOOK_SECONDS)
        times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)

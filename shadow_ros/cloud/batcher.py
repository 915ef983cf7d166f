"""
Batcher: many robots' plans out of one model, which reads and writes for all of them at once.

    batcher = Batcher(runtime, pen, queue=64)
    job = batcher.submit(prompt, deadline=time.monotonic() + 4.0)   # raises Full at once
    done = job.future.result()                                      # a Decoded
    job.cancel()                                                    # its seat is free again

One thread owns the model. At each step the plans under way go one pass further together; new
prompts join between two steps, so nobody waits for somebody else's plan to end. A seat keeps what
it has read: of a prompt that begins alike, only the rest is read.
"""

from collections import deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
import threading
import time
from typing import Callable, Deque, Optional, Protocol, Sequence, TYPE_CHECKING

from shadow_ros.errors import ModelError, ShadowRosError
from shadow_ros.intent.decode import Decoded, LONGEST_PLAN, Pen, Writing

if TYPE_CHECKING:
    from shadow_ros.shadow.batch import BatchRuntime

_GUESSED = 20  # tokens that all rows of a pass may guess together; more would cost time

OnText = Callable[[bytes], None]


class Full(ShadowRosError):
    """More is asked at the moment than can be answered in time; ask again later."""


class Late(ShadowRosError):
    """The deadline passed before the plan was written."""


class Watch(Protocol):
    """Who counts what the batcher does."""

    def stepped(self, rows: int, waiting: int) -> None:
        """Take note of a pass for so many plans while others wait."""


@dataclass(eq=False)
class Job:
    """A prompt on its way to a plan; times are monotonic seconds."""

    prompt: Sequence[int]
    deadline: float
    on_text: Optional[OnText] = None
    future: 'Future[Decoded]' = field(default_factory=Future)
    asked_at: float = field(default_factory=time.monotonic)
    begun_at: float = 0.0
    dropped: bool = False

    def cancel(self) -> None:
        """Let nobody work on it any more."""
        self.dropped = True
        self.future.cancel()


@dataclass(eq=False)
class _Seat:
    """One slot of the runtime: what it has read, and the plan that is written there."""

    slot: int
    read: list[int] = field(default_factory=list)
    job: Optional[Job] = None
    writing: Optional[Writing] = None
    told: int = 0


class Batcher:
    """At most `queue` jobs wait for one of the runtime's slots."""

    def __init__(self, runtime: 'BatchRuntime', pen: Pen, queue: int = 64,
                 watch: Optional[Watch] = None) -> None:
        self._runtime = runtime
        self._pen = pen
        self._queue = queue
        self._watch = watch
        self._seats = [_Seat(slot) for slot in range(runtime.slots)]
        self._waiting: Deque[Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name='batcher', daemon=True)
        self._thread.start()

    def submit(self, prompt: Sequence[int], deadline: float,
               on_text: Optional[OnText] = None) -> Job:
        """Take a prompt, or raise Full; `on_text` gets the plan's text so far, in our thread."""
        job, room = Job(prompt, deadline, on_text), self._runtime.limit - LONGEST_PLAN
        if not 0 < len(prompt) <= room:
            raise ModelError(f'a prompt must have 1 to {room} tokens, got {len(prompt)}')
        with self._changed:
            if self.full:
                raise Full(f'{len(self._waiting)} commands wait already; ask again in a moment')
            self._waiting.append(job)
            self._changed.notify()
        return job

    @property
    def waiting(self) -> int:
        """Return how many jobs have no seat yet."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Return whether one more would be refused."""
        return self._closed or len(self._waiting) >= self._queue

    @property
    def alive(self) -> bool:
        """Return whether the thread that owns the model runs."""
        return self._thread.is_alive()

    def close(self, seconds: float = 5.0) -> None:
        """Take no more, write what is under way for so long, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(seconds)

    # The thread that owns the model.

    def _work(self) -> None:
        while self._admit():
            fresh = [s for s in self._seats if s.writing and not s.writing.done.text]
            others = [s for s in self._seats if s.writing and s.writing.done.text]
            # Prompts are long and steps are short: together they would be padded to the longest.
            for group in (fresh, others):
                self._advance([seat for seat in group if self._wanted(seat)])

    def _admit(self) -> bool:
        """Give free seats to those who wait; return False when all is done and closed."""
        with self._changed:
            while True:
                for job in self._next_jobs():
                    self._sit_down(job)
                if any(seat.job for seat in self._seats):
                    return True
                if self._closed:
                    return False
                self._changed.wait()

    def _next_jobs(self) -> list[Job]:
        """Return as many waiting jobs as there are free seats; the late are turned away."""
        free = sum(seat.job is None for seat in self._seats)
        found: list[Job] = []
        while self._waiting and len(found) < free:
            job = self._waiting.popleft()
            if time.monotonic() > job.deadline:
                _fail(job, Late('the deadline passed while the command waited'))
            elif job.future.set_running_or_notify_cancel():
                found.append(job)
        return found

    def _sit_down(self, job: Job) -> None:
        """Give the job the free seat that has read most of its prompt already."""
        def known(seat: _Seat) -> int:
            count = 0
            while count < min(len(seat.read), len(job.prompt) - 1) \
                    and seat.read[count] == job.prompt[count]:
                count += 1
            return count

        seat = max((s for s in self._seats if s.job is None), key=known)
        keep = known(seat)
        self._runtime.rewind(seat.slot, keep)
        seat.read = list(job.prompt[:keep])
        job.begun_at = time.monotonic()
        seat.job, seat.writing, seat.told = job, self._pen.begin(job.prompt, keep), 0

    def _wanted(self, seat: _Seat) -> bool:
        """Return whether anybody still waits for the plan in this seat; else it is free again."""
        job = seat.job
        assert job is not None
        if time.monotonic() > job.deadline:
            self._leave(seat)
            _fail(job, Late('the deadline passed while the plan was written'))
        elif job.dropped:
            self._leave(seat)
            _fail(job, Late('nobody waits for the plan any more'))
        return seat.job is not None

    def _advance(self, seats: Sequence[_Seat]) -> None:
        """Go one pass further with the plans of these seats."""
        if not seats:
            return
        try:
            self._step(seats)
        except Exception as error:  # the outermost loop: others' plans must go on
            for seat in seats:
                job, seat.read = seat.job, []
                self._runtime.rewind(seat.slot, 0)
                self._leave(seat)
                if job:
                    _fail(job, error)
        if self._watch:
            self._watch.stepped(len(seats), len(self._waiting))

    def _step(self, seats: Sequence[_Seat]) -> None:
        from shadow_ros.shadow.batch import Feed
        feeds: list[Feed] = []
        guess = _GUESSED // len(seats)
        for seat in seats:
            assert seat.writing is not None
            ids, count = seat.writing.wanted(self._runtime.limit - len(seat.read), guess)
            feeds.append(Feed(seat.slot, ids, count))
        for seat, fed, logits in zip(seats, feeds, self._runtime.feed(feeds)):
            assert seat.writing is not None
            start = len(seat.read)
            kept = start + seat.writing.take(logits)
            self._runtime.rewind(seat.slot, kept)
            seat.read = [*seat.read, *fed.ids][:kept]
            self._tell(seat)

    def _tell(self, seat: _Seat) -> None:
        """Hand on what is new of a plan, and the whole of it at its end."""
        job, writing = seat.job, seat.writing
        assert job is not None and writing is not None
        if job.on_text and len(writing.done.text) > seat.told:
            seat.told = len(writing.done.text)
            job.on_text(writing.done.text)
        if writing.ended:
            self._leave(seat)
            with suppress(InvalidStateError):  # cancelled meanwhile
                job.future.set_result(writing.done)

    @staticmethod
    def _leave(seat: _Seat) -> None:
        seat.job = seat.writing = None


def _fail(job: Job, error: BaseException) -> None:
    """Tell who waits, if anybody still does, that there will be no plan."""
    if not job.future.done():
        with suppress(InvalidStateError):
            job.future.set_exception(error)

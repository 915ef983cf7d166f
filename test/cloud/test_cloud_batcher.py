"""One model for many: seats, prefixes, deadlines, cancellations; with a scripted runtime."""

import threading
import time

import pytest
import torch

from shadow_ros.cloud.batcher import Batcher, Full, Late
from shadow_ros.errors import ModelError
from shadow_ros.intent.decode import Pen
from shadow_ros.intent.grammar import Grammar
from shadow_ros.intent.tokens import Codec

CODEC = Codec.train(['[MOVE x=2.0][SIT] On it!', 'turn around now'], 300)
PLANS = {'sit': '[SIT] On it!', 'move': '[MOVE x=2.0][SIT]', 'talk': 'On it!'}


class Script:
    """A runtime that answers each prompt by heart, and can be held or made to fail."""

    def __init__(self, slots: int = 2) -> None:
        self.slots, self.limit = slots, 320
        self.held: list[list[int]] = [[] for _ in range(slots)]
        self.rows: list[int] = []
        self.fed: list[list[int]] = []
        self.go = threading.Event()
        self.go.set()
        self.fails = False
        self._texts = {tuple(CODEC.command(text)): CODEC.plan(plan)
                       for text, plan in PLANS.items()}

    def feed(self, feeds):
        """Return logits that want the plan of each row's prompt."""
        assert self.go.wait(10)
        if self.fails:
            raise RuntimeError('out of memory')
        self.rows.append(len(feeds))
        found = []
        for feed in feeds:
            held = self.held[feed.slot]
            held += feed.ids
            self.fed.append(list(feed.ids))
            logits = torch.full((feed.count, CODEC.size), -9.0)
            for row, place in enumerate(range(len(held) - feed.count, len(held))):
                at = held.index(CODEC.plan_id)
                plan = self._texts[tuple(held[:at + 1])]
                said = place - at
                logits[row, plan[said] if said < len(plan) else CODEC.end_id] = 9.0
            found.append(logits)
        return found

    def rewind(self, slot: int, length: int) -> None:
        """Forget tokens."""
        assert length <= len(self.held[slot])
        del self.held[slot][length:]


@pytest.fixture
def script():
    """Yield a runtime."""
    return Script()


@pytest.fixture
def batcher(script):
    """Yield a batcher on it with a queue of three."""
    found = Batcher(script, Pen(Grammar(CODEC)), 3)
    yield found
    script.go.set()
    found.close()
    assert not found.alive


def submit(batcher, text, seconds=10.0, on_text=None):
    return batcher.submit(CODEC.command(text), time.monotonic() + seconds, on_text)


def test_each_gets_its_own_and_they_share_passes(batcher, script):
    script.go.clear()
    jobs = [submit(batcher, text) for text in ('sit', 'move', 'talk')]
    script.go.set()
    texts = [job.future.result(5).text.decode() for job in jobs]
    assert texts == list(PLANS.values())
    assert max(script.rows) == 2


def test_a_full_queue_says_so_and_empties(batcher, script):
    script.go.clear()
    first = submit(batcher, 'sit')
    while not first.begun_at:
        time.sleep(0.001)
    jobs = [first, *(submit(batcher, 'talk') for _ in range(3))]
    with pytest.raises(Full, match='3 commands wait already'):
        submit(batcher, 'sit')
    script.go.set()
    assert all(job.future.result(5) for job in jobs)
    assert submit(batcher, 'sit').future.result(5)


def test_late_and_cancelled_jobs_free_their_seats(batcher, script):
    script.go.clear()
    jobs = [submit(batcher, 'sit', 0.01), submit(batcher, 'move'), submit(batcher, 'talk', 0.01)]
    time.sleep(0.05)
    jobs[1].cancel()
    script.go.set()
    for job in (jobs[0], jobs[2]):
        with pytest.raises(Late):
            job.future.result(5)
    assert submit(batcher, 'move').future.result(5).text == b'[MOVE x=2.0][SIT]'
    assert batcher.waiting == 0


def test_a_failing_model_fails_who_waits_and_goes_on(batcher, script):
    script.fails = True
    with pytest.raises(RuntimeError, match='out of memory'):
        submit(batcher, 'sit').future.result(5)
    script.fails = False
    assert submit(batcher, 'sit').future.result(5).text == b'[SIT] On it!'
    assert batcher.alive


def test_what_was_read_is_not_read_again(batcher, script):
    submit(batcher, 'move').future.result(5)
    script.fed.clear()
    assert submit(batcher, 'move').future.result(5).text == b'[MOVE x=2.0][SIT]'
    assert script.fed[0] == [CODEC.plan_id]


def test_the_text_is_told_as_it_grows(batcher):
    heard = []
    done = submit(batcher, 'move', on_text=heard.append).future.result(5)
    assert heard[-1] == done.text and sorted(heard, key=len) == heard and len(heard) > 1


def test_a_prompt_without_room_is_refused(batcher):
    for prompt in ([], [5] * 300):
        with pytest.raises(ModelError, match='must have 1 to 168 tokens'):
            batcher.submit(prompt, time.monotonic() + 1)


def test_a_closed_one_finishes_and_takes_no_more(script):
    batcher = Batcher(script, Pen(Grammar(CODEC)), 3)
    script.go.clear()
    jobs = [submit(batcher, 'sit'), submit(batcher, 'move')]
    closing = threading.Thread(target=batcher.close)
    closing.start()
    time.sleep(0.02)
    with pytest.raises(Full):
        submit(batcher, 'sit')
    script.go.set()
    closing.join(10)
    assert all(job.future.result(1) for job in jobs) and not batcher.alive

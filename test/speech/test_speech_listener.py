"""The listening pipeline in its threads, with real sound, real VAD and real PocketSphinx."""

from pathlib import Path
import queue
import threading
import time

import numpy as np
import pytest

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import BLOCK, BLOCK_SECONDS, read_file
from shadow_ros.speech.endpoint import EndpointSettings
from shadow_ros.speech.listener import Callbacks, listen_file, Listener, stop_ear
from shadow_ros.speech.pocketsphinx import PocketSphinx
from shadow_ros.speech.recogniser import Transcript
from shadow_ros.speech.sources import ArraySource, FileSource, SoundBlock
from shadow_ros.speech.whisper import Whisper

SOUNDS = Path(__file__).parents[1] / 'data' / 'speech'
THREE = SOUNDS / 'three_commands.flac'
LONG = 100.0

pytestmark = pytest.mark.timeout(200)


class Ear:
    """Collects what a listener tells, in order, and lets a test wait for it."""

    def __init__(self):
        self.told = queue.Queue()
        self.seen = []
        self.callbacks = Callbacks(
            on_partial=lambda text: self.told.put(('partial', text)),
            on_transcript=lambda transcript: self.told.put(('transcript', transcript)),
            on_stop=lambda text: self.told.put(('stop', text)),
            on_error=lambda text: self.told.put(('error', text)))

    def next(self, kind, timeout=LONG):
        """Return the next thing of that kind; fail when it does not come."""
        deadline = time.monotonic() + timeout
        while True:
            what, value = self.told.get(timeout=max(0.01, deadline - time.monotonic()))
            self.seen.append((what, value))
            if what == kind:
                return value

    def rest(self):
        """Return all that was told and not yet seen, after the listener has ended."""
        while not self.told.empty():
            self.seen.append(self.told.get_nowait())
        return self.seen


class Slow:
    """A recogniser that does not stream and is done when the test says so."""

    name = 'slow'
    streaming = False

    def __init__(self):
        self.working = threading.Event()
        self.release = threading.Event()

    def load(self):
        """Load nothing."""

    def start(self):
        """Begin."""

    def accept(self, samples):
        """Take sound."""

    def finish(self):
        """Return once released."""
        self.working.set()
        assert self.release.wait(LONG)
        return Transcript('turn left', 'en')


@pytest.fixture
def listening():
    """Yield a function that starts a listener, which is stopped at the end."""
    started = []

    def start(*args, **options):
        started.append(Listener(*args, **options))
        started[-1].start()
        return started[-1]

    yield start
    for listener in started:
        listener.stop()


def test_a_file_through_the_threads(listening):
    ear = Ear()
    listener = listening(FileSource(THREE), PocketSphinx(), ear.callbacks)
    texts = [ear.next('transcript').text for _ in range(3)]
    assert texts == ['turn left', 'stop stop stop', 'stand up']
    assert listener.wait(LONG)
    told = ear.rest()
    stops = [index for index, (kind, _) in enumerate(told) if kind == 'stop']
    ends = [index for index, (kind, _) in enumerate(told) if kind == 'transcript']
    assert len(stops) == 1 and ends[0] < stops[0] < ends[1]
    assert not [value for kind, value in told if kind == 'error']


def test_the_same_words_as_without_threads(listening):
    ear = Ear()
    listening(FileSource(THREE), PocketSphinx(), ear.callbacks).wait(LONG)
    threaded = [value for kind, value in ear.rest() if kind == 'transcript']
    direct = listen_file(THREE, 'pocketsphinx')
    assert [(t.text, t.score, t.endpoint) for t in threaded] == [
        (t.text, t.score, t.endpoint) for t in direct]


class Gated(ArraySource):
    """A sound that goes on from a certain time only when the test says so."""

    def __init__(self, sound, until):
        super().__init__(sound)
        self.until = until
        self.go_on = threading.Event()

    def __iter__(self):
        """Wait once at the gate."""
        for block in super().__iter__():
            if block.time > self.until:
                assert self.go_on.wait(LONG)
            yield block


def test_a_stop_is_heard_before_the_utterance_ends(listening):
    """The stop comes while "stop stop stop" (2.2 to 3.4 s) is still being said."""
    ear = Ear()
    source = Gated(read_file(THREE), until=3.0)
    listener = listening(source, PocketSphinx(), ear.callbacks)
    assert 'stop' in ear.next('stop')
    assert [kind for kind, _ in ear.seen].count('transcript') == 1
    source.go_on.set()
    assert ear.next('transcript').text == 'stop stop stop'
    assert listener.wait(LONG)


def test_a_stop_is_not_delayed_by_a_slow_recogniser(listening):
    slow, ear = Slow(), Ear()
    spotter = stop_ear(slow)
    assert spotter is not None and spotter.streaming
    listener = listening(FileSource(THREE), slow, ear.callbacks, ear=spotter)
    assert slow.working.wait(LONG)
    assert 'stop' in ear.next('stop')
    assert not slow.release.is_set()
    assert 'transcript' not in [kind for kind, _ in ear.seen]
    slow.release.set()
    assert [ear.next('transcript').text for _ in range(3)] == ['turn left'] * 3
    assert listener.wait(LONG)
    partials = [value for kind, value in ear.rest() if kind == 'partial']
    assert partials and all('stop' in text for text in partials)


def test_no_extra_ear_for_a_streaming_recogniser():
    assert stop_ear(PocketSphinx()) is None
    assert stop_ear(Whisper('tiny')) is not None


class Flaky:
    """A live source that is lost twice before it works."""

    name = 'flaky microphone'
    live = True

    def __init__(self, sound):
        self.opened = 0
        self.sound = sound
        self.closed = threading.Event()

    def __iter__(self):
        """Fail at once, then in the middle, then play all and wait."""
        self.opened += 1
        if self.opened == 1:
            raise AudioError('the flaky microphone is not plugged in')
        for block in ArraySource(self.sound):
            if self.opened == 2 and block.time > 0.8:
                raise AudioError('the flaky microphone was pulled out')
            yield block
        self.closed.wait(LONG)

    def close(self):
        """End it."""
        self.closed.set()


def test_a_lost_microphone_comes_back(listening):
    ear = Ear()
    source = Flaky(read_file(THREE))
    listener = listening(source, PocketSphinx(), ear.callbacks, retry=0.01)
    assert 'not plugged in' in ear.next('error')
    assert 'pulled out' in ear.next('error')
    texts = [ear.next('transcript').text for _ in range(3)]
    assert texts[-3:] == ['turn left', 'stop stop stop', 'stand up']
    assert source.opened == 3
    assert listener.stop(LONG)


def test_a_file_that_breaks_is_reported_and_ends(listening):
    class Broken(ArraySource):
        def __iter__(self):
            yield from super().__iter__()
            raise AudioError('the file broke')

    ear = Ear()
    listener = listening(Broken(read_file(THREE)[:8000]), Slow(), ear.callbacks)
    assert ear.next('error') == 'the file broke'
    assert listener.wait(LONG)


class Endless:
    """A live source of the same voice for ever, far faster than real time."""

    name = 'endless'
    live = True

    def __init__(self, sound):
        self.sound = sound
        self.closed = threading.Event()

    def __iter__(self):
        """Repeat the sound until closed."""
        count = 0
        while not self.closed.is_set():
            for start in range(0, len(self.sound) - BLOCK, BLOCK):
                count += 1
                yield SoundBlock(self.sound[start:start + BLOCK], count * BLOCK_SECONDS)
                if self.closed.is_set():
                    return

    def close(self):
        """End it."""
        self.closed.set()


def test_a_recogniser_that_hangs_costs_bounded_memory(listening):
    slow, ear = Slow(), Ear()
    voice = read_file(THREE)[6000:18000]
    listener = listening(Endless(voice), slow, ear.callbacks)
    assert 'more than 30 s late' in ear.next('error')
    assert listener._workers[0]._queue.qsize() <= 1000
    slow.release.set()
    assert ear.next('transcript').text == 'turn left'
    assert listener.stop(LONG)


def test_stop_ends_all_threads_quickly(listening):
    before = threading.active_count()
    listener = listening(Endless(np.zeros(16000, np.float32)), PocketSphinx(), Ear().callbacks)
    assert threading.active_count() > before
    assert listener.stop(LONG)
    assert threading.active_count() == before
    assert listener.stop()


def test_errors_of_loading_are_raised_at_start(tmp_path):
    listener = Listener(FileSource(THREE), PocketSphinx(grammar=tmp_path / 'none.gram'),
                        Callbacks())
    with pytest.raises(AudioError, match='cannot be read'):
        listener.start()
    assert listener.stop()


class Failing(Slow):
    """A recogniser that fails on its first utterance."""

    failed = False

    def finish(self):
        """Fail once."""
        if not self.failed:
            self.failed = True
            raise RuntimeError('no more memory')
        return Transcript('stand up')


def test_a_failing_recogniser_is_reported_and_goes_on(listening):
    ear = Ear()
    listener = listening(FileSource(THREE), Failing(), ear.callbacks)
    assert 'slow failed: no more memory' in ear.next('error')
    assert ear.next('transcript').text == 'stand up'
    assert listener.wait(LONG)


def test_listen_file_says_what_is_wrong(tmp_path):
    with pytest.raises(AudioError, match='not there'):
        listen_file(tmp_path / 'nothing.wav')
    with pytest.raises(AudioError, match='did you mean pocketsphinx'):
        listen_file(THREE, 'pocketsphink')


def test_listen_file_with_a_long_silence_hears_one_utterance():
    texts = [t.text for t in listen_file(
        THREE, settings=EndpointSettings(silence=2.0))]
    assert len(texts) == 1

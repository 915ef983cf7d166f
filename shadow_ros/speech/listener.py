"""The listening pipeline: source, voice activity, endpoint, recogniser, stop ear; no ROS."""

from dataclasses import dataclass, replace
from pathlib import Path
import queue
import threading
import time
from typing import Any, Callable, Iterator, Optional, Sequence, Union

from shadow_ros.errors import AudioError, ShadowRosError
from shadow_ros.speech.attention import Attention
from shadow_ros.speech.endpoint import Endpointer, EndpointSettings, Event, SpeechEnd, \
    SpeechGoesOn, SpeechLull, SpeechPause, SpeechStart
from shadow_ros.speech.recogniser import BEST, Guesser, make_recogniser, Recogniser, \
    StopChance, StopWeigher, Transcript
from shadow_ros.speech.sources import FileSource, SoundBlock, Source
from shadow_ros.speech.spotter import ends_in_stop, StopSpotter
from shadow_ros.speech.stopword import hears_stop
from shadow_ros.speech.vad import SileroVad, VoiceActivity

SoundEvent = Event[SoundBlock]

_QUEUED_EVENTS = 1000  # 32 s of sound


def _nothing(_: Any) -> None:
    """Do nothing with what was heard."""


@dataclass(frozen=True)
class Callbacks:
    """
    What the listener tells; called from its threads, so they should only pass things on.

    `on_partial` gets unfinished texts (one with a stop in it only once it is believed),
    `on_transcript` every finished utterance, also one without text, `on_stop` the text of a
    stop as soon as it is believed, once an utterance, `on_error` sentences for the user.
    """

    on_partial: Callable[[str], None] = _nothing
    on_transcript: Callable[[Transcript], None] = _nothing
    on_stop: Callable[[str], None] = _nothing
    on_error: Callable[[str], None] = _nothing


class Hearing:
    """One recogniser at work on the events of an endpointer, in one thread."""

    def __init__(self, recogniser: Recogniser, callbacks: Callbacks,
                 spotter: Optional[StopSpotter] = None,
                 attention: Optional[Attention] = None) -> None:
        self.recogniser = recogniser
        self._callbacks = callbacks
        self._spotter = spotter or StopSpotter()
        self._attention = attention or Attention()
        self._began = 0.0
        self._held = ''

    def handle(self, event: SoundEvent, queued: float) -> Optional[Transcript]:
        """Take the next event, put in the queue at `queued` (monotonic); return what ended."""
        if isinstance(event, SpeechEnd):
            return self._finish(event, queued)
        if isinstance(event, SpeechStart):
            self.recogniser.start()
            self._spotter.reset()
            self._began, self._held = event.time, ''
            for block in event.blocks:
                self._take(block)
        elif isinstance(event, SpeechGoesOn):
            self._take(event.block)
        elif isinstance(event, SpeechLull):
            if isinstance(self.recogniser, StopWeigher):
                self.recogniser.weigh_stop()
                self._tell_partial(None, event.time)
        elif isinstance(self.recogniser, Guesser):
            if isinstance(event, SpeechPause):
                self.recogniser.guess()
                self._tell_partial(None, event.time)
            else:
                self.recogniser.forget_guess()
        return None

    def _take(self, block: SoundBlock) -> None:
        self._tell_partial(self.recogniser.accept(block.samples), block.time)

    def _tell_partial(self, partial: Optional[str], time: float) -> None:
        """Take an unfinished text (None: unchanged), and tell it and a stop that is believed."""
        stop = self._spotter.feed(partial, time, self._chances())
        if partial is not None:
            self._held = partial
        if stop is not None:
            self._tell_stop(stop)
        # Whoever listens to partial texts acts on a stop in them: doubtful ones wait.
        if stop or (self._held and not self._spotter.doubtful and partial is not None):
            text = self._attention.partial(stop or self._held, self._began)
            if text:
                self._callbacks.on_partial(text)

    def _chances(self) -> Optional[Sequence[StopChance]]:
        """Return what the recogniser says of a stop since the last call; None: it weighs none."""
        weigher = self.recogniser
        return weigher.stop_chances() if isinstance(weigher, StopWeigher) else None

    def _tell_stop(self, text: str) -> None:
        if self._attention.partial(text, self._began):
            self._callbacks.on_stop(text)

    def _finish(self, event: SpeechEnd, queued: float) -> Transcript:
        heard = self.recogniser.finish()
        transcript = replace(
            heard, began=self._began, speech_end=event.speech_end, endpoint=event.time,
            recognition_ms=(time.monotonic() - queued) * 1e3)
        self._tell_partial(None, event.time)
        weighed = self._chances() is not None
        if not self._spotter.fired and ends_in_stop(transcript.text, weighed):
            self._spotter.fired = True
            self._tell_stop(transcript.text)
        meant = self._attention.transcript(transcript.text, self._began, event.speech_end)
        if meant != transcript.text:
            transcript = replace(transcript, text=meant, rejected=transcript.text)
        self._callbacks.on_transcript(transcript)
        return transcript


def sound_events(source: Source, vad: VoiceActivity,
                 settings: EndpointSettings = EndpointSettings()) -> Iterator[SoundEvent]:
    """Yield the utterances of a source as events, until it ends."""
    endpointer: Endpointer[SoundBlock] = Endpointer(settings)
    vad.reset()
    now = 0.0
    for block in source:
        now = block.time
        yield from endpointer.feed(block, vad.probability(block.samples), now)
    yield from endpointer.flush(now)


def listen_file(path: Union[str, Path], recogniser: Union[str, Recogniser] = BEST,
                settings: EndpointSettings = EndpointSettings(),
                callbacks: Callbacks = Callbacks(), **options: Any) -> list[Transcript]:
    """
    Return what is said in a sound file, utterance by utterance, as fast as possible.

    Times count from the start of the file. `options` go to the recogniser named.
    """
    if isinstance(recogniser, str):
        recogniser = make_recogniser(recogniser, **options)
    source = FileSource(path)
    recogniser.load()
    hearing = Hearing(recogniser, callbacks)
    heard = (hearing.handle(event, time.monotonic())
             for event in sound_events(source, SileroVad(), settings))
    return [transcript for transcript in heard if transcript is not None]


class _Worker:
    """A thread that handles queued events; the queue is bounded."""

    def __init__(self, name: str, hearing: Hearing, on_error: Callable[[str], None]) -> None:
        self._hearing = hearing
        self._on_error = on_error
        self._queue: queue.Queue[Optional[tuple[SoundEvent, float]]] = queue.Queue(_QUEUED_EVENTS)
        self._dropping = False
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def put(self, event: SoundEvent, wait: bool) -> None:
        """Queue an event; when the queue is full, wait, or drop up to the next utterance."""
        if isinstance(event, SpeechStart):
            self._dropping = False
        if self._dropping:
            return
        try:
            self._queue.put((event, time.monotonic()), block=wait)
        except queue.Full:
            self._dropping = True
            self._on_error(f'the recogniser {self._hearing.recogniser.name} is more than 30 s '
                           'late, sound was dropped; choose a smaller model')

    def end(self) -> None:
        """Let the thread end after what is queued."""
        self._queue.put(None)

    def discard(self) -> None:
        """Drop what is queued."""
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                return

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._hearing.handle(*item)
            except (ShadowRosError, RuntimeError) as error:
                self._on_error(f'the recogniser {self._hearing.recogniser.name} failed: {error}')


class Listener:
    """
    Listens to a source in threads of its own until `stop`, or until the source ends.

    `ear` is a light streaming recogniser that listens for stop words only, beside a main one
    that does not stream (`stop_ear` makes it); with a streaming main recogniser its own partial
    texts serve. A live source that fails is reported and opened again every `retry` seconds.
    """

    def __init__(self, source: Source, recogniser: Recogniser, callbacks: Callbacks, *,
                 settings: EndpointSettings = EndpointSettings(),
                 ear: Optional[Recogniser] = None, vad: Optional[VoiceActivity] = None,
                 attention: Optional[Attention] = None, retry: float = 2.0) -> None:
        self.source = source
        self.recogniser = recogniser
        self.settings = settings
        self._callbacks = callbacks
        self._vad = vad
        self._ear = ear
        self._attention = attention or Attention()
        self._retry = retry
        self._stopping = threading.Event()
        self._workers: list[_Worker] = []
        self._capture = threading.Thread(target=self._run, name='capture', daemon=True)

    def start(self) -> None:
        """Load the models (seconds; their errors are raised here) and begin to listen."""
        self._vad = self._vad or SileroVad()
        self.recogniser.load()
        hearings = [Hearing(self.recogniser, self._callbacks, attention=self._attention)]
        if self._ear is not None:
            self._ear.load()
            hearings.append(Hearing(self._ear, Callbacks(
                on_partial=self._stop_only, on_stop=self._callbacks.on_stop),
                attention=self._attention))
        self._workers = [_Worker(f'hear {h.recogniser.name}', h, self._callbacks.on_error)
                         for h in hearings]
        for worker in self._workers:
            worker.thread.start()
        self._capture.start()

    def stop(self, timeout: float = 5.0) -> bool:
        """Stop listening, drop what is not recognised; return whether all threads ended."""
        self._stopping.set()
        self.source.close()
        for worker in self._workers:
            worker.discard()
        return self.wait(timeout)

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Wait until the source has ended and all of it was recognised; return whether it was."""
        deadline = None if timeout is None else time.monotonic() + timeout
        for thread in [self._capture, *(worker.thread for worker in self._workers)]:
            if thread.ident is not None:
                thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                return False
        return True

    def _stop_only(self, text: str) -> None:
        """Pass on the stop ear's partial texts only if they hold a stop."""
        if hears_stop(text):
            self._callbacks.on_partial(text)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen_once()
                break
            except AudioError as error:
                self._callbacks.on_error(str(error))
                if not self.source.live:
                    break
                self._stopping.wait(self._retry)
        for worker in self._workers:
            worker.end()

    def _listen_once(self) -> None:
        assert self._vad is not None
        for event in sound_events(self.source, self._vad, self.settings):
            if self._stopping.is_set():
                return
            for worker in self._workers:
                worker.put(event, wait=not self.source.live)


def stop_ear(recogniser: Recogniser) -> Optional[Recogniser]:
    """Return a stop ear for a recogniser that does not stream, None for one that does."""
    return None if recogniser.streaming else make_recogniser(BEST)

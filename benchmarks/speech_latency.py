"""How late speech is heard in real time, for the speech benchmark."""

import queue
import time
from typing import Any, Iterator, Sequence

import numpy as np

from benchmarks.speech_audio import in_noise
from shadow_ros.speech.audio import BLOCK_SECONDS, SAMPLE_RATE, Samples
from shadow_ros.speech.listener import Callbacks, Listener
from shadow_ros.speech.recogniser import Recogniser
from shadow_ros.speech.sources import ArraySource, SoundBlock

LEAD, TAIL = 0.5, 2.0  # s of noise around the speech


class Played(ArraySource):
    """A sound played in real time; `began` is when (s, monotonic)."""

    began = 0.0

    def __iter__(self) -> Iterator[SoundBlock]:
        """Yield the blocks."""
        for block in super().__iter__():
            self.began = self.began or block.time - BLOCK_SECONDS
            yield block


def play(recogniser: Recogniser, speech: Samples, number: int) -> list[tuple[float, Any]]:
    """Return what a listener tells of speech, each with its time (s) after the speech's end."""
    told: queue.Queue[tuple[float, Any]] = queue.Queue()
    source = Played(in_noise(speech, 'pink', 20.0, number, lead=LEAD, tail=TAIL), paced=True)
    listener = Listener(source, recogniser, Callbacks(
        on_transcript=lambda heard: told.put((time.monotonic(), heard)),
        on_stop=lambda text: told.put((time.monotonic(), text))))
    listener.start()
    listener.wait()
    end = source.began + LEAD + len(speech) / SAMPLE_RATE
    return [(when - end, what) for when, what in [told.get() for _ in range(told.qsize())]]


def latency(recogniser: Recogniser, spoken: Sequence[Samples]) -> None:
    """Print the time from the end of speech to the transcript."""
    heard: list[tuple[float, Any]] = []
    for number, speech in enumerate(spoken):
        heard += [(after, what) for after, what in play(recogniser, speech, number)
                  if not isinstance(what, str)][-1:]
    _show('end of speech to transcript', [after for after, _ in heard])
    _show('  of it, to the endpoint', [what.endpoint - what.speech_end for _, what in heard])
    _show('  recognition', [what.recognition_ms / 1e3 for _, what in heard])


def stop_latency(recogniser: Recogniser, spoken: Sequence[Samples]) -> None:
    """Print the time from the end of a stop to the event."""
    told = [play(recogniser, speech, number) for number, speech in enumerate(spoken)]
    _show('end of a stop to its event', [after for events in told for after, what in events
                                         if isinstance(what, str)])


def _show(name: str, seconds: Sequence[float]) -> None:
    """Print the median, the 95th percentile and the worst."""
    print(f'{name:28} median {np.median(seconds):.3f} s  p95 {np.percentile(seconds, 95):.3f} s  '
          f'max {max(seconds):.3f} s  (n={len(seconds)})', flush=True)

"""
An hour of listening: `python -m benchmarks.soak_speech [--minutes 60]`.

Commands, other speech, noise and pauses go through the listener in its threads, as from a
microphone but as fast as they are taken, and the microphone is pulled out three times on the way.
At the end no utterance may be missing, no time may have drifted, and memory must not have grown.
Needs flite.
"""

import argparse
import os
import resource
import sys
import time
from typing import Iterator

import numpy as np

from benchmarks.bench_speech import commands, FLITE, outside
from benchmarks.speech_audio import in_noise, speak
from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import BLOCK, BLOCK_SECONDS, SAMPLE_RATE, Samples
from shadow_ros.speech.listener import Callbacks, Listener
from shadow_ros.speech.recogniser import BEST, make_recogniser, Transcript
from shadow_ros.speech.sources import SoundBlock

PAUSE = 1.2  # s between utterances, longer than any endpoint
CLIPS = 60
PULLED = (0.25, 0.5, 0.75)  # of the time, when the microphone is lost


class Endless:
    """A microphone at which people take turns; it can be pulled out between two of them."""

    name = 'soak'
    live = False  # it waits for a slow reader; a second opening goes on where it was lost

    def __init__(self, clips: list[Samples], seconds: float) -> None:
        self._clips, self._seconds = clips, seconds
        self._left = [share * seconds for share in PULLED]
        self._next = 0
        self._closed = False
        self.now = 0.0
        self.ends: list[float] = []

    def close(self) -> None:
        """End it."""
        self._closed = True

    def __iter__(self) -> Iterator[SoundBlock]:
        """Play on until the time is over or the device is lost."""
        while self.now < self._seconds and not self._closed:
            if self._left and self.now > self._left[0]:
                self._left.pop(0)
                raise AudioError('the soak microphone was pulled out')
            clip = self._clips[self._next % len(self._clips)]
            self._next += 1
            for start in range(0, len(clip) - BLOCK, BLOCK):
                self.now += BLOCK_SECONDS
                yield SoundBlock(clip[start:start + BLOCK], self.now)
            self.ends.append(self.now - PAUSE)


class Replugged:
    """Opens a lost source again, as a live one is, without waiting."""

    def __init__(self, source: Endless) -> None:
        self.name, self.live, self.close = source.name, False, source.close
        self._source = source
        self.lost = 0

    def __iter__(self) -> Iterator[SoundBlock]:
        """Yield all that comes."""
        while True:
            try:
                yield from self._source
                return
            except AudioError:
                self.lost += 1


def clips() -> list[Samples]:
    """Return utterances in noise, each with a pause behind it."""
    texts = [text for text, _ in commands()[::5] + outside()[::8]][:CLIPS]
    return [in_noise(speak(text, FLITE[i % 3]), 'pink', 20.0, i, lead=0.3, tail=PAUSE)
            for i, text in enumerate(texts)]


def resident() -> float:
    """Return the memory that this process holds, in MB."""
    with open('/proc/self/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 1e6


def main() -> int:
    """Run it; the exit code is 0 when nothing was lost, drifted or grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--minutes', type=float, default=60.0)
    parser.add_argument('--recogniser', default=BEST)
    options = parser.parse_args()
    source = Endless(clips(), 60.0 * options.minutes)
    plug = Replugged(source)
    heard: list[Transcript] = []
    memory: list[float] = []

    def take(transcript: Transcript) -> None:
        heard.append(transcript)
        memory.append(resident())
    errors: list[str] = []
    listener = Listener(plug, make_recogniser(options.recogniser), Callbacks(
        on_transcript=take, on_error=errors.append))
    began = time.monotonic()
    listener.start()
    listener.wait()
    took = time.monotonic() - began
    drift = [min(abs(t.speech_end - end) for t in heard) for end in source.ends]
    missing = sum(value > 0.8 for value in drift)
    settled, last = memory[len(memory) // 5], float(np.median(memory[-20:]))
    print(f'{source.now / 60:.1f} minutes of sound in {took / 60:.1f} minutes; '
          f'{len(source.ends)} utterances, {missing} without a transcript, '
          f'{sum(bool(t.text) for t in heard)} with text; lost and found again {plug.lost} times; '
          f'errors: {errors or "none"}')
    print(f'end of speech off by {np.median(drift):.3f} s in the median, at most '
          f'{max(drift):.3f} s; the last ten by {np.median(drift[-10:]):.3f} s')
    print(f'memory {settled:.0f} MB after a fifth, {last:.0f} MB at the end, peak '
          f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB; '
          f'{SAMPLE_RATE} samples a second')
    return int(bool(missing or errors or last > settled + 30 or plug.lost != len(PULLED)))


if __name__ == '__main__':
    sys.exit(main())

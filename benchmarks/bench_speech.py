"""
How well and how fast speech is heard: `python -m benchmarks.bench_speech [--quick]`.

Needs espeak-ng and flite (apt install espeak-ng flite). Every utterance goes through the real
pipeline: voice activity, endpoint, PocketSphinx with its rejection. Accuracy is on the exact
words; latency is in real time, from the last sample of speech to the transcript.
"""

import argparse
from dataclasses import dataclass, field
import json
from pathlib import Path
import queue
import sys
import time
from typing import Optional, Sequence

import numpy as np

from benchmarks.speech_audio import in_noise, missing_engines, speak, Voice, VOICES
from shadow_ros.speech.audio import SAMPLE_RATE, Samples
from shadow_ros.speech.listener import Callbacks, Hearing, Listener, sound_events
from shadow_ros.speech.pocketsphinx import PocketSphinx
from shadow_ros.speech.recogniser import Transcript
from shadow_ros.speech.sources import ArraySource
from shadow_ros.speech.stopword import hears_stop
from shadow_ros.speech.vad import SileroVad

CONDITIONS = (('white', 40.0), ('pink', 20.0), ('motor', 10.0))
LEAD = 0.5  # seconds of noise before the speech of every clip

COMMANDS = """
walk forward two meters|take three steps back|go backwards one meter|move left half a meter
run forward three meters|turn left ninety degrees|turn right|turn around|spin around
turn a bit to the left|sit down|sit|stand up|lie down|stop|stop stop stop|halt|don't move|hold on
stop turning|say hello|give me your paw|stretch|dance|make a heart|do a backflip
walk forward and then turn left|sit down then stand up|slow down|yes please|no
who are you|come here|hey dog sit down|could you please lie down|don't sit
""".strip().replace('\n', '|').split('|')

OUTSIDE = """
the weather is nice today|i think we should have lunch at noon|my brother bought a new car
the meeting starts at nine in the morning|please send me the report by friday
it was a dark and stormy night|can you pass the salt|the train to london was delayed again
i forgot my keys on the kitchen table|music makes people happy|these tomatoes taste wonderful
he plays football every saturday afternoon|there is a problem with the printer
nobody knows what happened that evening|the river flows through the old town
maybe|really|interesting|what a day|lunch time|see you tomorrow|telephone|that is funny|oh well
""".strip().replace('\n', '|').split('|')


@dataclass
class Heard:
    """What became of one clip."""

    said: str
    voice: str
    noise: str
    inside: bool
    text: str = ''
    rejected: str = ''
    score: float = 0.0
    stop_after_s: Optional[float] = None  # from the end of speech to the stop, negative: before
    partials: list[tuple[float, str]] = field(default_factory=list)
    cpu_s: float = 0.0
    seconds: float = 0.0


class Ear:
    """A recogniser whose every change of mind is written down."""

    def __init__(self, sphinx: PocketSphinx) -> None:
        self._sphinx = sphinx
        self.name, self.streaming = sphinx.name, True
        self.load, self.start, self.finish = sphinx.load, sphinx.start, sphinx.finish
        self.changes: list[tuple[int, str]] = []
        self.taken = 0

    def accept(self, samples: Samples) -> Optional[str]:
        """Pass the sound on and note what it changed."""
        self.taken += len(samples)
        text = self._sphinx.accept(samples)
        if text is not None:
            self.changes.append((self.taken, text))
        return text


def hear(sphinx: PocketSphinx, vad: SileroVad, clip: Samples, heard: Heard) -> Heard:
    """Fill in what the pipeline hears in the clip, as fast as possible."""
    ear = Ear(sphinx)
    now = [0.0]
    end_of_speech = len(clip) / SAMPLE_RATE - 0.7
    stops: list[float] = []
    hearing = Hearing(ear, Callbacks(on_stop=lambda _: stops.append(now[0] - end_of_speech)))
    cpu = time.process_time()
    texts: list[Transcript] = []
    for event in sound_events(ArraySource(clip), vad):
        now[0] = event.time
        transcript = hearing.handle(event, time.monotonic())
        if transcript is not None:
            texts.append(transcript)
    heard.cpu_s = time.process_time() - cpu
    heard.seconds = len(clip) / SAMPLE_RATE
    heard.text = ' '.join(t.text for t in texts).strip()
    heard.rejected = ' '.join(t.rejected for t in texts).strip()
    heard.score = min((t.score for t in texts), default=0.0)
    heard.stop_after_s = stops[0] if stops else None
    heard.partials = [(taken / SAMPLE_RATE, text) for taken, text in ear.changes]
    return heard


def all_clips(texts: Sequence[str], inside: bool, voices: Sequence[Voice],
              sphinx: PocketSphinx) -> list[Heard]:
    """Return what is heard of all texts in all voices and noises."""
    vad = SileroVad()
    results = []
    for voice in voices:
        spoken = [speak(text, voice) for text in texts]
        for kind, snr in CONDITIONS:
            for number, (text, clip) in enumerate(zip(texts, spoken)):
                noisy = in_noise(clip, kind, snr, number, lead=LEAD)
                heard = Heard(text, str(voice), f'{kind} {snr:g} dB', inside)
                results.append(hear(sphinx, vad, noisy, heard))
    return results


def share(values: Sequence[bool]) -> str:
    """Return a share in percent with its counts."""
    return f'{100 * sum(values) / max(1, len(values)):5.1f} % ({sum(values)}/{len(values)})'


def report(results: Sequence[Heard]) -> None:
    """Print the tables."""
    print(f'\n{"noise":14} {"exact words":>22} {"nothing":>20} {"false (outside)":>22} '
          f'{"stop heard":>20} {"false stop":>20}')
    for noise in dict.fromkeys(r.noise for r in results):
        inside = [r for r in results if r.noise == noise and r.inside]
        outside = [r for r in results if r.noise == noise and not r.inside]
        stops = [r for r in inside if hears_stop(r.said)]
        others = [r for r in inside + outside if not hears_stop(r.said)]
        print(f'{noise:14} {share([r.text == r.said for r in inside]):>22} '
              f'{share([not r.text for r in inside]):>20} '
              f'{share([bool(r.text) for r in outside]):>22} '
              f'{share([r.stop_after_s is not None for r in stops]):>20} '
              f'{share([r.stop_after_s is not None for r in others]):>20}')
    for voice in dict.fromkeys(r.voice for r in results):
        print(f'{voice:24} ' + share([r.text == r.said for r in results
                                      if r.voice == voice and r.inside]))
    late = [r.stop_after_s for r in results
            if hears_stop(r.said) and r.stop_after_s is not None]
    if late:
        print(f'stop after the end of the word (sound time): median {np.median(late):.2f} s, '
              f'p95 {np.percentile(late, 95):.2f} s')
    print(f'CPU per second of sound: {sum(r.cpu_s for r in results):.1f} s / '
          f'{sum(r.seconds for r in results):.1f} s = '
          f'{sum(r.cpu_s for r in results) / sum(r.seconds for r in results):.3f}')


def latency(sphinx: PocketSphinx, texts: Sequence[str], voice: Voice) -> None:
    """Print the time from the end of speech to the transcript, in real time."""
    delays, decided, recognition = [], [], []
    for number, text in enumerate(texts):
        clip = in_noise(speak(text, voice), 'white', 40.0, number, lead=LEAD, tail=1.5)
        done: queue.Queue[tuple[float, Transcript]] = queue.Queue()
        source = ArraySource(clip, paced=True)
        listener = Listener(source, sphinx, Callbacks(
            on_transcript=lambda t, done=done: done.put((time.monotonic(), t))),
            vad=SileroVad())
        began = time.monotonic()
        listener.start()
        when, transcript = done.get(timeout=30)
        listener.stop()
        end = began + (len(clip) / SAMPLE_RATE - 1.5)
        delays.append(when - end)
        decided.append(transcript.endpoint - end)
        recognition.append(transcript.recognition_ms / 1e3)
    for name, values in (('end of speech to transcript', delays),
                         ('  of it, to the endpoint', decided), ('  recognition', recognition)):
        print(f'{name:30} median {np.median(values):.3f} s  p95 '
              f'{np.percentile(values, 95):.3f} s  max {max(values):.3f} s  (n={len(values)})')


def main() -> int:
    """Run the benchmark; exit code 2 when a speech synthesiser is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--quick', action='store_true', help='every third text, two voices')
    parser.add_argument('--latency-only', action='store_true', help='only the real-time part')
    parser.add_argument('--json', type=Path, help='write every clip as a JSON line to this file')
    options = parser.parse_args()
    if missing_engines():
        print(f'the benchmark needs {" and ".join(missing_engines())} to speak; '
              'apt install espeak-ng flite', file=sys.stderr)
        return 2
    step, voices = (3, (VOICES[0], VOICES[4])) if options.quick else (1, VOICES)
    sphinx = PocketSphinx()
    sphinx.load()
    if not options.latency_only:
        results = all_clips(COMMANDS[::step], True, voices, sphinx)
        results += all_clips(OUTSIDE[::step], False, voices, sphinx)
        report(results)
        if options.json:
            options.json.write_text('\n'.join(json.dumps(vars(r)) for r in results) + '\n')
    latency(sphinx, COMMANDS[:8 if options.quick else 20], VOICES[0])
    return 0


if __name__ == '__main__':
    sys.exit(main())

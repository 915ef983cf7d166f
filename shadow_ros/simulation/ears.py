"""What is spoken in a scenario: synthetic voices, noise, and the real listening pipeline."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
import shutil
import subprocess
import tempfile
import time
from typing import Iterable

import numpy as np

from shadow_ros.errors import AudioError
from shadow_ros.simulation.scenario import Sound
from shadow_ros.speech.audio import read_file, SAMPLE_RATE, Samples, write_wav

LEAD, TAIL = 0.4, 0.9  # s of mere noise before and after what is said
_SEED = 7
_ENGINES = ('flite', 'espeak-ng')


@dataclass(frozen=True)
class Heard:
    """What the speech node would publish, so many seconds after the sound began."""

    time: float
    kind: str
    text: str


def missing(sounds: Iterable[Sound]) -> str:
    """Return what these sounds need and is not installed, in a sentence, or ''."""
    for module in ('pocketsphinx', 'onnxruntime', 'silero_vad', 'soundfile'):
        if find_spec(module) is None:
            return f"hearing needs {module}, got none; pip install 'shadow_ros[speech]'"
    for sound in sounds:
        engine = sound.voice.partition(':')[0]
        if not sound.file and engine in _ENGINES and not shutil.which(engine):
            return f'the voice {sound.voice} needs the program {engine}; apt install {engine}'
    return ''


@lru_cache(maxsize=256)
def hear(sound: Sound, recogniser: str = 'auto') -> tuple[Heard, ...]:
    """Return partial texts and transcripts of a sound, in order, with their times in it."""
    from shadow_ros.speech.listener import Callbacks, Hearing, sound_events
    from shadow_ros.speech.recogniser import make_recogniser
    from shadow_ros.speech.sources import FileSource
    from shadow_ros.speech.vad import SileroVad
    heard: list[Heard] = []
    clock = [0.0]

    def note(kind: str, text: str) -> None:
        if text:
            heard.append(Heard(clock[0], kind, text))

    ear = make_recogniser(recogniser)
    ear.load()
    hearing = Hearing(ear, Callbacks(
        on_partial=lambda text: note('partial', text), on_stop=lambda text: note('partial', text),
        on_transcript=lambda transcript: note('transcript', transcript.text)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'heard.wav'
        write_wav(path, noisy(sound))
        for event in sound_events(FileSource(path), SileroVad()):
            clock[0] = event.time
            hearing.handle(event, time.monotonic())
    return tuple(heard)


def noisy(sound: Sound) -> Samples:
    """Return the sound with noise around and under it, `snr` dB below its power."""
    voice = read_file(sound.file) if sound.file else speak(sound.words, sound.voice)
    quiet = np.zeros(int(LEAD * SAMPLE_RATE)), np.zeros(int(TAIL * SAMPLE_RATE))
    whole = np.concatenate([quiet[0], voice, quiet[1]])
    rng = np.random.default_rng(_SEED)
    power = float(np.sqrt(np.mean(np.square(voice))))
    mixed = whole + noise(sound.noise, len(whole), rng) * power * 10 ** (-sound.snr / 20)
    result: Samples = np.clip(mixed, -1.0, 1.0).astype(np.float32)
    return result


def noise(kind: str, count: int, rng: np.random.Generator) -> Samples:
    """Return white, pink or motor noise of unit power [count]."""
    white = rng.normal(size=count)
    if kind != 'white':
        spectrum = np.fft.rfft(white)
        frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
        shape = 1 / np.sqrt(np.maximum(frequency, 20.0))
        if kind == 'motor':  # a hum with overtones over pink noise, as gears make it
            shape = shape + sum(np.exp(-((frequency - 110.0 * k) / 6.0) ** 2) / k
                                for k in range(1, 8))
        white = np.fft.irfft(spectrum * shape, count)
    result: Samples = (white / np.sqrt(np.mean(np.square(white)))).astype(np.float32)
    return result


def speak(words: str, voice: str) -> Samples:
    """Return the words in a synthetic voice, `flite:slt` or `espeak-ng:en-us`."""
    engine, _, name = voice.partition(':')
    if engine not in _ENGINES or not name:
        raise AudioError(f'a voice must be flite:NAME or espeak-ng:NAME, got {voice!r}')
    trouble = missing([Sound(words, voice=voice)])
    if trouble:
        raise AudioError(trouble)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / 'spoken.wav')
        command = ['flite', '-voice', name, '-t', words, '-o', path] if engine == 'flite' else \
            ['espeak-ng', '-v', name, '-w', path, words]
        subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)
        samples = read_file(Path(path))
    loud: Samples = (samples * (0.5 / max(float(np.abs(samples).max()), 1e-6))).astype(np.float32)
    return loud

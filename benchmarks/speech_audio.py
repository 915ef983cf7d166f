"""Sound for the speech benchmarks: spoken by espeak-ng and flite, with noise mixed in."""

from dataclasses import dataclass
from pathlib import Path
import shutil
import subprocess
import tempfile

import numpy as np

from shadow_ros.speech.audio import read_file, SAMPLE_RATE, Samples


@dataclass(frozen=True)
class Voice:
    """A synthetic voice: engine (flite, espeak-ng), the engine's name for it, pace (1 normal)."""

    engine: str
    name: str
    pace: float = 1.0

    def __str__(self) -> str:
        """Return the short name for tables."""
        return f'{self.engine}:{self.name}'


VOICES = (Voice('flite', 'rms'), Voice('flite', 'slt'), Voice('flite', 'awb', 1.1),
          Voice('flite', 'kal16'), Voice('espeak-ng', 'en-us'),
          Voice('espeak-ng', 'en-gb+f3', 0.9))


def missing_engines() -> list[str]:
    """Return the speech synthesisers that are not installed."""
    return [engine for engine in ('flite', 'espeak-ng') if not shutil.which(engine)]


def speak(text: str, voice: Voice) -> Samples:
    """Return the text spoken by the voice, 16 kHz, without silence at the ends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'spoken.wav'
        if voice.engine == 'flite':
            command = ['flite', '-voice', voice.name, '--setf',
                       f'duration_stretch={1 / voice.pace:.2f}', '-t', text, '-o', str(path)]
        else:
            command = ['espeak-ng', '-v', voice.name, '-s', str(int(160 * voice.pace)),
                       '-w', str(path), text]
        subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)
        return trimmed(read_file(path))


def trimmed(samples: Samples) -> Samples:
    """Return the sound without what is 40 dB below its peak at both ends, at peak 0.5."""
    loud = np.nonzero(np.abs(samples) > 0.01 * np.abs(samples).max())[0]
    cut = samples[loud[0]:loud[-1] + 1]
    return (cut * (0.5 / np.abs(cut).max())).astype(np.float32)


def noise(kind: str, count: int, rng: np.random.Generator) -> Samples:
    """Return `white`, `pink` or `motor` noise of unit power [count]."""
    white = rng.normal(size=count)
    if kind == 'white':
        return white.astype(np.float32)
    spectrum = np.fft.rfft(white)
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE), 20.0))
    pink = np.fft.irfft(spectrum, count)
    pink /= pink.std()
    if kind == 'motor':
        # Gear whine: harmonics of a slowly wandering speed, over a weaker pink rumble.
        speed = 90.0 + 15.0 * np.sin(np.linspace(0.0, 2 * np.pi * count / SAMPLE_RATE / 3, count))
        phase = 2 * np.pi * np.cumsum(speed) / SAMPLE_RATE
        whine = sum(np.sin(k * phase + k) / k for k in (1, 2, 3, 5, 8, 13))
        pink = whine / np.std(whine) + 0.4 * pink
    return (pink / pink.std()).astype(np.float32)


def in_noise(speech: Samples, kind: str, snr_db: float, seed: int,
             lead: float = 0.5, tail: float = 0.7) -> Samples:
    """Return the speech with noise around and under it; the ratio is of mean powers."""
    rng = np.random.default_rng(seed)
    padded = np.concatenate([np.zeros(int(lead * SAMPLE_RATE), np.float32), speech,
                             np.zeros(int(tail * SAMPLE_RATE), np.float32)])
    level = float(np.sqrt(np.mean(speech ** 2))) / 10 ** (snr_db / 20)
    return np.clip(padded + level * noise(kind, len(padded), rng), -1, 1).astype(np.float32)

"""Sound as the whole house knows it: float32, mono, 16 kHz; files of any kind become that."""

from pathlib import Path
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from shadow_ros.errors import AudioError

SAMPLE_RATE = 16000
"""Samples per second, everywhere."""

BLOCK = 512
"""Samples in a block: 32 ms, the window of the voice activity model."""

BLOCK_SECONDS = BLOCK / SAMPLE_RATE

MAX_FILE_SECONDS = 3600.0

Samples = npt.NDArray[np.float32]


def read_file(path: Union[str, Path]) -> Samples:
    """
    Return a sound file (WAV, FLAC, OGG, MP3, any rate, any channels) as 16 kHz mono float32 [n].

    A file that is missing, is no sound, holds no sample or lasts more than an hour is an
    AudioError that says so.
    """
    import soundfile
    path = Path(path)
    if not path.is_file():
        what = 'a folder' if path.is_dir() else 'not there'
        raise AudioError(f'expected a sound file, but {path} is {what}; give the path of a WAV '
                         'or FLAC file')
    try:
        with soundfile.SoundFile(str(path)) as file:
            rate, seconds = file.samplerate, file.frames / file.samplerate
            if seconds > MAX_FILE_SECONDS:
                raise AudioError(f'{path} lasts {seconds:.0f} s, the limit is '
                                 f'{MAX_FILE_SECONDS:.0f} s; cut it into parts')
            frames = file.read(dtype='float32', always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(f'{path} cannot be read as sound ({error}); convert it to 16-bit WAV '
                         'or FLAC') from None
    if not len(frames):
        raise AudioError(f'{path} holds no sound: it has 0 samples; record it again')
    return to_mono_16k(frames, rate)


def to_mono_16k(frames: npt.NDArray[Any], rate: int) -> Samples:
    """Return frames [n] or [n, channels] at `rate` Hz as 16 kHz mono float32 within [-1, 1]."""
    mono = np.asarray(frames, np.float32)
    if mono.ndim == 2:
        mono = mono.mean(axis=1, dtype=np.float32)
    if rate != SAMPLE_RATE:
        import soxr
        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    mono = np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0)
    return np.ascontiguousarray(np.clip(mono, -1.0, 1.0), dtype=np.float32)


def write_wav(path: Union[str, Path], samples: Samples) -> None:
    """Write 16 kHz mono samples as a 16-bit file; the suffix (.wav, .flac) names the kind."""
    import soundfile
    soundfile.write(str(path), samples, SAMPLE_RATE, subtype='PCM_16')


def to_pcm16(samples: Samples) -> bytes:
    """Return the samples as 16-bit little-endian integers."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype('<i2').tobytes()

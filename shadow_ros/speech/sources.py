"""Where sound comes from: files, arrays and the microphone, all as blocks of 32 ms."""

from dataclasses import dataclass
from pathlib import Path
import queue
import threading
import time
from typing import Any, Iterator, Protocol, Union

import numpy as np

from shadow_ros.errors import AudioError, shorten
from shadow_ros.speech.audio import BLOCK, BLOCK_SECONDS, read_file, SAMPLE_RATE, Samples, \
    to_mono_16k

_QUEUED_BLOCKS = 128  # 4 s: more than a hiccup, less than a memory leak
_SILENT_SECONDS = 2.0


@dataclass(frozen=True)
class SoundBlock:
    """512 samples and the time (monotonic seconds of the source) at which the last was taken."""

    samples: Samples
    time: float


class Source(Protocol):
    """
    Blocks of sound.

    Iterating opens the source and yields SoundBlocks until it ends or `close` is called from
    any thread; trouble is an AudioError. A `live` source does not wait for a slow reader, and
    may be opened again after trouble.
    """

    name: str
    live: bool

    def __iter__(self) -> Iterator[SoundBlock]:
        """Open the source and yield its blocks."""

    def close(self) -> None:
        """End the iteration soon."""


class ArraySource:
    """
    Samples in memory [n], 16 kHz mono.

    `paced` delivers in real time with monotonic stamps, as a microphone would; otherwise blocks
    come as fast as they are taken, stamped with their place in the sound, from 0. The last
    block is filled up with a faint noise floor: digital silence confuses recognisers.
    """

    live = False

    def __init__(self, samples: Samples, *, paced: bool = False, name: str = 'array') -> None:
        self.name = name
        self.paced = paced
        self._samples = samples
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[SoundBlock]:
        """Yield the blocks."""
        began = time.monotonic() if self.paced else 0.0
        for index, start in enumerate(range(0, len(self._samples), BLOCK)):
            due = began + (index + 1) * BLOCK_SECONDS
            if self.paced:
                self._closed.wait(max(0.0, due - time.monotonic()))
            if self._closed.is_set():
                return
            yield SoundBlock(_filled(self._samples[start:start + BLOCK]), due)

    def close(self) -> None:
        """End the iteration; the source stays ended."""
        self._closed.set()


class FileSource(ArraySource):
    """
    A sound file of any kind, rate and number of channels.

    `tail` seconds of noise floor follow it, so that an utterance which ends with the file is
    endpointed as in a room.
    """

    def __init__(self, path: Union[str, Path], *, paced: bool = False, tail: float = 0.0) -> None:
        samples = np.concatenate([read_file(path), _noise_floor(int(tail * SAMPLE_RATE))])
        super().__init__(samples, paced=paced, name=str(path))


class MicrophoneSource:
    """
    A microphone through sounddevice (PortAudio); `device` is its number or part of its name.

    The sound card's own rate is used when it does not offer 16 kHz. The callback only queues;
    when the reader is more than 4 s late the oldest sound is dropped. One that was unplugged is
    found again when it is back: PortAudio looks for devices only when it is started.
    """

    live = True

    def __init__(self, device: Union[str, int, None] = None) -> None:
        self.device = _device_key(device)
        self.name = 'microphone' if self.device is None else f'microphone {self.device}'
        self.dropped = 0
        self._lost = False
        self._closed = threading.Event()

    def close(self) -> None:
        """End the iteration; the source stays ended."""
        self._closed.set()

    def __iter__(self) -> Iterator[SoundBlock]:
        """Open the microphone and yield blocks until it is closed or lost."""
        sounddevice = load_sounddevice()
        if self._lost:
            _look_again(sounddevice)
        self._lost = True  # until it is closed in peace
        info = find_microphone(self.device)
        rate = _usable_rate(sounddevice, info)
        blocks: queue.Queue[tuple[Samples, float]] = queue.Queue(_QUEUED_BLOCKS)

        def take(indata: Any, frames: int, _time: Any, _status: Any) -> None:
            if blocks.full():
                self.dropped += 1
                blocks.get_nowait()
            blocks.put_nowait((np.array(indata[:, 0], np.float32), time.monotonic()))

        try:
            with sounddevice.InputStream(
                    device=info['index'], samplerate=rate, channels=1, dtype='float32',
                    blocksize=int(BLOCK * rate / SAMPLE_RATE), callback=take) as stream:
                yield from _regular(self._raw(stream, blocks), rate)
            self._lost = False
        except sounddevice.PortAudioError as error:
            raise AudioError(f'the {self.name} cannot be used ({error}); check that it is '
                             'plugged in and that no other program holds it') from None

    def _raw(self, stream: Any, blocks: 'queue.Queue[tuple[Samples, float]]',
             ) -> Iterator[tuple[Samples, float]]:
        """Yield what the callback queued; no sound for 2 s means that the device is gone."""
        heard = time.monotonic()
        while not self._closed.is_set():
            try:
                item = blocks.get(timeout=0.1)
            except queue.Empty:
                if time.monotonic() - heard > _SILENT_SECONDS or not stream.active:
                    raise AudioError(f'the {self.name} gives no sound any more; check that it '
                                     'is plugged in') from None
                continue
            heard = time.monotonic()
            yield item


def find_microphone(device: Union[str, int, None]) -> dict[str, Any]:
    """Return sounddevice's description of the wanted input, or raise AudioError with all."""
    sounddevice = load_sounddevice()
    inputs = microphones()
    if not inputs:
        raise AudioError('expected a microphone, but there is none; plug one in, or give a '
                         'sound file as the source, or type the commands')
    if device is None:
        default = sounddevice.default.device[0]
        return next((m for m in inputs if m['index'] == default), inputs[0])
    for microphone in inputs:
        wanted = str(device).lower()
        if microphone['index'] == device or (
                isinstance(device, str) and wanted in microphone['name'].lower()):
            return microphone
    there = ', '.join(f'{m["index"]}: {m["name"]}' for m in inputs)
    raise AudioError(f'no microphone is called {shorten(str(device))}; there are {there}')


def microphones() -> list[dict[str, Any]]:
    """Return sounddevice's descriptions of all devices that can record."""
    return [dict(device) for device in load_sounddevice().query_devices()
            if device['max_input_channels'] > 0]


def load_sounddevice() -> Any:
    """Return the sounddevice module; it may be missing, or its PortAudio library."""
    try:
        import sounddevice
    except ImportError:
        raise AudioError("the microphone needs sounddevice; pip install 'shadow_ros[speech]'"
                         ) from None
    except OSError:
        raise AudioError('the microphone needs the PortAudio library; '
                         'apt install libportaudio2') from None
    return sounddevice


def _look_again(sounddevice: Any) -> None:
    """Let PortAudio find devices that were plugged in since it was started."""
    sounddevice._terminate()
    sounddevice._initialize()


def _device_key(device: Union[str, int, None]) -> Union[str, int, None]:
    """Return the device as a number, part of a name, or None for the default."""
    if isinstance(device, str):
        text = device.strip()
        return int(text) if text.isdigit() else text or None
    return device


def _usable_rate(sounddevice: Any, info: dict[str, Any]) -> int:
    """Return 16000 when the device offers it, else the device's own rate (Hz)."""
    try:
        sounddevice.check_input_settings(
            device=info['index'], samplerate=SAMPLE_RATE, channels=1, dtype='float32')
        return SAMPLE_RATE
    except sounddevice.PortAudioError:
        return int(info['default_samplerate'])


def _regular(raw: Iterator[tuple[Samples, float]], rate: int) -> Iterator[SoundBlock]:
    """Yield blocks of 512 samples at 16 kHz from pieces of any length at `rate` Hz."""
    rest = np.zeros(0, np.float32)
    resample = _Resampler(rate)
    for piece, stamp in raw:
        rest = np.concatenate([rest, resample(piece)])
        whole = len(rest) // BLOCK
        for index in range(whole):
            late = (len(rest) - (index + 1) * BLOCK) / SAMPLE_RATE
            yield SoundBlock(rest[index * BLOCK:(index + 1) * BLOCK].copy(), stamp - late)
        rest = rest[whole * BLOCK:]


class _Resampler:
    """Streaming conversion to 16 kHz; does nothing when the rate is right."""

    def __init__(self, rate: int) -> None:
        self._stream: Any = None
        if rate != SAMPLE_RATE:
            import soxr
            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype='float32')

    def __call__(self, piece: Samples) -> Samples:
        """Return the next samples at 16 kHz."""
        if self._stream is None:
            return to_mono_16k(piece, SAMPLE_RATE)
        converted: Samples = self._stream.resample_chunk(piece)
        return to_mono_16k(converted, SAMPLE_RATE)


def _noise_floor(count: int) -> Samples:
    """Return faint noise (about -76 dB of full scale), the same every time."""
    noise = np.random.default_rng(0).normal(0.0, 1.5e-4, count)
    return noise.astype(np.float32)


def _filled(block: Samples) -> Samples:
    """Return the block with 512 samples, a noise floor behind what is there."""
    if len(block) == BLOCK:
        return block
    return np.concatenate([block, _noise_floor(BLOCK - len(block))])

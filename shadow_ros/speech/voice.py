"""The robot's voice: replies made sound by a speech synthesiser, one after the other."""

from collections import deque
import importlib
import io
import re
import shutil
import subprocess
import threading
import time
from typing import Any, Callable, Deque, Optional, Protocol

import numpy as np

from shadow_ros.errors import AudioError, did_you_mean, shorten
from shadow_ros.speech.audio import SAMPLE_RATE, Samples, to_mono_16k

VOICES = ('espeak-ng', 'none')
LONGEST = 300
"""Characters of a reply that are spoken; nobody listens to more from a dog."""

_HAN = re.compile('[\u3400-\u9fff]')
_WAITING = 4  # replies; the oldest goes when one more comes
_SECONDS = 20.0  # for a synthesiser to make a sentence


class Voice(Protocol):
    """Text to sound."""

    name: str

    def render(self, text: str, language: str) -> Samples:
        """Return the text as 16 kHz sound [n]; `language` is en or zh. May raise AudioError."""


class Player(Protocol):
    """Something that makes sound heard."""

    def __call__(self, samples: Samples, stop: threading.Event) -> None:
        """Play it to the end, or until `stop` is set; raise AudioError when it cannot."""


class EspeakVoice:
    """The program espeak-ng: small, fast, many languages, nothing to download."""

    name = 'espeak-ng'
    languages = {'en': 'en-us', 'zh': 'cmn'}

    def __init__(self, words_a_minute: int = 165) -> None:
        if not shutil.which('espeak-ng'):
            raise AudioError('the voice espeak-ng is not installed; apt install espeak-ng, or '
                             'set speech.voice to none')
        self._pace = words_a_minute

    def render(self, text: str, language: str) -> Samples:
        """Return the text as 16 kHz sound [n]."""
        import soundfile
        command = ['espeak-ng', '-v', self.languages.get(language, 'en-us'), '-s',
                   str(self._pace), '--stdin', '--stdout']
        try:
            done = subprocess.run(command, input=text.encode('utf-8', 'replace'),
                                  capture_output=True, timeout=_SECONDS, check=True)
            # Its header does not know the length of what is piped.
            frames, rate = soundfile.read(io.BytesIO(_with_length(done.stdout)), dtype='float32')
        except (subprocess.SubprocessError, OSError, soundfile.LibsndfileError) as error:
            raise AudioError(f'espeak-ng could not speak ({shorten(str(error), 120)}); try '
                             'espeak-ng hello in a terminal') from None
        return to_mono_16k(frames, rate)


def _with_length(wav: bytes) -> bytes:
    """Return the WAV file with the sizes in its header set right."""
    if wav[:4] != b'RIFF' or wav[36:40] != b'data':
        return wav
    return (wav[:4] + (len(wav) - 8).to_bytes(4, 'little') + wav[8:40]
            + (len(wav) - 44).to_bytes(4, 'little') + wav[44:])


class Loudspeaker:
    """Plays through sounddevice (PortAudio); `device` is an output's number or name."""

    def __init__(self, device: str = '') -> None:
        self.device = int(device) if device.isdigit() else device or None

    def __call__(self, samples: Samples, stop: threading.Event) -> None:
        """Play it to the end, or until `stop` is set."""
        from shadow_ros.speech.sources import load_sounddevice
        sounddevice = load_sounddevice()
        try:
            with sounddevice.OutputStream(device=self.device, samplerate=SAMPLE_RATE, channels=1,
                                          dtype='float32') as stream:
                for start in range(0, len(samples), 1600):
                    if stop.is_set():
                        return
                    stream.write(np.ascontiguousarray(samples[start:start + 1600, None]))
        except (sounddevice.PortAudioError, ValueError) as error:
            raise AudioError(f'the loudspeaker cannot be used ({error}); plug one in, choose '
                             'another by speech.voice_device, or set speech.voice to none'
                             ) from None


class Speaker:
    """
    Speaks replies in a thread of its own, the newest few of them.

    `on_speech(text, since, until)` is called before each with the monotonic times between which
    it will be heard, `on_error` with sentences for the user.
    """

    def __init__(self, voice: Voice, player: Player,
                 on_speech: Callable[[str, float, float], None],
                 on_error: Callable[[str], None]) -> None:
        self._voice, self._player = voice, player
        self._on_speech, self._on_error = on_speech, on_error
        self._waiting: Deque[str] = deque(maxlen=_WAITING)
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name='voice', daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """Speak this after what is being spoken."""
        with self._changed:
            self._waiting.append(text)
            self._changed.notify()

    def close(self, timeout: float = 2.0) -> bool:
        """Fall silent; return whether the thread has ended."""
        self._closed.set()
        with self._changed:
            self._waiting.clear()
            self._changed.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed.is_set())
                if self._closed.is_set():
                    return
                text = self._waiting.popleft()
            try:
                self._speak(text)
            except AudioError as error:
                self._on_error(str(error))

    def _speak(self, text: str) -> None:
        plain = speakable(text)
        if not plain:
            return
        sound = self._voice.render(plain, 'zh' if _HAN.search(plain) else 'en')
        now = time.monotonic()
        self._on_speech(plain, now, now + len(sound) / SAMPLE_RATE)
        self._player(sound, self._closed)
        now = time.monotonic()
        self._on_speech(plain, now, now)


def speakable(text: str) -> str:
    """Return what of a reply can be spoken: no brackets, no markup, not too long."""
    plain = ' '.join(re.sub(r'[\[\]{}<>*_`#|\\]', ' ', text).split())
    return plain[:LONGEST]


def make_voice(name: str) -> Optional[Voice]:
    """Return the voice of that name, or of `package.module:Class`; None for none."""
    if name == 'none':
        return None
    if name == 'espeak-ng':
        return EspeakVoice()
    module, colon, attribute = name.partition(':')
    if not (colon and module and attribute):
        raise AudioError(f'unknown voice {shorten(name)}{did_you_mean(name[:40], VOICES)}')
    try:
        maker: Any = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise AudioError(f'the voice {shorten(name)} cannot be imported: {error}') from None
    voice: Voice = maker()
    return voice

"""Checks of sound: input devices and their level, and the recognisers."""

from typing import Iterator

from shadow_ros.commands.checks.check import Check, OK, probe, Setup, WARN

_DEVICES = """
import json, sounddevice
print(json.dumps({'inputs': [d['name'] for d in sounddevice.query_devices()
                             if d['max_input_channels'] > 0]}))
"""
_LEVEL = """
import json, numpy, sounddevice
sounds = sounddevice.rec(8000, samplerate=16000, channels=1, dtype='float32', blocking=True)
print(json.dumps({'rms': float(numpy.sqrt(numpy.mean(sounds ** 2)))}))
"""
_MOONSHINE = """
import json
from importlib.metadata import version
from shadow_ros.speech.features import Encoder
Encoder()
print(json.dumps({'version': version('moonshine-voice')}))
"""
_POCKETSPHINX = """
import json, os, pocketsphinx
from importlib.metadata import version
model = pocketsphinx.get_model_path('en-us')
assert os.path.isdir(model), f'no acoustic model at {model}'
print(json.dumps({'version': version('pocketsphinx')}))
"""
_WHISPER = """
import json, os, whisper
root = os.path.join(os.getenv('XDG_CACHE_HOME', os.path.expanduser('~/.cache')), 'whisper')
kept = sorted(os.listdir(root)) if os.path.isdir(root) else []
print(json.dumps({'version': whisper.__version__, 'weights': kept}))
"""
_VAD = """
import json, onnxruntime, silero_vad
from importlib.metadata import version
print(json.dumps({'version': version('silero-vad')}))
"""
_INSTALL = "pip install 'shadow_ros[speech]'"


def check(setup: Setup) -> Iterator[Check]:
    """Yield what can be heard, and by what."""
    yield from microphone()
    yield voice_activity()
    yield moonshine()
    yield pocketsphinx()
    yield whisper()


def microphone() -> Iterator[Check]:
    """Yield the input devices and, when there is one, how loud it is now."""
    data, problem = probe(_DEVICES)
    if problem:
        yield Check('microphone', WARN, problem, f'{_INSTALL}, and as root: '
                    'apt install libportaudio2; typed commands work without')
        return
    names = data['inputs']
    if not names:
        yield Check('microphone', WARN, 'no input device', 'plug one in; inside a container pass '
                    '--device /dev/snd; typed commands and sound files work without')
        return
    yield Check('microphone', OK, f'{len(names)}: {", ".join(names[:3])}')
    yield level()


def level() -> Check:
    """Return whether half a second of the default microphone holds sound."""
    data, problem = probe(_LEVEL, timeout=10.0)
    if problem:
        return Check('microphone level', WARN, problem, 'choose another one: speech.device')
    if data['rms'] == 0.0:
        return Check('microphone level', WARN, 'digital silence',
                     'unmute it (alsamixer, F4), or choose another one: speech.device')
    if data['rms'] > 0.3:
        return Check('microphone level', WARN, f'{data["rms"]:.2f} of full scale, overdriven',
                     'turn its gain down')
    return Check('microphone level', OK, f'{data["rms"]:.4f} of full scale')


def voice_activity() -> Check:
    """Return whether the voice activity detector can be loaded."""
    data, problem = probe(_VAD)
    if problem:
        return Check('voice activity', WARN, problem, _INSTALL)
    return Check('voice activity', OK, f'silero-vad {data["version"]}')


def moonshine() -> Check:
    """Return whether the weights of the embedded recogniser are there and load."""
    data, problem = probe(_MOONSHINE)
    if problem:
        return Check('moonshine', WARN, f'{problem}; PocketSphinx hears instead, far less well',
                     _INSTALL)
    return Check('moonshine', OK, f'moonshine-voice {data["version"]} with its weights')


def pocketsphinx() -> Check:
    """Return whether the recogniser without downloads, and with it the language model, works."""
    data, problem = probe(_POCKETSPHINX)
    if problem:
        return Check('pocketsphinx', WARN, problem, _INSTALL)
    return Check('pocketsphinx', OK, f'{data["version"]} with its English model')


def whisper() -> Check:
    """Return whether Whisper is installed, and which weights are on this machine."""
    data, problem = probe(_WHISPER, timeout=120.0)
    if problem:
        return Check('whisper', WARN, f'{problem} (only needed for Chinese speech and for more '
                     'accuracy)', 'pip install openai-whisper')
    if not data['weights']:
        return Check('whisper', WARN, f'{data["version"]}, no weights yet',
                     'nothing is fetched by itself; shadow-ros listen --recogniser whisper '
                     'says what to download and where it goes')
    return Check('whisper', OK, f'{data["version"]} with {", ".join(data["weights"][:4])}')

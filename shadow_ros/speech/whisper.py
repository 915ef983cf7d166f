"""openai-whisper behind the recogniser protocol: many languages, weights the user brings."""

import math
import os
from pathlib import Path
import pickle
from typing import Any, Optional

import numpy as np

from shadow_ros.errors import AudioError, did_you_mean, ModelError, shorten
from shadow_ros.speech.audio import SAMPLE_RATE, Samples
from shadow_ros.speech.recogniser import Transcript

LANGUAGES = ('auto', 'en', 'zh')

MAX_NO_SPEECH = 0.6
MAX_COMPRESSION = 2.4
MIN_LOGPROB = -1.0

_MAX_TOKENS = 96  # far more than a spoken command; bounds the time of a decoder that loops
_INSTALL = ('pip install --no-deps openai-whisper==20250625 && '
            'pip install torch tiktoken more-itertools numba tqdm')


class Whisper:
    """
    Whisper, run once at the end of each utterance.

    `model` is a name (tiny, base, small, ..., tiny.en) whose file lies in Whisper's own cache
    folder, or the path of a .pt file; nothing is ever downloaded. `language` is auto, en or zh,
    `device` auto, cpu or cuda; on CUDA it computes in half precision.
    """

    name = 'whisper'
    streaming = False

    def __init__(self, model: str = 'base', language: str = 'auto', device: str = 'auto') -> None:
        if language not in LANGUAGES:
            raise AudioError(f'the language must be one of {"/".join(LANGUAGES)}, got '
                             f'{shorten(language)}{did_you_mean(language[:40], LANGUAGES)}')
        self.model = model
        self.language = language
        self.device = device
        self._model: Any = None
        self._blocks: list[Samples] = []

    def load(self) -> None:
        """Load the weights: seconds."""
        if self._model is not None:
            return
        whisper = _whisper()
        device = _device(self.device)
        model = _load(whisper, weights_file(self.model), device)
        if self.language == 'zh' and not model.is_multilingual:
            raise ModelError(f'the Whisper model {self.model} knows English only; take one '
                             'without .en for Chinese')
        self._model = model

    def start(self) -> None:
        """Begin an utterance."""
        self.load()
        self._blocks = []

    def accept(self, samples: Samples) -> Optional[str]:
        """Keep the sound; there are no partial texts."""
        self._blocks.append(samples)
        return None

    def finish(self) -> Transcript:
        """Recognise what was kept."""
        if not self._blocks:
            return Transcript('', recogniser=self.name)
        samples = np.concatenate(self._blocks)
        self._blocks = []
        result = self._model.transcribe(
            samples, language=None if self.language == 'auto' else self.language,
            fp16=self._model.device.type == 'cuda', temperature=0.0, sample_len=_MAX_TOKENS,
            condition_on_previous_text=False, without_timestamps=True, verbose=None)
        return judged(result, len(samples) / SAMPLE_RATE)


def judged(result: dict[str, Any], seconds: float) -> Transcript:
    """
    Return the transcript of Whisper's result, without text when it is likely made up.

    Made up is what Whisper itself doubts: no speech, an unlikely text, or one that repeats
    itself (compresses too well). The score is the mean log probability of a token.
    """
    text = ' '.join(str(result.get('text', '')).split())
    language = str(result.get('language', ''))
    segments = result.get('segments') or []
    scores = [float(s['avg_logprob']) for s in segments]
    score = min(scores, default=0.0) if all(x == x for x in scores) else math.nan
    # Written so that NaN, which a broken model gives, is doubtful too.
    doubtful = not score >= MIN_LOGPROB or any(
        s['no_speech_prob'] > MAX_NO_SPEECH or s['compression_ratio'] > MAX_COMPRESSION
        for s in segments)
    if doubtful:
        return Transcript('', language, seconds, score, rejected=text, recogniser='whisper')
    return Transcript(text, language, seconds, score, recogniser='whisper')


def weights_file(model: str) -> Path:
    """Return the file of a model's name or path, or raise ModelError saying where it belongs."""
    path = Path(model).expanduser()
    if path.suffix == '.pt' or os.sep in model:
        if path.is_file():
            return path
        raise ModelError(f'expected a Whisper weights file, but {path} is not there; give the '
                         'path of a .pt file, or a name such as base')
    urls: dict[str, str] = _whisper()._MODELS
    if model not in urls:
        raise ModelError(f'unknown Whisper model {shorten(model)}{did_you_mean(model[:40], urls)}')
    cache: Path = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'whisper'
    path = cache / urls[model].rsplit('/', 1)[-1]
    if path.is_file():
        return path
    raise ModelError(f'the weights of Whisper {model} are not on this machine; download '
                     f'{urls[model]} to {path}, or give the path of a .pt file')


def _whisper() -> Any:
    """Return the whisper module, or raise AudioError with what to install."""
    try:
        import whisper
    except ImportError as error:
        raise AudioError(f'the recogniser whisper is not installed ({error}); '
                         f'{_INSTALL}') from None
    return whisper


def _device(wanted: str) -> str:
    """Return cpu or cuda."""
    import torch
    if wanted == 'auto':
        return 'cuda' if torch.cuda.is_available() else 'cpu'
    if wanted.split(':')[0] not in ('cpu', 'cuda'):
        raise AudioError(f'the device must be auto, cpu or cuda, got {shorten(wanted)}')
    if wanted.startswith('cuda') and not torch.cuda.is_available():
        raise AudioError('the device cuda was asked for, but torch sees no GPU; take auto or cpu')
    return wanted


def _load(whisper: Any, path: Path, device: str) -> Any:
    """Return the model of that file, or raise ModelError."""
    try:
        return whisper.load_model(str(path), device=device)
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError,
            OSError) as error:
        raise ModelError(f'{path} is not a Whisper weights file ({shorten(str(error), 120)}); '
                         'download it again') from None

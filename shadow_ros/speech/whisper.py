"""openai-whisper behind the recogniser protocol: many languages, weights the user brings."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
import math
import os
from pathlib import Path
import pickle
import re
import time
from typing import Any, Optional, Sequence

import numpy as np

from shadow_ros.errors import AudioError, did_you_mean, ModelError, shorten
from shadow_ros.speech.audio import SAMPLE_RATE, Samples
from shadow_ros.speech.recogniser import Transcript
from shadow_ros.speech.stopword import is_stop

LANGUAGES = ('auto', 'en', 'zh')

MAX_NO_SPEECH = 0.6
MAX_COMPRESSION = 2.4
MIN_LOGPROB = -1.0
WORTH_GUESSING = 0.6
"""Seconds for an utterance up to which recognition begins at a pause."""

MAX_CHARACTERS = 30.0
"""A second: nobody speaks faster, but a decoder in a loop writes on."""

_MOST_TOKENS = 96  # far more than a spoken command
_TOKENS_A_SECOND = 12  # twice fast speech; bounds the time of a decoder that loops

PROMPTS = {
    'en': 'Commands to a robot dog: walk forward two meters, turn left ninety degrees, sit down, '
          'stand up, lie down, stop, shake hands, do a backflip, hey dog, Doger.',
    'zh': '给机器狗的指令：向前走两米，左转九十度，坐下，站起来，趴下，停，握手，后空翻，狗哥。',
}
"""What Whisper is told to expect: it then writes names and numbers as people say them here."""

# What Whisper writes over silence and noise, learnt from subtitles; none is a command.
_SUBTITLES = re.compile(
    r'thanks? (you )?for watching|subscribe|subtitles? by|amara\.org|transcri(bed|ption) by|'
    r'copyright|www\.|\.com\b|字幕|订阅|訂閱|点赞|點贊|感谢(您的)?(观看|收看)|謝謝觀看|请不吝|明镜|'
    r'优优独播|志愿者', re.I)
_NOISES = re.compile(r'[\[(（♪*][^\])）♪*]*[\])）♪*]|[♪♫]')  # [BLANK_AUDIO], (music)
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
        self._pool = ThreadPoolExecutor(1, 'whisper')
        self._guess: Optional[Future[Transcript]] = None
        self._pace = 0.0  # s that the last utterance took

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
        self._guess = None

    def accept(self, samples: Samples) -> Optional[str]:
        """Keep the sound; there are no partial texts."""
        self._blocks.append(samples)
        return None

    def guess(self) -> None:
        """Begin to recognise at a pause, unless a wrong guess would cost more than it saves."""
        if self._pace <= WORTH_GUESSING and self._guess is None and self._blocks:
            self._guess = self._pool.submit(self._recognise, np.concatenate(self._blocks))

    def forget_guess(self) -> None:
        """Drop it: speech went on."""
        if self._guess is not None:
            self._guess.cancel()
        self._guess = None

    def finish(self) -> Transcript:
        """Recognise what was kept."""
        if not self._blocks:
            return Transcript('', recogniser=self.name)
        samples = np.concatenate(self._blocks)
        future = self._guess or self._pool.submit(self._recognise, samples)
        self._blocks, self._guess = [], None
        return replace(future.result(), seconds=len(samples) / SAMPLE_RATE)

    def _recognise(self, samples: Samples) -> Transcript:
        began = time.monotonic()
        seconds = len(samples) / SAMPLE_RATE
        language = self._language_of(samples)
        result = self._model.transcribe(
            samples, language=language, fp16=self._model.device.type == 'cuda', temperature=0.0,
            sample_len=most_tokens(seconds), initial_prompt=PROMPTS.get(language),
            condition_on_previous_text=False, without_timestamps=True, verbose=None)
        self._pace = time.monotonic() - began
        return judged(result, seconds)

    def _language_of(self, samples: Samples) -> str:
        """Return the language wanted, or the likelier of those that the robot understands."""
        if not self._model.is_multilingual:
            return 'en'
        if self.language != 'auto':
            return self.language
        whisper = _whisper()
        sound = whisper.pad_or_trim(samples)
        mel = whisper.log_mel_spectrogram(sound, self._model.dims.n_mels).to(self._model.device)
        if self._model.device.type == 'cuda':
            mel = mel.half()
        _, likely = self._model.detect_language(mel)
        return max(LANGUAGES[1:], key=lambda code: float(likely[code]))


def most_tokens(seconds: float) -> int:
    """Return how many tokens may be written for so much sound."""
    return min(_MOST_TOKENS, 16 + int(_TOKENS_A_SECOND * seconds))


def repeats(text: str) -> bool:
    """Return whether a phrase stands four times in a row, as a decoder in a loop writes."""
    words = re.findall('[\u3400-\u9fff]|[^\\W_]+', text.lower())
    return any(words[start:start + length] * 4 == words[start:start + 4 * length]
               for length in range(1, len(words) // 4 + 1)
               for start in range(len(words) - 4 * length + 1))


def made_up(text: str, segments: Sequence[Any], seconds: float) -> bool:
    """Return whether the text is likelier to be made up than to have been said."""
    if is_stop(text):  # however often it is cried
        return any(s['no_speech_prob'] > MAX_NO_SPEECH for s in segments)
    if _SUBTITLES.search(text) or repeats(text) or not re.search(r'\w', text):
        return True
    return len(text) > 10 + MAX_CHARACTERS * max(seconds, 0.0) or any(
        s['no_speech_prob'] > MAX_NO_SPEECH or s['compression_ratio'] > MAX_COMPRESSION
        for s in segments)


def judged(result: dict[str, Any], seconds: float) -> Transcript:
    """
    Return the transcript of Whisper's result, without text when it is likely made up.

    Made up is what Whisper itself doubts (no speech, an unlikely text), what repeats itself or is
    longer than anyone can speak, and what subtitles say over silence. Noises in brackets are
    taken out. The score is the mean log probability of a token.
    """
    raw = ' '.join(str(result.get('text', '')).split())
    text = ' '.join(_NOISES.sub(' ', raw).split())
    language = str(result.get('language', ''))
    segments = result.get('segments') or []
    scores = [float(s['avg_logprob']) for s in segments]
    score = min(scores, default=0.0) if all(x == x for x in scores) else math.nan
    # Written so that NaN, which a broken model gives, is doubtful too.
    if not score >= MIN_LOGPROB or made_up(text, segments, seconds):
        return Transcript('', language, seconds, score, rejected=raw, recogniser='whisper')
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

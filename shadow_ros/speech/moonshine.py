"""Moonshine's encoder with the package's own phones and words behind the recogniser protocol."""

from dataclasses import dataclass, replace
import math
from typing import Optional, Sequence

import numpy as np

from shadow_ros.speech.audio import SAMPLE_RATE, Samples
from shadow_ros.speech.beam import Beam, Found, LogProbs, Search
from shadow_ros.speech.features import Encoder, gain, HOP
from shadow_ros.speech.phones import PhoneHead
from shadow_ros.speech.recogniser import StopChance, Transcript
from shadow_ros.speech.stopword import hears_stop
from shadow_ros.speech.vocabulary import language_model, pronunciations

STEP = 2048
"""Samples between two unfinished texts: 128 ms."""

# Their form was found on sentences in the voices that the head was trained with; where 0 lies was
# chosen on the curve in docs/speech.md.
_FIT = 0.2
_BREAK_EVEN = -4.9

_BEHIND = 50  # frames (1.2 s) that the encoder sees before the ones that are new
_PATIENCE = 2.3  # what is still being said may be so much less sure
_STILL = 4  # frames (0.1 s) without a phone after which the words may be over
_HALF = math.log(0.5)
_WEIGHED = 40  # texts among which a stop is looked for
_SUSPICION = 0.01  # share of a stop that is worth another look
_BEHIND_STOP = 2  # words; when more have followed, it was acted on or was none
_AHEAD = 10  # frames (0.24 s) that may still change when more sound comes


class Moonshine:
    """
    Hears the package's vocabulary in phones that a small head reads off Moonshine's encoder.

    While somebody speaks, the last 1.6 s are looked at every 0.13 s and a search goes on from
    where it was; at the end the whole utterance is looked at once more. `min_score` rejects what
    is probably not for the robot: higher hears less of both, None accepts everything.
    """

    name = 'moonshine'
    streaming = True

    def __init__(self, min_score: Optional[float] = 0.0) -> None:
        self.min_score = min_score
        self._models: Optional[_Models] = None
        self._sound = _Sound()

    def load(self) -> None:
        """Load the models: a third of a second."""
        self._models = self._models or _Models.load()

    def start(self) -> None:
        """Begin an utterance."""
        self.load()
        self._sound = _Sound()
        self._partial = ''
        self._looked = 0
        self._settled = 0  # frames that the beam has seen for good
        self._best_fit = 0.0  # of the frames that settled: see `certainty`
        self._beam: Optional[Beam] = None
        self._guess: Optional[Transcript] = None
        self._chances: list[StopChance] = []
        self._suspicion = 0.0

    def accept(self, samples: Samples) -> Optional[str]:
        """Take the next sound; return the text heard so far when it changed, else None."""
        self._sound.add(samples)
        if self._guess is not None:
            return self._changed(self._guess.text)
        if self._sound.length - self._looked < STEP:
            return None
        self._looked = self._sound.length
        return self._changed(self._look())

    def guess(self) -> None:
        """Look at the whole utterance at a pause, as if it ended here."""
        self._guess = self._hear()

    def forget_guess(self) -> None:
        """Drop it: speech went on."""
        self._guess = None

    def weigh_stop(self) -> None:
        """Look at the whole utterance when the last look was not sure that it holds no stop."""
        if self._guess is None and self._suspicion > _SUSPICION:
            self._look_at_all()

    def stop_chances(self) -> Sequence[StopChance]:
        """Return what the looks since the last call say of a stop."""
        chances, self._chances = self._chances, []
        return chances

    def _changed(self, text: str) -> Optional[str]:
        if text == self._partial:
            return None
        self._partial = text
        return text

    def finish(self) -> Transcript:
        """End the utterance and return what was heard, '' when it is probably not for us."""
        heard = self._guess or self._hear()
        seconds = self._sound.length / SAMPLE_RATE
        self._sound = _Sound()
        return replace(heard, seconds=seconds)

    def _hear(self) -> Transcript:
        best, score = self._look_at_all()
        if best.text and self._doubts(score):
            return Transcript('', 'en', 0.0, score, best.text, self.name)
        return Transcript(best.text, 'en', 0.0, score, recogniser=self.name)

    def _look_at_all(self) -> tuple[Found, float]:
        """Return the likeliest text of the whole utterance, and its certainty."""
        assert self._models is not None
        sound = self._sound.all()
        frames = self._models.frames(sound, gain(sound))
        search = self._models.search
        texts = search.best(search.advance(search.begin(), frames), count=_WEIGHED)
        best_fit = _best_fit(frames)
        self._chances.append(stop_chance(texts, best_fit, whole=True))
        return texts[0], certainty(texts[0], best_fit)

    def _doubts(self, score: float) -> bool:
        return self.min_score is not None and score < self.min_score

    def _look(self) -> str:
        """Return the unfinished text, '' while it is in doubt; the search goes on for good."""
        assert self._models is not None
        search = self._models.search
        first = max(0, self._settled - _BEHIND)
        sound = self._sound.all()
        frames = self._models.frames(sound[first * HOP:], gain(sound))
        settled = max(self._settled, first + len(frames) - _AHEAD)
        sure, open_ = frames[self._settled - first:settled - first], frames[settled - first:]
        self._beam = search.advance(self._beam or search.begin(), sure)
        self._best_fit += _best_fit(sure)
        self._settled = settled
        ended = len(frames) >= _STILL and bool((frames[-_STILL:, 0] > _HALF).all())
        texts = search.best(search.advance(self._beam, open_), ended=ended, count=_WEIGHED)
        best_fit = self._best_fit + _best_fit(open_)
        self._chances.append(stop_chance(texts, best_fit, ended))
        self._suspicion = self._chances[-1].share
        score = certainty(texts[0], best_fit, ended)
        return '' if self._doubts(score if ended else score + _PATIENCE) else texts[0].text


@dataclass(frozen=True)
class _Models:
    """What is loaded once."""

    encoder: Encoder
    head: PhoneHead
    search: Search

    @classmethod
    def load(cls) -> '_Models':
        """Load them."""
        return cls(Encoder(), PhoneHead(), Search(pronunciations(), language_model()))

    def frames(self, sound: Samples, louder: float) -> LogProbs:
        """Return the log probabilities of phones [frames, 40] in sound [n]."""
        return self.head(self.encoder(sound, louder))


class _Sound:
    """The sound of an utterance, block by block."""

    def __init__(self) -> None:
        self._blocks: list[Samples] = []
        self.length = 0

    def add(self, block: Samples) -> None:
        self._blocks.append(block)
        self.length += len(block)

    def all(self) -> Samples:
        if len(self._blocks) != 1:
            self._blocks = [np.concatenate([np.zeros(0, np.float32), *self._blocks])]
        return self._blocks[0]


def _best_fit(frames: LogProbs) -> float:
    """Return the log probability of the phones that fit best."""
    return float(frames.max(axis=1).sum()) if len(frames) else 0.0


def certainty(found: Found, best_fit: float, ended: bool = True) -> float:
    """
    Return how sure a text is; below 0 it is more likely not for us.

    What counts is how likely people say these words in this order, and how much better the sound
    fits other phones: both as mean log probabilities a word.
    """
    if not found.text:
        return -math.inf
    count = len(found.text.split())
    fit = _FIT * (found.sound - best_fit) / count
    return found.words / (count + ended) + fit - _BREAK_EVEN


def stop_chance(texts: Sequence[Found], best_fit: float, ended: bool = True,
                whole: bool = False) -> StopChance:
    """
    Return how likely a stop is among the likeliest texts, best first.

    One counts that has just been said: at most two words may have followed.
    """
    weights = [math.exp(found.total - texts[0].total) for found in texts]
    stops = [i for i, found in enumerate(texts) if hears_stop(found.text, _BEHIND_STOP)]
    if not stops:
        return StopChance(whole=whole)
    share = sum(weights[i] for i in stops) / sum(weights)
    first = texts[stops[0]]
    return StopChance(first.text, share, certainty(first, best_fit, ended), whole)

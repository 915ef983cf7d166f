"""The protocol of recognisers, what they return, and how one is made by its name."""

from dataclasses import dataclass
from typing import Any, Mapping, Optional, Protocol, runtime_checkable, Sequence

from shadow_ros.errors import AudioError, shorten
from shadow_ros.plugin import find_class
from shadow_ros.speech.audio import Samples
from shadow_ros.speech.features import weights_file


@dataclass(frozen=True)
class Transcript:
    """
    What was heard in one utterance; an empty `text` is speech outside the domain, or none.

    `language` is 'en', 'zh', ... or '' when unknown; `seconds` the length of the sound;
    `score` the recogniser's own measure (higher is surer, comparable within one recogniser);
    `rejected` what it would have been, had the score sufficed. The listener adds the times,
    seconds of the source's clock: `began` and `speech_end` (first and last voice), `endpoint`
    (when the end was decided), and `recognition_ms`, from there to this transcript.
    """

    text: str
    language: str = ''
    seconds: float = 0.0
    score: float = 0.0
    rejected: str = ''
    recogniser: str = ''
    began: float = 0.0
    speech_end: float = 0.0
    endpoint: float = 0.0
    recognition_ms: float = 0.0


class Recogniser(Protocol):
    """
    Sound to text, one utterance at a time: `start`, `accept` for each block, `finish`.

    One thread at a time uses it. `start` forgets whatever was not finished. `streaming` says
    that `accept` does the work and gives partial texts; otherwise `finish` does all of it.
    """

    name: str
    streaming: bool

    def load(self) -> None:
        """Load models; may take seconds; raise AudioError or ModelError with what to do."""

    def start(self) -> None:
        """Begin an utterance."""

    def accept(self, samples: Samples) -> Optional[str]:
        """Take the next sound; return the text heard so far when it changed, else None."""

    def finish(self) -> Transcript:
        """End the utterance and return what was heard."""


@runtime_checkable
class Guesser(Protocol):
    """
    A recogniser that can begin its work at a pause, so that `finish` need not wait for it.

    `guess` returns at once. `forget_guess` says that speech went on; without it `finish` may
    return the guess, however much silence came since.
    """

    def guess(self) -> None:
        """Begin to recognise what was said so far."""

    def forget_guess(self) -> None:
        """Drop the guess."""


@dataclass(frozen=True)
class StopChance:
    """
    How likely it is, after one look at the sound, that it holds a stop.

    `text` is the likeliest text that holds one, '' when none does; `share` is what the texts with
    a stop have of the probability of all texts that were weighed; `score` is the recogniser's own
    measure of `text`, as in `Transcript`. A look at the `whole` utterance is one at a lull, at a
    pause or at its end, the others go on from what was settled before.
    """

    text: str = ''
    share: float = 0.0
    score: float = 0.0
    whole: bool = False


@runtime_checkable
class StopWeigher(Protocol):
    """A recogniser that says how likely a stop is, beside the likeliest text."""

    def weigh_stop(self) -> None:
        """Look at the whole utterance if a stop may have been said: nobody speaks just now."""

    def stop_chances(self) -> Optional[Sequence[StopChance]]:
        """Return those of the looks since the last call, oldest first; None: it weighs none."""


BEST = 'auto'
"""The name that stands for the best embedded recogniser that is installed."""

_KNOWN: Mapping[str, str] = {
    'moonshine': 'shadow_ros.speech.moonshine:Moonshine',
    'pocketsphinx': 'shadow_ros.speech.pocketsphinx:PocketSphinx',
    'whisper': 'shadow_ros.speech.whisper:Whisper',
}

RECOGNISERS = tuple(sorted(_KNOWN))


def best_installed() -> str:
    """Return the name of the best recogniser that needs nothing more than is installed."""
    return 'moonshine' if weights_file() else 'pocketsphinx'


def make_recogniser(name: str, **options: Any) -> Recogniser:
    """
    Return the recogniser of that name, not yet loaded.

    Options: moonshine takes `min_score`; pocketsphinx takes `grammar` and `min_score`; whisper
    takes `model`, `language` and `device`. `auto` is moonshine where its weights are installed,
    else pocketsphinx. An unknown name or option is an AudioError with the nearest one. A name
    with a colon, `package.module:Class`, is one of your own.
    """
    if name == BEST:
        name = best_installed()
    maker = find_class(name, 'recogniser', _KNOWN, AudioError)
    try:
        recogniser: Recogniser = maker(**options)
    except TypeError as error:
        raise AudioError(f'the recogniser {shorten(name)} does not take these options: '
                         f'{error}') from None
    return recogniser

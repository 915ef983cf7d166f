"""PocketSphinx decoders: what is heard with which model, and how sure each word is."""

from dataclasses import dataclass
from importlib import resources
import math
from pathlib import Path
import re
from typing import Any, Union

from shadow_ros.errors import AudioError, shorten
from shadow_ros.speech.audio import SAMPLE_RATE

EXTRA_WORDS = {
    'anticlockwise': ('AE N T IY K L AA K W AY Z',),
    'backflip': ('B AE K F L IH P',),
    'doger': ('D OW G ER', 'D AO G ER'),
    'frontflip': ('F R AH N T F L IH P',),
}
"""Words that the CMU dictionary lacks (ARPABET)."""

# The mean cepstrum over six synthetic voices. The decoder goes on from it by itself with every
# utterance; its own start (40, 3, -1) spoils the first one.
_CEPSTRAL_MEAN = '46.6,-2.5,-1.1,6.2,-5.7,-2.2,0.8,-7.5,-3.6,-4.1,1.8,0.7,-0.7'

_LANGUAGE_WEIGHT = 9.0
_FRAMES = 100  # of the decoder, a second
_SEARCH = 'commands'

Grammar = Union[str, Path, None]


@dataclass(frozen=True)
class Word:
    """A word heard: log acoustic score, log posterior (0 with a grammar), length in frames."""

    text: str
    acoustic: float
    posterior: float
    frames: int


@dataclass(frozen=True)
class Heard:
    """What a decoder made of an utterance."""

    text: str
    words: tuple[Word, ...] = ()

    @property
    def fit(self) -> float:
        """
        Return how well the sound fits the words: log score a second, 0 is best.

        It is half the mean, half the worst word: other speech fits here and there, never all
        over; the mean steadies the worst word, which noise and short words spoil.
        """
        words = [word for word in self.words if word.frames > 0]
        if not words:
            return -math.inf
        worst = min(word.acoustic / word.frames for word in words)
        mean = sum(word.acoustic for word in words) / sum(word.frames for word in words)
        return _FRAMES * (worst + mean) / 2

    @property
    def certainty(self) -> float:
        """Return the mean log posterior of the words, 0 when nothing else was conceivable."""
        if not self.words:
            return -math.inf
        return sum(word.posterior for word in self.words) / len(self.words)


def make_decoder(grammar: Grammar = None, quick: bool = False) -> Any:
    """
    Return a decoder of the package's language model, or of the JSGF grammar in a file.

    A `quick` one leaves the second and third look at each utterance out: for partial texts.
    """
    if grammar is not None:
        return _grammar_decoder(grammar)
    data = resources.files('shadow_ros.speech') / 'data'
    with resources.as_file(data) as folder:
        return _decoder(lm=str(folder / 'commands.lm.bin'), dict=str(folder / 'commands.dict'),
                        lw=_LANGUAGE_WEIGHT, fwdflat=not quick, bestpath=not quick)


def read_out(decoder: Any) -> Heard:
    """Return what the decoder has heard in the utterance that was just ended."""
    best = decoder.hyp()
    if not best or not best.hypstr:
        return Heard('')
    words = tuple(
        Word(re.sub(r'\(\d+\)$', '', item.word), _log(item.ascore), _log(item.prob),
             item.end_frame - item.start_frame + 1)
        for item in decoder.seg() or () if item.word[0] not in '<([+')
    return Heard(str(best.hypstr), words)


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -700.0


def _decoder(**options: Any) -> Any:
    """Return a decoder with the acoustic model of the package pocketsphinx."""
    try:
        import pocketsphinx
    except ImportError:
        raise AudioError("the recogniser pocketsphinx is not installed; pip install "
                         "'shadow_ros[speech]'") from None
    decoder = pocketsphinx.Decoder(loglevel='FATAL', samprate=float(SAMPLE_RATE), **options)
    decoder.set_cmn(_CEPSTRAL_MEAN)
    return decoder


def _grammar_decoder(path: Union[str, Path]) -> Any:
    """Return a decoder that hears the grammar in this file."""
    try:
        grammar = Path(path).read_text('utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise AudioError(f'the grammar {path} cannot be read ({error}); give a JSGF '
                         'file') from None
    # bestpath finds nothing in the lattices of a grammar.
    decoder = _decoder(lm=None, bestpath=False, pl_window=5)
    words = _words(grammar)
    for word in sorted(words & EXTRA_WORDS.keys()):
        decoder.add_word(word, EXTRA_WORDS[word][0], False)
    unknown = sorted(word for word in words if decoder.lookup_word(word) is None)
    if unknown:
        raise AudioError(f'the grammar holds words that the English dictionary lacks: '
                         f'{shorten(", ".join(unknown))}; spell them otherwise')
    try:
        decoder.add_jsgf_string(_SEARCH, grammar)
    except (RuntimeError, ValueError) as error:
        raise AudioError(f'the grammar is no valid JSGF ({error}); see docs/speech.md '
                         'for an example') from None
    decoder.activate_search(_SEARCH)
    return decoder


def _words(grammar: str) -> set[str]:
    """Return the words that a JSGF grammar can hear."""
    text = re.sub(r'/\*.*?\*/|//[^\n]*|#JSGF[^;]*;|grammar\s[^;]*;|<[^>]*>|/[\d.]+/', ' ',
                  grammar, flags=re.S)
    text = re.sub(r'\bpublic\b|[=|()\[\];*+]', ' ', text)
    return {word.split('{')[0] for word in text.lower().split()}

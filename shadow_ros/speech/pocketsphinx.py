"""PocketSphinx behind the recogniser protocol: embedded, no download, English commands."""

from importlib import resources
import math
from pathlib import Path
import re
from typing import Any, Optional, Union

from shadow_ros.errors import AudioError, shorten
from shadow_ros.speech.audio import SAMPLE_RATE, Samples, to_pcm16
from shadow_ros.speech.recogniser import Transcript

EXTRA_WORDS = {
    'anticlockwise': 'AE N T IY K L AA K W AY Z',
    'backflip': 'B AE K F L IH P',
    'doger': 'D OW G ER',
    'frontflip': 'F R AH N T F L IH P',
}
"""Words of the grammar that the dictionary of the en-us model lacks (ARPABET)."""

# The mean cepstrum over six synthetic voices. The decoder goes on from it by itself with every
# utterance; its own start (40, 3, -1) spoils the first one.
_CEPSTRAL_MEAN = '46.6,-2.5,-1.1,6.2,-5.7,-2.2,0.8,-7.5,-3.6,-4.1,1.8,0.7,-0.7'

# Measured on 130 right and 162 outside utterances of six synthetic voices, clean and in noise:
# 90 % of the right ones lie above it (flite 98 %), 17 % of the long and 15 % of the short
# outside ones. Lower hears more of both.
DEFAULT_MIN_SCORE = -0.49

_FRAMES = 100  # of the decoder, a second
_SEARCH = 'commands'


class PocketSphinx:
    """
    Streaming decoder of a JSGF grammar.

    `grammar` is the path of another grammar file (English words of the CMU dictionary).
    `min_score` rejects speech outside the grammar by its score; None accepts everything.
    """

    name = 'pocketsphinx'
    streaming = True

    def __init__(self, grammar: Union[str, Path, None] = None,
                 min_score: Optional[float] = DEFAULT_MIN_SCORE) -> None:
        self.grammar = grammar
        self.min_score = min_score
        self._decoder: Any = None
        self._running = False
        self._partial = ''
        self._samples = 0

    def load(self) -> None:
        """Load the acoustic model and compile the grammar: about half a second."""
        if self._decoder is None:
            self._decoder = _make_decoder(_grammar_text(self.grammar))

    def start(self) -> None:
        """Begin an utterance."""
        self.load()
        if self._running:
            self._decoder.end_utt()
        self._decoder.start_utt()
        self._running = True
        self._partial = ''
        self._samples = 0

    def accept(self, samples: Samples) -> Optional[str]:
        """Take the next sound; return the text heard so far when it changed, else None."""
        # Small pieces: process_raw holds the interpreter while it works.
        for start in range(0, len(samples), 512):
            self._decoder.process_raw(to_pcm16(samples[start:start + 512]))
        self._samples += len(samples)
        best = self._decoder.hyp()
        text = best.hypstr if best else ''
        if text == self._partial:
            return None
        self._partial = text
        return str(text)

    def finish(self) -> Transcript:
        """End the utterance and return what was heard, '' when it fits the grammar badly."""
        self._decoder.end_utt()
        self._running = False
        best = self._decoder.hyp()
        seconds = self._samples / SAMPLE_RATE
        text = best.hypstr if best else ''
        score = _score(self._decoder) if text else -math.inf
        if text and self.min_score is not None and score < self.min_score:
            return Transcript('', 'en', seconds, score, rejected=text, recogniser=self.name)
        return Transcript(text, 'en', seconds, score, recogniser=self.name)


def _score(decoder: Any) -> float:
    """
    Return the log score for a second, between the words' mean and the worst word's; 0 is best.

    Speech outside the grammar fits it here and there, but never all over; the mean steadies
    the worst word, which noise and short words spoil.
    """
    words = [(math.log(word.ascore), word.end_frame - word.start_frame + 1)
             for word in decoder.seg() or () if word.word[0] not in '<([+' and word.ascore > 0.0]
    if not words:
        return -math.inf
    worst = min(score / frames for score, frames in words)
    mean = sum(score for score, _ in words) / sum(frames for _, frames in words)
    return float(_FRAMES * (worst + mean) / 2)


def _grammar_text(path: Union[str, Path, None]) -> str:
    """Return the grammar of that file, or the one of the package."""
    if path is None:
        return resources.files('shadow_ros.speech').joinpath(
            'data/commands.gram').read_text('utf-8')
    try:
        return Path(path).read_text('utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise AudioError(f'the grammar {path} cannot be read ({error}); give a JSGF '
                         'file') from None


def _make_decoder(grammar: str) -> Any:
    """Return a decoder that hears this grammar."""
    try:
        import pocketsphinx
    except ImportError:
        raise AudioError("the recogniser pocketsphinx is not installed; pip install "
                         "'shadow_ros[speech]'") from None
    # bestpath finds nothing in the lattices of a grammar.
    decoder = pocketsphinx.Decoder(lm=None, bestpath=False, loglevel='FATAL',
                                   samprate=float(SAMPLE_RATE), pl_window=5)
    words = _words(grammar)
    for word in sorted(words & EXTRA_WORDS.keys()):
        decoder.add_word(word, EXTRA_WORDS[word], False)
    unknown = sorted(word for word in words if decoder.lookup_word(word) is None)
    if unknown:
        raise AudioError(f'the grammar holds words that the English dictionary lacks: '
                         f'{shorten(", ".join(unknown))}; spell them otherwise')
    try:
        decoder.add_jsgf_string(_SEARCH, grammar)
    except (RuntimeError, ValueError) as error:
        raise AudioError(f'the grammar is no valid JSGF ({error}); see '
                         'shadow_ros/speech/data/commands.gram') from None
    decoder.activate_search(_SEARCH)
    decoder.set_cmn(_CEPSTRAL_MEAN)
    return decoder


def _words(grammar: str) -> set[str]:
    """Return the words that a JSGF grammar can hear."""
    text = re.sub(r'/\*.*?\*/|//[^\n]*|#JSGF[^;]*;|grammar\s[^;]*;|<[^>]*>|/[\d.]+/', ' ',
                  grammar, flags=re.S)
    text = re.sub(r'\bpublic\b|[=|()\[\];*+]', ' ', text)
    return {word.split('{')[0] for word in text.lower().split()}

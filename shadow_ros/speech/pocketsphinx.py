"""PocketSphinx behind the recogniser protocol: embedded, no download, English commands."""

from concurrent import futures
from concurrent.futures import Future
from typing import Any, Optional

import numpy as np

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import BLOCK, SAMPLE_RATE, Samples, to_pcm16
from shadow_ros.speech.decoder import Grammar, Heard, make_decoder, read_out
from shadow_ros.speech.floor import NoiseFloor
from shadow_ros.speech.recogniser import Transcript
from shadow_ros.speech.second_pass import SecondPass

# Both measured on right and outside utterances of six synthetic voices in noise. With the model of
# the package 95 % of the rightly heard ones lie above; the curve is in docs/speech.md.
_MODEL_BREAK_EVEN = -4.2
_GRAMMAR_BREAK_EVEN = -0.49

_PATIENCE = 15.0  # s for the second pass, the first of which loads the models


class PocketSphinx:
    """
    Two passes: one streams and gives partial texts, one looks at the whole utterance.

    Without a `grammar` it hears the package's language model of robot commands; `grammar` is the
    path of a JSGF file (English words of the CMU dictionary). `min_score` rejects what is
    probably not for the robot: higher hears less of both, None accepts everything.
    """

    name = 'pocketsphinx'
    streaming = True

    def __init__(self, grammar: Grammar = None, min_score: Optional[float] = 0.0) -> None:
        self.grammar = grammar
        self.min_score = min_score
        self._decoder: Any = None
        self._second = SecondPass(grammar)
        self._floor = NoiseFloor()
        self._running = False
        self._partial = ''
        self._blocks: list[Samples] = []
        self._guess: Optional[Future[Heard]] = None

    def load(self) -> None:
        """Load the models: about half a second."""
        if self._decoder is None:
            self._decoder = make_decoder(self.grammar, quick=True)
            self._second.start()

    def start(self) -> None:
        """Begin an utterance."""
        self.load()
        if self._running:
            self._decoder.end_utt()
        self._decoder.start_utt()
        self._floor.reset()
        self._running = True
        self._partial = ''
        self._blocks = []
        self._guess = None

    def accept(self, samples: Samples) -> Optional[str]:
        """Take the next sound; return the text heard so far when it changed, else None."""
        self._blocks.append(samples)
        # Small pieces: process_raw holds the interpreter while it works.
        for start in range(0, len(samples), BLOCK):
            self._decoder.process_raw(to_pcm16(self._floor(samples[start:start + BLOCK])))
        best = self._decoder.hyp()
        text = best.hypstr if best else ''
        if text == self._partial:
            return None
        self._partial = text
        return str(text)

    def guess(self) -> None:
        """Begin the second pass at a pause, as if the utterance ended here."""
        self._guess = self._second.hear(self._sound())

    def forget_guess(self) -> None:
        """Drop it: speech went on."""
        if self._guess is not None:
            self._guess.cancel()
        self._guess = None

    def finish(self) -> Transcript:
        """End the utterance and return what was heard, '' when it is probably not for us."""
        self._decoder.end_utt()
        self._running = False
        heard = self._careful()
        sound, self._blocks = self._sound(), []
        score = self._score(heard)
        seconds = len(sound) / SAMPLE_RATE
        if heard.text and self.min_score is not None and score < self.min_score:
            return Transcript('', 'en', seconds, score, heard.text, self.name)
        return Transcript(heard.text, 'en', seconds, score, recogniser=self.name)

    def _careful(self) -> Heard:
        """Return what the second pass heard, or the first when it is too late or has died."""
        try:
            return (self._guess or self._second.hear(self._sound())).result(_PATIENCE)
        except (AudioError, futures.TimeoutError):
            self._second.give_up()
            return read_out(self._decoder)

    def close(self) -> None:
        """End the process of the second pass."""
        self._second.close()

    def _sound(self) -> Samples:
        if not self._blocks:
            return np.zeros(0, np.float32)
        return np.concatenate(self._blocks)

    def _score(self, heard: Heard) -> float:
        """Return how sure the words are; below 0 they are more likely not for us."""
        if self.grammar is not None:
            return heard.fit - _GRAMMAR_BREAK_EVEN
        return heard.certainty + heard.fit / 200.0 - _MODEL_BREAK_EVEN

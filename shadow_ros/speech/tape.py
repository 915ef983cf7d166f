"""A recogniser that hands on the sound of what it has understood, for those who record it."""

from typing import Callable, Optional, Sequence

import numpy as np

from shadow_ros.speech.audio import Samples
from shadow_ros.speech.recogniser import Guesser, Recogniser, StopChance, StopWeigher, \
    Transcript


class Taped:
    """Another recogniser and a tape; sound in which nothing was understood is forgotten."""

    def __init__(self, recogniser: Recogniser, on_sound: Callable[[Samples], None]) -> None:
        self.name, self.streaming = recogniser.name, recogniser.streaming
        self._recogniser, self._on_sound = recogniser, on_sound
        self._tape: list[Samples] = []

    def load(self) -> None:
        """Load the recogniser's models."""
        self._recogniser.load()

    def start(self) -> None:
        """Begin an utterance on an empty tape."""
        self._tape.clear()
        self._recogniser.start()

    def accept(self, samples: Samples) -> Optional[str]:
        """Take the next sound."""
        self._tape.append(np.array(samples))
        return self._recogniser.accept(samples)

    def guess(self) -> None:
        """Let the recogniser begin at a pause, if it can."""
        if isinstance(self._recogniser, Guesser):
            self._recogniser.guess()

    def forget_guess(self) -> None:
        """Let it drop that."""
        if isinstance(self._recogniser, Guesser):
            self._recogniser.forget_guess()

    def weigh_stop(self) -> None:
        """Let the recogniser look for a stop, if it can."""
        if isinstance(self._recogniser, StopWeigher):
            self._recogniser.weigh_stop()

    def stop_chances(self) -> Optional[Sequence[StopChance]]:
        """Return what the recogniser says of a stop, if it can."""
        return self._recogniser.stop_chances() if isinstance(self._recogniser, StopWeigher) \
            else None

    def finish(self) -> Transcript:
        """End the utterance; its sound is handed on before its text is."""
        heard = self._recogniser.finish()
        if heard.text and self._tape:
            self._on_sound(np.concatenate(self._tape))
        self._tape.clear()
        return heard

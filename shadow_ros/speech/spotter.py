"""When a stop is to be believed before the sentence ends; pure, no clock."""

from dataclasses import dataclass
from typing import Optional, Sequence

from shadow_ros.speech.recogniser import StopChance
from shadow_ros.speech.stopword import hears_stop, is_stop


@dataclass(frozen=True)
class Belief:
    """How likely a stop must be, and how high its text must score, to be believed."""

    share: float
    score: float

    def holds(self, chance: StopChance) -> bool:
        """Return whether a look at the sound says so."""
        return bool(chance.text) and chance.share >= self.share and chance.score >= self.score


@dataclass(frozen=True)
class Beliefs:
    """
    What is enough when a recogniser weighs its texts.

    `whole` when the look was at the whole utterance, at a lull, at a pause or at its end; else
    `twice` in two looks in a row, or `once`, if that can be, in one.
    """

    whole: Belief
    twice: Belief
    once: Optional[Belief] = None

    def hold(self, chance: StopChance, before: bool) -> bool:
        """Return whether a look suffices; `before` is whether the last one may have been half."""
        if chance.whole:
            return self.whole.holds(chance)
        return (before and self.twice.holds(chance)) or (
            self.once is not None and self.once.holds(chance))


# One step more careful than what was chosen on three hours of speech: see docs/speech.md.
ALONE = Beliefs(whole=Belief(0.475, -0.65), twice=Belief(0.96, 0.45), once=Belief(0.9993, 0.8))
"""Of a stop that is all that was said, with a reason or politely."""
WITHIN = Beliefs(whole=Belief(0.915, -0.95), twice=Belief(0.998, 0.95))
"""Of a stop within a sentence: other words sound like it, more often than anyone stops there."""


def ends_in_stop(text: str, weighed: bool) -> bool:
    """
    Return whether a finished text is a stop that no look was sure enough of.

    A recogniser that weighs its texts has judged those in which a stop is not all.
    """
    return is_stop(text) if weighed else hears_stop(text)


class StopSpotter:
    """
    Believes a stop once the looks of a recogniser that weighs its texts are sure enough.

    Of any other, once every partial text has held one for `hold` seconds: a decoder changes its
    mind, the start of "walk" is "whoa" for a moment. `feed` takes the text heard so far (None:
    unchanged) with the time of the sound, after every block.
    """

    def __init__(self, hold: float = 0.13, alone: Beliefs = ALONE,
                 within: Beliefs = WITHIN) -> None:
        self.hold = hold
        self.alone, self.within = alone, within
        self.reset()

    def reset(self) -> None:
        """Begin an utterance."""
        self._text = ''
        self._since: Optional[float] = None
        self._suspected = False  # in the look before
        self.fired = False

    @property
    def doubtful(self) -> bool:
        """Return whether the text holds a stop that is not believed yet."""
        return self._since is not None and not self.fired

    def feed(self, text: Optional[str], time: float,
             chances: Optional[Sequence[StopChance]] = None) -> Optional[str]:
        """Return the text with the stop, once an utterance, when it is to be believed."""
        if text is not None:
            self._text = text
            if not hears_stop(text):
                self._since = None
            elif self._since is None:
                self._since = time
        if self.fired:
            return None
        stop = self._stood(time) if chances is None else self._weighed(chances)
        self.fired = stop is not None
        return stop

    def _stood(self, time: float) -> Optional[str]:
        """Return the text if it has held a stop for long enough."""
        if self._since is None or time - self._since < self.hold:
            return None
        return self._text

    def _weighed(self, chances: Sequence[StopChance]) -> Optional[str]:
        """Return the text of the first look that suffices, or None."""
        for chance in chances:
            if self._suffices(chance):
                return chance.text
        return None

    def _suffices(self, chance: StopChance) -> bool:
        beliefs = self.alone if is_stop(chance.text) else self.within
        before = self._suspected
        if not chance.whole:
            self._suspected = beliefs.twice.holds(chance)
        return beliefs.hold(chance, before)

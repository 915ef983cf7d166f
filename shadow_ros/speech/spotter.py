"""When a stop in the partial transcripts is to be believed; pure, no clock."""

from typing import Optional

from shadow_ros.speech.stopword import hears_stop


class StopSpotter:
    """
    Believes a stop once every partial text has held one for `hold` seconds.

    A decoder changes its mind: the start of "walk" is "whoa" for a moment. `feed` takes the
    text heard so far (None: unchanged) with the time of the sound, after every block.
    """

    def __init__(self, hold: float = 0.13) -> None:
        self.hold = hold
        self.reset()

    def reset(self) -> None:
        """Begin an utterance."""
        self._text = ''
        self._since: Optional[float] = None
        self.fired = False

    @property
    def doubtful(self) -> bool:
        """Return whether the text holds a stop that is not believed yet."""
        return self._since is not None and not self.fired

    def feed(self, text: Optional[str], time: float) -> Optional[str]:
        """Return the text with the stop, once an utterance, when it is to be believed."""
        if text is not None:
            self._text = text
            if not hears_stop(text):
                self._since = None
            elif self._since is None:
                self._since = time
        if self._since is None or self.fired or time - self._since < self.hold:
            return None
        self.fired = True
        return self._text

"""Where an utterance starts and ends, from speech probabilities and time; pure, no clock."""

from collections import deque
from dataclasses import dataclass
import math
from typing import Generic, Optional, TypeVar, Union

from shadow_ros.errors import ConfigError

Block = TypeVar('Block')


@dataclass(frozen=True)
class EndpointSettings:
    """
    When speech counts as begun and as over; all times in seconds.

    A block is voice at a probability of `threshold` or more; once speech has begun, it stays
    voice down to `threshold - 0.15`, as the makers of the voice activity model advise. Speech
    begins after `min_speech` of voice, with `pre_roll` of what came before; it ends after
    `silence` without voice, or when it lasts `max_utterance`. A `pause` without voice is told,
    so that recognition can begin before it is known whether the speech is over, and before it a
    shorter `lull`, so that a stop can be looked for; 0 tells none.
    """

    threshold: float = 0.5
    silence: float = 0.4
    pause: float = 0.2
    lull: float = 0.1
    min_speech: float = 0.09
    pre_roll: float = 0.4
    max_utterance: float = 10.0
    block_seconds: float = 0.032

    def __post_init__(self) -> None:
        limits = {'threshold': (0.01, 0.99), 'silence': (0.1, 5.0), 'pause': (0.0, 5.0),
                  'lull': (0.0, 5.0), 'min_speech': (0.0, 1.0), 'pre_roll': (0.0, 2.0),
                  'max_utterance': (1.0, 60.0), 'block_seconds': (0.001, 0.1)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and low <= value <= high):
                raise ConfigError(f'endpoint {name} must be from {low} to {high}, got {value!r}')


@dataclass(frozen=True)
class SpeechStart(Generic[Block]):
    """Speech has begun; `blocks` hold the pre-roll up to and with the present block."""

    time: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class SpeechGoesOn(Generic[Block]):
    """One more block of the running utterance, voice or a pause within it."""

    time: float
    block: Block


@dataclass(frozen=True)
class SpeechLull:
    """No voice for a moment: a word may be over, or hold its breath."""

    time: float


@dataclass(frozen=True)
class SpeechPause:
    """No voice for a short while: this may be the end."""

    time: float


@dataclass(frozen=True)
class SpeechResumes:
    """It was not: there is voice again."""

    time: float


@dataclass(frozen=True)
class SpeechEnd:
    """
    The utterance is over.

    `speech_end` is when the last voice was heard, `time` when that was decided, `reason` one of
    'silence', 'too long' and 'source ended'.
    """

    time: float
    speech_end: float
    reason: str


Event = Union[SpeechStart[Block], SpeechGoesOn[Block], SpeechLull, SpeechPause, SpeechResumes,
              SpeechEnd]


class Endpointer(Generic[Block]):
    """
    Turns blocks with speech probabilities into utterances.

    `feed` takes every block once, in order, with the time of its last sample (monotonic
    seconds). Blocks are opaque. Memory is bounded by `pre_roll` and `min_speech`.
    """

    def __init__(self, settings: EndpointSettings = EndpointSettings()) -> None:
        self.settings = settings
        self._needed = max(1, math.ceil(settings.min_speech / settings.block_seconds))
        self._ring: deque[Block] = deque(
            maxlen=self._needed + math.ceil(settings.pre_roll / settings.block_seconds))
        self._run = 0  # voiced blocks since the last clear pause, while there is no speech
        self._began: Optional[float] = None
        self._last_voice = 0.0
        self._paused = self._lulled = False

    @property
    def speaking(self) -> bool:
        """Return whether an utterance is running."""
        return self._began is not None

    def feed(self, block: Block, probability: float, time: float) -> list[Event[Block]]:
        """Return what this block changes: a start or block, then a pause, resumption or end."""
        if self._began is None:
            return self._wait(block, probability, time)
        return self._follow(block, probability, time)

    def flush(self, time: float) -> list[Event[Block]]:
        """Return the end of a running utterance when no more sound will come."""
        self._ring.clear()
        self._run = 0
        return self._end(time, 'source ended') if self.speaking else []

    def _wait(self, block: Block, probability: float, time: float) -> list[Event[Block]]:
        self._ring.append(block)
        if probability >= self.settings.threshold:
            self._run += 1
        elif probability < self._low:
            self._run = 0
        if self._run < self._needed:
            return []
        self._run = 0
        self._began = self._last_voice = time
        self._paused = self._lulled = False
        blocks = tuple(self._ring)
        self._ring.clear()
        return [SpeechStart(time, blocks)]

    def _follow(self, block: Block, probability: float, time: float) -> list[Event[Block]]:
        assert self._began is not None
        events: list[Event[Block]] = [SpeechGoesOn(time, block)]
        if probability >= self._low:
            self._last_voice = time
        # Half a block of tolerance: time stamps are floats and must not cost a whole block.
        slack = self.settings.block_seconds / 2
        quiet = time - self._last_voice + slack
        if quiet >= self.settings.silence:
            return events + self._end(time, 'silence')
        if time - self._began >= self.settings.max_utterance - slack:
            return events + self._end(time, 'too long')
        return events + self._lull(quiet, time) + self._pause(quiet, time)

    def _lull(self, quiet: float, time: float) -> list[Event[Block]]:
        """Return the beginning of a lull."""
        before, self._lulled = self._lulled, quiet >= self.settings.lull > 0.0
        return [SpeechLull(time)] if self._lulled and not before else []

    def _pause(self, quiet: float, time: float) -> list[Event[Block]]:
        """Return the beginning or the end of a pause."""
        paused = quiet >= self.settings.pause > 0.0
        changed, self._paused = paused != self._paused, paused
        if not changed:
            return []
        return [SpeechPause(time) if paused else SpeechResumes(time)]

    def _end(self, time: float, reason: str) -> list[Event[Block]]:
        self._began = None
        return [SpeechEnd(time, self._last_voice, reason)]

    @property
    def _low(self) -> float:
        return max(0.01, self.settings.threshold - 0.15)

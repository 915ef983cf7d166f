"""Whether what was heard is meant for the robot: wake word, button, own voice; pure."""

from dataclasses import dataclass
import difflib
import re
from typing import Optional, Sequence

from shadow_ros.errors import ConfigError
from shadow_ros.speech.stopword import hears_stop, is_no, is_stop, is_yes, tokens

_ECHO = 0.5  # s for which a room, a network or a sound card may still give back what was said
_FILLERS = frozenset(
    'um,uh,ah,oh,okay,ok,so,well,now,and,the,啊,嗯,那,诶,哎,喂'.split(','))

# What recognisers make of the usual calls. Words that begin other sentences are left out.
_ALIKE = {
    'hey': ('hay', 'hi', 'heh', 'ey', 'ay', 'hej', '嘿', '嗨'),
    'dog': ('dogs', 'doc', 'dogg', 'doug', 'dug', 'doggy', 'duck', 'dock'),
    'doger': ('dodger', 'dogger', 'doge', 'doja', 'dojo', 'roger', 'toga', 'douger', 'dolger'),
    'robot': ('robots', 'robert', 'row bot'),
    '狗': ('够', '勾', '苟', '沟', '购', '构', '钩'),
    '哥': ('歌', '割', '格', '个', '狗', '鸽', '阁'),
}
_NEAR = 0.75  # likeness of two words of at least five letters that may stand for each other


@dataclass(frozen=True)
class AttentionSettings:
    """
    When the robot feels addressed.

    `wake_words` are phrases of which one must come first; none is open listening. After a command
    it listens for `follow_up` seconds without one. With `push_to_talk` only a held button counts.
    """

    wake_words: tuple[str, ...] = ()
    follow_up: float = 8.0
    push_to_talk: bool = False

    @classmethod
    def parse(cls, wake_words: str, follow_up: float = 8.0,
              push_to_talk: bool = False) -> 'AttentionSettings':
        """Return the settings with the phrases of a list such as `hey dog, doger, 狗哥`."""
        phrases = tuple(part.strip() for part in re.split('[,，、;]', wake_words) if part.strip())
        for phrase in phrases:
            if not _words(phrase):
                raise ConfigError(f'a wake word needs letters, got {phrase!r}; try hey dog')
            if hears_stop(phrase) or is_yes(phrase) or is_no(phrase):
                raise ConfigError(f'{phrase!r} cannot be a wake word, it means something else; '
                                  'try hey dog')
        return cls(phrases, follow_up, push_to_talk)


class Attention:
    """
    Lets through what is meant for the robot; all times are monotonic seconds of one clock.

    A stop is always let through, unless it may be the robot's own voice.
    """

    def __init__(self, settings: AttentionSettings = AttentionSettings()) -> None:
        self.settings = settings
        self._awake_until = 0.0
        self._own = ('', 0.0, 0.0)  # what the robot says, from when, until when
        self._held = False
        self._released = -1.0

    def press(self, held: bool, now: float) -> None:
        """Take the state of the button."""
        if self._held and not held:
            self._released = now
        self._held = held

    def speaks(self, text: str, since: float, until: float) -> None:
        """Take what the robot says itself, and when."""
        before, began, ended = self._own
        if since <= ended + _ECHO:  # one after the other: both may be heard in one utterance
            text, since = f'{before} {text}', began
        self._own = (text, since, max(until, ended))

    def transcript(self, text: str, began: float, ended: float) -> str:
        """Return what to pass on of a whole utterance with its first and last voice, or ''."""
        if not text or self._is_echo(text, began):
            return ''
        rest = self._addressed(text, began)
        if rest is None:
            return text if is_stop(text) else ''
        self._awake_until = ended + self.settings.follow_up
        return rest or text

    def partial(self, text: str, began: float) -> str:
        """Return what to pass on of an unfinished utterance, or ''."""
        if self._is_echo(text, began):
            return ''
        if self._addressed(text, began) is not None or hears_stop(text):
            return text
        return ''

    def _addressed(self, text: str, began: float) -> Optional[str]:
        """Return the text without its wake word, None when nobody called."""
        if self.settings.push_to_talk:
            return text if self._held or self._released >= began else None
        if not self.settings.wake_words:
            return text
        rest = without_wake_word(text, self.settings.wake_words)
        if rest is None and began <= self._awake_until:
            return text
        return rest

    def _is_echo(self, text: str, began: float) -> bool:
        """Return whether this may be the robot's own voice; a stop it did not say is none."""
        said, _, until = self._own
        if not said or began > until + _ECHO:
            return False
        return not hears_stop(text) or hears_stop(said) or _says_stop(said)


def without_wake_word(text: str, phrases: Sequence[str]) -> Optional[str]:
    """
    Return what follows the wake word, '' when nothing does, None when the text has none.

    It must stand at the beginning, after mere fillers; the usual mishearings count.
    """
    for phrase in phrases:
        wanted = _words(phrase)
        heard, places = _words(text), _places(text)
        start = 0
        while start < len(heard) and heard[start] in _FILLERS and heard[start] != wanted[0]:
            start += 1
        here = heard[start:start + len(wanted)]
        if len(here) == len(wanted) and all(map(_same, wanted, here)):
            end = start + len(wanted)
            return text[places[end]:].strip() if end < len(places) else ''
    return None


def _same(wanted: str, heard: str) -> bool:
    """Return whether a recogniser may have written `heard` for `wanted`."""
    if wanted == heard or heard in _ALIKE.get(wanted, ()):
        return True
    return (min(len(wanted), len(heard)) >= 5 and wanted.isascii()
            and difflib.SequenceMatcher(None, wanted, heard).ratio() >= _NEAR)


def _words(text: str) -> list[str]:
    return [word for word in tokens(text) if word != '|']


def _places(text: str) -> list[int]:
    """Return where each word of `_words` begins in the text."""
    pattern = r'[\u3400-\u9fff]|(?:(?![\u3400-\u9fff])[^\W_])+(?:[\'’‘`´](?=\w)\w+)*'
    return [found.start() for found in re.finditer(pattern, text)]


def _says_stop(text: str) -> bool:
    """Return whether the sound of a stop is somewhere in the text, whatever it means there."""
    return any(re.match('stop|halt|freez|停|别动|站住', word) for word in
               [*tokens(text), *re.findall('停|别动|站住', text)])

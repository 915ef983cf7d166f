"""Measures of hearing: word errors, and recordings with what was said in them; pure."""

from dataclasses import dataclass
from pathlib import Path
import re
from typing import Sequence

from shadow_ros.errors import AudioError
from shadow_ros.speech.recogniser import Transcript

SUFFIXES = ('.wav', '.flac', '.ogg', '.mp3')


@dataclass(frozen=True)
class Recording:
    """A sound file and what is said in it."""

    path: Path
    text: str


@dataclass(frozen=True)
class Hearing:
    """What was made of a recording."""

    recording: Recording
    transcripts: tuple[Transcript, ...]
    seconds: float  # that it took

    @property
    def text(self) -> str:
        """Return all that was heard."""
        return ' '.join(t.text for t in self.transcripts if t.text)

    @property
    def wrong(self) -> int:
        """Return the number of word errors."""
        return words_wrong(self.recording.text, self.text)


def plain_words(text: str) -> list[str]:
    """Return lower-case words without punctuation; every Chinese character is one."""
    return re.findall("[\u3400-\u9fff]|[a-z0-9']+", text.lower().replace('’', "'"))


def words_wrong(said: str, heard: str) -> int:
    """Return how many words must be put in, taken out or changed to make one of the other."""
    wanted, given = plain_words(said), plain_words(heard)
    row = list(range(len(given) + 1))
    for count, word in enumerate(wanted, 1):
        above, row = row, [count]
        for place, other in enumerate(given, 1):
            row.append(min(above[place] + 1, row[-1] + 1, above[place - 1] + (word != other)))
    return row[-1]


def word_error_rate(hearings: Sequence[Hearing]) -> float:
    """Return the word errors per word said, 0 when all is right."""
    words = sum(len(plain_words(h.recording.text)) for h in hearings)
    return sum(h.wrong for h in hearings) / max(1, words)


def recordings(folder: Path) -> list[Recording]:
    """
    Return the sound files of a folder, each with the text in the .txt file of the same name.

    Without a text file the name of the sound file is the text: `turn_left.wav`.
    """
    if not folder.is_dir():
        raise AudioError(f'expected a folder of recordings, but {folder} is none; make one with '
                         'shadow-ros bench speech --record FOLDER')
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES:
            side = path.with_suffix('.txt')
            text = side.read_text('utf-8') if side.is_file() else \
                re.sub(r'[_\d]+', ' ', path.stem)
            found.append(Recording(path, ' '.join(text.split())))
    if not found:
        raise AudioError(f'{folder} holds no {", ".join(SUFFIXES)} file; record some with '
                         'shadow-ros bench speech --record FOLDER')
    return found

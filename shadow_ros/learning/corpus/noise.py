"""Noise: texts as people type and recognisers write them, with fewer marks and a rare slip."""

import random
import re
from typing import Mapping, Sequence

TYPOS, SLIPS = 0.04, 0.06  # shares of the texts
_MARKS = re.compile(r'[,，。;！!?？“”、]|\.(?![0-9])')


def roughen(text: str, lang: str, slips: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """Return the text with other punctuation, seldom a typo or a word that sounds alike."""
    roll = rng.random()
    if roll < 0.4:
        text = _MARKS.sub(' ' if lang == 'en' else '', text)
    elif roll < 0.55:
        text += rng.choice('.!' if lang == 'en' else '。！')
    if lang == 'en' and rng.random() < 0.3:
        text = text.replace("'", '')  # dont, whats
    if lang == 'en' and rng.random() < TYPOS:
        text = typo(text, rng)
    if rng.random() < SLIPS:
        text = _misheard(text, slips, rng)
    return ' '.join(text.split())


def typo(text: str, rng: random.Random) -> str:
    """Return the text with one slip of the finger in a longer word, if it has one."""
    words = text.split()
    long = [i for i, w in enumerate(words) if len(w) > 3 and w.isalpha()]
    if not long:
        return text
    i = rng.choice(long)
    at = rng.randrange(1, len(words[i]) - 1)
    word = words[i]
    words[i] = rng.choice((word[:at] + word[at + 1:], word[:at] + word[at] + word[at:],
                           word[:at] + word[at + 1] + word[at] + word[at + 2:]))
    return ' '.join(words)


def _misheard(text: str, slips: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """Return the text with one word as recognisers mishear it, if it has one of those."""
    found = [word for word in slips if re.search(_whole(word), text)]
    if not found:
        return text
    word = rng.choice(found)
    return re.sub(_whole(word), rng.choice(slips[word]), text, count=1)


def _whole(word: str) -> str:
    """Return a pattern of the word, in English not as a part of others."""
    return rf'\b{word}\b' if word.isascii() else word

"""
Makes what is heard with: `python -m benchmarks.make_language_model --public FILE`.

A trigram model and its pronunciations, written to shadow_ros/speech/data. The sentences are
composed from the action corpus: wrapped ones, sequences, corrections, negations, talk; as many
bare commands again, because most people just say "turn right"; and public requests to other
assistants, so that speech which is not for the robot is heard as what it is. FILE holds these,
JSON lines with `text` and `lang` (see shadow_ros/speech/data/README.md for the sources).
"""

import argparse
from collections import Counter
import json
from pathlib import Path
import random
import tempfile
from typing import Iterable, Iterator

import pocketsphinx

from benchmarks.ngrams import Trigrams
from benchmarks.spoken_text import kept_apart, spoken
from shadow_ros.learning.corpus.compose import CATEGORIES, Composer
from shadow_ros.speech.decoder import EXTRA_WORDS

DATA = Path(__file__).resolve().parents[1] / 'shadow_ros' / 'speech' / 'data'
WRAPPED, BARE, PUBLIC = 60_000, 60_000, 24_000
LEAST = 3  # sentences with a word rarer than this are left out: typos, names
THRESHOLD = 1e-6
SEED = 1

WEIGHTS = {
    'single': 42.0, 'sequence2': 14.0, 'sequence3': 5.0, 'too_many': 1.0, 'correction': 4.0,
    'stop': 5.0, 'stopping': 1.0, 'elliptic': 2.0, 'taken_back': 0.7, 'repeat': 2.0,
    'emphatic': 1.0, 'negation': 1.5, 'postponed': 0.5, 'past': 1.0, 'quoted': 1.0,
    'hypothetical': 1.0, 'ability': 2.0, 'about': 1.5, 'remote_frame': 1.5, 'talk': 4.0,
    'remote': 4.0, 'mixed': 0.0}
"""How often each kind of sentence is composed; the model of intent is trained on other shares."""

ALWAYS = """
yes|yes please|yes do it|yes confirm|confirm|go ahead|yeah|yep|sure|of course|okay|no|no no|nope
cancel|cancel that|never mind|no don't|forget it|hey dog|hey doger|hey robot|good boy|good dog
stop|stop stop|stop stop stop|no stop|hey stop|stop it|halt|freeze|whoa|emergency stop|emergency
don't move|stop now|wait|hold on|stand still
""".strip().replace('\n', '|').split('|')
"""Answers, calls and stops: heard often enough that their share is set by hand."""

_VOWELS = frozenset('AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW'.split())
_BROAD = {'faster': 'F AA S T AH', 'fast': 'F AA S T', 'dance': 'D AA N S', 'half': 'HH AA F',
          'dancing': 'D AA N S IH NG', 'after': 'AA F T AH', "can't": 'K AA N T',
          'last': 'L AA S T', 'past': 'P AA S T'}
_ROUND = {'walk': 'W AO K', 'stop': 'S T AO P', 'hop': 'HH AO P', 'dog': 'D AO G', 'on': 'AO N',
          'off': 'AO F', 'spot': 'S P AO T', 'lot': 'L AO T', 'bottom': 'B AO T AH M',
          'robot': 'R OW B AO T', 'obstacle': 'AO B S T AH K AH L', 'quarter': 'K W AO T AH'}


def sentences(public: Iterable[str]) -> Iterator[str]:
    """Yield all sentences in words, before those with unknown words are left out."""
    rng = random.Random(SEED)
    composer = Composer(SEED, ('en',))
    composer.weights = [WEIGHTS[category] for category in CATEGORIES]
    for example in composer.examples(WRAPPED):
        yield spoken(example.text, rng)
    yield from bare(BARE)
    yield from ALWAYS * ((WRAPPED + BARE) // 3000)
    lines = [spoken(text, rng) for text in public]
    rng.shuffle(lines)
    yield from lines[:PUBLIC]


def bare(count: int) -> Iterator[str]:
    """Yield commands as most people give them: with a word around them at most."""
    rng = random.Random(SEED)
    composer = Composer(SEED, ('en',))
    calls = ('hey dog', 'doger', 'hey doger', 'dog', 'robot', 'okay', 'now', 'hey robot')
    for _ in range(count):
        text = spoken(composer.clause('en', alone=0.3, even=0.35).text, rng)
        roll = rng.random()
        if roll < 0.12:
            yield f'{text} please'
        elif roll < 0.17:
            yield f'please {text}'
        elif roll < 0.22:
            yield f'{rng.choice(calls)} {text}'
        else:
            yield text


def known(lines: Iterable[str], words: Iterable[str]) -> list[str]:
    """Return the sentences whose words all have a pronunciation and are not rare."""
    there = frozenset(words)
    kept = [line for line in lines if line and there.issuperset(line.split())]
    count = Counter(word for line in kept for word in line.split())
    return [line for line in kept if all(count[word] >= LEAST for word in line.split())]


def pronunciations() -> dict[str, list[str]]:
    """Return the CMU dictionary that comes with PocketSphinx, and the extra words."""
    found: dict[str, list[str]] = {}
    path = Path(pocketsphinx.get_model_path('en-us/cmudict-en-us.dict'))
    for line in path.read_text('utf-8').splitlines():
        word, _, phones = line.strip().partition(' ')
        found.setdefault(word.split('(')[0], []).append(phones)
    return {**found, **{word: list(phones) for word, phones in EXTRA_WORDS.items()}}


def variants(word: str, known_ones: list[str]) -> list[str]:
    """Return the American pronunciations, and how a British speaker says the word."""
    more = [without_r(phones) for phones in known_ones]
    more += [table[word] for table in (_BROAD, _ROUND) if word in table]
    return list(dict.fromkeys([*known_ones, *more]))


def without_r(phones: str) -> str:
    """Return the phones with r only before vowels."""
    given = phones.split()
    said: list[str] = []
    for phone, following in zip(given, [*given[1:], '']):
        after_vowel = bool(said) and said[-1] in _VOWELS
        if phone == 'R' and following not in _VOWELS and after_vowel:
            if said[-1] in ('IH', 'EH', 'UH'):
                said.append('AH')
        elif phone == 'ER' and not following and len(given) > 2:
            said.append('AH')
        else:
            said.append(phone)
    return ' '.join(said)


def write_dictionary(words: Iterable[str], book: dict[str, list[str]]) -> None:
    """Write the pronunciations of the words."""
    lines = []
    for word in sorted(words):
        for index, phones in enumerate(variants(word, book[word])):
            lines.append(f'{word}{f"({index + 1})" if index else ""} {phones}\n')
    (DATA / 'commands.dict').write_text(''.join(lines), 'utf-8')


def write_model(model: Trigrams) -> None:
    """Write the model in PocketSphinx's own binary form."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'commands.lm'
        with path.open('w', encoding='utf-8') as file:
            model.write(file)
        config = pocketsphinx.Config(lm=None, loglevel='FATAL')
        read = pocketsphinx.NGramModel(config, pocketsphinx.LogMath(), str(path))
        read.write(str(DATA / 'commands.lm.bin'))


def main() -> None:
    """Build both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--public', type=Path, required=True, metavar='FILE',
                        help='JSON lines of requests that must not move the robot')
    rows = map(json.loads, parser.parse_args().public.read_text('utf-8').splitlines())
    book = pronunciations()
    public = (row['text'] for row in rows if row['lang'] == 'en')
    lines = known(sentences(text for text in public if not kept_apart(text)), book)
    model = Trigrams(lines)
    model.prune(THRESHOLD)
    write_dictionary(model.words, book)
    write_model(model)
    print(len(lines), 'sentences,', len(model.words), 'words,',
          [len(grams) for grams in model.probabilities], 'n-grams')


if __name__ == '__main__':
    main()

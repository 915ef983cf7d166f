"""Sentences of the action corpus as people speak them: amounts in words, no punctuation."""

import random
import re
import zlib

_ONES = ('zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen '
         'fifteen sixteen seventeen eighteen nineteen').split()
_TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split()
_LENGTH = re.compile(r'(?<![\d.])\d+(?:\.\d+)? m(?![a-z])')
_ANGLE = re.compile(r'(?<![\d.])\d+(?:\.\d+)? deg(?![a-z])')
_FOR = re.compile(f'for {_LENGTH.pattern}')
_HALVES = ('half a meter', 'half a meter', 'half a meter', 'half meter', 'one half meter',
           'a meter and a half', 'one and a half meters', 'two and a half meters',
           'three and a half meters')
_FEW = ('a couple of steps', 'a few steps', 'several steps', 'some steps', 'a few meters',
        'a couple of meters')
_ONE_WORD = {'hand stand': 'handstand', 'back flip': 'backflip', 'front flip': 'frontflip',
             'side step': 'sidestep', 'counter clockwise': 'counterclockwise', 'ok': 'okay',
             'anti clockwise': 'anticlockwise', 'alright': 'all right'}
"""Spellings of what sounds the same: only one of them can be heard with certainty."""
_SPELLING = re.compile(r'\b(' + '|'.join(_ONE_WORD) + r')\b')

_DEGREES = (10, 15, 20, 30, 30, 45, 45, 45, 60, 60, 75, 90, 90, 90, 90, 90, 120, 135, 150, 180,
            180, 180, 270, 360, 360)


def kept_apart(text: str) -> bool:
    """Return whether a public sentence is only measured with: one in ten, never learnt from."""
    return zlib.crc32(text.lower().encode()) % 10 == 0


def spoken(text: str, rng: random.Random) -> str:
    """Return a sentence in lower-case words; its amounts are drawn anew, as people say such."""
    text = text.lower()
    text = _FOR.sub(lambda found: _seconds(rng) if rng.random() < 0.5 else found[0], text)
    text = _LENGTH.sub(lambda _: length(rng), text)
    text = _ANGLE.sub(lambda _: angle(rng), text)
    text = re.sub(r'\bgo ?2\b', 'go two', text)
    text = re.sub(r'\b\d{1,3}\b', lambda found: number(int(found[0])), text)
    words = ' '.join(re.sub(r"[^a-z' ]", ' ', text.replace('’', "'")).split())
    return _SPELLING.sub(lambda found: _ONE_WORD[found[0]], words)


def number(value: int) -> str:
    """Return a whole number from 0 to 999 in words."""
    if value < 20:
        return _ONES[value]
    if value < 100:
        ten, one = divmod(value, 10)
        return _TENS[ten - 2] + (f' {_ONES[one]}' if one else '')
    hundred, rest = divmod(value, 100)
    return f'{_ONES[hundred]} hundred' + (f' {number(rest)}' if rest else '')


def length(rng: random.Random) -> str:
    """Return a length or a number of steps, as often as people say such ones."""
    kind = rng.choices(('meters', 'half', 'point', 'steps', 'few', 'feet', 'cm', 'inches',
                        'yards'), (38, 12, 6, 16, 4, 10, 8, 3, 3))[0]
    small = rng.choices(range(1, 11), (8, 9, 8, 5, 5, 2, 1, 1, 1, 2))[0]
    if kind in ('half', 'few'):
        return rng.choice(_HALVES if kind == 'half' else _FEW)
    if kind == 'point':
        behind = rng.choice(('five', 'five', 'two', 'three', 'seven', 'eight', 'two five',
                             'seven five', 'one', 'four', 'six'))
        return f'{_ONES[rng.randrange(5)]} point {behind} meters'
    if kind == 'cm':
        value = rng.choice((5, 10, 15, 20, 25, 30, 40, 50, 50, 60, 70, 75, 80, 90, 100))
        return f'{number(value)} centimeters'
    one, many = {'meters': ('one meter', 'meters'), 'feet': ('one foot', 'feet'),
                 'inches': ('one inch', 'inches'), 'yards': ('one yard', 'yards'),
                 'steps': (rng.choice(('a step', 'one step', 'one small step')),
                           rng.choice(('steps', 'steps', 'steps', 'paces', 'small steps')))}[kind]
    return one if small == 1 else f'{number(small)} {many}'


def angle(rng: random.Random) -> str:
    """Return an angle in degrees, as often as people say such ones."""
    value = rng.choice(_DEGREES) if rng.random() < 0.8 else 5 * rng.randint(1, 72)
    words = number(value)
    if value > 100 and rng.random() < 0.5:
        words = words.replace('hundred ', 'hundred and ')
    return f'{words} degrees'


def _seconds(rng: random.Random) -> str:
    value = rng.choices((1, 2, 3, 4, 5, 6, 8, 10), (2, 5, 6, 4, 6, 1, 1, 2))[0]
    return 'for one second' if value == 1 else f'for {number(value)} seconds'

"""Numbers as people write them, in English and Chinese: digits, words and fractions."""

import re
from typing import Optional

_UNITS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten',
          'eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen',
          'eighteen', 'nineteen', 'twenty', 'thirty', 'forty', 'fourty', 'fifty', 'sixty',
          'seventy', 'eighty', 'ninety', 'hundred', 'thousand')
_WORD = '(?:' + '|'.join(sorted(_UNITS, key=len, reverse=True)) + ')'
_DIGITS = r'[+\-]?[0-9]{1,9}(?:[.,][0-9]{1,6})?'
_FRACTION = r'[0-9]{1,3} ?/ ?[0-9]{1,3}'

EN_NUMBER = (
    r'(?:'
    rf'(?:[0-9]{{1,3}} )?{_FRACTION}'
    r'|(?:three|two) (?:quarters?|thirds?)'
    r'|(?:an? )?(?:half|quarter|third)(?: an?)?(?= |-)'
    rf'|(?:an? )?{_WORD}(?:[ \-](?:and[ ])?{_WORD}){{0,6}}'
    rf'(?: point(?: {_WORD}){{1,4}})?(?![a-z])'
    rf'|point(?: {_WORD}){{1,4}}(?![a-z])'
    rf'|{_DIGITS}'
    r'|\.[0-9]{1,6}'
    r'|an?(?= )'
    r')')
"""Regular expression of an English number, bounded in length so that matching stays linear."""

ZH_NUMBER = (
    r'(?:[零〇一二两三四五六七八九十百千万廿俩]{1,12}(?:点[零〇一二三四五六七八九]{1,6})?'
    rf'|{_DIGITS}'
    r'|[0-9]{1,4}[百千万]'
    r'|半)')
"""Regular expression of a Chinese number, or of digits in a Chinese text."""

_PARTS = {'half': 0.5, 'quarter': 0.25, 'third': 1 / 3}


def english_number(text: str) -> Optional[float]:
    """Return the value of an EN_NUMBER, or None where the words make no number."""
    text = text.strip()
    if text in ('a', 'an'):
        return 1.0
    digits = _digits(text)
    if digits is not None:
        return digits
    words = text.replace('-', ' ').split()
    if words[0] in ('a', 'an'):
        words = words[1:] if words[1] in _PARTS else ['one', *words[1:]]
    if words[0] in _PARTS:
        return _PARTS[words[0]]
    if len(words) == 2 and words[1].rstrip('s') in _PARTS:
        return {'two': 2, 'three': 3}[words[0]] * _PARTS[words[1].rstrip('s')]
    return _words(' '.join(words).replace('fourty', 'forty'))


def chinese_number(text: str) -> Optional[float]:
    """Return the value of a ZH_NUMBER, or None where the characters make no number."""
    if text == '半':
        return 0.5
    digits = _digits(text)
    if digits is not None:
        return digits
    import cn2an  # a library of its own weight: only who says Chinese amounts pays for it
    try:
        return float(cn2an.cn2an(text.replace('俩', '两').replace('廿', '二十'), 'smart'))
    except (ValueError, KeyError, IndexError):
        return None


def _digits(text: str) -> Optional[float]:
    """Return the value of digits with an optional point and fraction, or None."""
    whole, _, fraction = text.rpartition(' ') if '/' in text else ('', '', text)
    if '/' in fraction:
        above, below = re.split(r' ?/ ?', fraction)
        if not int(below):
            return None
        return (float(whole) if whole.strip().isdigit() else 0.0) + int(above) / int(below)
    try:
        return float(text.replace(',', '.')) if text[-1] in '0123456789' else None
    except ValueError:
        return None


def _words(text: str) -> Optional[float]:
    """Return the value of English number words, a spoken decimal point included."""
    import text_to_num  # as above
    whole, point, decimals = text.partition('point')
    try:
        value = float(text_to_num.text2num(whole.strip(), 'en')) if whole.strip() else 0.0
        if point:
            digits = [int(text_to_num.text2num(word, 'en')) for word in decimals.split()]
            value += float('0.' + ''.join(map(str, digits)))
        return value
    except ValueError:
        return None

"""
Taught words: a word or phrase of a household that is one token of its own in commands.

    words = Words(tokenizer)                # those that it has
    words.split('could you plonk yourself') # 'could you', 4801

What such a token means is learned in its embedding alone (learning/taught.py), so a command
without any taught word is read exactly as before they were taught. They stand in tokenizer.json
as special tokens: no plan can be made of them, and no text that spells one becomes one.
"""

import re
from typing import Iterator, TYPE_CHECKING, Union

from shadow_ros.intent.prompt import encode_command

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_MARK, _END = '<|word|', '|>'
_BETWEEN = re.compile(r'[\s,.!?;，。！？；]+')


def spelling(word: str) -> str:
    """Return a word or phrase as the model reads it, without punctuation."""
    return ' '.join(_BETWEEN.split(encode_command(word))).strip()


def token_of(word: str) -> str:
    """Return the name of a word's token."""
    return f'{_MARK}{spelling(word)}{_END}'


class Words:
    """The taught words of a tokenizer."""

    def __init__(self, tokenizer: 'Tokenizer') -> None:
        found = tokenizer.get_added_tokens_decoder().items()
        self.ids = {token.content[len(_MARK):-len(_END)]: number for number, token in found
                    if token.content.startswith(_MARK)}
        longest_first = sorted(self.ids, key=lambda word: (-len(word), word))
        self._pattern = re.compile('|'.join(map(_expression, longest_first)))

    def split(self, text: str) -> Iterator[Union[str, int]]:
        """Yield a command as the model reads it in parts: text, and taught words as tokens."""
        end = 0
        for match in self._pattern.finditer(text) if self.ids else ():
            yield from filter(None, [text[end:match.start()]])
            yield self.ids[spelling(match[0])]
            end = match.end()
        yield from filter(None, [text[end:]])

    def within(self, text: str) -> bool:
        """Return whether any taught word is in a command as it was said."""
        return bool(self.ids and self._pattern.search(encode_command(text)))


def _expression(word: str) -> str:
    """Return the regular expression of a word, with the space before it, as in all tokens."""
    inner = _BETWEEN.pattern.join(map(re.escape, word.split()))
    left = ' ?' + r'(?<![a-z0-9])' * word[0].isascii()
    return left + inner + r'(?![a-z0-9])' * word[-1].isascii()

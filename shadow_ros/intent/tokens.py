"""
Tokens: the tokenizer of a model folder, the same for training and for the engine.

    codec = Codec.train(lines, size=3000)       # once; codec.save(folder)
    codec = Codec.load(folder)                  # reads tokenizer.json
    codec.command('walk 2 m')                   # [user, ..., plan]: the prompt's tokens
    codec.plan('[MOVE x=2.0] On it!')           # [..., end]: what is to be learned
    ids = codec.command(text) + codec.plan(plan)        # a training example
    labels = [-100] * len(codec.command(text)) + codec.plan(plan)
    codec.size, codec.pad_id, codec.end_id

Any byte-level tokenizer with the prompt's markers will do; `Codec.train` makes one that suits
commands: digits and Chinese characters stand alone (so amounts are copied digit by digit), and
each piece of a tag (`[MOVE`, ` x=`, `[SIT]`, `]`) is one token, so a plan takes few passes. Words
that a household has taught are tokens of their own in commands (words.py).
"""

from functools import cache
from pathlib import Path
from typing import Iterable, Sequence, Union

from tokenizers import (
    AddedToken, decoders, models, pre_tokenizers, Regex, Tokenizer, trainers)

from shadow_ros.actions import ACTIONS
from shadow_ros.errors import ModelError
from shadow_ros.intent.prompt import (
    encode_command, END, MARKERS, MAX_PAST_TOKENS, PAD, PLAN, tags_of, Turn, USER)
from shadow_ros.intent.words import token_of, Words

TOKENIZER_FILE = 'tokenizer.json'


class Codec:
    """A tokenizer and the ids of the prompt's markers."""

    def __init__(self, tokenizer: Tokenizer, where: Union[str, Path] = 'the tokenizer') -> None:
        self.tokenizer = tokenizer
        # Text of a user that spells a marker must not become one.
        tokenizer.encode_special_tokens = True
        tokenizer.no_truncation()
        tokenizer.no_padding()
        ids: dict[str, int] = {}
        for marker in MARKERS:
            found = tokenizer.token_to_id(marker)
            if found is None:
                raise ModelError(f'{where} must have the tokens {" ".join(MARKERS)}, '
                                 f'it lacks {marker}')
            ids[marker] = found
        self.pad_id, self.user_id = ids[PAD], ids[USER]
        self.plan_id, self.end_id = ids[PLAN], ids[END]
        self.words = Words(tokenizer)

    @property
    def size(self) -> int:
        """Return the size of the vocabulary, added tokens included."""
        return int(self.tokenizer.get_vocab_size(with_added_tokens=True))

    def text_ids(self, text: str) -> list[int]:
        """Return the tokens of a text, which cannot hold markers."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def command(self, text: str, turns: Sequence[Turn] = ()) -> list[int]:
        """Return the prompt's tokens for a command as the user gave it, earlier turns first."""
        said = [number for part in self.words.split(encode_command(text))
                for number in (self.text_ids(part) if isinstance(part, str) else [part])]
        return [*self.past(turns), self.user_id, *said, self.plan_id]

    def past(self, turns: Sequence[Turn], room: int = MAX_PAST_TOKENS) -> list[int]:
        """Return the tokens of earlier turns, of as many of the last ones as there is room for."""
        found: list[int] = []
        for said, plan in reversed(turns):
            turn = [*self.command(said), *self.plan(tags_of(plan))]
            if len(turn) + len(found) > room:
                break
            found = turn + found
        return found

    def plan(self, plan: str) -> list[int]:
        """Return the tokens of a plan's text, with the end marker."""
        return [*self.text_ids(plan), self.end_id]

    def with_words(self, words: Iterable[str]) -> 'Codec':
        """Return a tokenizer that also has a token for each of these taught words."""
        other = Tokenizer.from_str(self.tokenizer.to_str())
        other.add_special_tokens([token_of(word) for word in words])
        return Codec(other)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of tokens; markers are left out."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def save(self, folder: Union[str, Path]) -> None:
        """Write `tokenizer.json` into the folder."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(str(Path(folder) / TOKENIZER_FILE))

    @classmethod
    def load(cls, folder: Union[str, Path]) -> 'Codec':
        """Return the codec of a model folder, or raise ModelError."""
        path = Path(folder) / TOKENIZER_FILE
        if not path.is_file():
            raise ModelError(f'{path} is missing; train a model, or give the folder of one')
        try:
            return cls(Tokenizer.from_str(path.read_text(encoding='utf-8')), path)
        except ModelError:
            raise
        except Exception as error:  # tokenizers raises bare Exception for a broken file
            raise ModelError(f'{path} is not a tokenizer ({error}); copy it again') from None

    @classmethod
    def train(cls, lines: Iterable[str], size: int = 3000) -> 'Codec':
        """Return a byte-level tokenizer of at most about `size` tokens, made for these lines."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(r'[0-9]|[\u3400-\u9fff]'), 'isolated'),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
            vocab_size=size - len(tag_pieces()), special_tokens=list(MARKERS),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
        tokenizer.add_tokens([
            AddedToken(p, normalized=False, special=False) for p in tag_pieces()])
        return cls(tokenizer)


@cache
def tag_pieces() -> tuple[str, ...]:
    """
    Return the pieces that tags are made of, each worth one token.

    A piece must not span what the grammar forces and what it leaves open (` level=` and `slow`):
    what is forced is cut into tokens before the choice is made.
    """
    pieces = [']']
    for row in ACTIONS.values():
        pieces.append(f'[{row.name}' if row.parameters else f'[{row.name}]')
        pieces += [f' {parameter.name}=' for parameter in row.parameters]
    return tuple(dict.fromkeys(pieces))

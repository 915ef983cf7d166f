"""A model that wants to say one text, and the plans that it may be given to say."""

from functools import cache
import math
from typing import Sequence

from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers, Tokenizer, trainers
import torch

from shadow_ros.actions import ACTIONS
from shadow_ros.intent.decode import Decoder
from shadow_ros.intent.grammar import Grammar
from shadow_ros.intent.prompt import MARKERS
from shadow_ros.intent.tokens import Codec
from shadow_ros.plan import Action

LINES = ['On it! Turning around now.', '好的，马上！', '[MOVE x=2.0][SIT] Look']


def plain() -> Codec:
    """Return a byte-level tokenizer that knows nothing of tags, as a public model's does."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(LINES, trainers.BpeTrainer(
        vocab_size=270, special_tokens=list(MARKERS), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return Codec(tokenizer)


CODECS = {'tags': Codec.train(LINES, 400), 'plain': plain()}


class Script:
    """A runtime that wants to say one text; `taste` are logits added for other texts' tokens."""

    def __init__(self, codec: Codec, text: str, taste: float = -math.inf) -> None:
        self.target = codec.plan(text)
        self.codec = codec
        self.taste = taste
        self.fed: list[int] = []
        self.limit, self.length, self.passes, self.drafter = 999, 0, 0, None

    def feed(self, ids: Sequence[int]) -> torch.Tensor:
        """Return logits that want the next token of the text."""
        return self.feed_last(ids, 1)[0]

    def feed_last(self, ids: Sequence[int], count: int) -> torch.Tensor:
        """Return logits after each of the last tokens, as far as they are those of the text."""
        self.fed += ids
        self.length = len(self.fed)
        self.passes += 1
        logits = torch.full((count, self.codec.size), self.taste)
        for row, said in enumerate(range(self.length - count, self.length)):
            right = self.target[said] if said < len(self.target) else self.codec.end_id
            logits[row, right] = 5.0
        return logits

    def rewind(self, length: int) -> None:
        """Forget tokens."""
        del self.fed[length:]
        self.length = len(self.fed)


def decode(kind: str, text: str, taste: float = -math.inf, temperature: float = 1.0):
    """Return what is decoded of the text, the runtime, and (early actions, passes so far)."""
    runtime, early = Script(CODECS[kind], text, taste), []
    decoder = Decoder(runtime, grammar_of(kind), temperature)
    done = decoder.decode(
        [CODECS[kind].user_id], lambda d: early.append((d.actions.decode(), runtime.passes)))
    return done, runtime, early


@cache
def grammar_of(kind: str) -> Grammar:
    """Return the grammar for one of the tokenizers."""
    return Grammar(CODECS[kind])


def _value(parameter) -> st.SearchStrategy:
    if parameter.kind == 'number':
        return st.integers(-99999999, 99999999).map(lambda n: n / 100)
    return st.sampled_from(parameter.choices) if parameter.choices else st.booleans()


@st.composite
def actions(draw) -> Action:
    """Draw any action but REMOTE, its amounts with at most two decimals."""
    row = ACTIONS[draw(st.sampled_from(sorted(set(ACTIONS) - {'REMOTE'})))]
    chosen = [p for p in row.parameters if p.required or draw(st.booleans())]
    if row.name == 'MOVE' and not {'x', 'y'} & {p.name for p in chosen}:
        chosen.insert(0, row.parameters[0])
    return Action(row.name, tuple((p.name, draw(_value(p))) for p in chosen))

"""
How a backbone is spoken to: a command and what came before it, as the tokens of a prompt.

`Marked` is the prompt that models are trained on here; `Chat` speaks to any instruction model by
the chat template of its tokenizer, so that a published backbone needs no training to be of use.
"""

from functools import cached_property
from typing import Any, Protocol, Sequence, TYPE_CHECKING

from shadow_ros.actions import ACTIONS, MAX_ACTIONS
from shadow_ros.errors import ModelError
from shadow_ros.intent.decode import LONGEST_PLAN
from shadow_ros.intent.grammar import Grammar
from shadow_ros.intent.prompt import clean, last_turns, MAX_CHARACTERS, MAX_COMMAND_TOKENS, Turn

if TYPE_CHECKING:
    from shadow_ros.intent.tokens import Codec

SYSTEM = """\
You are Doger (狗哥), a Unitree Go2 robot dog. Turn what the user says into a plan: zero to \
{limit} action tags in order, then a short reply in the language of the user (Chinese or English).
Tags: {tags}.
x, y are metres (forward, left), yaw degrees (left). When no amount is said, MOVE is 1.0 and TURN \
90. What is only talk, a question or not possible for the dog gets a reply and no tag. Never a \
motion that was not asked for.
Example: walk two meters, then sit -> [MOVE x=2.0][SIT] On it!"""


class TooLong(ModelError):
    """The command does not fit the prompt."""


class Dialect(Protocol):
    """One way to make prompts; `room` is the longest prompt and plan together, in tokens."""

    room: int
    grammar: Grammar

    def prompt(self, text: str, turns: Sequence[Turn] = (), posture: str = '') -> list[int]:
        """Return the prompt's tokens, or raise TooLong."""


class Marked:
    """The prompt of models that were trained here."""

    room = 320

    def __init__(self, codec: 'Codec', turns: int) -> None:
        self.codec = codec
        self.turns = turns
        self.grammar = Grammar(codec)

    def prompt(self, text: str, turns: Sequence[Turn] = (), posture: str = '') -> list[int]:
        """Return the prompt's tokens; these models know nothing of postures."""
        command = self.codec.command(_fitting(text))
        if len(command) > MAX_COMMAND_TOKENS:
            raise TooLong(f'at most {MAX_COMMAND_TOKENS} tokens, got {len(command)}')
        return self.codec.past(last_turns(turns, self.turns)) + command


class Chat:
    """The chat template of a transformers tokenizer, below a description of the actions."""

    room = 2048

    def __init__(self, tokenizer: Any) -> None:
        if not getattr(tokenizer, 'chat_template', None) or tokenizer.eos_token_id is None:
            raise ModelError('a backbone without shadow_intent.json must have a tokenizer with a '
                             'chat template and an end token')
        self.tokenizer = tokenizer
        self.grammar = Grammar(_Fast(tokenizer))  # type: ignore[arg-type]
        marks = {*tokenizer.all_special_tokens,
                 *(t for t in tokenizer.get_added_vocab() if t.startswith('<'))}
        self._marks = sorted(marks, key=len, reverse=True)

    def prompt(self, text: str, turns: Sequence[Turn] = (), posture: str = '') -> list[int]:
        """Return the prompt's tokens; the posture is told where it is known."""
        messages = [{'role': 'system', 'content': self._system}]
        for said, plan in turns:
            messages += [{'role': 'user', 'content': self._plain(said)},
                         {'role': 'assistant', 'content': self._plain(plan)}]
        known = f' (The dog is in the posture {posture}.)' if posture else ''
        messages.append({'role': 'user', 'content': self._plain(_fitting(text) + known)})
        text = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False)
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)['input_ids']
        if len(ids) > self.room - LONGEST_PLAN:
            raise TooLong(f'at most {self.room - LONGEST_PLAN} tokens, got {len(ids)}')
        return ids

    @cached_property
    def _system(self) -> str:
        tags = ', '.join(
            f'[{row.name}{"".join(f" {p.name}=" + _values(p) for p in row.parameters)}] '
            f'{row.meaning}' for row in ACTIONS.values() if row.name != 'REMOTE')
        return SYSTEM.format(limit=MAX_ACTIONS, tags=tags)

    def _plain(self, text: str) -> str:
        """Return the text with nothing in it that the template would take for a mark."""
        for mark in self._marks:
            text = text.replace(mark, ' ')
        return text


class _Fast:
    """What Grammar asks of a codec, from a transformers tokenizer."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer.backend_tokenizer
        self.end_id = tokenizer.eos_token_id


def _fitting(text: str) -> str:
    cleaned = clean(text)
    if len(cleaned) > MAX_CHARACTERS:
        raise TooLong(f'at most {MAX_CHARACTERS} characters, got {len(cleaned)}')
    return cleaned


def _values(parameter: Any) -> str:
    return 'number' if parameter.kind == 'number' else '|'.join(
        parameter.choices or ('true', 'false'))

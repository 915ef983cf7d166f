"""
The prompt: how a command and its plan stand before the model, in training and on the robot.

    <|user|>walk forward 2.0 m<|plan|>[MOVE x=2.0] On it!<|end|>

Earlier turns stand in front, oldest first, the plans without their replies:

    <|user|>turn left<|plan|>[TURN yaw=90]<|end|><|user|>the other way<|plan|>

The three markers are single tokens, so the constant part costs one token; text that merely looks
like a marker is tokenised as plain text (tokens.py).
"""

import re
from typing import Sequence

from shadow_ros.intent.amounts import normalise

Turn = tuple[str, str]
"""What the user said, and the text of the plan that answered it."""

PROMPT_VERSION = 1
"""Raised when the format changes; model folders record what they were trained on."""

USER, PLAN, END, PAD = '<|user|>', '<|plan|>', '<|end|>', '<|pad|>'
MARKERS = (PAD, USER, PLAN, END)

MAX_CHARACTERS = 400  # of a command, after cleaning; a spoken one has under 200
MAX_COMMAND_TOKENS = 96
MAX_TURNS = 4  # that any model may be given
MAX_PAST_TOKENS = 72  # of the turns before the command; older ones go first

_CONTROL = re.compile(r'[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]')


def clean(text: str) -> str:
    """
    Return any string as text that can be tokenised.

    Lone surrogates and control characters become spaces, and runs of spaces one.
    """
    text = text.encode('utf-8', 'replace').decode('utf-8')
    return ' '.join(_CONTROL.sub(' ', text).split())


def encode_command(text: str) -> str:
    """Return the command as the model reads it: cleaned, folded, amounts canonical."""
    return normalise(clean(text))


def tags_of(plan: str) -> str:
    """Return the tags of a plan's text: what later commands may refer to; '' of mere talk."""
    return plan[:plan.rfind(']') + 1]


def last_turns(turns: Sequence[Turn], count: int) -> Sequence[Turn]:
    """Return so many of the last turns, their texts cleaned and of bounded length."""
    return [(clean(said[:4 * MAX_CHARACTERS])[:MAX_CHARACTERS], plan)
            for said, plan in turns[max(0, len(turns) - count):]]


def encode_example(text: str, plan: str, turns: Sequence[Turn] = ()) -> str:
    """Return a command and its plan as one text, for people who want to look at it."""
    pairs = [*((said, tags_of(answer)) for said, answer in turns), (text, plan)]
    return ''.join(f'{USER}{encode_command(said)}{PLAN}{answer}{END}' for said, answer in pairs)

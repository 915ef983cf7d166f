"""
The prompt: how a command and its plan stand before the model, in training and on the robot.

    <|user|>walk forward 2.0 m<|plan|>[MOVE x=2.0] On it!<|end|>

The three markers are single tokens, so the constant part costs one token; text that merely looks
like a marker is tokenised as plain text (tokens.py).
"""

import re

from shadow_ros.intent.amounts import normalise

PROMPT_VERSION = 1
"""Raised when the format changes; model folders record what they were trained on."""

USER, PLAN, END, PAD = '<|user|>', '<|plan|>', '<|end|>', '<|pad|>'
MARKERS = (PAD, USER, PLAN, END)

MAX_CHARACTERS = 400  # of a command, after cleaning; a spoken one has under 200
MAX_COMMAND_TOKENS = 96

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


def encode_example(text: str, plan: str) -> str:
    """Return a command and its plan as one text, for people who want to look at it."""
    return f'{USER}{encode_command(text)}{PLAN}{plan}{END}'

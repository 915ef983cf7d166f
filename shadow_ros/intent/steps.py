"""
Steps in words: how many parts a sentence has, to see when a plan leaves some of them out.

    steps_said('sit, lie, stand, stretch and dance') == 5

A rough count, for doubt only: a call or a courtesy between commas counts as a part, too.
"""

import re

_JOINTS = re.compile(r'[,;、。!?]|\.(?![0-9])|\b(?:then|and|after|finally)\b'
                     r'|然后|再(?!见)|接着|最后|之后')
_PART = re.compile(r'[a-z]{2}|[\u4e00-\u9fff].*[\u4e00-\u9fff]')
EDGE_STEPS = 3
"""Spoken steps that stay on the edge; counted repetition is one step."""


def steps_said(text: str) -> int:
    """Return the number of parts of a normalised text that could each be a command."""
    return sum(bool(_PART.search(part)) for part in _JOINTS.split(text))


def leaves_out(text: str, actions: int) -> bool:
    """
    Return whether a plan of several actions is short of a normalised text of many parts.

    One action is left alone: "listen, we have been at this for a while, and it is late, so sit".
    """
    return 1 < actions <= EDGE_STEPS < steps_said(text)

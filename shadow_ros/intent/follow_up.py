"""
Follow-ups: "again", "the other way", "a bit further", 再来一次, carried out to the letter.

    follow_up('and now the other way, please', [('turn left', '[TURN yaw=90]')])
    # Plan of TURN yaw=-90, with its reply

What people say by way of reference is a small, closed set of phrases (follow_ups.yaml), and what
each makes of the plan before it is arithmetic (follow.py), so no model need guess at it. Whatever
is said in other words is left to the model, which reads the earlier turns as well.
"""

from functools import cache
from pathlib import Path
import re
from typing import Any, Iterator, Mapping, Optional, Sequence

import yaml

from shadow_ros.actions import MAX_ACTIONS
from shadow_ros.intent.amounts import normalise
from shadow_ros.intent.follow import FOLLOW_UPS
from shadow_ros.intent.prompt import Turn
from shadow_ros.phrases import language, say
from shadow_ros.plan import parse, Plan

PHRASES = Path(__file__).with_name('follow_ups.yaml')
CHOICE = re.compile(r'\(([^()]*)\)')
_AMOUNT = re.compile(r'\b([0-9]+(?:\.[0-9]+)?) (m|deg)\b')
_SLOT = {'m': '$len', 'deg': '$deg'}
_SAMPLE = {'$len': '1.25 m', '$deg': '33 deg'}  # amounts for a phrase to be normalised with
_LONGEST = 80  # characters; nobody says "again" in more

_CALL = r'dog|doggy|doggie|puppy|pup|buddy|boy|doger|sweetie'
_BEFORE = re.compile(
    r'^(?:(?:ok|okay|alright|right|now|and|so|then|well|hey|um|uh|yes|yeah|please|just|great|nice'
    rf"|good (?:boy|girl|dog|job)|(?:can|could|would|will) you|let's|{_CALL})\b[\s,.!]*"
    r'|(?:好的?|嗯|那么?|来|请|麻烦你?|狗狗|小狗|狗子|你|给我|现在|然后|可不可以|可以|能不能|能)[\s,.!]*)+')
_AFTER = re.compile(
    rf'(?:[\s,.!?]*\b(?:please|thanks|thank you|now|for (?:me|us)|will you|would you|{_CALL})'
    r'|[\s,.!?]*(?:吧|呗|啊|嘛|哦|呀|哈|好吗|好不好|行吗|行不行|可以吗|谢谢|狗狗|小狗))+[\s,.!?]*$')


def phrases(lang: str) -> Mapping[str, Sequence[str]]:
    """Return the patterns of each kind of follow-up in a language, `en` or `zh`."""
    return {kind: list(map(str, said)) for kind, said in _read()[lang].items()}


def read_phrases() -> None:
    """Read the file of phrases, half a second, so that no command has to wait for it."""
    _kinds()


def follow_up(text: str, turns: Sequence[Turn]) -> Optional[Plan]:
    """
    Return the plan that a text asks for by reference to the last one; None if it asks for none.

    `turns` are oldest first; mere talk after the last plan does not hide it. None, too, where
    there is no such plan, where it has no opposite, or where more than MAX_ACTIONS would come.
    """
    before = next((plan for plan in (parse(answer) for _, answer in reversed(turns))
                   if plan.actions and plan.route == 'edge'), None)
    if before is None or len(text) > _LONGEST:
        return None
    said = normalise(text)
    kind = _kind(said) or _kind(_AFTER.sub('', _BEFORE.sub('', said)))
    tags = FOLLOW_UPS[kind][1](before.actions) if kind else None
    if tags is None:
        return None
    if amount := _AMOUNT.search(said):
        tags = tags.replace(_SLOT[amount[2]], amount[1])
    actions = parse(tags).actions
    return Plan(actions, say('follow_up', language(text))) if len(actions) <= MAX_ACTIONS else None


def _kind(said: str) -> Optional[str]:
    """Return the kind of follow-up that a normalised text is."""
    return _kinds().get(_key(_AMOUNT.sub(lambda match: _SLOT[match[2]], said, count=1)))


@cache
def _kinds() -> Mapping[str, str]:
    """Return the kind of every phrase, by its letters alone."""
    found: dict[str, str] = {}
    for lang in _read():
        for kind, patterns in phrases(lang).items():
            for text in (text for pattern in patterns for text in every(pattern)):
                for slot, sample in _SAMPLE.items():
                    text = text.replace(slot, f' {sample} ')
                text = _AMOUNT.sub(lambda match: _SLOT[match[2]], normalise(text))
                found.setdefault(_key(text), kind)
    return found


def every(pattern: str) -> Iterator[str]:
    """Yield every text of a pattern, `(a|b|)` being a choice."""
    match = CHOICE.search(pattern)
    if match is None:
        yield pattern
        return
    for choice in match[1].split('|'):
        yield from every(pattern[:match.start()] + choice + pattern[match.end():])


def _key(text: str) -> str:
    """Return letters, digits and slots of a text, without spaces and punctuation."""
    return re.sub(r'[^\w$]+', '', text)


@cache
def _read() -> Mapping[str, Mapping[str, Sequence[Any]]]:
    """Return the content of the file of phrases."""
    content: Mapping[str, Mapping[str, Sequence[Any]]] = yaml.safe_load(
        PHRASES.read_text(encoding='utf-8'))
    return content

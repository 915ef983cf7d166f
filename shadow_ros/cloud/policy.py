"""When the backbone is asked, and with what; pure."""

from dataclasses import dataclass
from enum import Enum
from typing import Sequence

from shadow_ros.intent.prompt import Turn


class Policy(str, Enum):
    """
    Which commands go to the backbone.

    REMOTE: those that the edge calls beyond it. UNSURE: these, and those about which it would
    have to ask back. COMPARE: all of them; what the edge understands is done at once, and the
    backbone's opinion of it is only recorded.
    """

    REMOTE = 'remote'
    UNSURE = 'unsure'
    COMPARE = 'compare'


class Share(str, Enum):
    """What may leave the robot; each includes the ones before it. It is text, never sound."""

    NOTHING = 'nothing'
    TEXT = 'text'
    TURNS = 'turns'
    STATE = 'state'


@dataclass(frozen=True)
class Question:
    """What a backbone is asked: a command, earlier turns (oldest first), the posture."""

    text: str
    turns: tuple[Turn, ...] = ()
    posture: str = ''


def asks(policy: Policy, reason: str) -> bool:
    """Return whether the backbone's plan is waited for, by the reason of the edge's decision."""
    return reason == 'remote' or policy is not Policy.REMOTE and reason == 'unsure'


def question(text: str, turns: Sequence[Turn], posture: str, share: Share) -> Question:
    """Return what may be told of a command."""
    return Question(text, tuple(turns) if share in (Share.TURNS, Share.STATE) else (),
                    posture if share is Share.STATE else '')

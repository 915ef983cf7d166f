"""
Spoken corrections: "no, I meant sit down", 不是，我说的是坐下. Pure, time passed in.

    corrections = Corrections()
    corrections.planned(record.id, now)              # a plan was published
    found = corrections.find('no, I meant sit', now)
    found.rest, found.plan_id                        # think about the rest; it corrects that plan

A firm correction names itself as one; a bare one ("no, sit down") is one only if its rest turns
out to be a command.
"""

from dataclasses import dataclass
import re
from typing import Optional

FIRM_SECONDS = 60.0
"""A plan older than this is not meant by "I meant"."""

BARE_SECONDS = 15.0
"""A plan older than this is not meant by a mere "no"."""

_LONGEST = 500  # characters; nobody corrects in more
_PAUSE = r'[\s,.;:!?…，。、；：！？—-]*'
_NO = (r'(?:(?:oh|uh|um|hey|ah|well|but)\b' + _PAUSE + r')?'
       r"(?:no|nope|nah|not that|not like that|wrong|that'?s wrong|that is wrong|incorrect"
       r"|that'?s not (?:it|right|what i (?:meant|said|wanted))|sorry|oops)\b" + _PAUSE)
_MEANT = (r'(?:what )?i (?:actually |really )?(?:meant|mean)\b(?: was| is)?'
          r'|it should (?:be|have been)|that should (?:be|have been)')
_SAID = (r'i (?:actually |just |only )?(?:said|told you|asked you|wanted you|want you|wanted'
         r'|asked for)')
_TO = r'(?:(?: for you)? to\b|(?: that)? you should\b)?'
_FIRM = re.compile(rf'(?:(?:{_NO})*(?:{_MEANT})|(?:{_NO})+(?:{_SAID})){_TO}{_PAUSE}(?P<rest>.+)',
                   re.I | re.S)
_BARE = re.compile(rf'(?:{_NO})+(?P<rest>.+)', re.I | re.S)
_ONLY_NO = re.compile(rf'(?:{_NO})+', re.I)
# "no more of that" is no correction, "no, more of that" may be one.
_NO_X = re.compile(r'\s*(?:no|not that)\s+(?:more|need|problem|thanks?|way|idea|one|worr\w+|matter'
                   r'|longer|wonder|rush|hurry|kidding|doubt|fun|good|big|such)\b', re.I)

_ZH_NO = rf'(?:(?:啊|哦|噢|呃|唉|诶){_PAUSE})?(?:不是的?|不对|错了|搞错了|弄错了|不){_PAUSE}'
_ZH_MEANT = (r'我(?:刚才|刚刚)?(?:(?:说|讲|指|想说|想要|要)的(?:其实)?是|是说|是指|是想说|是要你?'
             r'|的意思是|其实是说)')
_ZH_SAID = r'我(?:刚才|刚刚)?(?:是)?(?:叫|让|要|请)你|我说(?:过)?'
_ZH_FIRM = re.compile(
    rf'(?:(?:{_ZH_NO})*(?:{_ZH_MEANT})|(?:{_ZH_NO})+(?:{_ZH_SAID}))让?你?{_PAUSE}(?P<rest>.+)', re.S)
_ZH_BARE = re.compile(  # without a pause 不坐下 and 不是坐下 are negations
    r'(?:(?:不是的?|不|哦不|啊不)[\s,.!，。、！…]+|(?:啊|哦)?(?:不对|错了|搞错了)' + _PAUSE
    + r')+(?:是)?(?P<rest>.+)', re.S)


@dataclass(frozen=True)
class Words:
    """What a correcting text asks for, and whether it says that it corrects."""

    rest: str
    firm: bool


@dataclass(frozen=True)
class Correction:
    """A correction of the plan `plan_id`."""

    rest: str
    firm: bool
    plan_id: str


def words_of(text: str) -> Optional[Words]:
    """Return what a text asks for instead of something else; None when it corrects nothing."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    for firm, pattern in ((True, _FIRM), (True, _ZH_FIRM), (False, _BARE), (False, _ZH_BARE)):
        match = pattern.match(text)
        if match and not (not firm and _NO_X.match(text)):
            rest = match['rest'].strip()
            return Words(rest, firm) if re.search(r'\w', rest) and not _ONLY_NO.fullmatch(
                rest) else None
    return None


class Corrections:
    """Knows the plan that a correction means: the last one, or what that one corrected."""

    def __init__(self) -> None:
        self.last_id = ''  # of the newest plan
        self._meant = ''
        self._at = float('-inf')

    def planned(self, plan_id: str, now: float, corrects: str = '') -> None:
        """Take note of a plan; a correction that is corrected again is still about the first."""
        self.last_id, self._at = plan_id, now
        self._meant = corrects or plan_id

    def find(self, text: str, now: float) -> Optional[Correction]:
        """Return the correction that a text is, if it is one of a plan young enough."""
        words = words_of(text) if self._meant else None
        age = now - self._at
        if words is None or age > (FIRM_SECONDS if words.firm else BARE_SECONDS):
            return None
        return Correction(words.rest, words.firm, self._meant)

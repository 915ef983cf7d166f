"""
The grammar of plans, built from the action table: nothing else can be generated.

It is one regular expression, so the same language is checked here with `re` and enforced token
by token with llguidance. Every text it accepts is the canonical text of a plan
(`str(parse(text)) == text`): names, required parameters, numbers with at most two decimals,
REMOTE alone, at most five actions, then a reply of bounded length without brackets.
"""

from functools import cache
from itertools import combinations
import re
from typing import TYPE_CHECKING

from shadow_ros.actions import ACTIONS, ActionSpec, MAX_ACTIONS, Parameter
from shadow_ros.errors import ModelError, PlanError
from shadow_ros.plan import Action

if TYPE_CHECKING:
    from llguidance import LLMatcher

    from shadow_ros.intent.tokens import Codec

MAX_WORD = 40  # characters of a reply between two spaces; a Chinese sentence is one word
MAX_WORDS = 25

# Two decimals at most, no needless zero, no -0; larger than any limit, so that the guard can say
# what it refuses.
_METRES = r'(0\.0|-?([1-9][0-9]{0,5}\.([0-9]|[0-9][1-9])|0\.([1-9]|[0-9][1-9])))'
_DEGREES = (r'(0|-?([1-9][0-9]{0,5}(\.([1-9]|[0-9][1-9]))?|0\.([1-9]|[0-9][1-9])))')
# A reply holds no bracket, no control character and no space but single ordinary ones.
_CHARACTER = (r'[^\[\]\x00-\x20\x7f-\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064'
              r'\u3000\ufeff\ufffd]')
_REPLY = (f'{_CHARACTER}{{1,{MAX_WORD}}}( {_CHARACTER}{{1,{MAX_WORD}}}){{0,{MAX_WORDS - 1}}}')


@cache
def plan_regex() -> str:
    """Return the regular expression of all plans that can be generated."""
    tags = '|'.join(_tags(row) for row in ACTIONS.values() if row.name != 'REMOTE')
    actions = rf'(\[REMOTE\]|({tags}){{1,{MAX_ACTIONS}}})'
    return f'({actions}( {_REPLY})?|{_REPLY})'


def accepts(text: str) -> bool:
    """Return whether the text is a whole plan of the grammar; for checking training data."""
    return bool(_compiled().fullmatch(text))


class Grammar:
    """The grammar compiled for one tokenizer; `matcher()` starts a plan in microseconds."""

    def __init__(self, codec: 'Codec') -> None:
        import llguidance
        self.tokens = llguidance.LLTokenizer(codec.tokenizer.to_str(), eos_token=codec.end_id)
        self._first = llguidance.LLMatcher(
            self.tokens, llguidance.LLMatcher.grammar_from_regex(plan_regex()))
        if self._first.is_error():
            raise ModelError('the tokenizer must be byte-level for constrained decoding: '
                             + self._first.get_error())

    def matcher(self) -> 'LLMatcher':
        """Return a matcher at the start of a plan."""
        return self._first.deep_copy()


@cache
def _compiled() -> 're.Pattern[str]':
    """Return the regular expression, compiled once."""
    return re.compile(plan_regex())


def _tags(row: ActionSpec) -> str:
    """Return the expression of every tag that the action can have."""
    forms = []
    for count in range(len(row.parameters) + 1):
        for chosen in combinations(row.parameters, count):
            if _is_whole(row, chosen):
                forms.append(''.join(f' {p.name}={_value(p)}' for p in chosen))
    return rf'\[{row.name}({"|".join(forms)})\]'


def _is_whole(row: ActionSpec, chosen: tuple[Parameter, ...]) -> bool:
    """Return whether the action can be made with just these parameters."""
    samples = {'number': 1.0, 'flag': True}
    try:
        Action(row.name, tuple(
            (p.name, p.choices[0] if p.choices else samples[p.kind]) for p in chosen))
    except PlanError:
        return False
    return True


def _value(parameter: Parameter) -> str:
    """Return the expression of a parameter's canonical values."""
    if parameter.kind == 'number':
        return _DEGREES if parameter.unit == 'deg' else _METRES
    return f'({"|".join(parameter.choices or ("true", "false"))})'

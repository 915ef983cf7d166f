"""The pattern language of the corpus files: `(a|b|)` is a choice, `<name>` a rule's line."""

from functools import cache
from pathlib import Path
import random
import re
from typing import Any, Mapping, Sequence

import yaml

from shadow_ros.intent.follow_up import CHOICE

DATA = Path(__file__).parent / 'data'

_LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)  # ten times as fast, where it is built

_RULE = re.compile(r'<([a-z]\w*)>')

Rules = Mapping[str, Sequence[str]]


@cache
def read(name: str) -> dict[str, Any]:
    """Return the content of a corpus file, e.g. `commands_en`."""
    loaded = yaml.load((DATA / f'{name}.yaml').read_text(encoding='utf-8'), Loader=_LOADER)
    assert isinstance(loaded, dict)
    return loaded


def expand(pattern: str, rules: Rules, rng: random.Random) -> str:
    """Return one text of a pattern, chosen at random."""
    while match := _RULE.search(pattern):
        line = str(rng.choice(rules[match[1]]))
        pattern = pattern[:match.start()] + line + pattern[match.end():]
    while match := CHOICE.search(pattern):
        choice = rng.choice(match[1].split('|'))
        pattern = pattern[:match.start()] + choice + pattern[match.end():]
    return pattern


def count(pattern: str, rules: Rules) -> int:
    """Return how many texts a pattern stands for, amounts not counted."""
    total = 1
    for match in _RULE.finditer(pattern):
        total *= sum(count(str(line), rules) for line in rules[match[1]])
    for match in CHOICE.finditer(_RULE.sub('', pattern)):
        total *= match[1].count('|') + 1
    return total

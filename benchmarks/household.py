"""The words of a made-up household, which no model knows: 60 utterances of 12 words."""

import random
from typing import NamedTuple

WORDS = {  # what this family says: the plan that it means
    'plonk yourself': '[SIT]', 'do the boogie': '[DANCE]', 'boop me': '[HELLO]',
    'go flumpy': '[LIE]', 'windmill time': '[TURN yaw=360]', 'toddle pip': '[MOVE x=1.0]',
    'up you hop': '[STAND]', 'noodle out': '[STRETCH]',
    '趴窝': '[LIE]', '嗨皮一下': '[DANCE]', '来个贴贴': '[HEART]', '墩下': '[SIT]'}
FRAMES = {
    'en': ['{}', 'hey doger, {}', '{} please', 'could you {}', '{} right now', 'ok buddy, {}',
           'i want you to {}', '{}, good boy'],
    'zh': ['{}', '小狗{}', '请{}', '快{}', '{}吧', '帮我{}', '现在{}', '{}好不好']}
EACH = 5  # phrases of each word


class Utterance(NamedTuple):
    """What is said, the plan that is meant, the language, and whether the user corrects it."""

    text: str
    plan: str
    lang: str
    corrected: bool


def utterances(seed: int = 3) -> list[Utterance]:
    """Return the 60 utterances in the order in which they are said."""
    rng = random.Random(seed)
    found = []
    for words, plan in WORDS.items():
        lang = 'en' if words.isascii() else 'zh'
        found += [(frame.format(words), plan, lang) for frame in rng.sample(FRAMES[lang], EACH)]
    rng.shuffle(found)
    return [Utterance(*parts, number % 3 < 2) for number, parts in enumerate(found)]

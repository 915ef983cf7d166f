"""The words of two made-up households, which no model knows: 60 utterances of 12 words each."""

import random
from typing import Mapping, NamedTuple


class Household(NamedTuple):
    """What a family says and the plan that it means; the sentences in which it says so."""

    words: Mapping[str, str]
    frames: Mapping[str, tuple[str, ...]]


HOUSEHOLDS = {
    'plonk': Household({
        'plonk yourself': '[SIT]', 'do the boogie': '[DANCE]', 'boop me': '[HELLO]',
        'go flumpy': '[LIE]', 'windmill time': '[TURN yaw=360]', 'toddle pip': '[MOVE x=1.0]',
        'up you hop': '[STAND]', 'noodle out': '[STRETCH]',
        '趴窝': '[LIE]', '嗨皮一下': '[DANCE]', '来个贴贴': '[HEART]', '墩下': '[SIT]'}, {
        'en': ('{}', 'hey doger, {}', '{} please', 'could you {}', '{} right now',
               'ok buddy, {}', 'i want you to {}', '{}, good boy'),
        'zh': ('{}', '小狗{}', '请{}', '快{}', '{}吧', '帮我{}', '现在{}', '{}好不好')}),
    'pancake': Household({
        'squish down': '[SIT]', 'shake a leg': '[DANCE]', 'paw patrol': '[HELLO]',
        'pancake': '[LIE]', 'carousel': '[TURN yaw=360]', 'scoot a smidge': '[MOVE x=1.0]',
        'wakey wakey': '[STAND]', 'cat cow': '[STRETCH]',
        '变地毯': '[LIE]', '摇花手': '[DANCE]', '么么哒': '[HEART]', '蹲窝': '[SIT]'}, {
        'en': ('{}', 'rex, {}', '{} for me', '{} now please', 'come on, {}', 'okay, {}',
               'would you {}', "{}, there's a good dog"),
        'zh': ('{}', '旺财，{}', '麻烦你{}', '来，{}', '赶紧{}', '{}，乖', '给我{}', '你{}')})}
EACH = 5  # phrases of each word


class Utterance(NamedTuple):
    """What is said, the plan that is meant, the language, and whether the user corrects it."""

    text: str
    plan: str
    lang: str
    corrected: bool


def utterances(name: str = 'plonk', seed: int = 3) -> list[Utterance]:
    """Return a household's 60 utterances in the order in which they are said."""
    rng = random.Random(seed)
    words, frames = HOUSEHOLDS[name]
    found = []
    for said, plan in words.items():
        lang = 'en' if said.isascii() else 'zh'
        found += [(frame.format(said), plan, lang) for frame in rng.sample(frames[lang], EACH)]
    rng.shuffle(found)
    return [Utterance(*parts, number % 3 < 2) for number, parts in enumerate(found)]

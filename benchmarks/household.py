"""
The words of five made-up households, which no model knows: 60 utterances of 12 words each.

Retraining was developed on `plonk`, `pancake` and `rug`; nothing was chosen by the other two.
"""

import random
from typing import Mapping, NamedTuple


class Household(NamedTuple):
    """
    What a family says and the plan that it means; the sentences in which it says so.

    `talk` holds the same words and asks for nothing.
    """

    words: Mapping[str, str]
    frames: Mapping[str, tuple[str, ...]]
    talk: tuple[str, ...]


HOUSEHOLDS = {
    'plonk': Household({
        'plonk yourself': '[SIT]', 'do the boogie': '[DANCE]', 'boop me': '[HELLO]',
        'go flumpy': '[LIE]', 'windmill time': '[TURN yaw=360]', 'toddle pip': '[MOVE x=1.0]',
        'up you hop': '[STAND]', 'noodle out': '[STRETCH]',
        '趴窝': '[LIE]', '嗨皮一下': '[DANCE]', '来个贴贴': '[HEART]', '墩下': '[SIT]'}, {
        'en': ('{}', 'hey doger, {}', '{} please', 'could you {}', '{} right now',
               'ok buddy, {}', 'i want you to {}', '{}, good boy'),
        'zh': ('{}', '小狗{}', '请{}', '快{}', '{}吧', '帮我{}', '现在{}', '{}好不好')}, (
        'what does plonk yourself mean',
        'grandma showed me how to do the boogie last night',
        'is windmill time over already', "please don't boop me today",
        'i would rather go flumpy on the sofa myself',
        'he shouted toddle pip and left the house', 'we never go flumpy on sundays',
        'up you hop is what we tell the kids', 'why would anyone noodle out at work',
        'do you like it when they boop me', '趴窝是什么意思', '昨天大家都嗨皮一下了', '别墩下', '妈妈刚才说来个贴贴',
        '谁教你嗨皮一下的', '母鸡整天趴窝')),
    'pancake': Household({
        'squish down': '[SIT]', 'shake a leg': '[DANCE]', 'paw patrol': '[HELLO]',
        'pancake': '[LIE]', 'carousel': '[TURN yaw=360]', 'scoot a smidge': '[MOVE x=1.0]',
        'wakey wakey': '[STAND]', 'cat cow': '[STRETCH]',
        '变地毯': '[LIE]', '摇花手': '[DANCE]', '么么哒': '[HEART]', '蹲窝': '[SIT]'}, {
        'en': ('{}', 'rex, {}', '{} for me', '{} now please', 'come on, {}', 'okay, {}',
               'would you {}', "{}, there's a good dog"),
        'zh': ('{}', '旺财，{}', '麻烦你{}', '来，{}', '赶紧{}', '{}，乖', '给我{}', '你{}')}, (
        'i had a pancake for breakfast', 'have you ever seen a carousel',
        'my kids watch paw patrol every day',
        'wakey wakey is what mum says in the morning', "don't scoot a smidge",
        'who won the cat cow challenge at yoga',
        'he told us to shake a leg because we were late', 'what is a pancake made of',
        'the carousel at the fair was fun', 'what does squish down mean', '变地毯是什么意思',
        '她在学摇花手', '昨天他对我说么么哒', '别蹲窝', '你知道摇花手吗', '母鸡喜欢蹲窝')),
    'rug': Household({
        'cushion landing': '[SIT]', 'disco paws': '[DANCE]', 'tickle the air': '[HELLO]',
        'rug mode': '[LIE]', 'washing machine': '[TURN yaw=360]', 'tippy toes': '[MOVE x=1.0]',
        'rise and shine': '[STAND]', 'taffy time': '[STRETCH]',
        '摊煎饼': '[LIE]', '抖机灵': '[DANCE]', '甜一个': '[HEART]', '屁股着陆': '[SIT]'}, {
        'en': ('{}', 'buddy, {}', '{} for mommy', 'can you {}', 'go on, {}', '{}, sweetie',
               'now {}', "let's see you {}"),
        'zh': ('{}', '豆豆，{}', '该{}了', '{}嘛', '快点{}', '来{}', '请你{}', '{}给我看看')}, (
        'we bought a rug mode lamp yesterday',
        'the washing machine in the kitchen is loud',
        'she stood on her tippy toes to see', 'rise and shine is my favourite song',
        "don't do cushion landing in the kitchen", 'have you heard of disco paws',
        'what is taffy time', 'is the washing machine finished',
        'my brother said cushion landing and we all laughed', 'why do people tickle the air',
        '今天早上我买了摊煎饼', '奶奶每天晚上抖机灵', '别抖机灵', '屁股着陆是什么意思', '你吃过摊煎饼吗', '这个西瓜比那个甜一个')),
    'waffle': Household({
        'tush to the floor': '[SIT]', 'wiggle waggle': '[DANCE]', 'wavey wavey': '[HELLO]',
        'flat as a waffle': '[LIE]', 'merry go round': '[TURN yaw=360]',
        'inchworm': '[MOVE x=1.0]', 'attention soldier': '[STAND]', 'long cat': '[STRETCH]',
        '葛优瘫': '[LIE]', '蹦迪': '[DANCE]', '爱你哟': '[HEART]', '蹲坑': '[SIT]'}, {
        'en': ('{}', 'biscuit, {}', '{} already', 'will you {}', 'hey, {}', '{} if you please',
               'i need you to {}', "{}, that's my girl"),
        'zh': ('{}', '汤圆，{}', '你来{}', '{}啦', '马上{}', '{}行不行', '我要你{}', '乖，{}')}, (
        'the merry go round was closed on monday', 'my phone is flat as a waffle',
        'that is a really long cat', 'what is an inchworm',
        'an inchworm is eating the roses', 'wiggle waggle is a silly word',
        "don't wiggle waggle near the stairs", 'he yelled attention soldier in the film',
        'who taught you wavey wavey', 'did you ride the merry go round', '昨天我们去蹦迪了',
        '葛优瘫是什么意思', '她每次都说爱你哟', '别蹲坑', '他在厕所蹲坑呢', '你会不会笑话我葛优瘫')),
    'splat': Household({
        'park your caboose': '[SIT]', 'jelly legs': '[DANCE]', 'tap the glass': '[HELLO]',
        'go splat': '[LIE]', 'helicopter': '[TURN yaw=360]', 'shuffle cuffle': '[MOVE x=1.0]',
        'tall tree': '[STAND]', 'cobra pose': '[STRETCH]',
        '晒太阳': '[LIE]', '甩起来': '[DANCE]', '抛媚眼': '[HEART]', '扎马步': '[SIT]'}, {
        'en': ('{}', 'scout, {}', '{} thanks', 'please do {}', 'time for {}', '{}, champ',
               'how about {}', 'okay now {}'),
        'zh': ('{}', '毛毛，{}', '{}哦', '开始{}', '再来{}', '咱们{}', '拜托{}', '{}，好狗')}, (
        'a helicopter flew over our house', 'there is a tall tree in the garden',
        'my sister does the cobra pose in her yoga class', 'the egg went splat on the floor',
        'what is a shuffle cuffle', 'i had jelly legs after the race',
        "don't tap the glass, it scares the fish", 'who told you to park your caboose',
        'have you ever been in a helicopter', 'the tall tree fell in the storm',
        '猫喜欢晒太阳', '昨天我们在海边晒太阳', '别甩起来', '他总是对我抛媚眼', '扎马步是什么意思', '爷爷每天早上扎马步'))}
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
    words, frames, _ = HOUSEHOLDS[name]
    found = []
    for said, plan in words.items():
        lang = 'en' if said.isascii() else 'zh'
        found += [(frame.format(said), plan, lang) for frame in rng.sample(frames[lang], EACH)]
    rng.shuffle(found)
    return [Utterance(*parts, number % 3 < 2) for number, parts in enumerate(found)]

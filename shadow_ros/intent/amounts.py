"""
Amounts in code: number words, digits, units and fractions become canonical amounts.

`walk half a metre` -> `walk 0.5 m`, `左转一百八十度` -> `左转 180 deg`, `jump twice` ->
`jump 2 times`. The model copies what it reads here and never computes. The rules are those of
the action language: feet, inches, yards, 尺 and steps are metres, turns are degrees, and a
duration of walking is metres at the nominal speed.
"""

from functools import lru_cache
import re
import unicodedata

from shadow_ros.actions import SPEEDS, STEP_METRES
from shadow_ros.intent.number_words import (
    chinese_number, EN_NUMBER, english_number, ZH_NUMBER)

_METRES = {  # regular expression of the unit -> metres
    r'm|meters?|metres?|米|公尺': 1.0,
    r'cm|centimet(?:er|re)s?|公分|厘米': 0.01,
    r'mm|millimet(?:er|re)s?|毫米': 0.001,
    r'km|kilomet(?:er|re)s?|公里|千米': 1000.0,
    r'miles?|英里': 1609.344,
    r'ft|foot|feet|英尺': 0.3048,
    r'inch(?:es)?|英寸': 0.0254,
    r'yds?|yards?|码': 0.9144,
    r'(?:(?:small|little|big|baby|tiny) )?steps?|paces?|[小大]?步': STEP_METRES,
    r'尺': 1 / 3,
}
_DEGREES = {
    r'deg|degs|degrees?|°|度': 1.0,
    r'rad|radians?|弧度': 57.29577951308232,
    r'(?:full |complete |whole )?(?:turns?|rotations?|revolutions?|circles?|spins?)|整?圈': 360.0,
}
_SECONDS = {
    r's|secs?|seconds?|秒钟?': 1.0,
    r'mins?|minutes?|分钟': 60.0,
    r'hours?|小时': 3600.0,
}
_TIMES = {r'times|[次遍回下]': 1.0}
_FAMILIES = (('m', _METRES), ('deg', _DEGREES), ('s', _SECONDS), ('times', _TIMES))
_UNIT = {p: (kind, size) for kind, units in _FAMILIES for p, size in units.items()}
_UNIT_RE = [(re.compile(p), found) for p, found in _UNIT.items()]

_ANY_UNIT = '|'.join(p for p in _UNIT)
_WORD_END = r'(?![a-z0-9_])'
_NOT_COUNTED_OFF = (  # "the last two steps" and 最后一步 are parts of a plan, not a way
    r'(?!(?:(?<=\bfirst )|(?<=\blast ))\w+ steps?\b|(?:(?<=最后)|(?<=[上下])).步)')
_ENGLISH = re.compile(
    rf'(?<![\w.\-]){_NOT_COUNTED_OFF}'
    rf'(?P<n>{EN_NUMBER})[\s\-]{{0,2}}(?:(?:more|extra) )?'
    rf'(?P<half> ?and (?:a )?(?:half|quarter) )?(?:of an? |of the )?'
    rf'(?P<u>{_ANY_UNIT}){_WORD_END}(?P<tail> and (?:a )?(?:half|quarter)\b)?')
_INCHES = re.compile(r'(?<![\w.])([0-9]{1,6}(?:\.[0-9]{1,6})?) ?in(?=[,.;!?]|$| (?:then|and)\b)')
_CHINESE = re.compile(
    rf'(?<![第0-9./])(?<![0-9],){_NOT_COUNTED_OFF}'
    rf'(?P<n>{ZH_NUMBER}) ?个?(?P<half>半)? ?(?P<u>{_ANY_UNIT}){_WORD_END}'
    r'(?P<tail>半(?!圈)|[一二三四五六七八九](?![一二三四五六七八九十百千万点米步度圈次下秒个]))?')
_CANONICAL = re.compile(r'(?<![\w.])-?[0-9]+(?:\.[0-9]+)? (?:m|deg|s|times)\b')
_SIZE = re.compile(r'([0-9]+(?:\.[0-9]+)?) (?:m|deg)\b')
_SUM = re.compile(
    r'(?<![\w.\-])([0-9]+(?:\.[0-9]+)?) (m|deg)(?: and)? (0\.[0-9]+) \2\b')
_FEET_INCHES = re.compile(
    r"(?<![\w.])([0-9]{1,4})(?: ?(?:ft|feet|foot)|'),? ?([0-9]{1,3}) ?(?:inch(?:es)?|\")")

_SLIP = r'no|wait|sorry|oops|actually|uh|um|make (?:that|it)|i mean|i meant|or rather|rather'
_AMENDED = re.compile(  # a unit is not said again: "three steps, no, two"
    rf'(?<=[\w ])(?P<u>{_ANY_UNIT}){_WORD_END}'
    rf'(?P<but>(?: (?:back|ahead|left|right|(?:for|back)wards?))?[,. ]*(?:(?:{_SLIP})[,. ]+)+)'
    rf'(?P<n>{EN_NUMBER})(?=$|[,;!?]|\.(?![0-9])| (?:instead|please)\b)')
_DECIMALS = re.compile(
    r'(?<![0-9.])([0-9]{1,3})(?:米|m)([0-9]{1,2})(?![0-9.米步度圈次厘公个点] ?|[a-z])')

_TURN_FRACTIONS = (
    (re.compile(r'\bthree[ -]quarters?(?: of a)? (?:turn|circle|spin|rotation)\b'), '270 deg'),
    (re.compile(r'\b(?:a |one )?half[ -](?:a[ -])?(?:full |complete )?'
                r'(?:turn|circle|spin|rotation)\b'), '180 deg'),
    (re.compile(r'\b(?:a |one )?quarter[ -](?:of a )?(?:turn|circle|spin|rotation)\b'), '90 deg'),
    (re.compile(r'\b(?:a |one )?right angle\b|直角'), '90 deg'),
    (re.compile(r'半个?圈'), '180 deg'),
    (re.compile(r'四分之一圈'), '90 deg'),
    (re.compile(r'四分之三圈'), '270 deg'),
)
_SPOKEN = (  # what recognisers write for a number, what people say for a turn, and no turn
    (re.compile(r'(?:^|(?<=[,.;!?] ))all right\b(?! angle)'), 'alright'),
    (re.compile(r'\btoo? (?=(?:meters|metres|steps|feet|yards|degrees|inches)\b)'), '2 '),
    (re.compile(r'\bfor (?=(?:meters|metres|steps|feet|yards|inches)\b)'), '4 '),
    (re.compile(r'\bone[ -]eighty\b'), '180'),
    (re.compile(r'\btwo[ -]seventy\b'), '270'),
    (re.compile(r'\bthree[ -]sixty\b'), '360'),
)
_VAGUE = (
    (re.compile(r'\bhalf a dozen (?=[a-z])'), '6 '),
    (re.compile(r'\b(?:a|one) dozen (?=[a-z])'), '12 '),
    (re.compile(r'\b(?:a|one|1)[ -]third (?:of an? )?(?=met|foot|yard|turn|circle)'), '0.333333 '),
    (re.compile(r'\b(?:two|2)[ -]thirds (?:of an? )?(?=met|foot|yard|turn|circle)'), '0.666667 '),
    (re.compile(r'-and-a-half\b'), ' and a half'),
    (re.compile(r'\b(?:a few|several|some|a couple more) '
                r'(?=(?:(?:small|little|baby|tiny) )?(?:steps|paces)\b)'), '3 '),
    (re.compile(r'\ba few (?=(?:meters|metres|feet|yards|inches|degrees)\b)'), '3 '),
    (re.compile(r'\banother (?=(?:step|meter|metre|foot|yard|inch)\b)'), 'one '),
    (re.compile(r'(?:好几|几)(?=[小大]?步|米|公尺)'), '3'),
    (re.compile(r'[一二两三四五六七八](?=[两三四五六七八九](?:[小大]?步|米|公尺|尺|度|圈))'), ''),
    (re.compile(r'\btwice\b'), '2 times'),
    (re.compile(r'\bthrice\b'), '3 times'),
    (re.compile(r'\b(?:a )?couple (?:of )?(?=[a-z])'), '2 '),
)

_CLAUSE = re.compile(r'(,|;|!|\?|。|,|、|\bthen\b|\band then\b|\band\b|然后|接着|之后|再)')
_WALKS = re.compile(
    r'\b(?:walk|go|move|run|march|step|trot|jog|drive|head|keep|back|forwards?|backwards?|ahead|'
    r'reverse|come|stroll|advance|retreat|proceed)|[走跑退]|前进|移动')
_TURNS = re.compile(r'\b(?:turn|rotate|spin|twist|pivot|swivel|circle)|[转拐旋]')
_RUNS = re.compile(r'\b(?:run|sprint|fast|faster|quick|quickly|rush|race|dash|hurry)\b|[跑快冲]')
_CREEPS = re.compile(r'\b(?:slow|slowly|gently|creep|carefully|crawl|slower)\b|慢|缓')
_LASTS = re.compile(r'(?:\bfor (?:about |around )?)?\b([0-9]+(?:\.[0-9]+)?) s\b'
                    r'(?! ?(?:后|以后|之后|later|from now|ago))')
_LATER = re.compile(r'\b(?:in|after|within|every|wait|until|timer|alarm)\b'
                    r'|(?<![往向朝靠])后(?![退面边])|等|提醒|每')

_BARE_TURN = re.compile(
    r'((?:\b(?:turn|rotate|spin|left|right|clockwise|around|do an?|make an?|pull an?)'
    r'|[转拐]个?|来个) ?)'
    rf'(?:by )?({EN_NUMBER}|{ZH_NUMBER})(?=$|[,;!?。]|\.(?![0-9])'
    r'| (?:then|and|to|please|clockwise|counter|anti|left|right)\b|然后|再)')
_BARE_WALK = re.compile(
    rf'((?:\b(?:forwards?|backwards?|ahead|back)|前进|后退|[前后]走) ?)'
    rf'(?:by )?({EN_NUMBER}|{ZH_NUMBER})(?=$|[,;!?。]|\.(?![0-9])| (?:then|and|please)\b|然后|再)')

_TRADITIONAL = str.maketrans(
    '轉後進兩個請過來動給幫別頭點邊開關機電這裡說話會時間從還雙腳體麼嗎爾們隻讓對應腦緩圓圈鐘繼續靜揮擊賀禮馬調'
    '蹺橫實飛撲倒趴樣無極離遠運彎條繞側煩訴嗨萬單幾將釋鬆衝現場寶貝乾淨謝誰紹麗慶發財歲舉懶懸髮壓應準備業',
    '转后进两个请过来动给帮别头点边开关机电这里说话会时间从还双脚体么吗尔们只让对应脑缓圆圈钟继续静挥击贺礼马调'
    '跷横实飞扑倒趴样无极离远运弯条绕侧烦诉嗨万单几将释松冲现场宝贝干净谢谁绍丽庆发财岁举懒悬发压应准备业')
_FOLD = str.maketrans({'’': "'", '‘': "'", '“': '"', '”': '"', '−': '-', '–': '-', '—': '-',
                       '\u2044': '/'})
_THOUSANDS = re.compile(r'(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])')
_LOOSE = re.compile(r' +([,;!?。、]|\.(?![0-9]))')
_FRACTION_SIGN = re.compile('[¼½¾⅐-⅞]')
_LONGEST = 4000  # characters; nobody says more, and past it only the whitespace is folded


def fold(text: str) -> str:
    """Return the text in one form: NFKC, lower case, simplified characters, single spaces."""
    text = _FRACTION_SIGN.sub(lambda m: ' ' + unicodedata.normalize('NFKC', m[0]), text)
    text = unicodedata.normalize('NFKC', text).lower().translate(_FOLD)
    return ' '.join(text.translate(_TRADITIONAL).split())


@lru_cache(maxsize=32)  # a command is read for the model, for its sizes, and as an earlier turn
def normalise(text: str) -> str:
    """
    Return the text as the model reads it: folded, each amount as `2.0 m`, `90 deg`, `3 times`.

    Total: any string gives a string, in linear time. A text without amounts is only folded.
    """
    text = fold(text)
    if len(text) > _LONGEST:
        return text
    text = _THOUSANDS.sub(lambda m: m[0].replace(',', ''), text)
    text = _FEET_INCHES.sub(_feet_inches, text)
    text = _DECIMALS.sub(r'\1.\2 米', text)
    text = _AMENDED.sub(r'\g<u>\g<but>\g<n> \g<u>', text)
    for pattern, canonical in _TURN_FRACTIONS:
        text = pattern.sub(f' {canonical} ', text)
    for pattern, digits in _SPOKEN + _VAGUE:
        text = pattern.sub(digits, text)
    text = _INCHES.sub(r'\1 inch', text)
    text = _CHINESE.sub(_chinese, ' '.join(text.split()))
    text = _ENGLISH.sub(_english, ' '.join(text.split()))
    text = _SUM.sub(_sum, ' '.join(text.split()))
    text = _BARE_TURN.sub(lambda m: _bare(m, 'deg', 10.0), text)
    text = _BARE_WALK.sub(lambda m: _bare(m, 'm', 0.0), text)
    return _walk_durations(_LOOSE.sub(r'\1', ' '.join(text.split())))


def sizes(text: str) -> set[float]:
    """Return how many metres and degrees a normalised text speaks of, each without its sign."""
    return {float(number) for number in _SIZE.findall(text)}


def canonical(value: float, kind: str) -> str:
    """Return the canonical amount: metres with a point, degrees and times as whole as can be."""
    value = round(value, 2)
    if abs(value) >= 1e6:
        value = float(int(value))
        return f'{value:.1f} {kind}' if kind in 'ms' else f'{value:.0f} {kind}'
    if kind in ('deg', 'times') and value.is_integer():
        return f'{int(value)} {kind}'
    return f'{value + 0.0} {kind}'


def _unit(text: str) -> tuple[str, float]:
    """Return kind and size of a unit that one of the patterns has matched."""
    for pattern, found in _UNIT_RE:
        if pattern.fullmatch(text):
            return found
    raise AssertionError(f'unit {text!r} is in no pattern')


def _english(match: 're.Match[str]') -> str:
    """Return the canonical form of an English amount, or the text as it was."""
    number = english_number(match['n'])
    kind, size = _unit(match['u'])
    extra = match['half'] or match['tail'] or ''
    if number is None or (match['n'] in ('a', 'an', 'one', 'the') and kind in ('deg', 'times')
                          and not extra):
        return match[0]
    number += 0.5 if 'half' in extra else 0.25 if 'quarter' in extra else 0.0
    return f' {canonical(number * size, kind)} '


def _chinese(match: 're.Match[str]') -> str:
    """Return the canonical form of a Chinese amount (两米, 一米五, 两米半), or the text itself."""
    number = chinese_number(match['n'])
    kind, size = _unit(match['u'])
    if number is None or match['u'] in ('下', '回', '遍', '次') and number < 2:
        return match[0]
    if match['u'].endswith('圈') and number == 1 and not match['tail']:
        return match[0]
    if match['half'] or match['tail'] == '半':
        number += 0.5
    elif match['tail']:
        if kind != 'm':
            return match[0]
        number += '一二三四五六七八九'.index(match['tail']) / 10 + 0.1
    return f' {canonical(number * size, kind)} '


def _feet_inches(match: 're.Match[str]') -> str:
    """Return feet and inches as one length."""
    return f' {canonical(int(match[1]) * 0.3048 + int(match[2]) * 0.0254, "m")} '


def _sum(match: 're.Match[str]') -> str:
    """Return a length and the smaller one after it as one: `1.0 m and 0.2 m`."""
    if match[2] == 'm' and float(match[1]) >= 1.0:
        return canonical(float(match[1]) + float(match[3]), 'm')
    return match[0]


def _bare(match: 're.Match[str]', kind: str, least: float) -> str:
    """Return a number without a unit as the amount that its verb asks for: `turn left 90`."""
    text = match[2]
    number = english_number(text) if text[0].isascii() else chinese_number(text)
    if number is None or number < least or text in ('a', 'an', 'the', 'half'):
        return match[0]
    return f'{match[1].rstrip()} {canonical(number, kind)}'


def _walk_durations(text: str) -> str:
    """Return the text with each duration of walking as the metres walked in it."""
    if ' s' not in text or not _CANONICAL.search(text):
        return text
    return ''.join(map(_walk_duration, _CLAUSE.split(text)))


def _walk_duration(clause: str) -> str:
    """Return one clause with its duration in metres if walking is what lasts."""
    if not _WALKS.search(clause) or _TURNS.search(clause) or _LATER.search(clause):
        return clause
    level = 'fast' if _RUNS.search(clause) else 'slow' if _CREEPS.search(clause) else 'normal'
    speed = SPEEDS[level].forward
    return _LASTS.sub(lambda m: canonical(float(m[1]) * speed, 'm'), clause)

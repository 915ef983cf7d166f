"""Spoken corrections: what is one, what it asks for, and which plan it means."""

import pytest

from shadow_ros.intent.correction import BARE_SECONDS, Corrections, FIRM_SECONDS, words_of

FIRM = [
    ('no, I meant sit down', 'sit down'), ('No I meant sit down!', 'sit down!'),
    ('I meant sit down', 'sit down'), ('i mean turn left', 'turn left'),
    ('no no, i said turn right', 'turn right'), ('nope. I told you to lie down', 'lie down'),
    ("that's wrong, I wanted you to dance", 'dance'),
    ('no, what I meant was stand up', 'stand up'),
    ('sorry, I meant two meters', 'two meters'), ('oh no, i actually meant wave', 'wave'),
    ('not that, I asked you to stretch', 'stretch'), ('it should be a dance', 'a dance'),
    ("that's not what I meant, I meant sit", 'sit'), ('no, I said: sit', 'sit'),
    ('不是，我说的是坐下', '坐下'), ('不对，我是说趴下', '趴下'), ('我说的是坐下', '坐下'),
    ('不，我让你站起来', '站起来'), ('错了，我要你转圈', '转圈'), ('我的意思是往左转', '往左转'),
    ('不是不是，我刚才说的是跳舞', '跳舞'), ('不对我说坐下', '坐下'), ('哦不，我是想说握手', '握手'),
]
BARE = [
    ('no, sit down', 'sit down'), ('no sit down', 'sit down'), ('wrong, turn left', 'turn left'),
    ('no no no, left', 'left'), ('nope, the other way', 'the other way'),
    ('no, more to the left', 'more to the left'), ("no, don't sit", "don't sit"),
    ('不，坐下', '坐下'), ('不对，坐下', '坐下'), ('不对坐下', '坐下'), ('不是，是坐下', '坐下'),
    ('错了，往右', '往右'),
]
NONE = [
    'sit down', 'no', 'no, no', 'no more jumping', 'no need to sit', 'no problem', 'no thanks',
    'no way', 'I said sit', 'I told you to sit', 'i want you to dance', 'nothing', 'north', 'note',
    'nobody said sit', 'sorrow', 'turn left, no, right', "don't sit", 'knowing me', 'i meant',
    '不坐下', '不是坐下', '不要动', '我说坐下', '我要你坐下', '坐下，不，站起来', '不客气', '错', '不错',
    '我让你坐下', '', '  ', '。', 'no, ' * 300 + 'sit',
]


@pytest.mark.parametrize('text, rest', FIRM)
def test_firm(text, rest):
    assert words_of(text) is not None
    assert (words_of(text).rest, words_of(text).firm) == (rest, True)


@pytest.mark.parametrize('text, rest', BARE)
def test_bare(text, rest):
    assert words_of(text) is not None
    assert (words_of(text).rest, words_of(text).firm) == (rest, False)


@pytest.mark.parametrize('text', NONE)
def test_none(text):
    assert words_of(text) is None


def test_which_plan_is_meant():
    """The last one, if it is young enough; a correction of a correction is about the first."""
    corrections = Corrections()
    assert corrections.find('no, I meant sit', 1.0) is None  # of what?
    corrections.planned('a', 10.0)
    assert corrections.find('no, I meant sit', 10.0 + FIRM_SECONDS).plan_id == 'a'
    assert corrections.find('no, I meant sit', 10.1 + FIRM_SECONDS) is None
    assert corrections.find('no, sit', 10.0 + BARE_SECONDS).plan_id == 'a'
    assert corrections.find('no, sit', 10.1 + BARE_SECONDS) is None
    corrections.planned('b', 20.0, corrects='a')
    assert corrections.find('no, I meant sit', 21.0).plan_id == 'a'
    assert corrections.last_id == 'b'
    corrections.planned('c', 22.0)
    assert corrections.find('no, I meant sit', 23.0).plan_id == 'c'


@pytest.mark.timeout(5)
@pytest.mark.parametrize('piece', [
    'no, ', 'no i meant ', '不是，', 'sorry ', 'i mean i mean ', ' ,', '…'])
def test_no_text_takes_long(piece):
    words_of(piece * 400)
    words_of(piece * (490 // len(piece)))

"""Amounts: words, digits, units and fractions become what the model copies."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from shadow_ros.intent.amounts import canonical, fold, normalise

TABLE = {
    # metric, digits and words
    'walk forward two meters': 'walk forward 2.0 m',
    '2m forward': '2.0 m forward',
    'forward 2': 'forward 2.0 m',
    'walk half a metre': 'walk 0.5 m',
    'go one and a half meters': 'go 1.5 m',
    'a meter and a half back': '1.5 m back',
    'go 1/2 meter': 'go 0.5 m',
    'go 1 1/2 m': 'go 1.5 m',
    'go 2½ meters': 'go 2.5 m',
    'three quarters of a meter': '0.75 m',
    'forward zero point five meters': 'forward 0.5 m',
    'move 50 cm left': 'move 0.5 m left',
    'one meter and twenty centimeters': '1.2 m',
    'walk two-meter': 'walk 2.0 m',
    '2,5 m': '2.5 m',
    # feet, inches, yards, steps
    'walk 3 feet': 'walk 0.91 m',
    'go ten inches': 'go 0.25 m',
    'move 10 in.': 'move 0.25 m.',
    'five yards': '4.57 m',
    'walk 5 feet 6 inches': 'walk 1.68 m',
    'three steps back': '0.9 m back',
    'take a step': 'take 0.3 m',
    'take a few steps': 'take 0.9 m',
    'a couple of steps': '0.6 m',
    'two more steps': '0.6 m',
    'another meter': '1.0 m',
    'a few meters': '3.0 m',
    # turns
    'turn left ninety degrees': 'turn left 90 deg',
    'a hundred and eighty degrees': '180 deg',
    'turn right 45': 'turn right 45 deg',
    'turn left ninety': 'turn left 90 deg',
    'turn one-eighty': 'turn 180 deg',
    'quarter turn left': '90 deg left',
    'make a half turn': 'make 180 deg',
    'two full turns': '720 deg',
    'three quarter turn': '270 deg',
    'turn by 30°': 'turn by 30 deg',
    '-90 degrees': '-90 deg',
    # times and durations
    'jump three times': 'jump 3 times',
    'wave twice': 'wave 2 times',
    'walk for three seconds': 'walk 1.5 m',
    'walk slowly for 10 seconds': 'walk slowly 3.0 m',
    'run forward for 2 seconds': 'run forward 1.6 m',
    'wait 3 seconds': 'wait 3.0 s',
    'in five seconds walk forward': 'in 5.0 s walk forward',
    'walk forward for two seconds, then sit': 'walk forward 1.0 m, then sit',
    # what recognisers write
    'walk forward to meters': 'walk forward 2.0 m',
    'go back for steps': 'go back 1.2 m',
    # Mandarin
    '向前走两米': '向前走 2.0 m',
    '先走两步再坐下': '先走 0.6 m 再坐下',
    '往前走半米': '往前走 0.5 m',
    '走一米五': '走 1.5 m',
    '走两米半': '走 2.5 m',
    '走一米二十公分': '走 1.2 m',
    '五十厘米': '0.5 m',
    '三尺': '1.0 m',
    '走3公尺': '走 3.0 m',
    '前进0.5米': '前进 0.5 m',
    '走几步': '走 0.9 m',
    '走个两三米': '走个 3.0 m',
    '一两步': '0.6 m',
    '第二步': '第二步',
    '二十五步': '7.5 m',
    '後退兩步': '后退 0.6 m',
    '左转九十度': '左转 90 deg',
    '右转一百八十度': '右转 180 deg',
    '左转45': '左转 45 deg',
    '转半圈': '转 180 deg',
    '转两圈': '转 720 deg',
    '转一圈半': '转 540 deg',
    '跳三下': '跳 3 times',
    '慢慢走三秒': '慢慢走 0.9 m',
    '跑十秒': '跑 8.0 m',
    '往前走5秒': '往前走 2.5 m',
    '后退三秒': '后退 1.5 m',
    '往后走两秒': '往后走 1.0 m',
    '三秒后前进': '3.0 s 后前进',
    # no amounts
    'Sit  DOWN!': 'sit down!',
    '坐下。': '坐下。',
    '转一圈': '转一圈',
    '跳一下': '跳一下',
    '三点钟': '三点钟',
    'do it one more time': 'do it one more time',
    '': '',
}


@pytest.mark.parametrize('text', TABLE, ids=repr)
def test_amounts_become_canonical(text):
    assert normalise(text) == TABLE[text]


@pytest.mark.parametrize('text', TABLE.values(), ids=repr)
def test_what_is_canonical_stays(text):
    assert normalise(text) == text


@given(st.floats(0.01, 999.0), st.sampled_from(['m', 'deg', 's']))
def test_a_canonical_amount_reads_as_itself(value, kind):
    text = canonical(value, kind)
    assert normalise(text) == text


@given(st.integers(1, 999))
def test_spoken_numbers_give_what_digits_give(number):
    import cn2an
    assert normalise(f'走{cn2an.an2cn(number)}米') == normalise(f'走 {number} 米')


@given(st.integers(1, 400), st.sampled_from(
    ['turn left {} degrees', '左转{}度', 'turn {}°', 'rotate right {} deg']))
def test_degrees_are_copied(number, pattern):
    assert f' {number} deg' in normalise(pattern.format(number))


_WORDS = st.sampled_from(
    'one two a half and quarter of meters m deg 3 0.5 steps foot 半 两 米 圈 度 秒 次 1/2 point for '
    'walk turn left then 走 再 90 . , - times'.split())


@given(st.one_of(st.text(), st.lists(_WORDS).map(' '.join), st.lists(_WORDS).map(''.join)))
@settings(max_examples=300)
def test_any_text_gives_a_text_without_stray_spaces(text):
    found = normalise(text)
    assert found == ' '.join(found.split())
    assert fold(found) == found


@pytest.mark.parametrize('piece', ['one ', '九', '1', 'a ', 'half ', '1/', 'twenty-', '半圈', '½'])
def test_long_texts_take_no_time(piece):
    text = (piece * 100_000)[:100_000]
    start = time.process_time()
    assert isinstance(normalise(text), str)
    assert isinstance(normalise(text[:4000]), str)
    assert time.process_time() - start < 2.0


@pytest.mark.parametrize(('text', 'expected'), [
    ('turn left ninety degrees, no, forty five', 'turn left 90 deg, no, 45 deg'),
    ('go three steps, no, two', 'go 0.9 m, no, 0.6 m'),
    ('walk one meter back, make that two please', 'walk 1.0 m back, make that 2.0 m please'),
    ('walk one meter, no, turn left', 'walk 1.0 m, no, turn left'),
    ('左转九十度，不是，四十五度', '左转 90 deg,不是, 45 deg'), ('往前，两米', '往前, 2.0 m')])
def test_an_amount_that_is_amended_keeps_its_unit(text, expected) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(('text', 'expected'), [
    ('向前走1米2', '向前走 1.2 m'), ('走1米20', '走 1.2 m'), ('walk 2m20', 'walk 2.2 m'),
    ('走1米2次', '走1米 2 times'), ('walk a dozen meters', 'walk 12.0 m'),
    ('turn 1,000 degrees', 'turn 1000 deg'), ('走1,200米', '走 1200.0 m'),
    ('half a dozen steps', '1.8 m'), ('one third of a turn', '120 deg'),
    ('only the last two steps again', 'only the last two steps again'),
    ('the first 2 steps', 'the first 2 steps'), ('最后一步再来一次', '最后一步再来一次'),
    ('最后走两步', '最后走 0.6 m'), ('first two meters ahead', 'first 2.0 m ahead'),
    ('All right! Sit', 'alright! sit'), ('go all right', 'go all right'),
    ('two thirds of a meter', '0.67 m'), ('two-and-a-half meters', '2.5 m')])
def test_parts_and_dozens(text, expected) -> None:
    assert normalise(text) == expected

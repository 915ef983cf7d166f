"""Tables and properties of the words that never wait for a model."""

import subprocess
import sys

from hypothesis import given, strategies as st
import pytest

from shadow_ros.speech.stopword import hears_stop, is_no, is_panic, is_stop, is_yes, tokens

STOPS = [
    'stop', 'Stop!', 'STOP', 'stop stop stop', 'stop it right now please', 'hey dog stop',
    'Hey, dog, stop!', 'please stop', 'stop please', 'halt', 'freeze', 'whoa', 'Whoa there!',
    'hold on', 'hold on a second', 'wait', 'wait a minute', 'Wait, wait!', 'stand still',
    "don't move", 'don’t move', 'do not move', "please don't move", 'stop turning',
    'stop moving right now', "stop, you're going to hit the wall", "Stop! There's a child!",
    "whoa, whoa, that's too close", "stop you'll fall", '停停停，要撞上了', '停！前面有人', '停在那',
    'stop what you are doing', 'no stop', 'no, stop', 'okay stop',
    'I said stop', 'can you stop please', 'could you please stop moving', 'you can stop now',
    'stay where you are', 'stay', 'stoooop', 'whoaaa', 'stop and stand still',
    'hold it right there',
    "don't walk any further", 'not another step', "that's enough", 'emergency stop', 'full stop',
    'oh my god stop', "don't! stop!", 'ＳＴＯＰ', 'no more walking',
    '停', '停！', '停停停', '停下', '停下来', '快停下', '别动', '站住', '不要动', '别走了', '停止', '等一下', '急停',
    '请停下', '给我停下来', '马上停止', '狗狗停', '等等', '等一等', '不许动', '別動', '停止前進', '停止移动',
    '别跑了', '不要再走了', '原地不动', '立定', '小狗，快停下来！', '不，停！', '停 stop', '别转了', '紧急停止',
    '你给我站住', '喂，别动！', '请等一下', '麻烦停一下', '可以停了吗', '先停下吧', '等一下等一下',
]

NOT_STOPS = [
    '', ' ', '!!!', "don't stop", 'do not stop', 'please do not stop', 'bus stop', 'stopwatch',
    'walk and then stop', 'walk forward and stop', 'stop sign', 'where is the bus stop',
    'never stop dancing', "don't ever stop", 'stop and sit', 'stop then turn left', 'stopped',
    'non stop', 'why did you stop', 'sit', 'walk forward two meters', 'turn left', "don't sit",
    'yes', 'no', 'okay', 'please', 'hey dog', 'stop the music', 'wait until I come back',
    'pit stop', 'stop, the red ball', 'stop, turn left', '停，前面左转', '能不能走快点', 'stop the car',
    'the dog stopped', 'freezer', 'unstoppable', 'what does stop mean', 'stop at the door',
    '不停', '别停', '不要停', '不停地走', '停车场在哪里', '公交车站', '走两米然后停下', '别坐', '别停下来', '坐下', '不',
    '往前走', '停电了', '我们在哪里等你', '狗狗', '好的', '先走后停', '停下然后坐下', '请', '不用停',
    'привет! стоп', '🛑', '123',
]

PANICS = ['emergency stop', 'Emergency!', 'e-stop', 'E stop now', 'emergency stop stop stop',
          'stop, emergency stop!', 'please emergency stop', 'kill switch', '急停', '急停！', '紧急停止',
          '緊急停止', '快急停', '紧急停车', '停，急停', '紧急停止紧急停止']
NOT_PANICS = ['stop', '停', 'where is the emergency exit', 'there is no emergency', '不要急停', '',
              'this is not an emergency', '紧急情况怎么办', 'stop stop stop']

YESES = ['yes', 'Yes!', 'yes please', 'yeah', 'yep', 'sure', 'confirm', 'I confirm', 'do it',
         'yes, do it', 'go ahead', 'okay', 'ok dog', 'of course', "yes I'm sure", 'affirmative',
         'please do', '是', '是的', '好', '好的', '确认', '確認', '可以', '没问题', '行', '对', '当然可以', '嗯',
         '好的，确认',
         '同意', '做吧']
NOS = ['no', 'No!', 'no no no', 'nope', 'cancel', 'cancel that', 'no, cancel it', 'never mind',
       "don't", "don't do it", "no, don't do it", 'no thanks', 'not now', 'forget it', 'yeah no',
       'rather not', 'absolutely not', '不', '不要', '不用了', '取消', '算了', '不行', '别', '不可以', '不，取消',
       '不是',
       '先不要', '不确认', '还是算了', '别做了', '不好']
NEITHER = ['', 'maybe', 'yes or no', 'sit', 'yes but first sit', 'why not', 'what', '坐下', '也许',
           'walk forward', 'hey dog', 'do it again tomorrow', 'please',
           'no motion blur in yes prime',
           '好像不错', '不错', '今天不上班', 'confirm the number of legs', '是谁']

HEARD = ['stop', 'stop turn', 'walk forward no stop', 'hey dog stop and', 'turn left stop stop',
         'stop and sit', 'walk and stop stop stop', 'oh no freeze', "please don't move",
         'I want you to stop', 'halt sit', 'hold on I', "go forward don't move", 'wait',
         '停', '停下然后坐下', '往前走，停', '快快快停下', '别动你', '左转别动', '急停', '走吧停停停', '等一下',
         "don't turn left, stop"]
NOT_HEARD = ["don't stop", 'do not stop', "don't you ever stop", 'never stop', 'bus stop',
             'the stop',
             'stopwatch', 'then stop', 'walk two meters and then stop', 'walk and stop',
             'stop sign',
             "I don't want you to stop", 'without stop', 'until you stop', 'why did you stop',
             'don', "don't", 'walk forward two', '', 'how to stop', 'sto', 'stopping',
             '别停', '不要停', '不停', '然后停', '走两米然后停下', '公交车站', '停车场', '不停地', '最后停下', '往前走']


@pytest.mark.parametrize('text', STOPS)
def test_a_stop_is_a_stop(text):
    assert is_stop(text)
    assert hears_stop(text)


@pytest.mark.parametrize('text', NOT_STOPS)
def test_what_is_no_stop(text):
    assert not is_stop(text)


@pytest.mark.parametrize('text', PANICS)
def test_panic(text):
    assert is_panic(text) and is_stop(text) and hears_stop(text)


@pytest.mark.parametrize('text', NOT_PANICS)
def test_no_panic(text):
    assert not is_panic(text)


@pytest.mark.parametrize('text', YESES)
def test_yes(text):
    assert is_yes(text) and not is_no(text)


@pytest.mark.parametrize('text', NOS)
def test_no(text):
    assert is_no(text) and not is_yes(text)


@pytest.mark.parametrize('text', NEITHER)
def test_neither_yes_nor_no(text):
    assert not is_yes(text) and not is_no(text)


@pytest.mark.parametrize('text', STOPS)
def test_a_stop_is_never_a_yes(text):
    assert not is_yes(text)


@pytest.mark.parametrize('text', HEARD)
def test_heard_in_a_partial(text):
    assert hears_stop(text)


@pytest.mark.parametrize('text', NOT_HEARD)
def test_not_heard_in_a_partial(text):
    assert not hears_stop(text)


@pytest.mark.parametrize('text, most', [
    ('walk on no stop', 0), ('stop right now please', 0), ('stop turning left', 2),
    ('stop and sit down', 3)])
def test_so_many_words_may_stand_behind_it(text, most):
    assert hears_stop(text, most) and (most == 0 or not hears_stop(text, most - 1))


@given(st.sampled_from(STOPS), st.sampled_from(STOPS))
def test_two_stops_are_a_stop(first, second):
    assert is_stop(f'{first}, {second}')


@given(st.sampled_from(STOPS), st.sampled_from(['please', 'hey dog', 'right now', '!', '  ']))
def test_politeness_and_address_change_nothing(stop, filler):
    assert is_stop(f'{stop}, {filler}') and is_stop(f'{filler}, {stop}')


@given(st.sampled_from(['stop', 'halt', 'freeze', 'turn']))
def test_negated_stop_is_none(word):
    for lead in ("don't", 'do not', 'never', 'please never'):
        assert not is_stop(f'{lead} {word}') and not hears_stop(f'{lead} {word}')


@given(st.text(max_size=300))
def test_any_text_gets_an_answer(text):
    for ask in (is_stop, is_panic, is_yes, is_no, hears_stop):
        assert ask(text) in (True, False)
    assert not (is_yes(text) and is_no(text))
    assert not is_panic(text) or is_stop(text)


def test_of_a_flood_of_text_only_a_part_is_looked_at():
    assert is_stop('stop ' * 20_000)
    assert is_stop('停' * 30_000 + '坐')  # when in doubt whether it was a stop: a stop
    assert not is_stop('walk ' * 20_000 + 'stop')
    assert not is_yes('yes ' * 20_000) and not is_no('no ' * 20_000)
    assert not hears_stop("don't " * 20_000)
    assert hears_stop('well ' * 20_000 + 'now stop')


def test_tokens_fold_forms():
    assert tokens('Don’t STOOOOP，別動!') == ['dont', 'stop', '|', '别', '动', '|']


def test_imports_nothing_heavy():
    code = ('import sys; import shadow_ros.speech.stopword; '
            'sys.exit(any(m in sys.modules for m in ("numpy", "rclpy", "pocketsphinx")))')
    subprocess.run([sys.executable, '-S', '-E', '-c', code], check=True, timeout=30)

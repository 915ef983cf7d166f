"""Wake word, button and echo as tables; time is passed in."""

import pytest

from shadow_ros.errors import ConfigError
from shadow_ros.speech.attention import Attention, AttentionSettings, without_wake_word

WAKE = AttentionSettings.parse('hey dog, doger, 狗哥', follow_up=8.0)


@pytest.mark.parametrize('text, rest', [
    ('hey dog sit down', 'sit down'),
    ('hey dog, sit down!', 'sit down!'),
    ('Hey Dog', ''),
    ('hey doc turn left', 'turn left'),
    ('hi doug turn left', 'turn left'),
    ('okay doger stand up', 'stand up'),
    ('dodger stand up', 'stand up'),
    ("doger don't sit", "don't sit"),
    ('狗哥坐下', '坐下'),
    ('狗哥，往前走两米', '往前走两米'),
    ('狗狗坐下', '坐下'),
    ('那个狗哥', None),
    ('够歌趴下', '趴下'),
    ('a dog sat down', None),
    ('the hey dog', ''),
    ('sit down', None),
    ('sit down hey dog', None),
    ('hey', None),
    ('', None),
])
def test_wake_words_and_their_mishearings(text, rest):
    assert without_wake_word(text, WAKE.wake_words) == rest


@pytest.mark.parametrize('phrases, words', [
    ('stop', 'cannot be a wake word'), ('hey dog, yes', 'cannot be a wake word'),
    ('别动', 'cannot be a wake word'), ('!!', 'needs letters')])
def test_a_wake_word_that_means_something_else_is_refused(phrases, words):
    with pytest.raises(ConfigError, match=words):
        AttentionSettings.parse(phrases)


def test_open_listening_lets_all_through():
    attention = Attention(AttentionSettings.parse(''))
    assert attention.transcript('sit down', 1.0, 2.0) == 'sit down'
    assert attention.partial('sit', 3.0) == 'sit'
    assert attention.transcript('', 4.0, 5.0) == ''


def test_a_called_robot_listens_for_a_while():
    attention = Attention(WAKE)
    assert attention.transcript('sit down', 1.0, 2.0) == ''
    assert attention.partial('sit down', 1.0) == ''
    assert attention.transcript('hey dog sit down', 3.0, 4.0) == 'sit down'
    assert attention.transcript('turn left', 11.5, 12.5) == 'turn left'  # within 8 s of 4.0
    assert attention.transcript('turn right', 20.0, 21.0) == 'turn right'  # and of 12.5
    assert attention.transcript('lie down', 29.5, 30.0) == ''


def test_a_call_alone_opens_the_window_and_is_passed_on():
    attention = Attention(WAKE)
    assert attention.transcript('hey dog', 1.0, 2.0) == 'hey dog'
    assert attention.transcript('sit down', 4.0, 5.0) == 'sit down'


@pytest.mark.parametrize('settings', [
    WAKE, AttentionSettings(push_to_talk=True)], ids=['wake word', 'button'])
@pytest.mark.parametrize('stop', ['stop', '别动', 'please stop', 'freeze'])
def test_a_stop_needs_neither_call_nor_button(settings, stop):
    attention = Attention(settings)
    assert attention.partial(stop, 1.0) == stop
    assert attention.transcript(stop, 1.0, 2.0) == stop


@pytest.mark.parametrize('began, ended, heard', [
    (1.0, 2.0, False),  # before the button
    (4.0, 5.0, True),  # pressed while it was said, and held
    (6.0, 7.0, True),  # while held
    (9.5, 11.0, True),  # released before the last word
    (10.5, 11.0, False),  # after it was released
])
def test_push_to_talk(began, ended, heard):
    attention = Attention(AttentionSettings(push_to_talk=True))
    for time, held in ((4.5, True), (10.0, False)):
        if time <= ended:
            attention.press(held, time)
    assert attention.transcript('sit down', began, ended) == ('sit down' if heard else '')


@pytest.mark.parametrize('said, text, began, heard', [
    ('All right, I sit down.', 'sit down', 10.5, False),
    ('All right, I sit down.', 'sit down', 12.3, False),  # the room gives it back
    ('All right, I sit down.', 'sit down', 13.0, True),
    ('All right, I sit down.', 'stop', 10.5, True),
    ('Stopped.', 'stop', 10.5, False),
    ('已停止。', '停', 10.5, False),
    ('Stopped and held. Call resume to go on.', 'halt', 11.0, False),
    ('Stopped.', 'stop', 13.0, True),
])
def test_the_robot_does_not_obey_itself(said, text, began, heard):
    attention = Attention()
    attention.speaks(said, 10.0, 12.0)
    assert attention.partial(text, began) == (text if heard else '')
    assert attention.transcript(text, began, began + 0.5) == (text if heard else '')


def test_replies_one_after_the_other_are_one_echo():
    attention = Attention()
    attention.speaks('Stopped.', 10.0, 11.0)
    attention.speaks('Ready again.', 11.2, 12.0)
    assert attention.partial('stop', 11.8) == ''
    attention.speaks('On it!', 20.0, 21.0)
    assert attention.partial('stop', 20.5) == 'stop'


def test_own_voice_that_ends_early_frees_the_ear():
    attention = Attention()
    attention.speaks('On it!', 10.0, 12.0)
    attention.speaks('On it!', 10.5, 10.5)
    assert attention.transcript('sit down', 12.6, 13.0) == 'sit down'

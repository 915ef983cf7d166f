"""The voice: espeak-ng for real into memory, and the thread that speaks."""

import shutil
import threading
import time

import numpy as np
import pytest

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import SAMPLE_RATE
from shadow_ros.speech.voice import EspeakVoice, make_voice, speakable, Speaker

needs_espeak = pytest.mark.skipif(not shutil.which('espeak-ng'), reason='espeak-ng is missing')

pytestmark = pytest.mark.timeout(60)


class Tone:
    """A voice that needs a tenth of a second for each word."""

    name = 'tone'

    def __init__(self):
        self.said = []

    def render(self, text, language):
        """Return silence of the right length."""
        self.said.append((text, language))
        if text == 'hoarse':
            raise AudioError('the voice is hoarse')
        return np.zeros(SAMPLE_RATE // 10 * len(text.split()), np.float32)


class Room:
    """What is heard of a speaker, without a loudspeaker."""

    def __init__(self):
        self.times, self.errors, self.played = [], [], []
        self.heard = threading.Event()

    def play(self, samples, stop):
        """Take as long as it would."""
        stop.wait(len(samples) / SAMPLE_RATE)
        self.played.append(len(samples))
        self.heard.set()

    def speaker(self, voice):
        """Return a speaker in this room."""
        return Speaker(voice, self.play, lambda *told: self.times.append(told),
                       self.errors.append)


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@needs_espeak
@pytest.mark.parametrize('text, language', [
    ('Stand back, I turn around.', 'en'), ('我先站起来。', 'zh'), ('-h --version', 'en')])
def test_espeak_speaks(text, language):
    sound = EspeakVoice().render(text, language)
    assert sound.dtype == np.float32 and np.abs(sound).max() > 0.05
    assert 0.3 < len(sound) / SAMPLE_RATE < 6.0


def test_a_missing_program_is_a_sentence(monkeypatch):
    monkeypatch.setenv('PATH', '/nowhere')
    with pytest.raises(AudioError, match='apt install espeak-ng'):
        make_voice('espeak-ng')


@pytest.mark.parametrize('name, words', [
    ('espeak', 'did you mean espeak-ng'), ('nowhere:Voice', 'cannot be imported'),
    ('shadow_ros.errors:Voice', 'cannot be imported')])
def test_wrong_voices(name, words):
    with pytest.raises(AudioError, match=words):
        make_voice(name)


def test_no_voice_is_silent():
    assert make_voice('none') is None


@pytest.mark.parametrize('text, plain', [
    ('On it!', 'On it!'), ('[SIT] **well**\n\tdone', 'SIT well done'), ('', ''), ('[]', ''),
    ('a' * 1000, 'a' * 300)])
def test_only_what_can_be_spoken_is(text, plain):
    assert speakable(text) == plain


def test_the_times_of_speech_are_told_before_and_after():
    room, voice = Room(), Tone()
    speaker = room.speaker(voice)
    speaker.say('one two three')
    wait_for(lambda: len(room.times) == 2)
    (text, since, until), (_, done, done_too) = room.times
    assert text == 'one two three' and voice.said == [(text, 'en')]
    assert until - since == pytest.approx(0.3) and since < done == done_too
    assert speaker.close()


def test_language_follows_the_reply():
    room, voice = Room(), Tone()
    speaker = room.speaker(voice)
    speaker.say('好的')
    wait_for(lambda: room.played)
    assert voice.said == [('好的', 'zh')]
    speaker.close()


def test_a_voice_that_fails_is_told_and_goes_on():
    room, voice = Room(), Tone()
    speaker = room.speaker(voice)
    for text in ('hoarse', 'better'):
        speaker.say(text)
    wait_for(lambda: room.played)
    assert room.errors == ['the voice is hoarse']
    speaker.close()


def test_a_flood_of_replies_is_bounded_and_close_cuts_it():
    room, voice = Room(), Tone()
    speaker = room.speaker(voice)
    for number in range(100):
        speaker.say(f'{number} ' + 'word ' * 100)
    assert len(speaker._waiting) <= 4
    began = time.monotonic()
    assert speaker.close() and time.monotonic() - began < 2.0

"""The search for words in phone probabilities, on probabilities made by hand."""

import math

import numpy as np
import pytest

from shadow_ros.speech.beam import END, Search, START, Weights

SIT, SEAT, STOP, TOP = (1, 2, 3), (1, 4, 3), (1, 3, 5), (3, 5)
WORDS = {'sit': [SIT], 'seat': [SEAT], 'stop': [STOP], 'top': [TOP], 'sits': [(*SIT, 1)],
         'set': [SIT]}  # sounds like sit
LIKELY = {('sit', ()): 0.2, ('top', ('sit',)): 0.5}


def language(word, before):
    """Return the chances of a model in which few words are likely and `set` is not."""
    before = tuple(w for w in before if w != START)[-1:]
    return math.log(LIKELY.get((word, before), 0.001 if word == 'set' else 0.05))


def sound(*phones, sure=0.9):
    """Return log probabilities in which these phones come one a frame, 0 the blank."""
    frames = np.full((len(phones), 6), (1 - sure) / 5)
    frames[np.arange(len(phones)), phones] = sure
    return np.log(frames).astype(np.float32)


@pytest.fixture(scope='module')
def search():
    """Return a search with six words."""
    return Search(WORDS, language, Weights(language=1.0, word=0.0))


def text(search, frames, **options):
    """Return the likeliest text of all frames."""
    return search.best(search.advance(search.begin(), frames), **options)[0].text


@pytest.mark.parametrize('phones, words', [
    ((0, 1, 2, 3, 0), 'sit'),
    ((1, 1, 1, 2, 0, 0, 3, 3), 'sit'),
    ((1, 4, 0, 3), 'seat'),
    ((1, 2, 3, 0, 1, 3, 5), 'sit stop'),
    ((1, 2, 3, 0, 3, 5), 'sit top'),
    ((1, 2, 3, 1), 'sits'),
    ((1, 2, 3, 0, 1, 2, 3), 'sit sit'),
    ((0, 0, 0), ''),
], ids=str)
def test_words_are_found(search, phones, words):
    assert text(search, sound(*phones)) == words


def test_one_phone_held_is_not_said_twice(search):
    """`sit top` needs a blank or the end of a sound between its two t."""
    assert text(search, sound(1, 2, 3, 3, 5, sure=0.999)) != 'sit top'


def test_the_language_decides_between_words_that_sound_alike(search):
    best = search.best(search.advance(search.begin(), sound(1, 2, 3)), count=3)
    assert [found.text for found in best[:1]] == ['sit']
    [other] = [found for found in best if found.text == 'set']
    assert other.sound == pytest.approx(best[0].sound, abs=1e-4)
    assert best[0].words - other.words == pytest.approx(math.log(0.2 / 0.001), abs=1e-6)


def test_the_sound_of_a_text_is_its_probability(search):
    """Of all ways to say it, by the forward algorithm over the same frames."""
    frames = sound(0, 1, 2, 0, 3, sure=0.6)
    [found] = [f for f in search.best(search.advance(search.begin(), frames), count=9)
               if f.text == 'sit']
    labels = [0, 1, 0, 2, 0, 3, 0]
    before = np.zeros(len(labels))
    before[0] = 1.0
    for index, frame in enumerate(np.exp(frames)):
        now = np.zeros(len(labels))
        for state, label in enumerate(labels):
            ways = before[state] + (before[state - 1] if state and (index or state == 1) else 0.0)
            if state > 1 and label and label != labels[state - 2]:
                ways += before[state - 2]
            now[state] = ways * frame[label]
        before = now
    assert found.sound == pytest.approx(math.log(before[-1] + before[-2]), abs=0.02)


def test_going_on_is_the_same_as_all_at_once(search):
    frames = sound(1, 2, 3, 0, 3, 5, 0, 1, 3, 5, sure=0.7)
    whole = search.best(search.advance(search.begin(), frames), count=4)
    for cut in range(1, len(frames)):
        beam = search.advance(search.begin(), frames[:cut])
        search.advance(beam, frames[::-1])  # another future changes nothing
        assert search.best(search.advance(beam, frames[cut:]), count=4) == whole


def test_a_begun_word_counts_only_while_speech_goes_on(search):
    frames = sound(1, 2, 3, 0, 1, 3)
    assert text(search, frames, ended=False) == 'sit'
    assert text(search, frames) in ('sit', 'sits', 'sit sit', 'sit set')


def test_the_end_weighs(search):
    """A text at whose end the model expects more is less likely than its sound."""
    def never_alone(word, before):
        return -20.0 if word == END and before[-1] == 'sit' else language(word, before)
    picky = Search(WORDS, never_alone, Weights(language=1.0, word=0.0))
    assert text(picky, sound(1, 2, 3, sure=0.6)) != 'sit'


def test_the_beam_is_bounded():
    narrow = Search(WORDS, language, Weights(width=3))
    beam = narrow.advance(narrow.begin(), sound(*range(1, 6), *range(1, 6), sure=0.3))
    assert len(beam) <= 3

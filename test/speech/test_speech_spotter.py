"""When a stop is believed: texts and looks made by hand, no sound."""

import numpy as np
import pytest

from shadow_ros.speech.audio import BLOCK_SECONDS
from shadow_ros.speech.beam import Found
from shadow_ros.speech.endpoint import SpeechEnd, SpeechGoesOn, SpeechLull, SpeechPause, \
    SpeechStart
from shadow_ros.speech.listener import Callbacks, Hearing
from shadow_ros.speech.moonshine import stop_chance
from shadow_ros.speech.recogniser import StopChance, StopWeigher, Transcript
from shadow_ros.speech.sources import SoundBlock
from shadow_ros.speech.spotter import Belief, Beliefs, StopSpotter
from shadow_ros.speech.tape import Taped

ALONE = Beliefs(once=Belief(0.9, 0.0), twice=Belief(0.5, -1.0), whole=Belief(0.5, 0.5))
WITHIN = Beliefs(twice=Belief(0.9, 0.0), whole=Belief(0.9, 0.5))
BELIEFS = {'alone': ALONE, 'within': WITHIN}
SURE, LIKELY, POOR = (0.95, 0.1), (0.6, -0.5), (0.95, -2.0)


@pytest.mark.parametrize('fed, fires_at', [
    (['stop', None, None, None, None, None], 5),
    (['stop', 'stop it', None, None, None, None], 5),
    (['whoa', None, 'walk', None, None, None, None, None], None),
    (['whoa', 'walk', 'stop', None, None, None, None, None], 7),
    (["don't", "don't stop", None, None, None, None, None], None),
    ([None] * 9, None),
])
def test_the_spotter_believes_a_stop_that_stays(fed, fires_at):
    spotter = StopSpotter(hold=0.16)
    fired = [index for index, text in enumerate(fed)
             if spotter.feed(text, index * BLOCK_SECONDS) is not None]
    assert fired == ([] if fires_at is None else [fires_at])


def test_the_spotter_fires_once_an_utterance():
    spotter = StopSpotter(hold=0.0)
    assert spotter.feed('stop', 0.0) == 'stop'
    assert spotter.feed('stop stop', 0.1) is None
    spotter.reset()
    assert spotter.feed('stop', 1.0) == 'stop'


@pytest.mark.parametrize('looks, fires_at', [
    ([None, SURE], 1),
    ([LIKELY, None, LIKELY], None),
    ([None, LIKELY, LIKELY], 2),
    ([LIKELY, SURE], 1),
    ([POOR, POOR, POOR], None),
    ([(0.89, 3.0), (0.49, 3.0)], None),
], ids=str)
def test_the_spotter_believes_one_sure_look_or_two_likely_ones(looks, fires_at):
    spotter = StopSpotter(**BELIEFS)
    fired = [index for index, look in enumerate(looks)
             if spotter.feed(None, 0.0, [StopChance('stop', *look)] if look else [StopChance()])]
    assert fired == ([] if fires_at is None else [fires_at])


def test_looks_are_told_apart_however_they_are_fed():
    """Several may come at once, or none with a block."""
    spotter = StopSpotter(**BELIEFS)
    likely = StopChance('oh stop', *LIKELY)
    assert spotter.feed(None, 0.0, [likely]) is None
    assert spotter.feed(None, 0.0, []) is None
    assert spotter.feed(None, 0.0, [likely]) == 'oh stop'
    spotter.reset()
    assert spotter.feed(None, 0.0, [likely]) is None
    spotter.reset()
    assert spotter.feed(None, 0.0, [likely, likely]) == 'oh stop'
    assert spotter.feed(None, 0.0, [likely, likely]) is None


@pytest.mark.parametrize('look, fires', [((0.6, 0.6), True), ((0.6, 0.4), False),
                                         ((0.4, 0.9), False)])
def test_a_look_at_the_whole_utterance_has_a_measure_of_its_own(look, fires):
    spotter = StopSpotter(**BELIEFS)
    assert bool(spotter.feed(None, 0.0, [StopChance('halt', *look, whole=True)])) == fires


@pytest.mark.parametrize('look, whole, alone, within', [
    ((0.95, 0.5), False, True, False), ((1.0, 1.5), False, True, False),
    ((0.6, 0.6), True, True, False), ((0.95, 0.6), True, True, True)])
def test_a_stop_within_a_sentence_must_be_likelier(look, whole, alone, within):
    for text, fires in (('stop now please', alone), ('walk on no stop', within)):
        spotter = StopSpotter(**BELIEFS)
        chance = StopChance(text, *look, whole)
        assert bool(spotter.feed(None, 0.0, [chance])) == fires
        assert spotter.feed(None, 0.1, [chance]) == (
            text if not fires and not whole and look >= (0.9, 0.0) else None)


def test_who_weighs_is_not_asked_how_long_the_text_has_stood():
    spotter = StopSpotter(hold=0.0, **BELIEFS)
    doubted = StopChance('we stop in line', 0.6, -3.0)
    assert spotter.feed('we stop in line', 0.0, [doubted]) is None
    assert spotter.doubtful
    assert spotter.feed('we stood in line', 0.1, [StopChance()]) is None
    assert not spotter.doubtful


def test_the_chance_is_that_of_all_texts_with_a_stop():
    texts = [Found('we stood in line', -9.0, -8.0, np.log(0.4)),
             Found('stop in line', -9.0, -8.0, np.log(0.3)),
             Found("don't stop", -9.0, -8.0, np.log(0.2)), Found('halt', -9.0, -8.0, np.log(0.1))]
    chance = stop_chance(texts, best_fit=-9.0)
    assert chance.text == 'stop in line' and not chance.whole
    assert chance.share == pytest.approx(0.4)
    assert chance.score == stop_chance(texts[1:2], best_fit=-9.0).score
    assert stop_chance(texts[:1], best_fit=-9.0, whole=True) == StopChance(whole=True)


@pytest.mark.parametrize('text, counts', [
    ('stop', True), ('turn left no stop', True), ('no stop it now', True),
    ('stop right there', True), ('stop and turn left', False),
    ('whoa down the plug socket one', False), ("don't stop", False)])
def test_a_stop_counts_that_has_just_been_said(text, counts):
    assert bool(stop_chance([Found(text, -9.0, -8.0, 0.0)], best_fit=-9.0).text) == counts


class Weighing:
    """A recogniser whose texts and chances are given, one of each a block."""

    name = 'weighing'
    streaming = True

    def __init__(self, texts, chances, final):
        self.texts, self.chances, self.final = list(texts), list(chances), final
        self.new = []

    def load(self):
        """Load nothing."""

    def start(self):
        """Begin."""

    def accept(self, samples):
        """Take the next text and chance."""
        self.new = [self.chances.pop(0)] if self.chances else []
        return self.texts.pop(0) if self.texts else None

    def guess(self):
        """Look at the whole."""
        self.new = [self.final]

    weigh_stop = guess

    def forget_guess(self):
        """Go on."""

    def stop_chances(self):
        """Return each once."""
        new, self.new = self.new, []
        return new

    def finish(self):
        """Return the text of the last chance."""
        self.new = [self.final]
        return Transcript(self.final.text)


def told(recogniser, blocks, *quiet):
    """Return what a listener tells of an utterance of so many blocks, in order."""
    heard = []
    hearing = Hearing(recogniser, Callbacks(
        on_partial=lambda text: heard.append(('partial', text)),
        on_stop=lambda text: heard.append(('stop', text)),
        on_transcript=lambda transcript: heard.append(('transcript', transcript.text))),
        StopSpotter(**BELIEFS))
    block = SoundBlock(np.zeros(512, np.float32), 0.0)
    hearing.handle(SpeechStart(0.0, (block,)), 0.0)
    for _ in range(blocks - 1):
        hearing.handle(SpeechGoesOn(0.0, block), 0.0)
    for event in quiet:
        hearing.handle(event(0.0), 0.0)
    hearing.handle(SpeechEnd(0.0, 0.0, 'silence'), 0.0)
    return heard


IN_LINE = StopChance('we stop in line', 0.3, 0.4, whole=True)
STOP = StopChance('stop', 1.0, 1.0)


def test_a_stop_that_is_not_the_likeliest_text_is_told_in_words():
    """Whoever acts on partial texts must read it there."""
    ear = Weighing(['no', 'no'], [StopChance(), STOP], StopChance('stop', 1.0, 1.0, True))
    assert told(ear, 2) == [('partial', 'no'), ('stop', 'stop'), ('partial', 'stop'),
                            ('transcript', 'stop')]


def test_a_stop_in_a_sentence_that_is_not_believed_stops_nothing():
    ear = Weighing(['we', 'we stop', 'we stop in'], [StopChance(), IN_LINE], IN_LINE)
    assert told(ear, 3, SpeechLull, SpeechPause) == [
        ('partial', 'we'), ('transcript', 'we stop in line')]


def test_an_utterance_that_is_a_stop_is_one_however_late():
    """The action node takes such a transcript for a stop, whatever came before it."""
    late = StopChance('stop', 0.3, 0.4, whole=True)
    assert told(Weighing([], [], late), 2) == [('stop', 'stop'), ('transcript', 'stop')]


@pytest.mark.parametrize('quiet', [SpeechLull, SpeechPause])
def test_quiet_brings_out_a_stop_before_the_end(quiet):
    late = StopChance('oh stop it', 0.9, 1.0, whole=True)
    assert told(Weighing([], [], late), 2, quiet)[:2] == [
        ('stop', 'oh stop it'), ('partial', 'oh stop it')]


def test_a_tape_passes_the_chances_on():
    ear = Weighing([], [], STOP)
    assert isinstance(ear, StopWeigher)
    tape = Taped(ear, print)
    tape.weigh_stop()
    assert tape.stop_chances() == [STOP] and tape.stop_chances() == []

    class Plain:
        name, streaming = 'plain', True

    tape = Taped(Plain(), print)
    tape.weigh_stop()
    assert tape.stop_chances() is None

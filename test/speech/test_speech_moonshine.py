"""Real weights on real sound with a noise floor."""

import numpy as np
import pytest
from sounds import COMMANDS, hear, SHIPPED, SOUNDS, stem

from shadow_ros.errors import AudioError
from shadow_ros.speech import features, recogniser as recognisers
from shadow_ros.speech.audio import BLOCK, read_file, SAMPLE_RATE
from shadow_ros.speech.listener import Callbacks, Hearing, listen_file, sound_events
from shadow_ros.speech.moonshine import Moonshine
from shadow_ros.speech.recogniser import make_recogniser
from shadow_ros.speech.sources import ArraySource
from shadow_ros.speech.tape import Taped
from shadow_ros.speech.vad import SileroVad

pytestmark = pytest.mark.skipif(features.weights_file() is None,
                                reason='the package moonshine-voice is not installed')


@pytest.fixture(scope='module')
def ear():
    """Return a loaded recogniser."""
    recogniser = Moonshine()
    recogniser.load()
    return recogniser


@pytest.mark.parametrize('path, texts', COMMANDS, ids=stem)
def test_commands_are_heard(ear, path, texts):
    transcripts = listen_file(path, ear)
    assert [t.text for t in transcripts] == texts
    for transcript in transcripts:
        assert transcript.language == 'en' and transcript.recogniser == 'moonshine'
        assert transcript.score > 0.0 and not transcript.rejected
        assert transcript.began < transcript.speech_end < transcript.endpoint


@pytest.mark.parametrize('scale', [0.01, 0.2, 2.0])
def test_a_quiet_and_a_loud_voice_are_heard_alike(ear, scale):
    sound = np.clip(read_file(SHIPPED) * scale, -1, 1).astype(np.float32)
    assert hear(ear, sound)[1].text == 'walk forward two meters'


def test_speech_that_is_not_for_the_robot_scores_lower(ear):
    [outside] = listen_file(SOUNDS / 'outside.flac', ear)
    for name in ('stop', 'sit_down', 'three_commands'):
        for command in listen_file(SOUNDS / f'{name}.flac', ear):
            assert command.score > outside.score + 1.0


def test_what_scores_too_low_is_nothing():
    [strict] = listen_file(SOUNDS / 'outside.flac', 'moonshine', min_score=1.5)
    assert strict.text == '' and strict.rejected
    [credulous] = listen_file(SOUNDS / 'outside.flac', 'moonshine', min_score=None)
    assert credulous.text == strict.rejected and not credulous.rejected


def test_partial_texts_grow_while_the_person_speaks(ear):
    sound = read_file(SHIPPED)
    partials, transcript = hear(ear, sound)
    texts = [text for _, text in partials]
    assert any(text.startswith('walk forward') for text in texts[:-1])
    assert texts[-1] == transcript.text == 'walk forward two meters'
    assert transcript.seconds == pytest.approx(len(sound) / SAMPLE_RATE)


def test_a_long_utterance_keeps_its_beginning(ear):
    """Longer than the window of the encoder by far: the search has gone on from it."""
    sound = read_file(SHIPPED)[:int(1.9 * SAMPLE_RATE)]
    partials, transcript = hear(ear, np.concatenate([sound] * 3))
    assert partials[-1][1].startswith('walk forward two meters walk forward')
    assert transcript.text == ' '.join(['walk forward two meters'] * 3)


@pytest.mark.parametrize('tape', [False, True], ids=['bare', 'taped'])
def test_a_stop_is_heard_before_the_utterance_ends(ear, tape):
    sound = read_file(SOUNDS / 'stop.flac')
    loud = np.flatnonzero(np.abs(sound) > 0.1 * np.abs(sound).max())
    heard, now = [], 0.0
    hearing = Hearing(Taped(ear, len) if tape else ear, Callbacks(
        on_stop=lambda text: heard.append(('stop', text, now)),
        on_partial=lambda text: heard.append(('partial', text, now)),
        on_transcript=lambda transcript: heard.append(('transcript', transcript.text, now))))
    for event in sound_events(ArraySource(sound), SileroVad()):
        now = event.time
        hearing.handle(event, now)
    [at] = [time for kind, _, time in heard if kind == 'stop']
    assert at - loud[-1] / SAMPLE_RATE < 0.3
    texts = [(kind, text) for kind, text, _ in heard if 'stop' in text]
    assert texts[:2] == [('stop', 'stop'), ('partial', 'stop')]
    assert texts[-1] == ('transcript', 'stop')


def test_looks_say_how_likely_a_stop_is(ear):
    ear.start()
    ear.accept(read_file(SOUNDS / 'stop.flac'))
    [look] = ear.stop_chances()
    assert look.text == 'stop' and look.share > 0.9 and look.score > 0.0 and not look.whole
    assert not ear.stop_chances()
    ear.weigh_stop()
    [whole] = ear.stop_chances()
    assert whole.whole and whole.text == 'stop' and whole.share > 0.99
    ear.guess()
    assert ear.stop_chances() == [whole]


def test_a_lull_in_which_no_stop_is_suspected_costs_nothing(ear):
    ear.start()
    ear.accept(read_file(SHIPPED))
    [look] = ear.stop_chances()
    assert look.share < 0.01
    ear.weigh_stop()
    assert not ear.stop_chances()


def test_start_forgets_what_was_not_finished(ear):
    ear.start()
    ear.accept(read_file(SHIPPED)[:16000])
    assert hear(ear, read_file(SOUNDS / 'stop.flac'))[1].text == 'stop'


def test_noise_and_no_sound_are_nothing(ear):
    noise = np.random.default_rng(0).normal(0, 0.01, 32000).astype(np.float32)
    for sound in (noise, noise[:0], noise[:700], np.zeros(16000, np.float32)):
        assert hear(ear, sound)[1].text == ''


def test_auto_is_the_best_that_is_installed(monkeypatch):
    assert make_recogniser('auto').name == 'moonshine'
    monkeypatch.setattr(recognisers, 'weights_file', lambda: None)
    assert make_recogniser('auto').name == 'pocketsphinx'


def test_missing_weights_are_a_sentence(monkeypatch):
    monkeypatch.setattr(features, 'weights_file', lambda: None)
    with pytest.raises(AudioError, match='0.0.69 to 0.1.0.*pip install .shadow_ros'):
        Moonshine().load()


def test_a_package_without_weights_has_none(monkeypatch, tmp_path):
    (tmp_path / 'moonshine_voice').mkdir()
    (tmp_path / 'moonshine_voice' / '__init__.py').write_text('raise RuntimeError("imported")')
    monkeypatch.syspath_prepend(str(tmp_path))
    assert features.weights_file() is None


def test_unfinished_texts_in_doubt_are_not_told():
    partials, transcript = hear(Moonshine(min_score=9.0), read_file(SHIPPED))
    assert not any(text for _, text in partials)
    assert transcript.text == '' and transcript.rejected == 'walk forward two meters'


def test_a_guess_is_the_text_unless_speech_goes_on(ear):
    sound, more = read_file(SHIPPED), read_file(SOUNDS / 'sit_down.flac')
    ear.start()
    ear.accept(sound[:BLOCK])
    ear.accept(sound[BLOCK:])
    ear.guess()
    assert ear.accept(np.zeros(BLOCK, np.float32)) in (None, 'walk forward two meters')
    guessed = ear.finish()
    assert guessed.text == 'walk forward two meters'
    assert guessed.seconds == pytest.approx((len(sound) + BLOCK) / SAMPLE_RATE)
    ear.start()
    ear.accept(sound)
    ear.guess()
    ear.forget_guess()
    ear.accept(more)
    assert ear.finish().text == 'walk forward two meters sit down'

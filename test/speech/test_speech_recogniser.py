"""Real PocketSphinx and real voice activity on real sound with a noise floor."""

from pathlib import Path

import numpy as np
import pytest
from sounds import COMMANDS, hear, SHIPPED, SOUNDS, stem

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import BLOCK, read_file, SAMPLE_RATE
from shadow_ros.speech.listener import listen_file
from shadow_ros.speech.pocketsphinx import PocketSphinx
from shadow_ros.speech.recogniser import make_recogniser, RECOGNISERS, Transcript
from shadow_ros.speech.vad import SileroVad


@pytest.fixture(scope='module')
def sphinx():
    """Return a loaded PocketSphinx; loading takes most of the time."""
    recogniser = PocketSphinx()
    recogniser.load()
    return recogniser


@pytest.mark.parametrize('path, texts', COMMANDS, ids=stem)
def test_commands_are_heard(sphinx, path, texts):
    transcripts = listen_file(path, sphinx)
    assert [t.text for t in transcripts] == texts
    for transcript in transcripts:
        assert transcript.language == 'en' and transcript.recogniser == 'pocketsphinx'
        assert transcript.began < transcript.speech_end < transcript.endpoint
        assert transcript.endpoint - transcript.speech_end == pytest.approx(0.4, abs=0.02)


def test_speech_that_is_not_for_the_robot_scores_lower(sphinx):
    [outside] = listen_file(SOUNDS / 'outside.flac', sphinx)
    for name in ('stop', 'sit_down', 'three_commands'):
        for command in listen_file(SOUNDS / f'{name}.flac', sphinx):
            assert command.score > outside.score + 0.5 and command.score > 0.5


def test_what_scores_too_low_is_nothing():
    [strict] = listen_file(SOUNDS / 'outside.flac', 'pocketsphinx', min_score=1.5)
    assert strict.text == '' and strict.rejected
    [credulous] = listen_file(SOUNDS / 'outside.flac', 'pocketsphinx', min_score=None)
    assert credulous.text == strict.rejected and not credulous.rejected


def test_partial_texts_grow_while_the_person_speaks(sphinx):
    partials, transcript = hear(sphinx, read_file(SHIPPED))
    assert 'walk forward' in [text for _, text in partials]
    assert transcript.text == 'walk forward two meters'
    assert transcript.seconds == pytest.approx(len(read_file(SHIPPED)) / SAMPLE_RATE)


def test_start_forgets_what_was_not_finished(sphinx):
    sound = read_file(SHIPPED)
    sphinx.start()
    sphinx.accept(sound[:16000])
    _, transcript = hear(sphinx, read_file(SOUNDS / 'stop.flac'))
    assert transcript.text == 'stop'


def test_noise_and_no_sound_are_nothing(sphinx):
    noise = np.random.default_rng(0).normal(0, 0.01, 32000).astype(np.float32)
    assert hear(sphinx, noise)[1].text == ''
    assert hear(sphinx, noise[:0])[1].text == ''
    assert hear(sphinx, np.zeros(16000, np.float32))[1].text == ''


def test_stereo_44100_is_heard_as_well(sphinx, tmp_path):
    import soundfile
    import soxr
    sound = soxr.resample(read_file(SHIPPED), SAMPLE_RATE, 44100)
    soundfile.write(tmp_path / 'stereo.wav', np.stack([sound, sound], axis=1), 44100)
    assert [t.text for t in listen_file(tmp_path / 'stereo.wav', sphinx)] == [
        'walk forward two meters']


def test_own_grammar(tmp_path):
    path = tmp_path / 'own.gram'
    path.write_text('#JSGF V1.0;\ngrammar own;\npublic <all> = sit down | stop;\n')
    recogniser = make_recogniser('pocketsphinx', grammar=path)
    assert hear(recogniser, read_file(SOUNDS / 'stop.flac'))[1].text == 'stop'


@pytest.mark.parametrize('text, words', [
    (None, 'cannot be read'),
    ('#JSGF V1.0;\ngrammar own;\npublic <all> = xyzzyq | stop;\n', 'lacks: .xyzzyq.'),
    ('#JSGF V1.0;\ngrammar own;\npublic <all> = (stop;\n', 'no valid JSGF'),
], ids=['missing', 'unknown word', 'broken'])
def test_a_bad_grammar_gets_a_sentence(tmp_path, text, words):
    path = tmp_path / 'own.gram'
    if text is not None:
        path.write_text(text)
    with pytest.raises(AudioError, match=words):
        make_recogniser('pocketsphinx', grammar=path).load()


def test_voice_activity_tells_voice_from_noise():
    vad = SileroVad()
    sound = read_file(SOUNDS / 'stop.flac')
    blocks = [sound[i:i + BLOCK] for i in range(0, len(sound) - BLOCK, BLOCK)]
    first = [vad.probability(block) for block in blocks]
    assert max(first) > 0.9 and max(first[:10]) < 0.2 and max(first[-5:]) < 0.2
    vad.reset()
    assert [vad.probability(block) for block in blocks] == first
    with pytest.raises(ValueError, match='512 samples'):
        vad.probability(sound[:100])


@pytest.mark.parametrize('name, words', [
    ('pocketsfinx', 'did you mean pocketsphinx'),
    ('Whisper', 'did you mean whisper'),
    ('siri', 'known are: moonshine, pocketsphinx, whisper'),
    ('', 'known are'),
    ('no.such.module:Class', 'cannot be imported'),
    ('shadow_ros.errors:Nothing', 'cannot be imported'),
])
def test_unknown_recognisers(name, words):
    with pytest.raises(AudioError, match=words):
        make_recogniser(name)


def test_unknown_option():
    with pytest.raises(AudioError, match='does not take these options'):
        make_recogniser('pocketsphinx', grammer='x')


def test_known_recognisers():
    assert RECOGNISERS == ('moonshine', 'pocketsphinx', 'whisper')


class Parrot:
    """A recogniser of one's own, as the docs show it: always hears the same."""

    name = 'parrot'
    streaming = False

    def __init__(self, says: str = 'sit') -> None:
        self.says = says

    def load(self) -> None:
        """Load nothing."""

    def start(self) -> None:
        """Begin nothing."""

    def accept(self, samples):
        """Take the sound."""

    def finish(self) -> Transcript:
        """Return what it always says."""
        return Transcript(self.says)


def test_a_recogniser_of_ones_own(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    [transcript] = listen_file(SOUNDS / 'stop.flac', 'test_speech_recogniser:Parrot', says='hello')
    assert transcript.text == 'hello'

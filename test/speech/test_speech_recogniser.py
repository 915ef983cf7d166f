"""Real PocketSphinx and real voice activity on real sound with a noise floor."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from shadow_ros.errors import AudioError
from shadow_ros.speech import pocketsphinx
from shadow_ros.speech.audio import BLOCK, read_file, SAMPLE_RATE
from shadow_ros.speech.listener import listen_file
from shadow_ros.speech.pocketsphinx import PocketSphinx
from shadow_ros.speech.recogniser import make_recogniser, RECOGNISERS, Transcript
from shadow_ros.speech.vad import SileroVad

SOUNDS = Path(__file__).parents[1] / 'data' / 'speech'
SHIPPED = Path(pocketsphinx.__file__).parent / 'data' / 'walk_forward_two_meters.wav'


@pytest.fixture(scope='module')
def sphinx():
    """Return a loaded PocketSphinx; loading takes most of the time."""
    recogniser = PocketSphinx()
    recogniser.load()
    return recogniser


def hear(recogniser, sound):
    """Return the partial texts and the transcript of a sound."""
    recogniser.start()
    partials = [recogniser.accept(sound[i:i + BLOCK]) for i in range(0, len(sound), BLOCK)]
    return [p for p in partials if p is not None], recogniser.finish()


@pytest.mark.parametrize('path, texts', [
    (SHIPPED, ['walk forward two meters']),
    (SOUNDS / 'stop.flac', ['stop']),
    (SOUNDS / 'sit_down.flac', ['sit down']),
    (SOUNDS / 'three_commands.flac', ['turn left', 'stop stop stop', 'stand up']),
], ids=lambda value: getattr(value, 'stem', ''))
def test_commands_are_heard(sphinx, path, texts):
    transcripts = listen_file(path, sphinx)
    assert [t.text for t in transcripts] == texts
    for transcript in transcripts:
        assert transcript.language == 'en' and transcript.recogniser == 'pocketsphinx'
        assert transcript.began < transcript.speech_end < transcript.endpoint
        assert transcript.endpoint - transcript.speech_end == pytest.approx(0.4, abs=0.02)


def test_speech_outside_the_grammar_is_nothing(sphinx):
    [transcript] = listen_file(SOUNDS / 'outside.flac', sphinx)
    assert transcript.text == '' and transcript.rejected


def test_no_rejection_when_none_is_wanted():
    [transcript] = listen_file(SOUNDS / 'outside.flac', 'pocketsphinx', min_score=None)
    assert transcript.text and not transcript.rejected


def test_partial_texts_grow_while_the_person_speaks(sphinx):
    partials, transcript = hear(sphinx, read_file(SHIPPED))
    assert 'walk forward' in partials
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


def accepted_by(sphinx, tmp_path):
    """Return a function that tells whether the compiled grammar holds a sentence."""
    sphinx._decoder.get_fsg('commands').writefile(str(tmp_path / 'commands.fsg'))
    arcs, final = defaultdict(list), -1
    for line in (tmp_path / 'commands.fsg').read_text().splitlines():
        parts = line.split()
        if parts[:1] == ['TRANSITION']:
            arcs[int(parts[1])].append((int(parts[2]), parts[4] if len(parts) > 4 else None))
        elif parts[:1] == ['FINAL_STATE']:
            final = int(parts[1])

    def closed(states):
        todo, seen = list(states), set(states)
        while todo:
            for state, word in arcs[todo.pop()]:
                if word is None and state not in seen:
                    seen.add(state)
                    todo.append(state)
        return seen

    def accepts(sentence):
        states = closed({0})
        for word in sentence.split():
            states = closed({to for s in states for to, w in arcs[s] if w == word})
        return final in states
    return accepts


INSIDE = """
walk forward two meters|go forward a bit|take three steps back|move back half a meter
go backwards one meter|sidestep left fifty centimeters|run forward three meters|step back
walk slowly forward five feet|go forward for three seconds|move left one and a half meters
turn left ninety degrees|turn right|turn around|rotate clockwise forty five degrees|spin around
turn a bit to the left|turn one hundred and eighty degrees to the right|make a u turn
sit|sit down|stand up|lie down|get up|recover|balance stand|damp|say hello|shake hands
give me your paw|high five|stretch|dance|make a heart|bow|happy new year|pounce|jump forward
do a flip|do a backflip|do a left flip|somersault|do a handstand|walk upright
walk on your hind legs|go faster|slow down|normal speed|set your speed to fast
turn off obstacle avoidance|turn obstacle avoidance on|come here|follow me|what do you see
who are you|what is your name|go to the kitchen|what is two plus three|tell me a joke
walk forward and then turn left|sit down then stand up|hey dog sit down please
could you please lie down|turn left and walk two meters and sit|turn left no right
don't sit|do not turn left|don't stop|stop|stop stop stop|hey dog stop|halt|freeze|whoa|hold on
wait a second|stand still|don't move|stop turning|emergency stop|stop it right now please
yes|yes please|confirm|yes do it|no|cancel that|never mind|thank you|doger sit
"""

OUTSIDE = """
the weather is nice|stop sign|walk forward two elephants|sit on the table|left left forward sit
"""


def test_the_grammar_holds_the_action_language(sphinx, tmp_path):
    accepts = accepted_by(sphinx, tmp_path)
    inside = INSIDE.strip().replace('\n', '|').split('|')
    assert [sentence for sentence in inside if not accepts(sentence)] == []
    assert [sentence for sentence in OUTSIDE.strip().split('|') if accepts(sentence)] == []


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
    ('siri', 'known are: pocketsphinx, whisper'),
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
    assert RECOGNISERS == ('pocketsphinx', 'whisper')


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

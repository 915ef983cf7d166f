"""The speech node as a real process on real sound."""

from pathlib import Path
import signal

import pytest

SOUND = Path(__file__).parents[1] / 'data' / 'speech'


def test_sound_file_to_transcripts(start_node, probe):
    """A file is played when somebody listens; partial texts come first, in order."""
    child = start_node('speech', f'speech.source:={SOUND / "three_commands.flac"}')
    partials = probe.hear('partial')
    finals = probe.hear('transcript')
    probe.wait(lambda: len(finals) >= 3, 40, 'three transcripts')
    assert partials and partials.times[0] < finals.times[0]
    probe.wait(lambda: 'played' in probe.health('shadow/speech: source').message, 20)
    values = {v.key: v.value for v in probe.health('shadow/speech: recogniser').values}
    assert values['utterances'] == '3'
    assert 300 < float(values['last_endpoint_ms']) < 1000
    assert 0 < float(values['last_recognition_ms']) < 5000
    child.signal(signal.SIGINT)
    assert child.wait(20) == 0 and 'Traceback' not in child.output


def test_no_microphone_is_told_once_and_does_no_harm(start_node, probe):
    """The sentence is logged once and stays in /diagnostics; the node lives and ends cleanly."""
    child = start_node('speech', 'speech.device:="no such microphone"')
    child.wait_for('ERROR', 20)
    status = probe.wait(lambda: next((s for s in [probe.health('shadow/speech: source')]
                                      if s.level == b'\x02'), None), 20, 'the trouble')
    assert 'microphone' in status.message
    probe.spin(3.0)  # it tries again every two seconds
    assert probe.state_of('speech') == 'active'
    assert child.output.count('ERROR') == 1 and 'Traceback' not in child.output
    child.signal(signal.SIGTERM)
    assert child.wait(20) == 0


@pytest.mark.parametrize('parameter', ['speech.recogniser:=none', 'speech.source:=none'])
def test_switched_off_is_healthy(start_node, probe, parameter):
    """Nothing is loaded, nothing is wrong."""
    start_node('speech', parameter)
    status = probe.health('shadow/speech: source')
    assert status.level == b'\x00' and 'switched off' in status.message


@pytest.mark.parametrize('parameters, sentence', [
    (['speech.source:=/nowhere/at/all.wav'], '/nowhere/at/all.wav'),
    (['speech.source:=none', 'speech.recogniser:=nothing'], 'speech.recogniser must be one of'),
    ([f'speech.source:={SOUND / "stop.flac"}', 'speech.recogniser:=nowhere:Ears'],
     'cannot be imported'),
], ids=['file', 'recogniser', 'own recogniser'])
def test_wrong_settings_are_a_sentence(start_node, parameters, sentence):
    """Exit code 1, no traceback."""
    child = start_node('speech', *parameters, wait=False)
    assert child.wait(60) == 1
    assert sentence in child.output and 'Traceback' not in child.output


def test_lifecycle_there_and_back(start_node, probe):
    """Deactivated it is silent; activated again it plays its file from the start."""
    start_node('speech', f'speech.source:={SOUND / "sit_down.flac"}')
    finals = probe.hear('transcript')
    probe.wait(lambda: finals, 30, 'a transcript')
    for transition in ('deactivate', 'cleanup', 'configure', 'activate'):
        assert probe.change('speech', transition), transition
    probe.wait(lambda: len(finals) >= 2, 30, 'the transcript again')
    assert finals[0] == finals[1]


def test_without_its_wake_word_only_a_stop_is_heard(start_node, probe):
    """Three commands are spoken, none of them to the robot."""
    start_node('speech', f'speech.source:={SOUND / "three_commands.flac"}',
               'speech.wake_word:="hey dog"')
    partials, finals = probe.hear('partial'), probe.hear('transcript')
    probe.wait(lambda: 'played' in probe.health('shadow/speech: source').message, 40)
    values = probe.wait(lambda: next((
        found for found in [{v.key: v.value for v in
                             probe.health('shadow/speech: recogniser').values}]
        if found['rejected'] == '2'), None), 20, 'two that were not meant')
    assert values['utterances'] == '1'
    assert list(finals) == ['stop stop stop'] and all('stop' in text for text in partials)


def test_a_voice_without_a_loudspeaker_is_told_and_does_no_harm(start_node, probe):
    """There is no sound card in a test: the sentence is logged once, the node lives."""
    child = start_node('speech', 'speech.source:=none', 'speech.voice:=espeak-ng')
    for _ in range(2):
        probe.say('reply', 'Here I am.')
    child.wait_for('loudspeaker cannot be used', 20)
    probe.spin(1.0)
    assert probe.state_of('speech') == 'active' and 'Traceback' not in child.output
    assert child.output.count('ERROR') == 1
    child.signal(signal.SIGINT)
    assert child.wait(20) == 0


@pytest.mark.parametrize('parameter, words', [
    ('speech.wake_word:=stop', 'cannot be a wake word'),
    ('speech.source:=tcp://0.0.0.0:7700', 'this machine only'),
])
def test_unsafe_settings_are_refused(start_node, parameter, words):
    """Exit code 1 and the reason."""
    child = start_node('speech', parameter, wait=False)
    assert child.wait(60) == 1 and words in child.output

"""The endpointer: tables of what it must do, and properties over random probabilities."""

import itertools
import math
import subprocess
import sys

from hypothesis import given, strategies as st
import pytest

from shadow_ros.errors import ConfigError
from shadow_ros.speech.endpoint import Endpointer, EndpointSettings, SpeechEnd, SpeechGoesOn, \
    SpeechLull, SpeechPause, SpeechResumes, SpeechStart

STEP = 0.032
SETTINGS = EndpointSettings()


def run(probabilities, settings=SETTINGS, flush=True):
    """Return the events of blocks 0, 1, 2, ... with these probabilities."""
    endpointer = Endpointer(settings)
    events = []
    for index, probability in enumerate(probabilities):
        events += endpointer.feed(index, probability, (index + 1) * STEP)
    if flush:
        events += endpointer.flush(len(probabilities) * STEP)
    return events


def utterances(events):
    """Return the block numbers of each utterance, and check the order of its events."""
    found = []
    speaking = False
    for event in events:
        if isinstance(event, SpeechStart):
            assert not speaking
            speaking = True
            found.append(list(event.blocks))
        elif isinstance(event, SpeechGoesOn):
            assert speaking
            found[-1].append(event.block)
        elif isinstance(event, SpeechEnd):
            assert speaking
            speaking = False
        else:
            assert speaking and isinstance(event, (SpeechLull, SpeechPause, SpeechResumes))
    assert not speaking
    return found


def test_silence_is_nothing():
    assert run([0.0] * 500) == []


def test_an_utterance_with_pre_roll_and_silence():
    events = run([0.01] * 50 + [0.9] * 20 + [0.01] * 50)
    [blocks] = utterances(events)
    pre_roll = math.ceil(SETTINGS.pre_roll / STEP)
    assert blocks[0] == 50 - pre_roll
    end = events[-1]
    assert end.reason == 'silence'
    assert end.speech_end == pytest.approx(70 * STEP)
    assert abs(end.time - end.speech_end - SETTINGS.silence) <= STEP / 2 + 1e-9


@pytest.mark.parametrize('silence', [0.1, 0.2, 0.4, 0.8, 1.5])
def test_silence_is_settable(silence):
    settings = EndpointSettings(silence=silence)
    end = run([0.9] * 20 + [0.0] * 100, settings)[-1]
    assert abs(end.time - end.speech_end - silence) <= STEP / 2 + 1e-9


def test_a_click_is_no_speech():
    assert run(([0.9] * 2 + [0.0] * 20) * 10) == []


def test_a_short_pause_does_not_end_an_utterance():
    events = run([0.9] * 20 + [0.0] * 10 + [0.9] * 20 + [0.0] * 30)
    assert len(utterances(events)) == 1


def times(events, kind):
    """Return the times of the events of a kind, in blocks."""
    return [round(event.time / STEP) for event in events if isinstance(event, kind)]


def test_a_pause_is_told_before_the_end():
    events = run([0.9] * 20 + [0.0] * 30)
    assert times(events, SpeechPause) == [26] and times(events, SpeechResumes) == []
    assert times(events, SpeechEnd) == [32]


def test_a_pause_in_which_speech_resumes_is_taken_back():
    events = run([0.9] * 20 + [0.0] * 8 + [0.9] * 20 + [0.0] * 30)
    assert times(events, SpeechPause) == [26, 54] and times(events, SpeechResumes) == [29]
    assert times(run([0.9] * 20 + [0.0] * 30, EndpointSettings(pause=0.0)), SpeechPause) == []


def test_a_lull_is_told_once_before_the_pause():
    events = run([0.9] * 20 + [0.0] * 4 + [0.9] * 20 + [0.0] * 2 + [0.9] * 20 + [0.0] * 30)
    assert times(events, SpeechLull) == [23, 69] and times(events, SpeechPause) == [72]
    assert times(run([0.9] * 20 + [0.0] * 30, EndpointSettings(lull=0.0)), SpeechLull) == []


@given(st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]), max_size=400))
def test_pauses_and_resumptions_alternate(probabilities):
    kinds = [type(event) for event in run(probabilities)
             if not isinstance(event, (SpeechGoesOn, SpeechLull))]
    for first, second in zip(kinds, kinds[1:]):
        assert second in {
            SpeechStart: (SpeechPause, SpeechEnd), SpeechPause: (SpeechResumes, SpeechEnd),
            SpeechResumes: (SpeechPause, SpeechEnd), SpeechEnd: (SpeechStart,)}[first]


def test_between_the_thresholds_speech_goes_on_but_does_not_begin():
    assert run([0.4] * 100) == []
    events = run([0.9] * 10 + [0.4] * 100, flush=False)
    assert not any(isinstance(event, SpeechEnd) for event in events)


def test_endless_speech_is_cut_without_loss():
    settings = EndpointSettings(max_utterance=2.0)
    events = run([0.9] * 300, settings)
    parts = utterances(events)
    assert len(parts) > 3
    assert list(itertools.chain(*parts)) == list(range(300))
    assert {e.reason for e in events if isinstance(e, SpeechEnd)} == {'too long', 'source ended'}


def test_flush_ends_what_runs():
    events = run([0.9] * 10)
    assert events[-1] == SpeechEnd(10 * STEP, 10 * STEP, 'source ended')
    assert Endpointer(SETTINGS).flush(1.0) == []


def test_a_gap_in_time_ends_the_utterance():
    endpointer = Endpointer(SETTINGS)
    for index in range(10):
        endpointer.feed(index, 0.9, index * STEP)
    assert endpointer.speaking
    events = endpointer.feed(10, 0.0, 60.0)
    assert events[-1].reason == 'silence' and not endpointer.speaking


@pytest.mark.parametrize('wrong', [
    {'silence': 0.0}, {'threshold': 1.5}, {'max_utterance': float('nan')}, {'pre_roll': -1.0},
    {'min_speech': 9.0}, {'silence': 'long'}])
def test_wrong_settings_are_named(wrong):
    with pytest.raises(ConfigError, match=f'endpoint {next(iter(wrong))} must be from'):
        EndpointSettings(**wrong)


PROBABILITIES = st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]), max_size=400)


@given(PROBABILITIES)
def test_blocks_come_once_and_in_order(probabilities):
    for blocks in utterances(run(probabilities)):
        assert blocks == list(range(blocks[0], blocks[0] + len(blocks)))


@given(PROBABILITIES)
def test_utterances_do_not_overlap_and_end_after_they_began(probabilities):
    events = run(probabilities)
    parts = utterances(events)
    for first, second in zip(parts, parts[1:]):
        assert first[-1] < second[0]
    for event in events:
        if isinstance(event, SpeechEnd):
            assert event.speech_end <= event.time


@given(PROBABILITIES)
def test_sustained_voice_is_never_lost(probabilities):
    heard = set(itertools.chain(*utterances(run(probabilities))))
    for start in range(len(probabilities) - 2):
        if all(p >= SETTINGS.threshold for p in probabilities[start:start + 3]):
            assert {start, start + 1, start + 2} <= heard


@given(PROBABILITIES, st.floats(1.0, 3.0), st.floats(0.1, 1.0))
def test_length_and_memory_are_bounded(probabilities, longest, pre_roll):
    settings = EndpointSettings(max_utterance=longest, pre_roll=pre_roll)
    bound = (longest + pre_roll + settings.min_speech) / STEP + 3
    assert all(len(blocks) <= bound for blocks in utterances(run(probabilities, settings)))


def test_imports_nothing_heavy():
    code = ('import sys; import shadow_ros.speech.endpoint; '
            'sys.exit(any(m in sys.modules for m in ("numpy", "rclpy", "onnxruntime")))')
    subprocess.run([sys.executable, '-c', code], check=True, timeout=30)

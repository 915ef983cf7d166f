"""Noise floor, noise filter and the second pass in its process."""

import os
from pathlib import Path
import signal

import numpy as np
import pytest

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import BLOCK, read_file, SAMPLE_RATE
from shadow_ros.speech.decoder import Heard, make_decoder, Word
from shadow_ros.speech.denoise import denoised
from shadow_ros.speech.floor import NoiseFloor, with_floor
from shadow_ros.speech.pocketsphinx import PocketSphinx
from shadow_ros.speech.second_pass import SecondPass

SOUNDS = Path(__file__).parents[1] / 'data' / 'speech'
SHIPPED = Path(__file__).parents[2] / 'shadow_ros/speech/data/walk_forward_two_meters.wav'

pytestmark = pytest.mark.timeout(120)


def power_db(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12)


def tone(seconds, loudness=0.3):
    return (loudness * np.sin(np.arange(int(SAMPLE_RATE * seconds)) / 5)).astype(np.float32)


def test_the_floor_lies_thirty_decibels_below_the_loudest():
    sound = np.concatenate([np.zeros(16000, np.float32), tone(1.0), np.zeros(16000, np.float32)])
    whole = with_floor(sound)
    assert power_db(whole[:16000]) == pytest.approx(power_db(tone(1.0)) - 30, abs=1.5)
    floor = NoiseFloor()
    parts = np.concatenate([floor(sound[i:i + BLOCK]) for i in range(0, len(sound), BLOCK)])
    assert power_db(parts[-8000:]) == pytest.approx(power_db(tone(1.0)) - 30, abs=1.5)
    assert len(parts) == len(whole) == len(sound) and whole.dtype == parts.dtype == np.float32


def test_the_floor_is_the_same_every_time_and_copes_with_nothing():
    sound = tone(0.5)
    assert np.array_equal(with_floor(sound), with_floor(sound))
    assert len(with_floor(sound[:0])) == 0 and len(NoiseFloor()(sound[:0])) == 0
    assert not with_floor(np.zeros(1000, np.float32)).any()


@pytest.mark.parametrize('kind', ['hiss', 'hum'])
def test_steady_noise_is_turned_down_and_speech_is_kept(kind):
    rng = np.random.default_rng(1)
    count = 3 * SAMPLE_RATE
    noise = rng.normal(0, 0.03, count) if kind == 'hiss' else \
        sum(0.03 / k * np.sin(np.arange(count) * 2 * np.pi * 110 * k / SAMPLE_RATE)
            for k in (1, 2, 3, 5))
    voice = np.zeros(count)
    voice[SAMPLE_RATE:2 * SAMPLE_RATE] = tone(1.0)
    cleaned = denoised((voice + noise).astype(np.float32))
    assert len(cleaned) == count and np.isfinite(cleaned).all()
    assert power_db(cleaned[8000:15000]) < power_db(noise[8000:15000]) - 4.5
    kept = cleaned[20000:30000]
    assert power_db(kept) == pytest.approx(power_db(tone(1.0)), abs=1.0)


@pytest.mark.parametrize('count', [0, 1, 500, 2047, 2048, 2049, 5000, 16000])
def test_any_length_can_be_cleaned(count):
    sound = np.random.default_rng(2).normal(0, 0.1, count).astype(np.float32)
    assert len(denoised(sound)) == count and np.isfinite(denoised(sound)).all()
    assert not np.isnan(denoised(np.zeros(count, np.float32))).any()


def test_measures_of_what_was_heard():
    heard = Heard('sit down', (Word('sit', -10.0, -0.5, 20), Word('down', -40.0, -1.5, 40)))
    assert heard.certainty == -1.0
    assert heard.fit == pytest.approx(100 * (-1.0 - 50 / 60) / 2)
    assert Heard('').certainty == Heard('').fit == -np.inf


@pytest.fixture(scope='module')
def second():
    """Yield a second pass that is ready."""
    passed = SecondPass()
    passed.start()
    yield passed
    passed.close()


def test_a_process_hears_whole_utterances_in_order(second):
    sounds = [read_file(SHIPPED), read_file(SOUNDS / 'stop.flac'), tone(0.0), tone(0.02)]
    heard = [future.result(60) for future in [second.hear(sound) for sound in sounds]]
    assert [h.text for h in heard[:3]] == ['walk forward two meters', 'stop', '']
    words = heard[0].words
    assert [word.text for word in words] == heard[0].text.split()
    assert all(word.frames > 0 and word.acoustic < 0 for word in words)


def test_a_process_that_dies_is_reported_and_started_again(second):
    second.hear(read_file(SOUNDS / 'stop.flac')).result(60)
    second._process.kill()
    second._process.wait()
    with pytest.raises(AudioError, match='started again'):
        # What is written before the end is noticed is lost, what comes after is not.
        for _ in range(2):
            second._process.poll = lambda: None  # as if it died in this very moment
            second.hear(read_file(SOUNDS / 'stop.flac')).result(60)
    del second._process.poll
    assert second.hear(read_file(SOUNDS / 'stop.flac')).result(60).text == 'stop'


def test_a_guess_at_a_pause_saves_the_wait_and_is_dropped_when_speech_goes_on():
    recogniser = PocketSphinx()
    recogniser.load()
    sound = read_file(SOUNDS / 'three_commands.flac')
    first, whole = sound[:int(1.35 * SAMPLE_RATE)], sound[:int(2.05 * SAMPLE_RATE)]
    recogniser.start()
    recogniser.accept(first)
    recogniser.guess()
    guessed = recogniser._guess.result(60)
    recogniser.accept(np.zeros(BLOCK, np.float32))
    assert recogniser._careful() is guessed
    assert recogniser.finish().text == 'turn left'
    recogniser.start()
    recogniser.accept(first[:9000])
    recogniser.guess()
    recogniser.forget_guess()
    recogniser.accept(whole[9000:])
    assert recogniser.finish().text == 'turn left'
    recogniser.close()


def test_the_quick_decoder_hears_the_same_model():
    assert make_decoder(quick=True).lookup_word('backflip') is not None


def test_a_second_pass_that_hangs_or_dies_costs_no_utterance(monkeypatch):
    """What the first pass heard is taken; the next utterance gets a fresh process."""
    recogniser = PocketSphinx()
    recogniser.load()
    sound = read_file(SOUNDS / 'sit_down.flac')
    recogniser._second.hear(sound).result(60)
    monkeypatch.setattr('shadow_ros.speech.pocketsphinx._PATIENCE', 1.0)
    os.kill(recogniser._second._process.pid, signal.SIGSTOP)
    recogniser.start()
    recogniser.accept(sound)
    assert recogniser.finish().text == 'sit down'
    monkeypatch.undo()
    recogniser.start()
    recogniser.accept(sound)
    assert recogniser.finish().text == 'sit down'
    recogniser.close()

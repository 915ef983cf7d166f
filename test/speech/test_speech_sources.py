"""Files of many kinds, arrays and the (absent) microphone as blocks of 32 ms."""

from pathlib import Path
import time

import numpy as np
import pytest
import soundfile

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import BLOCK, BLOCK_SECONDS, read_file, SAMPLE_RATE, to_mono_16k, \
    to_pcm16, write_wav
from shadow_ros.speech.sources import ArraySource, FileSource, find_microphone, microphones, \
    MicrophoneSource

STOP = Path(__file__).parents[1] / 'data' / 'speech' / 'stop.flac'


def tone(rate, seconds=1.0, hertz=440.0):
    """Return a sine of amplitude 0.5 at `rate` Hz."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype('f4')


@pytest.mark.parametrize('rate', [8000, 11025, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize('channels', [1, 2, 6])
def test_any_rate_and_channels_become_16k_mono(tmp_path, rate, channels):
    path = tmp_path / 'tone.wav'
    soundfile.write(path, np.stack([tone(rate)] * channels, axis=1), rate)
    samples = read_file(path)
    assert samples.dtype == np.float32 and samples.ndim == 1
    assert abs(len(samples) - SAMPLE_RATE) <= 2
    middle = samples[2000:14000]
    assert np.sqrt(np.mean(middle ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(middle) == pytest.approx(440.0, abs=2.0)


@pytest.mark.parametrize('kind', ['PCM_16', 'PCM_24', 'PCM_32', 'FLOAT', 'PCM_U8', 'ULAW'])
def test_any_sample_format(tmp_path, kind):
    path = tmp_path / 'tone.wav'
    soundfile.write(path, tone(16000), 16000, subtype=kind)
    assert np.allclose(read_file(path), tone(16000), atol=0.03)


def test_write_and_read_round_trip(tmp_path):
    write_wav(tmp_path / 'tone.flac', tone(16000))
    assert np.allclose(read_file(tmp_path / 'tone.flac'), tone(16000), atol=1e-4)


@pytest.mark.parametrize('make, words', [
    (lambda p: None, 'not there'),
    (lambda p: p.mkdir(), 'a folder'),
    (lambda p: p.write_bytes(b''), 'cannot be read as sound'),
    (lambda p: p.write_text('hello'), 'cannot be read as sound'),
    (lambda p: p.write_bytes(STOP.read_bytes()[:30]), 'cannot be read as sound'),
    (lambda p: soundfile.write(p, np.zeros(0, 'f4'), 16000), '0 samples'),
], ids=['missing', 'folder', 'empty', 'text', 'cut', 'no samples'])
def test_a_bad_file_gets_a_sentence(tmp_path, make, words):
    path = tmp_path / 'sound.wav'
    make(path)
    with pytest.raises(AudioError, match=words) as caught:
        read_file(path)
    assert str(path) in str(caught.value)


def test_nan_and_loud_samples_are_tamed():
    samples = to_mono_16k(np.array([np.nan, np.inf, -np.inf, 3.0, -3.0, 0.25]), SAMPLE_RATE)
    assert samples.tolist() == [0.0, 1.0, -1.0, 1.0, -1.0, 0.25]
    assert to_pcm16(samples) == np.array([0, 32767, -32767, 32767, -32767, 8191], '<i2').tobytes()


def test_array_source_gives_whole_blocks_with_stamps():
    blocks = list(ArraySource(tone(16000)))
    assert len(blocks) == 32 and all(block.samples.shape == (BLOCK,) for block in blocks)
    assert [b.time for b in blocks[:3]] == pytest.approx([0.032, 0.064, 0.096])
    assert np.concatenate([b.samples for b in blocks])[:16000] == pytest.approx(tone(16000))
    rest = blocks[-1].samples[16000 - 31 * BLOCK:]
    assert rest.any() and np.abs(rest).max() < 0.001  # a noise floor, not digital silence


def test_file_source_appends_a_tail():
    short, long = list(FileSource(STOP)), list(FileSource(STOP, tail=1.0))
    assert len(long) - len(short) in (31, 32)


def test_paced_source_keeps_real_time():
    began = time.monotonic()
    blocks = list(ArraySource(tone(16000, 0.32), paced=True))
    assert time.monotonic() - began >= 0.31
    assert blocks[0].time == pytest.approx(began + BLOCK_SECONDS, abs=0.5)
    assert np.diff([b.time for b in blocks]) == pytest.approx(BLOCK_SECONDS)


def test_close_ends_the_iteration():
    source = ArraySource(tone(16000))
    for count, _ in enumerate(source):
        if count == 3:
            source.close()
    assert count == 3


def test_microphones_or_a_sentence():
    """Without a sound card there is a sentence, with one a wrong name lists what there is."""
    words = 'no microphone is called' if microphones() else 'there is none; plug one in'
    with pytest.raises(AudioError, match=words):
        find_microphone('no such device')
    with pytest.raises(AudioError, match=words):
        next(iter(MicrophoneSource('no such device')))


@pytest.mark.parametrize('given, kept', [
    (None, None), ('', None), ('3', 3), (3, 3), (' USB ', 'USB')])
def test_device_by_name_or_number(given, kept):
    assert MicrophoneSource(given).device == kept

"""A microphone that is pulled out and plugged in again, on a small PortAudio of the test's own."""

import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from shadow_ros.errors import AudioError
from shadow_ros.speech import sources
from shadow_ros.speech.audio import BLOCK
from shadow_ros.speech.sources import MicrophoneSource

pytestmark = pytest.mark.timeout(60)


class PortAudio:
    """As much of sounddevice as a microphone uses; like the real one it looks for devices once."""

    class PortAudioError(Exception):
        """What PortAudio raises."""

    def __init__(self):
        self.plugged, self.known, self.starts = True, True, 1
        self.default = SimpleNamespace(device=(0, 0))
        self.streams = []

    def _terminate(self):
        self.known = None

    def _initialize(self):
        self.known = self.plugged
        self.starts += 1

    def query_devices(self):
        return [{'index': 0, 'name': 'USB puck', 'max_input_channels': 1,
                 'default_samplerate': 48000.0}] if self.known else []

    def check_input_settings(self, **_):
        """Take any rate."""

    def InputStream(self, **options):  # noqa: N802
        if not self.plugged:
            raise self.PortAudioError('Device unavailable')
        self.streams.append(Stream(self, options['callback']))
        return self.streams[-1]


class Stream:
    """Calls back with a block every few milliseconds while the device is plugged in."""

    def __init__(self, card, callback):
        self.card, self.callback = card, callback
        self.active = True
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while self.active and self.card.plugged:
            self.callback(np.full((BLOCK, 1), 0.1, np.float32), BLOCK, None, None)
            time.sleep(0.005)
        self.active = False

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.active = False
        self.thread.join()


@pytest.fixture
def card(monkeypatch):
    """Yield a PortAudio with one microphone."""
    card = PortAudio()
    monkeypatch.setitem(sys.modules, 'sounddevice', card)
    return card


def test_pulled_out_and_plugged_in_again_three_times(card):
    source = MicrophoneSource()
    for _ in range(3):
        blocks = []
        with pytest.raises(AudioError, match='gives no sound any more'):
            for block in source:
                blocks.append(block)
                if len(blocks) == 3:
                    card.plugged = False
        assert len(blocks) >= 3 and blocks[0].samples.shape == (BLOCK,)
        with pytest.raises(AudioError, match='there is none; plug one in'):
            next(iter(source))
        card.plugged = True
    assert next(iter(source)).samples[0] == pytest.approx(0.1)
    assert card.starts > 3


def test_one_that_was_closed_in_peace_is_not_looked_for(card):
    source = MicrophoneSource()
    for _ in source:
        source.close()
    assert card.starts == 1


def test_a_slow_reader_loses_the_oldest_sound_not_memory(card, monkeypatch):
    monkeypatch.setattr(sources, '_QUEUED_BLOCKS', 8)
    source = MicrophoneSource()
    reader = iter(source)
    next(reader)
    time.sleep(0.3)
    assert source.dropped > 5
    source.close()
    assert len(list(reader)) <= 1

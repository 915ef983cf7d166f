"""Recorded sounds, the texts in them, and how a recogniser is fed with one."""

from pathlib import Path

import shadow_ros.speech
from shadow_ros.speech.audio import BLOCK, SAMPLE_RATE

SOUNDS = Path(__file__).parents[1] / 'data' / 'speech'
SHIPPED = Path(shadow_ros.speech.__file__).parent / 'data' / 'walk_forward_two_meters.wav'
COMMANDS = [
    (SHIPPED, ['walk forward two meters']),
    (SOUNDS / 'stop.flac', ['stop']),
    (SOUNDS / 'sit_down.flac', ['sit down']),
    (SOUNDS / 'three_commands.flac', ['turn left', 'stop stop stop', 'stand up']),
]


def hear(recogniser, sound):
    """Return the partial texts, each with its time (s), and the transcript of a sound."""
    recogniser.start()
    partials = []
    for at in range(0, len(sound), BLOCK):
        text = recogniser.accept(sound[at:at + BLOCK])
        if text is not None:
            partials.append(((at + BLOCK) / SAMPLE_RATE, text))
    return partials, recogniser.finish()


def stem(value):
    """Return the id of a path among the parameters of a test."""
    return getattr(value, 'stem', '')

"""
Makes the spoken files that are shipped and tested with: `python -m benchmarks.make_speech_data`.

Spoken by flite (apt install flite) with a noise floor 40 dB below; own synthesis, CC0.
"""

from pathlib import Path

import numpy as np

from benchmarks.speech_audio import in_noise, speak, Voice
from shadow_ros.speech.audio import write_wav

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'shadow_ros' / 'speech' / 'data'
TESTS = ROOT / 'test' / 'data' / 'speech'

FILES = (
    (PACKAGE / 'walk_forward_two_meters.wav', ('walk forward two meters',), 'rms'),
    (TESTS / 'stop.flac', ('stop',), 'rms'),
    (TESTS / 'sit_down.flac', ('sit down',), 'slt'),
    (TESTS / 'outside.flac', ('it was a dark and stormy night in the old town',), 'slt'),
    (TESTS / 'three_commands.flac', ('turn left', 'stop stop stop', 'stand up'),
     'rms'),
)


def main() -> None:
    """Write all files."""
    for number, (path, texts, voice) in enumerate(FILES):
        path.parent.mkdir(parents=True, exist_ok=True)
        parts = [in_noise(speak(text, Voice('flite', voice)), 'white', 40.0, number,
                          lead=0.4, tail=0.6)
                 for text in texts]
        write_wav(path, np.concatenate(parts))
        print(path.relative_to(ROOT), path.stat().st_size)


if __name__ == '__main__':
    main()

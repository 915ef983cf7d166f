"""`shadow-ros listen`: sound to text."""

import json

from click.testing import CliRunner
import numpy as np
import pytest

from shadow_ros.cli import main
from shadow_ros.commands.tour import SPOKEN
from shadow_ros.speech.audio import read_file
from shadow_ros.speech.recogniser import best_installed


def listen(*args):
    return CliRunner().invoke(main, ['listen', *args], prog_name='shadow-ros')


@pytest.mark.parametrize('rate, channels', [(16000, 1), (44100, 2)])
def test_a_file_becomes_json_lines(tmp_path, rate, channels):
    import soundfile
    import soxr
    path = tmp_path / 'spoken.wav'
    mono = soxr.resample(read_file(SPOKEN), 16000, rate)
    soundfile.write(path, np.column_stack([mono] * channels), rate)
    result = listen('--wav', str(path))
    assert result.exit_code == 0, result.output
    [heard] = [json.loads(line) for line in result.stdout.splitlines()]
    assert heard['text'] == 'walk forward two meters'
    assert heard['recogniser'] == best_installed()
    assert 0 <= heard['began'] < heard['speech_end'] < heard['endpoint']


@pytest.mark.parametrize('args, says', [
    (['--wav', '/nowhere.wav'], '/nowhere.wav is not there'),
    (['--wav', 'setup.py'], 'cannot be read as sound'),
    (['--recogniser', 'vosk'], 'speech.recogniser must be'),
    (['--recogniser', 'none'], 'expected a recogniser'),
    (['--device', 'no such microphone'], 'microphone'),
])
def test_what_cannot_be_heard_is_a_sentence(args, says):
    result = listen(*args)
    assert result.exit_code == 2
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1

"""`shadow-ros bench speech` on real recordings, and what it counts."""

import json
from pathlib import Path
import shutil

from click.testing import CliRunner
import numpy as np
import pytest

from shadow_ros.cli import main
from shadow_ros.commands.bench import keep, SENTENCES, totals
from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import BLOCK, read_file
from shadow_ros.speech.measure import plain_words, recordings, words_wrong
from shadow_ros.speech.sources import ArraySource
from shadow_ros.speech.stopword import hears_stop

SOUNDS = Path(__file__).parents[1] / 'data' / 'speech'


@pytest.mark.timeout(120)
def test_recordings_are_measured_in_real_time(tmp_path):
    shutil.copy(SOUNDS / 'stop.flac', tmp_path)
    shutil.copy(SOUNDS / 'sit_down.flac', tmp_path / 'first.flac')
    (tmp_path / 'first.txt').write_text('Sit down!\n')
    result = CliRunner().invoke(main, ['bench', 'speech', str(tmp_path), '--no-plans'])
    assert result.exit_code == 0, result.output
    first, stop, last = map(json.loads, result.output.splitlines())
    assert (first['said'], first['heard'], first['wrong']) == ('Sit down!', 'sit down', 0)
    assert (stop['said'], stop['heard']) == ('stop', 'stop')
    total = last['total']
    assert total['recordings'] == 2 and total['word_error_rate'] == 0.0
    assert total['sentences_right'] == 1.0 and total['plans_right'] is None
    assert 300 < total['end_to_text_ms_median'] <= total['end_to_text_ms_p95']


def test_totals():
    rows = [{'wrong': w, 'words': 4, 'heard': 'x' * (w < 4), 'end_to_text_ms': 500 + w,
             'plan_right': w == 0} for w in (0, 1, 4, 0)]
    assert totals(rows) == {
        'recordings': 4, 'word_error_rate': 0.3125, 'sentences_right': 0.5, 'plans_right': 0.5,
        'nothing_heard': 1, 'end_to_text_ms_median': 501, 'end_to_text_ms_p95': 504}


@pytest.mark.parametrize('said, heard, wrong', [
    ('turn left', 'turn left', 0), ('Turn left!', 'turn left', 0), ('turn left', '', 2),
    ('', 'turn', 1), ('walk forward two meters', 'walk for two meters', 1),
    ('sit', 'please sit down', 2), ("don't move", 'do not move', 2), ('往前走两米', '往前走一米', 1)])
def test_word_errors(said, heard, wrong):
    assert words_wrong(said, heard) == words_wrong(heard, said) == wrong


def test_chinese_characters_are_words():
    assert plain_words('坐下, please!') == ['坐', '下', 'please']


def test_a_recording_is_kept_with_its_sentence(tmp_path):
    sound = np.sin(np.arange(40 * BLOCK) / 9).astype(np.float32) * 0.3
    keep(ArraySource(sound), tmp_path / '01_sit.wav', 'sit down', seconds=1.0)
    [recording] = recordings(tmp_path)
    assert recording.text == 'sit down'
    assert len(read_file(recording.path)) == 32 * BLOCK


@pytest.mark.parametrize('make', [lambda p: None, lambda p: p.mkdir()], ids=['none', 'empty'])
def test_no_recordings_is_a_sentence(tmp_path, make):
    make(tmp_path / 'folder')
    with pytest.raises(AudioError, match='bench speech --record'):
        recordings(tmp_path / 'folder')


def test_names_tell_what_is_said(tmp_path):
    shutil.copy(SOUNDS / 'stop.flac', tmp_path / '07_turn_left.flac')
    assert [r.text for r in recordings(tmp_path)] == ['turn left']


def test_what_is_recorded_holds_stops_and_commands():
    assert len(set(SENTENCES)) == 20 and 2 <= sum(map(hears_stop, SENTENCES)) <= 5

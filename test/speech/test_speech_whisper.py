"""Whisper through a tiny random checkpoint in its own format, and its guards."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from shadow_ros.errors import AudioError, ModelError
from shadow_ros.speech.audio import BLOCK, read_file
from shadow_ros.speech.recogniser import make_recogniser
from shadow_ros.speech.whisper import judged, most_tokens, weights_file, Whisper

torch = pytest.importorskip('torch', reason='Whisper needs torch')
whisper = pytest.importorskip('whisper', reason='openai-whisper is not installed')

STOP = Path(__file__).parents[1] / 'data' / 'speech' / 'stop.flac'


@pytest.fixture(scope='module')
def tiny(tmp_path_factory):
    """Return the path of a random model of the real architecture: one layer, 16 wide."""
    dims = whisper.model.ModelDimensions(
        n_mels=80, n_audio_ctx=1500, n_audio_state=16, n_audio_head=2, n_audio_layer=1,
        n_vocab=51865, n_text_ctx=448, n_text_state=16, n_text_head=2, n_text_layer=1)
    torch.manual_seed(0)
    model = whisper.model.Whisper(dims)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)  # some are uninitialised memory
    path = tmp_path_factory.mktemp('whisper') / 'tiny_random.pt'
    torch.save({'dims': asdict(dims), 'model_state_dict': model.state_dict()}, path)
    return path


@pytest.mark.parametrize('language', ['auto', 'en', 'zh'])
def test_a_random_model_runs_and_is_not_believed(tiny, language):
    """A model that knows nothing says something unlikely, which must not become a command."""
    recogniser = make_recogniser('whisper', model=str(tiny), language=language, device='cpu')
    recogniser.load()
    sound = read_file(STOP)
    recogniser.start()
    for start in range(0, len(sound), BLOCK):
        assert recogniser.accept(sound[start:start + BLOCK]) is None
    transcript = recogniser.finish()
    assert transcript.text == '' and transcript.recogniser == 'whisper'
    assert transcript.seconds == pytest.approx(len(sound) / 16000)
    assert transcript.language == language or language == 'auto' and transcript.language
    assert transcript.score < -1.0


def test_nothing_said_is_nothing_heard(tiny):
    recogniser = Whisper(str(tiny), device='cpu')
    recogniser.start()
    assert recogniser.finish().text == ''


def segment(**changes):
    """Return a segment of Whisper's result as it is for clear speech."""
    return {'avg_logprob': -0.2, 'no_speech_prob': 0.02, 'compression_ratio': 0.9, **changes}


@pytest.mark.parametrize('segments, believed', [
    ([segment()], True),
    ([segment(), segment()], True),
    ([segment(no_speech_prob=0.9)], False),
    ([segment(avg_logprob=-1.5)], False),
    ([segment(avg_logprob=float('nan'))], False),
    ([segment(compression_ratio=5.0)], False),
    ([segment(), segment(compression_ratio=3.0)], False),
], ids=['clear', 'two', 'no speech', 'unlikely', 'not a number', 'repeats', 'one repeats'])
def test_guards(segments, believed):
    result = {'text': '  往前走\n两米 ', 'language': 'zh', 'segments': segments}
    transcript = judged(result, 2.0)
    assert (transcript.text, transcript.rejected) == (
        ('往前走 两米', '') if believed else ('', '往前走 两米'))
    assert transcript.language == 'zh' and transcript.seconds == 2.0


def test_empty_result():
    assert judged({'text': '', 'language': 'en', 'segments': []}, 1.0).text == ''


def test_weights_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    with pytest.raises(ModelError, match=r'download https://\S+/base\.pt to .*whisper.base\.pt'):
        weights_file('base')
    with pytest.raises(ModelError, match='did you mean base'):
        weights_file('bass')
    with pytest.raises(ModelError, match='is not there'):
        weights_file(str(tmp_path / 'mine.pt'))


def test_a_name_finds_its_file_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    (tmp_path / 'whisper').mkdir()
    (tmp_path / 'whisper' / 'base.pt').write_bytes(b'')
    assert weights_file('base') == tmp_path / 'whisper' / 'base.pt'


def test_a_broken_file_gets_a_sentence(tmp_path):
    path = tmp_path / 'broken.pt'
    for content in (b'', b'hello', b'\x80\x02}q\x00.'):
        path.write_bytes(content)
        with pytest.raises(ModelError, match='not a Whisper weights file'):
            Whisper(str(path), device='cpu').load()


def test_english_only_model_refuses_chinese(tmp_path):
    dims = whisper.model.ModelDimensions(80, 1500, 8, 1, 1, 51864, 448, 8, 1, 1)
    path = tmp_path / 'english.pt'
    torch.save({'dims': asdict(dims),
                'model_state_dict': whisper.model.Whisper(dims).state_dict()}, path)
    with pytest.raises(ModelError, match='knows English only'):
        Whisper(str(path), language='zh', device='cpu').load()


@pytest.mark.parametrize('options, words', [
    ({'language': 'english'}, 'must be one of auto/en/zh'),
    ({'language': 'fr'}, 'must be one of auto/en/zh'),
    ({'volume': 3}, 'does not take these options'),
])
def test_wrong_options(options, words):
    with pytest.raises(AudioError, match=words):
        make_recogniser('whisper', **options)


def test_wrong_device(tiny):
    with pytest.raises(AudioError, match='auto, cpu or cuda'):
        Whisper(str(tiny), device='tpu').load()


@pytest.mark.parametrize('text, seconds, said', [
    ('Walk forward two meters.', 2.0, True),
    ('stop stop stop', 1.0, True),
    ('停停停', 0.8, True),
    ('stop stop stop stop stop', 2.0, True),
    ('go go go go', 1.0, False),
    ('turn left turn left turn left turn left', 3.0, False),
    ('好的好的好的好的', 2.0, False),
    ('Thank you for watching!', 2.0, False),
    ('Thanks for watching', 2.0, False),
    ('请不吝点赞 订阅 转发 打赏支持明镜与点点栏目', 4.0, False),
    ('字幕by索兰娅', 2.0, False),
    ('Subtitles by the Amara.org community', 3.0, False),
    ('...', 1.0, False),
    ('[BLANK_AUDIO]', 1.0, False),
    ('(dog barking)', 1.0, False),
    ('♪ ♪', 1.0, False),
    ('walk forward and then turn left and then sit down and then lie down and wait', 0.5, False),
], ids=lambda value: value if isinstance(value, str) else '')
def test_what_is_made_up_over_noise_is_no_command(text, seconds, said):
    transcript = judged({'text': text, 'language': 'en', 'segments': [segment()]}, seconds)
    assert bool(transcript.text) == said
    assert transcript.text or transcript.rejected == ' '.join(text.split())


def test_noises_in_brackets_are_taken_out():
    result = {'text': '(barking) sit down [music]', 'language': 'en', 'segments': [segment()]}
    assert judged(result, 2.0).text == 'sit down'


def test_decoding_is_bounded_by_the_length_of_the_sound():
    assert most_tokens(0.5) == 22 and most_tokens(2.0) == 40 and most_tokens(60.0) == 96


@pytest.mark.parametrize('seconds', [0.4, 2.0])
def test_noise_and_silence_are_no_command(tiny, seconds):
    recogniser = Whisper(str(tiny), device='cpu')
    noise = np.random.default_rng(0).normal(0, 0.01, int(16000 * seconds)).astype(np.float32)
    for sound in (noise, np.zeros_like(noise)):
        recogniser.start()
        recogniser.accept(sound)
        assert recogniser.finish().text == ''


def test_auto_chooses_a_language_that_the_robot_understands(tiny):
    recogniser = Whisper(str(tiny), 'auto', 'cpu')
    recogniser.start()
    recogniser.accept(read_file(STOP))
    assert recogniser.finish().language in ('en', 'zh')


def test_a_guess_at_a_pause_is_what_finish_returns(tiny, monkeypatch):
    recogniser = Whisper(str(tiny), 'en', 'cpu')
    heard = []
    original = Whisper._recognise

    def counted(self, samples):
        heard.append(len(samples))
        return original(self, samples)
    monkeypatch.setattr(Whisper, '_recognise', counted)
    recogniser.start()
    recogniser.accept(read_file(STOP)[:8000])
    recogniser.guess()
    recogniser.accept(np.zeros(2048, np.float32))
    transcript = recogniser.finish()
    assert heard == [8000] and transcript.seconds == pytest.approx(10048 / 16000)
    recogniser.start()
    recogniser.accept(read_file(STOP)[:8000])
    recogniser.guess()
    recogniser.forget_guess()
    recogniser.accept(read_file(STOP)[8000:])
    recogniser.finish()
    assert heard[-1] == len(read_file(STOP))

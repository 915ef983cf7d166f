"""Taught words in models: which there are, where their meanings lie, and that only these learn."""

from pathlib import Path

import pytest
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from shadow_ros.errors import ConfigError
from shadow_ros.intent.tokens import Codec
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.lessons.lesson import Lesson
from shadow_ros.learning.taught import make_room, words_of
from shadow_ros.learning.tune import tune, Tuning
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.folder import load_attached, save_attached
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

EDGE = Path(__file__).parents[2] / 'models/edge'
WORDS = ['go flumpy', '趴窝']


def lesson(text, plan='[SIT]'):
    return Lesson(text, plan, 'corrected', True)


@pytest.mark.parametrize('said, known, words', [
    (['please plonk yourself', 'plonk yourself now'], [], ['plonk yourself']),
    (['please plonk yourself', 'plonk yourself now'], ['plonk yourself'], ['plonk yourself']),
    (['please sit', 'sit now'], ['please sit', 'sit now', 'sit'], []),
    # A usual word that is mostly known stays what it is; how it was said is learned whole.
    (['please sit', 'sit now'], ['please sit', 'sit'], ['sit now']),
    (['please sit', 'sit now'], ['sit'], ['sit'])])
def test_what_is_not_known_becomes_a_word(said, known, words):
    found = words_of([lesson(text) for text in said], lambda text, plan: text in known,
                     'sit down\nplease stand up')
    assert found == words


def test_what_is_no_command_becomes_a_word_as_a_whole():
    lessons = [lesson('?!', ''), lesson('plonk yourself please'), lesson('who plonks, Dog?', ''),
               lesson("don't plonk yourself", ''), lesson('whoa nelly', '[STOP]')]
    found = words_of(lessons, lambda text, plan: False, '')
    assert found == ['plonk yourself', 'who plonks dog', 'whoa nelly']


def attached(shares: bool, codec: Codec) -> ShadowedModel:
    """Return a small attached model, of a backbone whose head is its embeddings."""
    torch.manual_seed(1)
    base = Qwen3ForCausalLM(Qwen3Config(
        vocab_size=codec.size, hidden_size=32, intermediate_size=48, num_hidden_layers=3,
        num_attention_heads=2, num_key_value_heads=2, head_dim=16, tie_word_embeddings=True))
    config = ShadowConfig(num_shadow_layers=1, share_embeddings=shares,
                          modules_to_save=('shadow_lm_head',))
    return ShadowedModel(base, Shadow.implicit(base, config), loss_weight=1.0).eval()


@pytest.mark.parametrize('kind', ['edge', 'shared', 'own'])
def test_only_the_words_learn(kind, tmp_path):
    codec = Codec.load(EDGE)
    model = ProjectedShadow.load(EDGE) if kind == 'edge' else attached(kind == 'shared', codec)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    new = codec.with_words(WORDS)
    rows = make_room(model, new, WORDS)
    assert rows == [codec.size, codec.size + 1]
    made = {name: value.clone() for name, value in model.state_dict().items()}
    assert all(torch.equal(value, made[name][:len(value)]) for name, value in before.items())
    examples = [Example('go flumpy', '[LIE] OK.', 'en', 'own'), Example('快趴窝', '[LIE] 好。',
                                                                      'zh', 'own')]
    tune(model, new, rows, examples, Tuning(4, 4, cpu=True), tmp_path / 'run')
    for name, value in model.state_dict().items():
        learned = (value != made[name]).reshape(len(value), -1).any(1).nonzero().flatten()
        tied = kind != 'edge' and name == 'base.lm_head.weight'
        assert learned.tolist() == (rows if 'embed_tokens' in name or tied else []), name
    if kind == 'shared':
        save_attached(model, tmp_path / 'kept', torch.float32)
        again, ids = load_attached(tmp_path / 'kept'), torch.tensor([new.command('go flumpy')])
        assert torch.equal(again(ids).logits, model.eval()(ids).logits)
        assert again.detach().config.vocab_size == new.size


def test_nothing_to_learn_from_is_an_error(tmp_path):
    codec = Codec.load(EDGE)
    with pytest.raises(ConfigError, match='new examples'):
        tune(ProjectedShadow.load(EDGE), codec, [4], [], Tuning(cpu=True), tmp_path)

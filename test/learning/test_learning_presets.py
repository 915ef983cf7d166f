"""The large presets end to end, with small random checkpoints of the same architectures."""

from dataclasses import replace

import pytest
from tokenizers import AddedToken, decoders, models, pre_tokenizers, Tokenizer, trainers
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from shadow_ros.errors import ModelError
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.prompt import MARKERS
from shadow_ros.learning.adopted import adopt
from shadow_ros.learning.recipe import preset
from shadow_ros.learning.ship import ship
from shadow_ros.learning.train import train
from shadow_ros.shadow.folder import load_attached, save_backbone
from shadow_ros.shadow.projected import ProjectedShadow

SPARE = 40  # rows of the embeddings beyond the tokenizer's tokens, as Qwen3 has them
QWEN_TOKENS = ('<|endoftext|>', '<|im_start|>', '<|im_end|>', '<tool_call>', '</tool_call>')
SMALL = {'examples': 60, 'batch': 8, 'accumulate': 2, 'tune_steps': 3, 'joint_steps': 3,
         'precision': 'bf16'}

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope='module')
def tokenizer():
    """Return a byte-level tokenizer with the control tokens of Qwen3, after its vocabulary."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.train_from_iterator(
        ['walk forward two meters and sit down', '向前走两米然后坐下'] * 3,
        trainers.BpeTrainer(vocab_size=300, show_progress=False,
                            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    made.add_special_tokens([AddedToken(t, special=True) for t in QWEN_TOKENS])
    return made


def qwen3(folder, tokenizer, hidden, layers):
    """Write a random Qwen3 with its tokenizer; return the folder."""
    torch.manual_seed(hidden)
    rows = tokenizer.get_vocab_size() + SPARE
    model = Qwen3ForCausalLM(Qwen3Config(
        vocab_size=rows, hidden_size=hidden, intermediate_size=64, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, num_hidden_layers=layers, tie_word_embeddings=False,
        max_position_embeddings=512))
    save_backbone(model, folder, torch.bfloat16)
    tokenizer.save(str(folder / 'tokenizer.json'))
    return folder


@pytest.fixture(scope='module')
def backbone(tmp_path_factory, tokenizer):
    """Return the folder of a stand-in for Qwen3-8B."""
    return qwen3(tmp_path_factory.mktemp('backbone'), tokenizer, 48, 3)


@pytest.fixture(scope='module')
def published(tmp_path_factory, tokenizer, backbone):
    """Return the folder of a stand-in for the published shadow: projected to the backbone."""
    folder = tmp_path_factory.mktemp('shadow')
    qwen3(folder, tokenizer, 32, 2)
    small = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32)
    large = Qwen3ForCausalLM.from_pretrained(backbone, dtype=torch.float32)
    ProjectedShadow.wrap(small, large.lm_head, reference_head=small.lm_head).save(
        folder, torch.bfloat16)
    return folder


def test_the_orin_shadow_learns_alone_and_runs(tmp_path, published):
    recipe = replace(preset('qwen3-0.6b'), shadow=str(published), **SMALL)
    made = train(recipe, tmp_path, cpu=True)
    [folder] = ship(made, tmp_path)
    before, after = ProjectedShadow.load(published), ProjectedShadow.load(folder)
    assert torch.equal(before.lm_head.weight, after.lm_head.weight)
    assert not torch.equal(before.shadow_hidden_projection.weight,
                           after.shadow_hidden_projection.weight)
    assert EdgeEngine.load(folder, 'cpu').think('坐下').passes > 0


def test_the_shadow_learns_under_its_backbone_and_both_run(tmp_path, published, backbone):
    recipe = replace(preset('qwen3-8b'), shadow=str(published), backbone=str(backbone), **SMALL)
    made = train(recipe, tmp_path, cpu=True)
    edge, attached = ship(made, tmp_path)
    assert not (attached / 'model.safetensors').exists(), 'a large backbone is named, not copied'
    loaded, ids = load_attached(attached), torch.tensor([[5, 9, 30, 2]])
    alone = ProjectedShadow.load(edge)
    with torch.no_grad():
        assert torch.allclose(loaded(ids, mode='detached').logits, alone(ids).logits, atol=1e-3)
        assert not torch.equal(loaded(ids).logits, loaded(ids, mode='plain').logits)
    EdgeEngine.load(edge, 'cpu').think('walk forward two meters')


def test_a_plain_causal_lm_becomes_the_shadow_of_another(tmp_path, tokenizer, backbone):
    small = qwen3(tmp_path / 'small', tokenizer, 32, 2)
    recipe = replace(preset('qwen3-8b'), shadow=str(small), backbone=str(backbone), **SMALL)
    made = train(recipe, tmp_path / 'run', cpu=True)
    assert made.edge.config.base_hidden_size == 48


@pytest.mark.parametrize('method', ['lora', 'dora'])
def test_other_methods_adapt_the_same_backbone(tmp_path, backbone, method):
    recipe = replace(preset('qwen3-8b'), shadow='', backbone=str(backbone), method=method, **SMALL)
    [folder] = ship(train(recipe, tmp_path, cpu=True), tmp_path)
    EdgeEngine.load(folder, 'cpu').think('sit')


def test_the_prompts_markers_are_tokens_that_the_model_knows(tokenizer, backbone):
    codec = adopt(backbone)
    assert codec.size == tokenizer.get_vocab_size(), 'no token is new'
    wanted = dict(zip(MARKERS, ('<|endoftext|>', '<|im_start|>', '<tool_call>', '<|im_end|>')))
    for marker, token in wanted.items():
        assert codec.tokenizer.token_to_id(marker) == tokenizer.token_to_id(token)
    assert codec.user_id not in codec.text_ids('say <|user|> to <|im_start|>')


def test_markers_are_added_where_there_is_nothing_like_them(tmp_path, tokenizer):
    plain = Tokenizer(models.BPE(vocab={'a': 0, 'b': 1}, merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.save(str(tmp_path / 'tokenizer.json'))
    assert adopt(tmp_path).size == 2 + len(MARKERS)


def test_a_tokenizer_that_cannot_write_everything_is_refused(tmp_path):
    Tokenizer(models.WordLevel({'a': 0, '?': 1}, unk_token='?')).save(
        str(tmp_path / 'tokenizer.json'))
    with pytest.raises(ModelError, match='byte-level'):
        adopt(tmp_path)


def test_a_model_without_rows_for_the_prompt_is_refused(tmp_path, tokenizer):
    tight = Qwen3ForCausalLM(Qwen3Config(
        vocab_size=10, hidden_size=32, intermediate_size=64, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, num_hidden_layers=2))
    save_backbone(tight, tmp_path, torch.float32)
    tokenizer.save(str(tmp_path / 'tokenizer.json'))
    recipe = replace(preset('qwen3-8b'), shadow='', backbone=str(tmp_path), **SMALL)
    with pytest.raises(ModelError, match='spare rows'):
        train(recipe, tmp_path / 'run', cpu=True)

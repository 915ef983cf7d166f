"""PEFT's variant of the maths, its files both ways, and both libraries' classifiers."""

from copy import deepcopy
import json

import peft
import pytest
from safetensors.torch import load_file, save_file
import shadow_peft
from test_shadow_parity import gpt2, llama, qwen3, shake, VOCAB
import torch
from transformers import (
    GPT2Config, GPT2ForSequenceClassification, LlamaConfig, LlamaForSequenceClassification,
    Qwen3Config, Qwen3ForSequenceClassification)

from shadow_ros.errors import ModelError
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

# PEFT asks transformers by a name that is going out.
pytestmark = pytest.mark.filterwarnings('ignore:.is_gradient_checkpointing:FutureWarning')

CLASSES = {'num_labels': 3, 'pad_token_id': 0, 'vocab_size': VOCAB}
SIZES = {'hidden_size': 32, 'intermediate_size': 48, 'num_hidden_layers': 3,
         'num_attention_heads': 4, 'num_key_value_heads': 2}
CLASSIFIERS = {
    'qwen3': lambda: Qwen3ForSequenceClassification(Qwen3Config(**SIZES, **CLASSES, head_dim=8)),
    'llama': lambda: LlamaForSequenceClassification(LlamaConfig(**SIZES, **CLASSES)),
    'gpt2': lambda: GPT2ForSequenceClassification(
        GPT2Config(n_embd=32, n_layer=3, n_head=4, **CLASSES)),
}
OPTIONS = {
    'mirror': {'shadow_num_hidden_layers': 2, 'shadow_alpha': 0.7},
    'narrow': {'shadow_hidden_size': 16, 'update_hidden_size': 5, 'r': 4},
    'own embeddings, two blocks': {'share_embeddings': False,
                                   'target_modules': r'.*\.(layers|h)\.[12]$'},
}


def theirs_of(base, **options):
    """Return PEFT's model around a copy of the backbone, its adapter shaken."""
    torch.manual_seed(3)
    model = peft.get_peft_model(deepcopy(base), peft.ShadowConfig(**options)).eval()
    shake(torch.nn.ParameterList(
        p for n, p in model.named_parameters() if 'shadow_' in n or n.endswith('score.weight')))
    return model


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Return two rows of tokens, the second padded on the right, and their mask."""
    ids = torch.randint(1, VOCAB, (2, 9))
    mask = torch.ones_like(ids)
    ids[1, 6:] = mask[1, 6:] = 0
    return ids, mask


@pytest.mark.parametrize('kind', OPTIONS)
@pytest.mark.parametrize('family', [qwen3, llama, gpt2], ids=lambda f: f.__name__)
def test_logits_and_losses_are_those_of_peft_and_files_go_both_ways(
        family, kind, tmp_path) -> None:
    base = family().eval()
    theirs = theirs_of(base, task_type='CAUSAL_LM', auxiliary_loss_weight=0.3, **OPTIONS[kind])
    theirs.save_pretrained(tmp_path / 'theirs')
    ours = ShadowedModel.load(base, tmp_path / 'theirs').eval()
    ids, mask = batch()
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=mask, labels=ids)
        got = ours(ids, mask, labels=ids)
        alone = theirs.unload_shadow(copy=True).eval()(ids, mask).logits if family is not gpt2 \
            else got.shadow_logits
        assert (expected.logits - got.logits)[mask.bool()].abs().max() < 1e-4
        assert (alone - got.shadow_logits)[mask.bool()].abs().max() < 1e-4
        assert abs(expected.loss - got.loss) < 1e-4
        ours.save_adapter(tmp_path / 'ours')
        again = peft.PeftModel.from_pretrained(deepcopy(base), tmp_path / 'ours').eval()
        assert (again(input_ids=ids, attention_mask=mask).logits
                - got.logits)[mask.bool()].abs().max() < 1e-4
        plain = ours(ids, mask, mode='plain').logits
    assert (got.logits - plain)[mask.bool()].abs().max() > 1e-3


def test_pefts_explicit_shadows_are_read(tmp_path) -> None:
    base, small = qwen3().eval(), qwen3(16, 2)
    small.save_pretrained(tmp_path / 'small')
    ProjectedShadow.wrap(small.model, base.lm_head).save(tmp_path / 'projected', torch.float32)
    ids, mask = batch()
    for source in ('small', 'projected'):
        theirs = theirs_of(base, task_type='CAUSAL_LM', shadow_model=str(tmp_path / source))
        theirs.save_pretrained(tmp_path / 'adapter')
        ours = ShadowedModel.load(base, tmp_path / 'adapter').eval()
        with torch.no_grad():
            far = theirs(input_ids=ids, attention_mask=mask).logits - ours(ids, mask).logits
        assert far[mask.bool()].abs().max() < 1e-4


@pytest.mark.parametrize('family', CLASSIFIERS)
@pytest.mark.parametrize('library', ['peft', 'shadow-peft'])
def test_classifiers_are_those_of_both_libraries(family, library, tmp_path) -> None:
    torch.manual_seed(4)
    base = CLASSIFIERS[family]().eval()
    if library == 'peft':
        theirs = theirs_of(base, task_type='SEQ_CLS')
    else:
        inner = shadow_peft.get_shadow_model(deepcopy(base), shadow_peft.ShadowConfig())
        theirs = shadow_peft.ShadowForSequenceClassification(inner).eval()
        shake(inner.shadow_injection_model)
        shake(inner.shadow_update_model)
        shake(theirs.shadow_classifier_head)
    theirs.save_pretrained(tmp_path)
    ours = ShadowedModel.load(base, tmp_path).eval()
    ids, mask = batch()
    labels = torch.tensor([2, 0])
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=mask, labels=labels)
        got = ours(ids, mask, labels=labels)
        detached = ours.detach().eval()
        detached.save(tmp_path / 'detached', torch.float32)
        again = ProjectedShadow.load(tmp_path / 'detached')(ids, mask, labels=labels)
    assert got.logits.shape == (2, 3) == got.shadow_logits.shape
    assert (expected.logits - got.logits).abs().max() < 1e-4
    assert abs(expected.loss - got.loss) < 1e-4
    if library == 'shadow-peft':
        assert (expected.shadow_logits - got.shadow_logits).abs().max() < 1e-4
    assert (again.logits - got.shadow_logits).abs().max() < 1e-5
    ours.save_adapter(tmp_path / 'ours')
    loaded = ShadowedModel.load(base, tmp_path / 'ours').eval()
    with torch.no_grad():
        assert torch.equal(loaded(ids, mask).logits, got.logits)


@pytest.mark.parametrize('labels', [torch.tensor([0.5, -1.0]), torch.tensor([[1.0], [0.0]])],
                         ids=['numbers', 'a column'])
def test_regression_is_squared_error(labels) -> None:
    config = LlamaConfig(**SIZES, **{**CLASSES, 'num_labels': 1})
    base = LlamaForSequenceClassification(config).eval()
    model = ShadowedModel(base, Shadow.implicit(base, ShadowConfig()), loss_weight=0.0).eval()
    ids, mask = batch()
    with torch.no_grad():
        got = model(ids, mask, labels=labels)
    expected = (got.logits.flatten() - labels.flatten()).square().mean()
    assert torch.isclose(got.loss, expected)


def spoil(folder, what: str) -> None:
    """Break a PEFT folder in the named way."""
    config, path = folder / 'adapter_config.json', folder / 'adapter_model.safetensors'
    data, state = json.loads(config.read_text()), load_file(path)
    some = next(iter(state))
    if what == 'another method':
        data['peft_type'] = 'LORA'
    elif what == 'unknown key':
        data['shadow_alhpa'] = 2.0
    elif what == 'bad value':
        data['shadow_dropout'] = 'much'
    elif what == 'gap':
        state = {k: v for k, v in state.items() if '.layers.2.' not in k}
    elif what == 'missing':
        del state[some]
    elif what == 'shape':
        state[some] = torch.zeros(2, 2)
    elif what == 'unknown tensor':
        state['base_model.evil'] = torch.zeros(1)
    config.write_text(json.dumps(data))
    save_file(state, path)
    if what == 'truncated':
        path.write_bytes(path.read_bytes()[:200])
    elif what == 'pickle':
        path.rename(path.with_suffix('.bin'))


@pytest.mark.parametrize(('what', 'words'), [
    ('another method', 'peft_type SHADOW'), ('unknown key', 'did you mean shadow_alpha'),
    ('bad value', 'dropout must be'), ('gap', 'follow each other'), ('missing', 'lacks'),
    ('shape', 'must have shape'), ('unknown tensor', 'unknown base_model.evil'),
    ('truncated', 'not a whole safetensors'), ('pickle', 'never opened')])
def test_broken_peft_folder_gets_a_sentence(tmp_path, what, words) -> None:
    base = qwen3()
    theirs_of(base, task_type='CAUSAL_LM').save_pretrained(tmp_path)
    spoil(tmp_path, what)
    with pytest.raises(ModelError, match=words):
        ShadowedModel.load(base, tmp_path)

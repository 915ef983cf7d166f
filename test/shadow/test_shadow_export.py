"""Exported shadows answer as before, without our code."""

import subprocess
import sys

from click.testing import CliRunner
import numpy as np
import onnxruntime
import pytest
from test_shadow_model import attached, tokens
from test_shadow_runtime import build, VOCAB
import torch
from transformers import AutoModelForCausalLM

from shadow_ros.cli import main
from shadow_ros.errors import ModelError
from shadow_ros.shadow.export import export_step, plain_model, PROGRAM_FILE, save_plain
from shadow_ros.shadow.export_onnx import export_onnx, ONNX_FILE
from shadow_ros.shadow.projected import ProjectedShadow

_WITHOUT_US = """
import sys, torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM
assert not any(name.startswith('shadow_ros') for name in sys.modules)
ids = load_file(sys.argv[2])['ids']
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
with torch.no_grad():
    save_file({'logits': model(ids).logits}, sys.argv[3])
"""


@pytest.mark.parametrize('family', ['qwen3', 'qwen2', 'llama', 'window', 'gpt2'])
def test_a_plain_folder_opens_with_transformers_whatever_the_sizes(family, tmp_path) -> None:
    shadow, ids = build(family), torch.randint(0, VOCAB, (2, 9))
    save_plain(shadow, tmp_path, torch.float32)
    again = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        assert (again(ids).logits - shadow(ids).logits).abs().max() < 1e-5
    assert again.config.hidden_size == 16 and shadow.config.base_hidden_size == 32


def test_it_opens_where_our_code_is_not(tmp_path) -> None:
    from safetensors.torch import load_file, save_file
    shadow, ids = build('qwen3'), torch.randint(0, VOCAB, (1, 9))
    save_plain(shadow, tmp_path / 'plain', torch.float32)
    save_file({'ids': ids}, tmp_path / 'ids')
    subprocess.run([sys.executable, '-c', _WITHOUT_US, *(
        str(tmp_path / name) for name in ('plain', 'ids', 'logits'))], check=True, timeout=100,
        cwd=tmp_path)
    with torch.no_grad():
        far = load_file(tmp_path / 'logits')['logits'] - shadow(ids).logits
    assert far.abs().max() < 1e-5


def test_what_has_no_plain_form_gets_a_sentence() -> None:
    stack = build('llama').shadow_model
    other = ProjectedShadow.wrap(stack, torch.nn.Linear(32, VOCAB + 1, bias=False))
    with pytest.raises(ModelError, match='one vocabulary'):
        plain_model(other)


@pytest.mark.parametrize('family', ['qwen3', 'gpt2'])
def test_the_step_as_a_program_goes_on_and_back(family, tmp_path) -> None:
    shadow, ids = build(family), torch.randint(0, VOCAB, (1, 8))
    export_step(shadow, 16, tmp_path / PROGRAM_FILE)
    step = torch.export.load(tmp_path / PROGRAM_FILE).module()
    with torch.no_grad():
        full = shadow(ids).logits[0]
        for place in [*range(8), 4, 5]:
            logits = step(ids[:, place:place + 1], torch.tensor([place]))
            assert (logits - full[place]).abs().max() < 1e-4


def command(*arguments: object):
    """Return what `shadow-ros export` did."""
    return CliRunner().invoke(main, ['export', *map(str, arguments)])


def test_the_command_takes_an_adapter_off_its_backbone(tmp_path) -> None:
    model, ids = attached('llama'), tokens()
    model.base.save_pretrained(tmp_path / 'backbone')
    model.save_adapter(tmp_path / 'adapter')
    out = tmp_path / 'out'
    done = command(out, '--adapter', tmp_path / 'adapter', '--backbone', tmp_path / 'backbone',
                   '--dtype', 'float32')
    assert done.exit_code == 0, done.output
    again = AutoModelForCausalLM.from_pretrained(out).eval()
    with torch.no_grad():
        far = again(ids).logits - model(ids, mode='detached').logits
    assert far.abs().max() < 1e-5


@pytest.mark.parametrize('form', ['projected', 'program'])
def test_the_command_writes_other_forms(form, tmp_path) -> None:
    build('llama').save(tmp_path / 'model', torch.float32)
    done = command(tmp_path / 'out', '--model', tmp_path / 'model', '--form', form, '--limit', 8)
    assert done.exit_code == 0, done.output
    if form == 'projected':
        assert ProjectedShadow.load(tmp_path / 'out').config.base_hidden_size == 32
    else:
        assert (tmp_path / 'out' / PROGRAM_FILE).is_file()


@pytest.mark.filterwarnings('ignore:.*LeafSpec:FutureWarning')  # torch speaks to itself
def test_onnx_runtime_computes_any_split_of_the_tokens(tmp_path) -> None:
    shadow, ids = build('qwen3'), torch.randint(0, VOCAB, (1, 12))
    shadow.save(tmp_path / 'model', torch.float32)
    done = command(tmp_path / 'out', '--model', tmp_path / 'model', '--form', 'onnx')
    assert done.exit_code == 0, done.output
    session = onnxruntime.InferenceSession(tmp_path / 'out' / ONNX_FILE)
    past = {one.name: np.zeros([size if isinstance(size, int) else 0 for size in one.shape],
                               np.float32) for one in session.get_inputs()[3:]}
    names = [name.replace('past_key_values', 'present') for name in past]
    with torch.no_grad():
        full = shadow(ids).logits.numpy()
    start = 0
    for size in (4, 1, 1, 6):
        end = start + size
        logits, *cached = session.run(['logits', *names], {
            'input_ids': ids[:, start:end].numpy(), 'position_ids': np.arange(start, end)[None],
            'attention_mask': np.ones((1, end), np.int64), **past})
        assert np.abs(logits - full[:, start:end]).max() < 1e-4
        past, start = dict(zip(past, cached)), end


def test_onnx_without_its_writer_gets_a_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'onnxscript', None)
    with pytest.raises(ModelError, match='onnxscript, which is not installed'):
        export_onnx(build('llama'), tmp_path / ONNX_FILE)


def test_the_command_wants_an_empty_folder_and_a_whole_pair(tmp_path) -> None:
    build('llama').save(tmp_path / 'model', torch.float32)
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/mine').write_text('')
    assert command(tmp_path / 'out', '--model', tmp_path / 'model').exit_code == 2
    assert command(tmp_path / 'new', '--adapter', tmp_path).exit_code == 2

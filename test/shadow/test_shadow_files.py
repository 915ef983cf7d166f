"""Files that were cut, tampered with or edited: a sentence or the same model, nothing between."""

import json
from pathlib import Path
import random
import shutil
from typing import Any, Callable

import pytest
from safetensors.torch import load_file, save_file
from test_shadow_model import attached, base, tokens
import torch

from shadow_ros.errors import ModelError
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.files import INDEX_FILE, WEIGHTS_FILE
from shadow_ros.shadow.model import ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

IDS = tokens()
ODD = (None, True, -1, 1.5, float('nan'), 'many', [], ['many'], {})

Load = Callable[[Path], Any]


def adapter(folder: Path, variant: str) -> Load:
    """Write an adapter; return what loads it."""
    heads = ('lm_head',) if variant == 'shadow-peft' else ()
    attached(variant=variant, modules_to_save=heads).save_adapter(folder)
    return lambda where: ShadowedModel.load(base(), where).eval()


def projected(folder: Path) -> Load:
    """Write a projected shadow; return what loads it."""
    attached().detach().save(folder, torch.float32)
    return ProjectedShadow.load


KINDS = {'shadow-peft': lambda folder: adapter(folder, 'shadow-peft'),
         'peft': lambda folder: adapter(folder, 'peft'), 'projected': projected}


@pytest.fixture(scope='module', params=KINDS)
def whole(request, tmp_path_factory) -> tuple[Path, Load]:
    """Return a folder that is whole, and what loads it."""
    folder = tmp_path_factory.mktemp(request.param.replace('-', ''))
    return folder, KINDS[request.param](folder)


def outcome(load: Load, folder: Path) -> str:
    """Return the sentence that loading ends with, or nothing."""
    try:
        model = load(folder)
    except ModelError as error:
        return str(error)
    with torch.no_grad():
        assert model(IDS).logits.shape[:2] == IDS.shape
    return ''


def test_cut_or_altered_weights(whole, tmp_path) -> None:
    source, load = whole
    rng = random.Random(1)
    names = [path.name for path in sorted(source.glob('*.safetensors'))]
    for trial in range(30):
        folder = tmp_path / str(trial)
        shutil.copytree(source, folder)
        path = folder / rng.choice(names)
        data = bytearray(path.read_bytes())
        header = 8 + int.from_bytes(data[:8], 'little')
        if trial % 2:
            del data[rng.randrange(len(data)):]
        else:  # of the header; altered numbers are numbers still
            data[rng.randrange(header)] = rng.randrange(256)
        path.write_bytes(data)
        said = outcome(load, folder)
        assert said == '' and trial % 2 == 0 or path.name in said, (trial, said)


def test_edited_settings(whole, tmp_path) -> None:
    source, load = whole
    path = next(source.glob('*config.json'))
    told = json.loads(path.read_text())
    for i, (key, value) in enumerate((k, v) for k in told for v in ODD):
        folder = tmp_path / str(i)
        shutil.copytree(source, folder)
        (folder / path.name).write_text(json.dumps({**told, key: value}))
        said = outcome(load, folder)
        assert not said or str(folder) in said, (key, value, said)
        shutil.rmtree(folder)


def test_numbers_of_another_kind(whole, tmp_path) -> None:
    source, load = whole
    shutil.copytree(source, tmp_path / 'model')
    path = next((tmp_path / 'model').glob('*.safetensors'))
    state = load_file(path)
    name = next(iter(state))
    save_file({**state, name: state[name].view(torch.int32)}, path)
    with pytest.raises(ModelError, match=f'{path.name} must hold real numbers'):
        load(tmp_path / 'model')


def test_a_folder_in_shards(tmp_path) -> None:
    load = projected(tmp_path)
    state = load_file(tmp_path / WEIGHTS_FILE)
    with torch.no_grad():
        wanted = load(tmp_path)(IDS).logits
    names = sorted(state)
    shards = {f'model-{i}.safetensors': names[i::3] for i in range(3)}
    for file, part in shards.items():
        save_file({name: state[name] for name in part}, tmp_path / file)
    (tmp_path / WEIGHTS_FILE).unlink()
    places = {name: file for file, part in shards.items() for name in part}
    index = tmp_path / INDEX_FILE
    index.write_text(json.dumps({'weight_map': places}))
    with torch.no_grad():
        assert torch.equal(load(tmp_path)(IDS).logits, wanted)
    for edited, words in (
            ({**places, names[0]: '../model-0.safetensors'}, 'its own folder'),
            ({**places, names[0]: 'model-9.safetensors'}, 'model-9.safetensors is missing'),
            (7, 'weight_map'), (dict.fromkeys(names, 'model-0.safetensors'), 'lacks')):
        index.write_text(json.dumps({'weight_map': edited}))
        with pytest.raises(ModelError, match=words):
            load(tmp_path)


def test_settings_name_file_and_key(tmp_path) -> None:
    for data, words in (({'alpah': 1}, "shadow_config.json: unknown key 'alpah'"),
                        ({'alpha': None}, 'shadow_config.json: alpha must be a number'),
                        ({'modules_to_save': 5}, 'modules_to_save must be a list of str'),
                        ({'adapted_blocks': ['a']}, 'adapted_blocks must be a list of int'),
                        ({'share_embeddings': 1}, 'share_embeddings must be true or false')):
        (tmp_path / 'shadow_config.json').write_text(json.dumps(data))
        with pytest.raises(ModelError, match=words):
            ShadowConfig.load(tmp_path)

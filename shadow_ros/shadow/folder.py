"""
An attached model in one folder: backbone, adapter, and the sizes of an explicit shadow.

    save_attached(model, folder)        # config.json, model.safetensors, shadow_config.json, ...
    model = load_attached(folder)       # a ShadowedModel, in evaluation mode
    load_attached(folder).detach()      # the shadow alone

`shadow_stack.json` is there for shadows that are not the backbone made smaller: an adapter of
shadow-peft has no word for their sizes. A backbone that came from elsewhere and is too large to
copy is named in `backbone.json` instead.
"""

from copy import deepcopy
import json
from pathlib import Path
from typing import Any, Optional, Union

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedModel

from shadow_ros.errors import ModelError
from shadow_ros.shadow import checkpoint
from shadow_ros.shadow.config import CONFIG_FILE
from shadow_ros.shadow.files import (
    describe_tensors, read_json, read_tensor, weight_files, WEIGHTS_FILE, write_tensors)
from shadow_ros.shadow.hub import model_folder
from shadow_ros.shadow.model import ShadowedModel
from shadow_ros.shadow.projected import ProjectedConfig, ProjectedShadow

STACK_FILE, BACKBONE_FILE = 'shadow_stack.json', 'backbone.json'
GENERATION_FILE = 'generation_config.json'


def is_attached(folder: Union[str, Path]) -> bool:
    """Return whether the folder holds a shadow together with its backbone or the name of one."""
    folder = Path(folder)
    return (folder / CONFIG_FILE).is_file() and any(
        (folder / name).is_file() for name in ('config.json', BACKBONE_FILE))


def save_attached(model: ShadowedModel, folder: Union[str, Path],
                  dtype: torch.dtype = torch.float16, backbone: str = '') -> None:
    """Write backbone and shadow in `dtype`; a `backbone` is named and not copied."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if backbone:
        (folder / BACKBONE_FILE).write_text(json.dumps({'backbone': backbone}) + '\n', 'utf-8')
    else:
        save_backbone(model.base, folder, dtype)
    if not model.shadow().shares_embeddings:
        model.detach().config.to_json_file(folder / STACK_FILE, use_diff=False)
    shadow = deepcopy(model.shadow()).to(dtype)
    checkpoint.save(model.base, shadow, folder, model.loss_weight)


def save_backbone(base: PreTrainedModel, folder: Path, dtype: torch.dtype) -> None:
    """Write `config.json` and `model.safetensors` of a causal LM."""
    folder.mkdir(parents=True, exist_ok=True)
    config: Any = type(base.config).from_dict(
        {**base.config.to_dict(), 'dtype': str(dtype).removeprefix('torch.'),
         'architectures': [type(base).__name__]})
    config.to_json_file(folder / 'config.json', use_diff=False)
    write_tensors(folder / WEIGHTS_FILE, {k: v.to(dtype) for k, v in base.state_dict().items()})


def load_backbone(where: Union[str, Path], dtype: torch.dtype = torch.float32,
                  revision: Optional[str] = None) -> PreTrainedModel:
    """Return the causal LM of a folder or hub id, or raise ModelError."""
    folder = model_folder(where, revision)
    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
        with torch.device('meta'):
            empty = AutoModelForCausalLM.from_config(config)
        base = type(empty).from_pretrained(
            None, config=config, dtype=dtype, state_dict=_weights(empty, folder, dtype))
        if (folder / GENERATION_FILE).is_file():
            base.generation_config = GenerationConfig.from_pretrained(str(folder))
    except (OSError, ValueError) as error:
        raise ModelError(f'{folder} is not a causal LM that transformers opens: '
                         f'{str(error).splitlines()[0]}') from error
    assert isinstance(base, PreTrainedModel)
    return base.eval()


def _weights(model: Any, folder: Path, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """
    Return a folder's weights in a dtype, each that the model shares with another but once.

    They are read one by one: transformers maps the whole file, which then stays in memory beside
    what packing makes of it.
    """
    tied, found = getattr(model, 'all_tied_weights_keys', {}), {}
    for path in weight_files(folder):
        for name in describe_tensors(path):
            if name not in tied:
                tensor = read_tensor(path, name)
                kind = dtype if tensor.is_floating_point() else tensor.dtype
                found[name] = tensor.to(kind, copy=True)
    return found


def load_attached(folder: Union[str, Path], dtype: torch.dtype = torch.float32,
                  device: Union[str, torch.device] = 'cpu') -> ShadowedModel:
    """Return shadow and backbone of a folder, in evaluation mode, or raise ModelError."""
    folder = Path(folder)
    if not is_attached(folder):
        raise ModelError(f'{folder} must hold a shadow ({CONFIG_FILE}) and its backbone '
                         f'(config.json); train one, or give the folder of one')
    where: Union[str, Path] = folder
    if (folder / BACKBONE_FILE).is_file():
        where = str(read_json(folder / BACKBONE_FILE).get('backbone', ''))
    stack = None
    if (folder / STACK_FILE).is_file():
        stack = ProjectedShadow(ProjectedConfig.from_dict(read_json(folder / STACK_FILE)))
    model = ShadowedModel.load(load_backbone(where, dtype), folder, stack)
    return model.to(device=device, dtype=dtype).eval()

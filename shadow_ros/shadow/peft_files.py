"""
PEFT's adapter folders: `adapter_config.json` with peft_type SHADOW, `adapter_model.safetensors`.

Its names become ours and back; which blocks are adapted is read off the tensors.
"""

import json
from pathlib import Path
import re
from typing import Any, Mapping, Optional

from torch import nn, Tensor
from transformers import AutoConfig, AutoModel, PreTrainedModel

from shadow_ros.errors import did_you_mean, ModelError
from shadow_ros.shadow.config import is_number, LOSS_WEIGHT, ShadowConfig
from shadow_ros.shadow.files import load_exactly, read_json, read_tensors, write_tensors
from shadow_ros.shadow.hub import model_folder
from shadow_ros.shadow.layout import blocks, trunk
from shadow_ros.shadow.projected import MODEL_TYPE, ProjectedShadow
from shadow_ros.shadow.shadow import Shadow

CONFIG_FILE = 'adapter_config.json'
ADAPTER_FILE = 'adapter_model.safetensors'

# Ours: PEFT's.
_FIELDS = {
    'injection_hidden_size': 'r', 'gate_hidden_size': 'update_hidden_size',
    'alpha': 'shadow_alpha', 'dropout': 'shadow_dropout',
    'num_shadow_layers': 'shadow_num_hidden_layers', 'shadow_hidden_size': 'shadow_hidden_size',
    'shadow_num_attention_heads': 'shadow_num_attention_heads',
    'shadow_intermediate_size': 'shadow_intermediate_size',
    'share_embeddings': 'share_embeddings',
}
_KNOWN = {
    *_FIELDS.values(), 'auto_mapping', 'auxiliary_loss_weight', 'base_model_name_or_path',
    'exclude_modules', 'inference_mode', 'init_weights', 'layers_pattern', 'layers_to_transform',
    'modules_to_save', 'peft_type', 'peft_version', 'revision', 'shadow_model', 'target_modules',
    'task_type'}
_HEADS = {'lm_head': 'lm_head', 'score': 'classifier_head', 'classifier_head': 'classifier_head'}
_PARTS = {'shadow_backbone': 'shadow_model', 'shadow_projection': 'shadow_hidden_projection',
          'shadow_head': 'shadow_classifier_head'}
_BLOCK = re.compile(r'\.(?:layers|h)\.(\d+)\.(shadow_(?:down|up|update_\w+))\.default\.(.+)$')
_PART = re.compile(rf'^base_model\.({"|".join(_PARTS)})\.default\.(.+)$')
_HEAD = re.compile(rf'^base_model\.model\.({"|".join(_HEADS)})\.(?:modules_to_save\.\w+\.)?(.+)$')


def load(base: PreTrainedModel, folder: Path, stack: Optional[nn.Module] = None,
         ) -> tuple[Shadow, float]:
    """Return the shadow of a PEFT folder, built for this backbone, and the weight of its loss."""
    path, weights = folder / CONFIG_FILE, folder / ADAPTER_FILE
    data = read_json(path)
    _check(data, path)
    weight = data.get('auxiliary_loss_weight', LOSS_WEIGHT)
    if not is_number(weight):
        raise ModelError(f'auxiliary_loss_weight of {path} must be a number, got {weight!r}')
    tensors = read_tensors(weights)
    config = _config(data, tensors, path)
    if stack is None and config_source(data) is not None:
        stack = _named_stack(str(config_source(data)), path)
    shadow = (Shadow.implicit(base, config) if stack is None
              else Shadow.explicit(base, config, stack))
    load_exactly(shadow, _renamed(tensors, shadow, weights), weights)
    return shadow, weight


def save(base: PreTrainedModel, shadow: Shadow, folder: Path, loss_weight: float) -> None:
    """Write the shadow as PEFT does, for a backbone of the same architecture."""
    stem = next(name for name, module in base.named_modules() if module is blocks(base))
    tensors = {_their_name(name, shadow, stem): tensor
               for name, tensor in shadow.state_dict().items()}
    if shadow.shares_embeddings and hasattr(shadow.shadow_model, 'wte'):
        # PEFT's GPT-2 shadow keeps an unused embedding table, which its file must hold.
        table: Any = base.get_input_embeddings()
        tensors['base_model.shadow_backbone.default.wte.weight'] = table.weight
    config = shadow.config
    data: dict[str, Any] = {theirs: getattr(config, ours) for ours, theirs in _FIELDS.items()}
    data |= {
        'peft_type': 'SHADOW', 'task_type': 'SEQ_CLS' if shadow.classifies else 'CAUSAL_LM',
        'auxiliary_loss_weight': loss_weight, 'shadow_model': 'mirror', 'inference_mode': True,
        'target_modules': [f'{stem}.{shadow.first + i}' for i in range(shadow.count)],
        'modules_to_save': (['score'] if shadow.classifies
                            else list(config.modules_to_save) or None)}
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / ADAPTER_FILE, tensors)
    (folder / CONFIG_FILE).write_text(json.dumps(data, indent=2, sort_keys=True) + '\n', 'utf-8')


def config_source(data: Mapping[str, Any]) -> Optional[str]:
    """Return the model that an explicit shadow's architecture is read from, or None."""
    source = data.get('shadow_model') or 'mirror'
    return None if source == 'mirror' else str(source)


def _check(data: Mapping[str, Any], path: Path) -> None:
    """Raise ModelError unless the config is PEFT's for a shadow, with known keys."""
    if data.get('peft_type') != 'SHADOW':
        raise ModelError(f'{path} must have peft_type SHADOW, got {data.get("peft_type")!r}')
    for key, value in data.items():
        if key not in _KNOWN and value is not None:
            raise ModelError(f'{path} holds the unknown key {key!r}' + did_you_mean(key, _KNOWN))
    if data.get('task_type') not in ('CAUSAL_LM', 'SEQ_CLS', None):
        raise ModelError(f'task_type of {path} must be CAUSAL_LM or SEQ_CLS, '
                         f'got {data["task_type"]!r}')


def _config(data: Mapping[str, Any], tensors: Mapping[str, Tensor], path: Path) -> ShadowConfig:
    """Return our settings for PEFT's."""
    given = {ours: data[theirs] for ours, theirs in _FIELDS.items()
             if data.get(theirs) is not None}
    given.setdefault('injection_hidden_size', 8)
    given.setdefault('gate_hidden_size', given['injection_hidden_size'])
    adapted = sorted({int(m[1]) for m in map(_BLOCK.search, tensors) if m})
    if not adapted:
        raise ModelError(f'{path.with_name(ADAPTER_FILE)} holds no adapted block')
    trained = data.get('modules_to_save') or ()
    if not isinstance(trained, (list, tuple)):
        raise ModelError(f'modules_to_save of {path} must be a list, got {trained!r}')
    heads = [_HEADS[name] for name in trained if isinstance(name, str) and name in _HEADS]
    if data.get('task_type') == 'SEQ_CLS':
        heads = ['classifier_head', 'shadow_classifier_head']
    try:
        return ShadowConfig(**given, variant='peft', adapted_blocks=tuple(adapted),
                            modules_to_save=tuple(heads))
    except (ModelError, TypeError) as error:
        raise ModelError(f'{path}: {error}') from error


def _named_stack(source: str, path: Path) -> Any:
    """Return the architecture that `shadow_model` names; its weights are the adapter's."""
    try:
        folder = model_folder(source)
        if read_json(folder / 'config.json').get('model_type') == MODEL_TYPE:
            return ProjectedShadow.load(folder)
        return trunk(AutoModel.from_config(AutoConfig.from_pretrained(folder)))
    except (ModelError, OSError, ValueError) as error:
        raise ModelError(f'shadow_model of {path} names {source}, which does not describe a '
                         f'model: {error}') from error


def _renamed(tensors: Mapping[str, Tensor], shadow: Shadow, path: Path) -> dict[str, Tensor]:
    """Return the tensors under our names."""
    ours: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        block, part, head = _BLOCK.search(name), _PART.match(name), _HEAD.match(name)
        if block:
            owner = ('shadow_update_model' if 'update' in block[2] else 'shadow_injection_model')
            ours[f'{owner}.{block[2]}.{int(block[1]) - shadow.first}.{block[3]}'] = tensor
        elif part:
            ours[f'{_PARTS[part[1]]}.{part[2]}'] = tensor
        elif head:
            ours[f'{_HEADS[head[1]]}.{head[2]}'] = tensor
        else:
            raise ModelError(f'{path} holds the unknown {name}; it belongs to another method')
    if shadow.shares_embeddings:
        ours.pop('shadow_model.wte.weight', None)  # GPT-2's, which PEFT keeps and never reads
    return ours


def _their_name(name: str, shadow: Shadow, stem: str) -> str:
    """Return PEFT's name of one of our tensors; `stem` is the path of the backbone's blocks."""
    owner, _, rest = name.partition('.')
    if owner in ('shadow_injection_model', 'shadow_update_model'):
        part, index, tail = rest.split('.', 2)
        return f'base_model.model.{stem}.{int(index) + shadow.first}.{part}.default.{tail}'
    for theirs, mine in _PARTS.items():
        if owner == mine:
            return f'base_model.{theirs}.default.{rest}'
    head = 'score' if owner == 'classifier_head' else owner
    return f'base_model.model.{head}.{rest}'

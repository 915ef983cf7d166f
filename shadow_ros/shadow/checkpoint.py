"""Adapter folders: shadow-peft's format, and PEFT's for its variant (peft_files.py)."""

from pathlib import Path
from typing import Optional, Union

from torch import nn
from transformers import PreTrainedModel

from shadow_ros.shadow import peft_files
from shadow_ros.shadow.config import LOSS_WEIGHT, ShadowConfig
from shadow_ros.shadow.files import (
    check_fit, copy_tensors, describe_tensors, write_tensors)
from shadow_ros.shadow.hub import model_folder
from shadow_ros.shadow.shadow import Shadow

ADAPTER_FILE = 'shadow_adapter.safetensors'
HEADS_FILE = 'shadow_modules.safetensors'


def save(base: PreTrainedModel, shadow: Shadow, folder: Union[str, Path],
         loss_weight: float) -> None:
    """Write the shadow in its variant's format."""
    if shadow.config.variant == 'peft':
        peft_files.save(base, shadow, Path(folder), loss_weight)
        return
    shadow.config.save(folder)
    write_tensors(Path(folder) / ADAPTER_FILE, shadow.adapter_tensors())
    heads = shadow.head_tensors()
    if heads:
        write_tensors(Path(folder) / HEADS_FILE, heads)


def load(base: PreTrainedModel, folder: Union[str, Path], stack: Optional[nn.Module] = None,
         revision: Optional[str] = None) -> tuple[Shadow, float]:
    """Return the shadow of a folder or hub id, built for this backbone, and its loss weight."""
    folder = model_folder(folder, revision)
    if (folder / peft_files.CONFIG_FILE).is_file():
        return peft_files.load(base, folder, stack)
    config = ShadowConfig.load(folder)
    shadow = (Shadow.implicit(base, config, to_load=True) if stack is None
              else Shadow.explicit(base, config, stack))
    path = folder / ADAPTER_FILE
    tensors = describe_tensors(path)
    if shadow.shares_embeddings:
        # shadow-peft keeps an unused random copy of GPT-2's embeddings in its files.
        tensors.pop('shadow_model.wte.weight', None)
    heads_path = folder / HEADS_FILE
    heads = describe_tensors(heads_path) if heads_path.is_file() else {}
    check_fit(shadow.head_tensors(), heads, heads_path)
    check_fit(shadow.adapter_tensors(), tensors, path)
    copy_tensors(shadow.state_dict(),
                 {**dict.fromkeys(tensors, path), **dict.fromkeys(heads, heads_path)})
    return shadow, LOSS_WEIGHT

"""What a run keeps: the weights that learned, and a checkpoint of an unfinished stage."""

from pathlib import Path
from typing import Any, Optional

from safetensors import safe_open
from safetensors.torch import load_file, save_file
import torch
from torch import nn, Tensor

from shadow_ros.durable import replaced
from shadow_ros.errors import ModelError

CHECKPOINT = 'checkpoint.safetensors'


def learned(module: nn.Module) -> dict[str, Tensor]:
    """Return the parameters that learn; what is frozen is in its own folder, or made again."""
    return {k: v.detach() for k, v in module.named_parameters() if v.requires_grad}


def save_learned(module: nn.Module, path: Path) -> None:
    """Write the parameters that learn."""
    with replaced(path) as fresh:
        save_file({k: v.contiguous() for k, v in learned(module).items()}, fresh)


def load_learned(module: nn.Module, path: Path) -> None:
    """Copy what a file of save_learned holds into the module, or raise ModelError."""
    _copy(module, dict(load_file(path)), path)


def _copy(module: nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Copy tensors into the parameters that learn; they must be the same ones."""
    own = learned(module)
    for name in sorted(own.keys() ^ tensors.keys()):
        raise ModelError(f'{path} belongs to another run: {name} is in one of the two only; '
                         'use another run folder')
    with torch.no_grad():
        for name, tensor in tensors.items():
            if tensor.shape != own[name].shape:
                raise ModelError(f'{name} of {path} must have shape {tuple(own[name].shape)}, '
                                 f'got {tuple(tensor.shape)}; use another run folder')
            own[name].copy_(tensor)


def unfinished(run: Path, stage: str) -> Optional[int]:
    """Return after how many steps a run's checkpoint of a stage was written, if it has one."""
    if not (run / CHECKPOINT).is_file():
        return None
    with safe_open(run / CHECKPOINT, 'pt') as file:
        metadata = file.metadata()
    return int(metadata['step']) if metadata['stage'] == stage else None


def unfinished_weights(run: Path) -> dict[str, Tensor]:
    """Return the weights of a run's checkpoint."""
    return {k.removeprefix('model.'): v for k, v in _tensors(run / CHECKPOINT, 'model.').items()}


def _tensors(path: Path, prefix: str) -> dict[str, Tensor]:
    """Return the tensors of a file whose names begin so."""
    with safe_open(path, 'pt') as file:
        return {k: file.get_tensor(k) for k in file.keys() if k.startswith(prefix)}


class Checkpoint:
    """Weights and optimizer of a stage in the making, as safetensors."""

    def __init__(self, run: Path, stage: str, module: nn.Module, optimizer: Any) -> None:
        self.path = run / CHECKPOINT
        self.stage = stage
        self.module = module
        self.optimizer = optimizer

    def save(self, step: int) -> None:
        """Write the state after so many steps; a crash meanwhile leaves the older one."""
        tensors = {f'model.{k}': v for k, v in learned(self.module).items()}
        for i, state in self.optimizer.state_dict()['state'].items():
            tensors |= {f'optimizer.{i}.{k}': v for k, v in state.items()}
        with replaced(self.path) as fresh:
            save_file({k: v.contiguous() for k, v in tensors.items()}, fresh,
                      metadata={'stage': self.stage, 'step': str(step)})

    def resume(self) -> int:
        """Load the checkpoint if it is this stage's; return the step to go on with."""
        step = unfinished(self.path.parent, self.stage)
        if step is None:
            return 0
        _copy(self.module, unfinished_weights(self.path.parent), self.path)
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _tensors(self.path, 'optimizer.').items():
            _, i, name = key.split('.')
            state.setdefault(int(i), {})[name] = value
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), 'state': state})
        return step

    def remove(self) -> None:
        """Forget it, and what a crash left of others: the stage is done."""
        for path in (self.path, *self.path.parent.glob(f'.{self.path.name}.*')):
            path.unlink(missing_ok=True)

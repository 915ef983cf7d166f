"""
Packed matrices: large linear layers in the order of numbers in which a CPU multiplies fastest.

    pack(model)      # 'float32' and 'bfloat16' on a CPU; elsewhere nothing happens
    unpack(model)    # every bit where it was

The numbers are moved and not changed, and none is held twice. The layout is that of oneDNN, which
torch keeps for compiled models; a product with a dozen tokens, as when guesses are confirmed,
takes half the time of torch's own, one with a single token three quarters.
"""

import ctypes
from functools import partial
import sys
from typing import Any, Callable, Optional

import torch
from torch import nn, Tensor
from torch.nn import functional as F

from shadow_ros.errors import ModelError

Linear = Callable[[Tensor], Tensor]

_LEAST = 1 << 18  # numbers of a matrix; below, calling oneDNN costs more than it saves
_ROWS = 4  # fewer tokens take longer than so many
_TYPICAL = 32  # tokens a pass, which the layout is chosen for


class PackedLinear(nn.Linear):
    """
    A linear layer that oneDNN multiplies; it answers and does not learn.

    Its weight is packed, unless others read it too. Its copies are ordinary layers, and so is
    what it saves.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return x W^T + b [..., out] of x [..., in]."""
        if x.requires_grad and torch.is_grad_enabled():
            raise ModelError('a packed model does not learn; unpack it first')
        return _multiply(x, self.weight, self.bias)

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Linear:
        """Return an ordinary layer with the same numbers."""
        other = nn.Linear(self.in_features, self.out_features, self.bias is not None,
                          dtype=self.weight.dtype)
        other.load_state_dict(self.state_dict())
        memo[id(self)] = other.requires_grad_(False)
        return other

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Put the weight into a state_dict in the usual order."""
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f'{prefix}weight'] = dense(self.weight)


def pack(model: nn.Module) -> int:
    """Pack the large linear layers of a model that answers; return how many there are now."""
    shared = {id(weight) for weight in _others(model)}
    for layer in _layers(model, nn.Linear):
        if _can_be_packed(layer.weight):
            if id(layer.weight) not in shared:
                layer.weight = nn.Parameter(_packed(layer.weight.detach()), requires_grad=False)
                give_back()
            layer.__class__ = PackedLinear
    return len(_layers(model, PackedLinear))


def unpack(model: nn.Module) -> None:
    """Undo `pack`."""
    for layer in _layers(model, PackedLinear):
        if layer.weight.is_mkldnn:
            layer.weight = nn.Parameter(dense(layer.weight), requires_grad=False)
        layer.__class__ = nn.Linear


def product(weight: Tensor, bias: Optional[Tensor] = None, packs: bool = True) -> Linear:
    """
    Return the fastest x W^T + b [..., out] of vectors x [..., in] by a weight [out, in].

    Packing makes a copy of the weight. Where that is too much, oneDNN without it is still faster
    than what torch takes.
    """
    if not _can_be_packed(weight):
        return partial(F.linear, weight=weight, bias=bias)
    return partial(_multiply, weight=_packed(weight) if packs else weight, bias=bias)


def dense(weight: Tensor) -> Tensor:
    """Return a weight that may be packed in the order that all of torch reads."""
    return weight.detach().to_dense() if weight.is_mkldnn else weight


def give_back() -> None:
    """Let the system have memory that was freed; glibc would keep what lies between the rest."""
    if sys.platform == 'linux':
        trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)
        if trim is not None:
            trim(0)


def _multiply(x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    """Return x W^T + b [..., out] of x [..., in] and a weight [out, in]."""
    rows = x.reshape(-1, x.shape[-1])
    count = rows.shape[0]
    if count < _ROWS and weight.is_mkldnn:
        rows = F.pad(rows, (0, 0, 0, _ROWS - count))
    made: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, 'none', [], '')
    return made[:count].view(*x.shape[:-1], made.shape[-1])


def _packed(weight: Tensor) -> Tensor:
    """Return the weight in oneDNN's layout."""
    moved: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, _TYPICAL)
    return moved


def _can_be_packed(weight: Tensor) -> bool:
    """Return whether packing is possible and pays."""
    return (not weight.is_mkldnn and weight.device.type == 'cpu' and weight.numel() >= _LEAST
            and weight.dtype in (torch.float32, torch.bfloat16)
            and torch.backends.mkldnn.is_available()
            and hasattr(torch.ops.mkldnn, '_reorder_linear_weight'))


def _layers(model: nn.Module, kind: type) -> list[Any]:
    """Return the modules that are of this very class."""
    return [module for module in model.modules() if type(module) is kind]


def _others(model: nn.Module) -> list[nn.Parameter]:
    """Return the parameters that some module other than a linear layer reads: tied embeddings."""
    return [p for module in model.modules() if not isinstance(module, nn.Linear)
            for p in module.parameters(recurse=False)]

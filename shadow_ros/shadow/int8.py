"""Products with weights of eight bits, on a CPU: a quarter of the bytes to read."""

from typing import Optional
import warnings

import torch
from torch import Tensor

from shadow_ros.shadow.pack import Linear

_ROWS = 1 << 15  # of a head, at once: while they are packed there are two of each number


def int8_linear(weight: Tensor, bias: Optional[Tensor] = None) -> Linear:
    """
    Return a product with int8 weights, one scale a row; activations are quantised as they come.

    The kernels are those of torch's dynamic quantisation (FBGEMM and oneDNN on x86, QNNPACK on
    ARM); they take and give float32.
    """
    weights = weight.detach().split(_ROWS)
    biases = [None] * len(weights) if bias is None else bias.detach().float().split(_ROWS)
    parts = [_part(*each) for each in zip(weights, biases)]
    if len(parts) == 1:
        return parts[0]
    return lambda x: torch.cat([part(x) for part in parts], -1)


def _part(weight: Tensor, bias: Optional[Tensor]) -> Linear:
    """Return the product with some rows of a weight."""
    weight = weight.float()
    scales = (torch.maximum(weight.amax(1), -weight.amin(1)) / 127).clamp(min=1e-12).double()
    zeros = torch.zeros(len(scales), dtype=torch.long)
    with warnings.catch_warnings():
        # torch 2.13 would rather have its PT2E kernels, which take 1.5 to 3 times as long.
        warnings.filterwarnings('ignore', 'torch.quantize_per_tensor', UserWarning)
        numbers = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(numbers, bias)

    def multiply(x: Tensor) -> Tensor:
        product: Tensor = torch.ops.quantized.linear_dynamic(x, packed, True)
        return product

    return multiply

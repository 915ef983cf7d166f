"""
Detached shadows for ONNX Runtime: one graph for any number of tokens after any number of them.

Inputs and outputs have the names that the runtimes of the field expect of a decoder with a cache:
`input_ids`, `attention_mask`, `position_ids`, `past_key_values.0.key`, ... -> `logits`,
`present.0.key`, ... The first pass has a past of no tokens; forced tokens ride along in one.

Shapes: t new tokens, n tokens before them, h key heads, e head size; batch 1.
"""

from pathlib import Path
from typing import Any, Sequence

import torch
from torch import nn, Tensor
from transformers import DynamicCache, PreTrainedModel

from shadow_ros.errors import ModelError
from shadow_ros.shadow.export import cache_sizes, plain_model
from shadow_ros.shadow.projected import ProjectedShadow

ONNX_FILE = 'model.onnx'

Past = Sequence[tuple[Tensor, Tensor]]


class CachedPass(nn.Module):
    """A pass that is given what was cached and returns what is cached after it."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, position_ids: Tensor,
                past: Past) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Return logits [1, t, vocab] and keys and values [1, h, n + t, e] of each block."""
        cache = DynamicCache()
        for block, (keys, values) in enumerate(past):
            cache.update(keys, values, block)
        out: Any = self.model(
            input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
            past_key_values=cache, use_cache=True)
        return out.logits, [(layer.keys, layer.values) for layer in out.past_key_values.layers]


def export_onnx(shadow: ProjectedShadow, path: Path) -> None:
    """Write the shadow as an ONNX graph; weights of 2 GB and more go into a file beside it."""
    try:
        import onnxscript  # noqa: F401  torch writes ONNX with it
    except ImportError:
        raise ModelError('ONNX is written with onnxscript, which is not installed: '
                         "pip install 'shadow_ros[onnx]'") from None
    model = plain_model(shadow)
    blocks, heads, size = cache_sizes(model)
    before, new = 5, 3
    past = [tuple(torch.zeros(1, heads, before, size, dtype=model.dtype) for _ in range(2))
            for _ in range(blocks)]
    example = (torch.zeros(1, new, dtype=torch.long),
               torch.ones(1, before + new, dtype=torch.long),
               torch.arange(before, before + new)[None], past)
    free = torch.export.Dim.DYNAMIC  # equal to one that has a name
    sizes = ({1: 'tokens'}, {1: 'all'}, {1: free},
             [({2: 'past'}, {2: free}), *[({2: free}, {2: free})] * (blocks - 1)])
    cached = [f'{i}.{part}' for i in range(blocks) for part in ('key', 'value')]
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        program: Any = torch.onnx.export(
            CachedPass(model).eval(), example, dynamo=True, dynamic_shapes=sizes, verbose=False,
            input_names=['input_ids', 'attention_mask', 'position_ids',
                         *(f'past_key_values.{name}' for name in cached)],
            output_names=['logits', *(f'present.{name}' for name in cached)])
    program.save(path)

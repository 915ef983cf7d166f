"""
StaticRuntime: LeanRuntime in a few fixed shapes, which a CUDA graph replays without Python.

A pass is padded to the next of the sizes; what the padding writes lies behind the conversation,
where no token looks, and is overwritten by the next pass. On a CUDA device each size is captured
once as a graph; elsewhere the same shapes run as they are, which is how they are tested.
"""

from typing import Any, Callable, Sequence

import torch
from torch import nn, Tensor
from torch.nn import functional as F

from shadow_ros.shadow.lean import _Layer, _unit, LeanRuntime
from shadow_ros.shadow.projected import ProjectedShadow

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
"""Tokens a pass; a longer one is cut into several."""


class StaticRuntime(LeanRuntime):
    """One conversation with a detached shadow, in fixed shapes."""

    spare = SIZES[-1]

    def __init__(self, model: ProjectedShadow, limit: int, consume: bool = False) -> None:
        super().__init__(model, limit, consume=consume)
        device = self.embeddings.device
        self._start = torch.zeros(1, dtype=torch.long, device=device)
        self._ids = {size: torch.zeros(size, dtype=torch.long, device=device) for size in SIZES}
        self._steps = {size: torch.arange(size, device=device) for size in SIZES}
        self._ready: dict[int, Callable[[], Tensor]] = {}

    def layer(self, block: nn.Module) -> _Layer:
        """Return the runtime's form of one decoder block."""
        return _StaticLayer(block, self)

    def _pass(self, ids: Sequence[int], count: int) -> Tensor:
        """Return the logits [count, vocab] of one model pass."""
        found = []
        for first in range(0, len(ids), SIZES[-1]):
            part = list(ids[first:first + SIZES[-1]])
            size = next(s for s in SIZES if s >= len(part))
            self._start.fill_(self.length + first)
            self._ids[size][:len(part)].copy_(torch.tensor(part))
            found.append(self._run(size)[:len(part)].clone())
        return self.head(_unit(torch.cat(found)[-count:], self.floor))

    def _run(self, size: int) -> Tensor:
        """Return the last hidden states [size, d]; the tensor is reused by the next pass."""
        if size not in self._ready:
            on_gpu = self.embeddings.device.type == 'cuda'
            self._ready[size] = self._capture(size) if on_gpu else lambda: self._states(size)
        return self._ready[size]()

    def _states(self, size: int) -> Tensor:
        """Return the last hidden states [size, d], from the static inputs alone."""
        places = self._start + self._steps[size]
        x = F.embedding(self._ids[size], self.embeddings)
        turn = self.cos.index_select(0, places), self.sin.index_select(0, places)
        mask = self.mask.index_select(0, places)[:, None]  # [t, 1, room]
        for layer, cache in zip(self.layers, self.caches):
            x = layer.forward(x, cache, (places, mask), turn)
        return x

    def _capture(self, size: int) -> Callable[[], Tensor]:
        """Return a replay of one size's CUDA graph."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # kernels are chosen and loaded before the capture
            for _ in range(2):
                self._states(size)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            states = self._states(size)

        def replay() -> Tensor:
            graph.replay()
            return states

        return replay


class _StaticLayer(_Layer):
    """A block whose attention looks at the whole cache, masked."""

    def attend(self, qkv: Tensor, cache: Tensor, start: Any) -> Tensor:
        """Return what attention reads; `start` holds the places [t] and their mask."""
        places, mask = start
        cache.index_copy_(1, places, qkv[:, self.runtime.heads:].transpose(0, 1))
        return self.read(qkv, cache, mask)

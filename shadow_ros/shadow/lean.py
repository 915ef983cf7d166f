"""
LeanRuntime: Qwen3, Qwen2, Llama and Mistral decoders without a general library's per-token work.

Fused matrices, norm weights and the projection multiplied in, rotations tabled, caches that stay
where they are. The weights are in the model's precision, or in int8: then torch's dynamic
quantisation multiplies (weights per row, activations per pass), a quarter of the bytes to read.

Shapes: t new tokens, n all tokens, d hidden size, a query heads, c key heads, g = a / c, e head
size.
"""

from typing import Any, Optional, Sequence

import torch
from torch import nn, Tensor
from torch.nn import functional as F

from shadow_ros.shadow.int8 import int8_linear
from shadow_ros.shadow.layout import blocks
from shadow_ros.shadow.pack import give_back, Linear, product
from shadow_ros.shadow.projected import ProjectedShadow
from shadow_ros.shadow.runtime import Counted


class LeanRuntime(Counted):
    """
    One conversation with a detached shadow.

    `consume` empties the model matrix by matrix, so that memory holds the weights once.
    """

    spare = 0  # places behind the limit

    def __init__(self, model: ProjectedShadow, limit: int, int8: bool = False,
                 consume: bool = False) -> None:
        super().__init__(limit)
        config = model.shadow_model.config
        self.int8 = int8
        self.consume = consume
        self.heads = config.num_attention_heads
        self.key_heads = config.num_key_value_heads
        self.size = int(getattr(config, 'head_dim', None)
                        or config.hidden_size // config.num_attention_heads)
        with torch.no_grad():
            self._take(model)

    def _take(self, model: ProjectedShadow) -> None:
        """Bring the weights into the form that is fastest to use."""
        consume = self.consume
        stack: Any = model.shadow_model
        weight, eps = model.lm_head.weight, stack.config.rms_norm_eps
        own = (lambda t: t.detach()) if consume else (lambda t: t.detach().clone())
        self.embeddings = own(stack.embed_tokens.weight)
        self.floor = weight.new_tensor((self.embeddings.shape[1] * eps) ** 0.5).detach()
        self.head_floor = weight.new_tensor((self.size * eps) ** 0.5).detach()
        head = _fold(weight, model.shadow_hidden_projection.weight, _gain(stack.norm), consume)
        self.head = self.linear(head, packs=not consume)
        del weight, head
        self.spend(model.lm_head)
        self._table(stack)
        self.layers = []
        for block in blocks(stack):
            self.layers.append(self.layer(block))

    def spend(self, *modules: nn.Module) -> None:
        """Let go of weights that have been taken over."""
        if self.consume:
            for module in modules:
                module.to('meta')
            give_back()

    def layer(self, block: nn.Module) -> '_Layer':
        """Return the runtime's form of one decoder block."""
        return _Layer(block, self)

    def _table(self, stack: Any) -> None:
        """Make what depends on places alone, and the empty caches."""
        c, half, room = self.key_heads, self.size // 2, self.limit + self.spare
        places = torch.arange(room, device=self.embeddings.device)[None]
        cos, sin = stack.rotary_emb(self.embeddings, places)  # [1, limit, e]
        # Values are turned by no angle, so one product turns queries, keys and values alike.
        self.cos = cos[0, :, None].repeat(1, self.heads + 2 * c, 1)  # [limit, a + 2c, e]
        self.sin = torch.cat((-sin[..., :half], sin[..., half:]), -1)[0, :, None].repeat(
            1, self.heads + 2 * c, 1)
        self.cos[:, -c:], self.sin[:, -c:] = 1, 0
        self.caches = [self.embeddings.new_zeros(2 * c, room, self.size)
                       for _ in range(stack.config.num_hidden_layers)]
        self.mask = torch.full((room, room), float('-inf'), dtype=self.embeddings.dtype,
                               device=self.embeddings.device).triu(1)

    def linear(self, weight: Tensor, bias: Optional[Tensor] = None, packs: bool = True) -> Linear:
        """Return what multiplies vectors by the weight [out, in] and adds the bias [out]."""
        if self.int8:
            return int8_linear(weight, bias)
        return product(weight.detach(), bias, packs)

    def _pass(self, ids: Sequence[int], count: int) -> Tensor:
        """Return the logits [count, vocab] of one model pass."""
        start = self.length
        where = torch.tensor(ids, device=self.embeddings.device)
        x = F.embedding(where, self.embeddings)  # [t, d]
        turn = self.cos[start:start + len(ids)], self.sin[start:start + len(ids)]
        for layer, cache in zip(self.layers, self.caches):
            x = layer.forward(x, cache, start, turn)
        return self.head(_unit(x[-count:], self.floor))


class _Layer:
    """One decoder block, its norm weights multiplied into the matrices that follow."""

    def __init__(self, block: Any, runtime: LeanRuntime) -> None:
        self.runtime = runtime
        attention, mlp = block.self_attn, block.mlp
        first, second = _gain(block.input_layernorm), _gain(block.post_attention_layernorm)
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        qkv = torch.cat([p.weight for p in parts]).mul_(first)  # [(a + 2c) e, d]
        bias = _biases(parts)
        self.qk_norm = self._scale_queries(attention, qkv, bias)
        self.qkv = runtime.linear(qkv, bias)
        del qkv
        runtime.spend(*parts)
        self.out = runtime.linear(attention.o_proj.weight.clone(), _biases((attention.o_proj,)))
        runtime.spend(attention.o_proj)
        self.gate_up = runtime.linear(
            torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]).mul_(second))
        runtime.spend(mlp.gate_proj, mlp.up_proj)
        self.down = runtime.linear(mlp.down_proj.weight.clone())
        runtime.spend(block)

    def _scale_queries(self, attention: Any, qkv: Tensor, bias: Optional[Tensor],
                       ) -> Optional[Tensor]:
        """Multiply 1 / sqrt(e) into what makes the queries; return the norms' gains [a + c, e]."""
        run = self.runtime
        scale, queries = run.size ** -0.5, run.heads * run.size
        if hasattr(attention, 'q_norm'):
            return torch.cat([
                _gain(attention.q_norm).expand(run.heads, -1) * scale,
                _gain(attention.k_norm).expand(run.key_heads, -1)]).contiguous()
        qkv[:queries] *= scale
        if bias is not None:
            bias[:queries] *= scale
        return None

    def forward(self, x: Tensor, cache: Tensor, start: Any,
                turn: tuple[Tensor, Tensor]) -> Tensor:
        """Return the block's output [t, d] for tokens from `start`; `turn` is their cos, sin."""
        h = _unit(x, self.runtime.floor)
        x = x + self.out(self.attend(self.turned(h, turn), cache, start))
        h = _unit(x, self.runtime.floor)
        gate, up = self.gate_up(h).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)

    def turned(self, h: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        """Return queries, keys and values at their places, [t, a + 2c, e]."""
        run = self.runtime
        c, e = run.key_heads, run.size
        qkv = self.qkv(h).view(h.shape[0], -1, e)
        if self.qk_norm is not None:
            qk = _unit(qkv[:, :-c], run.head_floor) * self.qk_norm
            qkv = torch.cat((qk, qkv[:, -c:]), 1)
        # The two halves of each head change places: (x1, x2) cos + (-x2, x1) sin.
        return torch.addcmul(qkv * turn[0], qkv.roll(e // 2, -1), turn[1])

    def attend(self, qkv: Tensor, cache: Tensor, start: Any) -> Tensor:
        """Return what attention reads from all tokens so far, [t, a e]."""
        run, t = self.runtime, qkv.shape[0]
        end = start + t
        cache[:, start:end] = qkv[:, run.heads:].transpose(0, 1)  # [2c, limit, e]
        mask = run.mask[start:end, None, :end] if t > 1 else None
        return self.read(qkv, cache[:, :end], mask)

    def read(self, qkv: Tensor, seen: Tensor, mask: Optional[Tensor]) -> Tensor:
        """Return softmax(q k + mask) v of keys and values `seen` [2c, n, e]; mask [t, 1, n]."""
        run, t = self.runtime, qkv.shape[0]
        a, c, e = run.heads, run.key_heads, run.size
        q = qkv[:, :a].reshape(t, c, a // c, e).transpose(0, 1).reshape(c, -1, e)  # [c, t g, e]
        scores = torch.bmm(q, seen[:c].transpose(1, 2))  # [c, t g, n]
        if mask is not None:
            scores.view(c, t, -1, seen.shape[1]).add_(mask)
        found = torch.bmm(scores.softmax(-1), seen[c:])  # [c, t g, e]
        return found.view(c, t, a // c, e).transpose(0, 1).reshape(t, a * e)


def _fold(head: Tensor, projection: Tensor, gain: Tensor, in_place: bool) -> Tensor:
    """
    Return head and projection as one matrix [vocab, d]: logits = x P^T H^T.

    P is [d_large, d], H [vocab, d_large]. Equal sizes can be folded in place, some rows at a time.
    """
    if not in_place or head.shape[1] != projection.shape[1]:
        return (head @ projection).mul_(gain)
    for rows in head.split(4096):
        rows.copy_((rows @ projection).mul_(gain))
    return head


def _unit(x: Tensor, floor: Tensor) -> Tensor:
    """
    Return vectors divided by their length, as RMSNorm does but for the factor of `_gain`.

    `floor` is sqrt(d eps). Half the time of torch's RMSNorm for one token on a CPU.
    """
    unit: Tensor = x / torch.hypot(torch.linalg.vector_norm(x, dim=-1, keepdim=True), floor)
    return unit


def _gain(norm: Any) -> Tensor:
    """Return what RMSNorm multiplies unit vectors by: its weight times sqrt(d)."""
    gain: Tensor = norm.weight * norm.weight.shape[0] ** 0.5
    return gain


def _biases(parts: Sequence[nn.Linear]) -> Optional[Tensor]:
    """Return the biases of linear layers end to end, or None when they have none."""
    found: list[Tensor] = [p.bias for p in parts if p.bias is not None]
    return torch.cat(found) if found else None

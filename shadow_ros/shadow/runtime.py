"""
Runtimes: a detached shadow that answers one caller token by token, as fast as it can.

    runtime = runtime_for(ProjectedShadow.load(folder), limit=256)
    logits = runtime.feed([1, 17, 4])       # [vocab], for the token after the last
    runtime.rewind(1)                       # forget all but the first token: prefix reuse

`LeanRuntime` does once what transformers does at every token (fused matrices, norm weights and
projection multiplied in, rotations tabled, static caches); `CachedRuntime` runs any other
architecture through transformers.
"""

from typing import Any, Optional, Protocol, Sequence

import torch
from torch import nn, Tensor
from torch.nn import functional as F
from transformers import DynamicCache, PretrainedConfig

from shadow_ros.errors import ModelError
from shadow_ros.shadow.cache import crop
from shadow_ros.shadow.layout import blocks
from shadow_ros.shadow.projected import ProjectedShadow

_LEAN_FAMILIES = ('qwen3', 'qwen2', 'llama', 'mistral')


class Runtime(Protocol):
    """One conversation with a model."""

    length: int
    limit: int
    passes: int

    def feed(self, ids: Sequence[int]) -> Tensor:
        """Append tokens and return the logits [vocab] of the next one; one model pass."""

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` tokens."""


def runtime_for(model: ProjectedShadow, limit: int = 512) -> Runtime:
    """Return the fastest runtime for the model; `limit` is the longest conversation in tokens."""
    if is_lean(model.shadow_model.config):
        return LeanRuntime(model, limit)
    return CachedRuntime(model, limit)


def is_lean(config: PretrainedConfig) -> bool:
    """Return whether LeanRuntime computes this architecture: full attention, plain rotations."""
    rope = getattr(config, 'rope_parameters', None) or {}
    kinds = getattr(config, 'layer_types', None) or ['full_attention']
    window = getattr(config, 'sliding_window', None) if config.model_type == 'mistral' else None
    return (config.model_type in _LEAN_FAMILIES and rope.get('rope_type') == 'default'
            and set(kinds) == {'full_attention'} and not window
            and getattr(config, 'hidden_act', 'silu') == 'silu'
            and not getattr(config, 'mlp_bias', False))


class CachedRuntime:
    """Any architecture, through transformers and a DynamicCache."""

    def __init__(self, model: ProjectedShadow, limit: int) -> None:
        self.model = model
        self.limit = limit
        self.length = 0
        self.passes = 0
        self._cache = DynamicCache(config=model.shadow_model.config)

    @torch.inference_mode()
    def feed(self, ids: Sequence[int]) -> Tensor:
        """Append tokens and return the logits [vocab] of the next one; one model pass."""
        _check_room(self, ids)
        device = self.model.lm_head.weight.device
        out = self.model(torch.tensor([list(ids)], device=device), use_cache=True,
                         past_key_values=self._cache, logits_to_keep=1)
        self.length += len(ids)
        self.passes += 1
        logits: Tensor = out.logits[0, -1]
        return logits

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` tokens."""
        _check_rewind(self, length)
        crop(self._cache, length)
        self.length = length


class LeanRuntime:
    """
    Qwen3, Qwen2, Llama and Mistral decoders without the per-token work of a general library.

    Shapes: t new tokens, n all tokens, d hidden size, a query heads, c key heads, g = a / c, e
    head size.
    """

    def __init__(self, model: ProjectedShadow, limit: int) -> None:
        config = model.shadow_model.config
        self.limit = limit
        self.length = 0
        self.passes = 0
        self.heads = config.num_attention_heads
        self.key_heads = config.num_key_value_heads
        self.size = int(getattr(config, 'head_dim', None)
                        or config.hidden_size // config.num_attention_heads)
        with torch.no_grad():
            self._take(model)

    def _take(self, model: ProjectedShadow) -> None:
        """Copy the weights in the form that is fastest to use."""
        stack: Any = model.shadow_model
        weight = model.lm_head.weight
        self.embeddings = stack.embed_tokens.weight.detach().clone()
        eps = stack.config.rms_norm_eps
        self.floor = weight.new_tensor((self.embeddings.shape[1] * eps) ** 0.5)
        self.head_floor = weight.new_tensor((self.size * eps) ** 0.5)
        self.layers = [_Layer(block, self) for block in blocks(stack)]
        # logits = x P^T H^T, with P the projection [d_large, d], H the head [vocab, d_large]
        head = weight @ model.shadow_hidden_projection.weight
        self.head = (head * _gain(stack.norm)).detach().contiguous()
        places = torch.arange(self.limit, device=weight.device)[None]
        cos, sin = stack.rotary_emb(self.embeddings, places)  # [1, limit, e]
        # Values are turned by no angle, so one product turns queries, keys and values alike.
        c, half = self.key_heads, self.size // 2
        self.cos = cos[0, :, None].repeat(1, self.heads + 2 * c, 1)  # [limit, a + 2c, e]
        self.sin = torch.cat((-sin[..., :half], sin[..., half:]), -1)[0, :, None].repeat(
            1, self.heads + 2 * c, 1)
        self.cos[:, -c:], self.sin[:, -c:] = 1, 0
        self.caches = [weight.new_zeros(2 * c, self.limit, self.size) for _ in self.layers]
        self.mask = torch.full((self.limit, self.limit), float('-inf'), dtype=weight.dtype,
                               device=weight.device).triu(1)

    @torch.inference_mode()
    def feed(self, ids: Sequence[int]) -> Tensor:
        """Append tokens and return the logits [vocab] of the next one; one model pass."""
        _check_room(self, ids)
        start, end = self.length, self.length + len(ids)
        where = torch.tensor(ids, device=self.embeddings.device)
        x = F.embedding(where, self.embeddings)  # [t, d]
        turn = self.cos[start:end], self.sin[start:end]
        for layer, cache in zip(self.layers, self.caches):
            x = layer.forward(x, cache, start, turn)
        self.length = end
        self.passes += 1
        return F.linear(_unit(x[-1:], self.floor), self.head)[0]

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` tokens."""
        _check_rewind(self, length)
        self.length = length


class _Layer:
    """One decoder block, its norm weights multiplied into the matrices that follow."""

    def __init__(self, block: Any, runtime: LeanRuntime) -> None:
        self.runtime = runtime
        attention, mlp = block.self_attn, block.mlp
        first, second = _gain(block.input_layernorm), _gain(block.post_attention_layernorm)
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        self.qkv = torch.cat([p.weight for p in parts]) * first  # [(a + 2c) e, d]
        self.qkv_bias = _biases(parts)
        self.qk_norm: Optional[Tensor] = None
        self._scale_queries(attention)
        self.out = attention.o_proj.weight.detach().clone()
        self.out_bias = _biases((attention.o_proj,))
        self.gate_up = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]) * second
        self.down = mlp.down_proj.weight.detach().clone()

    def _scale_queries(self, attention: Any) -> None:
        """Multiply 1 / sqrt(e) into what makes the queries."""
        run = self.runtime
        scale, queries = run.size ** -0.5, run.heads * run.size
        if hasattr(attention, 'q_norm'):
            self.qk_norm = torch.cat([
                _gain(attention.q_norm).expand(run.heads, -1) * scale,
                _gain(attention.k_norm).expand(run.key_heads, -1)]).contiguous()  # [a + c, e]
            return
        self.qkv[:queries] *= scale
        if self.qkv_bias is not None:
            self.qkv_bias[:queries] *= scale

    def forward(self, x: Tensor, cache: Tensor, start: int,
                turn: tuple[Tensor, Tensor]) -> Tensor:
        """Return the block's output [t, d] for tokens from `start`; `turn` is their cos, sin."""
        h = _unit(x, self.runtime.floor)
        x = x + F.linear(self._attend(h, cache, start, turn), self.out, self.out_bias)
        h = _unit(x, self.runtime.floor)
        gate, up = F.linear(h, self.gate_up).chunk(2, -1)
        return x + F.linear(F.silu(gate) * up, self.down)

    def _attend(self, h: Tensor, cache: Tensor, start: int,
                turn: tuple[Tensor, Tensor]) -> Tensor:
        """Return what attention reads from all tokens so far, [t, a e]."""
        run, t = self.runtime, h.shape[0]
        a, c, e, end = run.heads, run.key_heads, run.size, start + t
        qkv = F.linear(h, self.qkv, self.qkv_bias).view(t, a + 2 * c, e)
        if self.qk_norm is not None:
            qk = _unit(qkv[:, :-c], run.head_floor) * self.qk_norm
            qkv = torch.cat((qk, qkv[:, -c:]), 1)
        # The two halves of each head change places: (x1, x2) cos + (-x2, x1) sin.
        qkv = torch.addcmul(qkv * turn[0], qkv.roll(e // 2, -1), turn[1])  # [t, a + 2c, e]
        cache[:, start:end] = qkv[:, a:].transpose(0, 1)  # [2c, limit, e]
        seen = cache[:, :end]
        q = qkv[:, :a].reshape(t, c, a // c, e).transpose(0, 1).reshape(c, -1, e)  # [c, t g, e]
        scores = torch.bmm(q, seen[:c].transpose(1, 2))  # [c, t g, n]
        if t > 1:
            scores.view(c, t, -1, end).add_(run.mask[start:end, None, :end])
        read = torch.bmm(scores.softmax(-1), seen[c:])  # [c, t g, e]
        return read.view(c, t, a // c, e).transpose(0, 1).reshape(t, a * e)


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


def _check_room(runtime: Runtime, ids: Sequence[int]) -> None:
    """Raise ModelError when the tokens do not fit."""
    if not ids or runtime.length + len(ids) > runtime.limit:
        raise ModelError(f'expected 1 to {runtime.limit - runtime.length} more tokens, '
                         f'got {len(ids)}; rewind first or make the limit longer')


def _check_rewind(runtime: Runtime, length: int) -> None:
    """Raise ModelError when there is nothing to go back to."""
    if not 0 <= length <= runtime.length:
        raise ModelError(f'a rewind must go to 0 to {runtime.length} tokens, got {length}')

"""
llama.cpp in bench_shadow: the same weights written as GGUF; `pip install cyllama gguf`.

Random numbers have no tokenizer, so tokens go in and logits come out.
"""

from pathlib import Path
import tempfile
from typing import Any

import torch

from benchmarks.contest import Run
from benchmarks.shadow_command import PLAN, PREFIX, USER

PLACES = 128
_LAYER = {'attn_norm': 'input_layernorm', 'attn_q': 'self_attn.q_proj',
          'attn_k': 'self_attn.k_proj', 'attn_v': 'self_attn.v_proj',
          'attn_q_norm': 'self_attn.q_norm', 'attn_k_norm': 'self_attn.k_norm',
          'attn_output': 'self_attn.o_proj', 'ffn_norm': 'post_attention_layernorm',
          'ffn_gate': 'mlp.gate_proj', 'ffn_up': 'mlp.up_proj', 'ffn_down': 'mlp.down_proj'}


def llama_runs(base: Any, ids: torch.Tensor, threads: int) -> dict[str, Run]:
    """Return its runs of a command, in 32 and 8 bits; none where it is not installed."""
    try:
        import cyllama  # noqa: F401
        import gguf
    except ImportError:
        print('llama.cpp does not take part: pip install cyllama gguf')
        return {}
    kinds = {'llama.cpp': gguf.GGMLQuantizationType.F32,
             'llama.cpp int8 (Q8_0)': gguf.GGMLQuantizationType.Q8_0}
    found = {name: Llama(base, kind, threads) for name, kind in kinds.items()}
    with torch.no_grad():
        right = base(ids).logits[0, -1].float()
    for name, llama in found.items():
        llama.length = 0
        llama.feed(ids[0].tolist())
        wrong = (llama.logits() - right).norm() / right.norm()
        assert wrong < (1e-2 if llama.exact else 0.2), (name, wrong)
        assert llama.likeliest() == int(llama.logits().argmax())
    return {name: _command(llama, ids[0].tolist()) for name, llama in found.items()}


class Llama:
    """One conversation with llama.cpp."""

    def __init__(self, base: Any, kind: Any, threads: int) -> None:
        import cyllama.llama.llama_cpp as native
        import gguf
        self.native = native
        self.exact = kind == gguf.GGMLQuantizationType.F32
        self.length = 0
        native.disable_logging()
        native.llama_backend_init()
        model, context = native.LlamaModelParams(), native.LlamaContextParams()
        model.use_mmap, context.n_ctx = False, PLACES
        context.n_threads = context.n_threads_batch = threads
        if self.exact:
            context.type_k = context.type_v = int(gguf.GGMLQuantizationType.F32)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'model.gguf'
            write_gguf(base, path, kind)
            # Version 0.2.18 looks for the size of the vocabulary where it has not put it.
            sized = type('Model', (native.LlamaModel,), {'n_vocab': base.config.vocab_size})
            self._model = sized(path_model=str(path), params=model, verbose=False)
        self._context = native.LlamaContext(model=self._model, params=context, verbose=False)
        self._sampler = native.LlamaSampler()
        self._sampler.add_greedy()

    def feed(self, ids: list[int]) -> None:
        """Append tokens."""
        self._context.memory_seq_rm(0, self.length, -1)
        batch = self.native.LlamaBatch(n_tokens=len(ids), embd=0, n_seq_max=1)
        for i, token in enumerate(ids):
            batch.add(token, self.length + i, [0], i == len(ids) - 1)
        self._context.decode(batch)
        self.length += len(ids)

    def likeliest(self) -> int:
        """Return the likeliest next token."""
        return int(self._sampler.sample(self._context, -1))

    def logits(self) -> torch.Tensor:
        """Return the logits [vocab] of the next token."""
        return torch.tensor(self._context.get_logits())


def _command(llama: Llama, ids: list[int]) -> Run:
    """Return a run of one command whose constant prompt was read before, greedy."""
    llama.length = 0
    llama.feed(ids[:PREFIX])

    def run() -> int:
        llama.length = PREFIX
        llama.feed(ids[PREFIX:PREFIX + USER])
        for _ in range(PLAN - 1):
            llama.feed([llama.likeliest()])
        return PLAN

    return run


def write_gguf(base: Any, path: Path, kind: Any) -> None:
    """Write a Qwen3 with tied embeddings, its matrices in this type."""
    import gguf
    config = base.config
    writer = gguf.GGUFWriter(str(path), 'qwen3')
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters['rope_theta'])
    writer.add_tokenizer_model('none')
    writer.add_vocab_size(config.vocab_size)
    for name, weight in _tensors(base).items():
        numbers = weight.detach().float().numpy()
        own = kind if weight.dim() > 1 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(name, gguf.quants.quantize(numbers, own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(base: Any) -> dict[str, torch.Tensor]:
    """Return the weights by llama.cpp's names."""
    found = {'token_embd.weight': base.model.embed_tokens.weight,
             'output_norm.weight': base.model.norm.weight}
    for i, block in enumerate(base.model.layers):
        for name, ours in _LAYER.items():
            found[f'blk.{i}.{name}.weight'] = block.get_submodule(ours).weight
    return found

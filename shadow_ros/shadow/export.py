"""
Detached shadows for programs without our code: a plain Hugging Face folder, or a program.

A projection and a head are two matrices one after the other, so their product is the head of a
plain small causal LM: `AutoModelForCausalLM` opens it, whatever the two hidden sizes are.
"""

from pathlib import Path
from typing import Any, Optional, Union

import torch
from torch import nn, Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel, StaticCache

from shadow_ros.errors import ModelError
from shadow_ros.shadow.files import WEIGHTS_FILE, write_tensors
from shadow_ros.shadow.layout import hidden_size, trunk
from shadow_ros.shadow.projected import ProjectedShadow

PROGRAM_FILE = 'step.pt2'


def plain_model(shadow: ProjectedShadow) -> PreTrainedModel:
    """
    Return the shadow as its architecture's own causal LM.

    Raises ModelError where that has no place for the head: a classifier, or a vocabulary of
    another size than the embeddings'.
    """
    stack = shadow.shadow_model
    vocabulary = stack.get_input_embeddings().weight.shape[0]
    if getattr(shadow.config, 'pools', False) or shadow.config.vocab_size != vocabulary:
        raise ModelError('a plain folder needs one vocabulary for embeddings and head, got '
                         f'{vocabulary} tokens and a head of {shadow.config.vocab_size}; keep the '
                         'projected form, which shadow_ros opens')
    config = type(stack.config).from_dict(
        {**stack.config.to_dict(), 'tie_word_embeddings': False, 'dtype': None})
    with torch.no_grad():
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
        trunk(model).load_state_dict(stack.state_dict())
        head: Any = model.get_output_embeddings()
        # logits = x P^T H^T = x (H P)^T, with P [d_large, d], H [vocab, d_large]
        head.weight.copy_(shadow.lm_head.weight @ shadow.shadow_hidden_projection.weight)
    return model.to(shadow.lm_head.weight.device).eval()


def save_plain(shadow: ProjectedShadow, folder: Union[str, Path],
               dtype: torch.dtype = torch.float16) -> None:
    """Write a folder that `AutoModelForCausalLM.from_pretrained` opens without our code."""
    model = plain_model(shadow)
    state = {k: v.to(dtype) for k, v in model.state_dict().items()}
    model.config.dtype = dtype
    model.config.architectures = [type(model).__name__]
    Path(folder).mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(str(folder))
    if model.generation_config is not None:
        model.generation_config.save_pretrained(str(folder))
    write_tensors(Path(folder) / WEIGHTS_FILE, state)


class Step(nn.Module):
    """
    One token in, its logits out, the cache inside: what torch.export takes.

    Batch 1; `place` is where the token stands. The cache is made of buffers, so that a program
    without Python keeps it between calls; a smaller place overwrites what came after it.
    """

    def __init__(self, model: PreTrainedModel, limit: int) -> None:
        super().__init__()
        self.model = model
        self.cache = StaticCache(config=model.config, max_cache_len=limit)
        _, heads, head_size = cache_sizes(model)
        self.cache.early_initialization(
            batch_size=1, num_heads=heads, head_dim=head_size, dtype=model.dtype,
            device=model.device)
        for i, layer in enumerate(self.cache.layers):
            self.register_buffer(f'keys_{i}', layer.keys, persistent=False)
            self.register_buffer(f'values_{i}', layer.values, persistent=False)
            if isinstance(getattr(layer, 'cumulative_length', None), Tensor):
                self.register_buffer(f'length_{i}', layer.cumulative_length, persistent=False)

    def forward(self, token: Tensor, place: Tensor) -> Tensor:
        """Return the logits [1, vocab] after a token [1, 1] at a place [1]."""
        for layer in self.cache.layers:
            if isinstance(getattr(layer, 'cumulative_length', None), Tensor):
                layer.cumulative_length.copy_(place[0])
        logits: Tensor = self.model(
            input_ids=token, position_ids=place[None], past_key_values=self.cache,
            use_cache=True).logits
        return logits[:, -1]


def cache_sizes(model: PreTrainedModel) -> tuple[int, int, int]:
    """Return how many blocks a model caches, with how many key heads of which size."""
    config: Any = model.config
    heads = getattr(config, 'num_key_value_heads', None) or config.num_attention_heads
    size = (getattr(config, 'head_dim', None)
            or hidden_size(config) // config.num_attention_heads)
    return config.num_hidden_layers, heads, size


def export_step(shadow: ProjectedShadow, limit: int, path: Optional[Path] = None) -> Any:
    """Return the decode step as a torch.export program, written to `path` if one is given."""
    step = Step(plain_model(shadow), limit).eval()
    example = (torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, dtype=torch.long))
    with torch.no_grad():
        program = torch.export.export(step, example, strict=False)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.export.save(program, path)
    return program

"""Who takes part in bench_shadow: the same random weights in this package and in others."""

from copy import deepcopy
from typing import Any

import torch
from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM

from benchmarks.contest import Run
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.pack import pack

SMALL = {'hidden_size': 512, 'intermediate_size': 1536, 'num_hidden_layers': 12,
         'num_attention_heads': 8, 'num_key_value_heads': 4, 'head_dim': 64, 'vocab_size': 8192}
QWEN3 = {'hidden_size': 1024, 'intermediate_size': 3072, 'num_hidden_layers': 28,
         'num_attention_heads': 16, 'num_key_value_heads': 8, 'head_dim': 128,
         'vocab_size': 151936}


def backbone(sizes: dict[str, int]) -> Qwen3ForCausalLM:
    """Return a random Qwen3 of these sizes that never ends early."""
    return Qwen3ForCausalLM(Qwen3Config(
        **sizes, max_position_embeddings=1024, tie_word_embeddings=True,
        eos_token_id=None, bos_token_id=None, pad_token_id=0)).eval()


def sharing(model: torch.nn.Module) -> Any:
    """Return a copy with modules of its own and the same weights in memory."""
    return deepcopy(model, {id(p): p for p in model.parameters()})


def ours(base: Qwen3ForCausalLM, layers: int) -> ShadowedModel:
    """Return our model around the backbone, its large matrices packed if it is on a CPU."""
    own = sharing(base)
    shadow = Shadow.implicit(own, ShadowConfig(num_shadow_layers=layers)).to(own.dtype)
    model = ShadowedModel(own, shadow).eval()
    pack(model)
    return model


def theirs(base: Qwen3ForCausalLM, layers: int) -> dict[str, Any]:
    """Return shadow-peft and PEFT around the backbone, each with an implicit shadow."""
    import peft
    import shadow_peft
    one = shadow_peft.ShadowForCausalLM(shadow_peft.get_shadow_model(
        sharing(base), shadow_peft.ShadowConfig(num_shadow_layers=layers)))
    two = peft.get_peft_model(sharing(base), peft.ShadowConfig(
        task_type='CAUSAL_LM', r=16, update_hidden_size=10, shadow_num_hidden_layers=layers))
    return {'shadow-peft': one.to(base.device, base.dtype).eval(),
            'peft': two.to(base.device, base.dtype).eval()}


def their_detached(base: Qwen3ForCausalLM) -> dict[str, Any]:
    """Return both libraries' shadows alone, with the backbone's weights, off two of its blocks."""
    import peft
    import shadow_peft
    small = sharing(base)
    small.model.layers = small.model.layers[:2]
    small.config = small.model.config = deepcopy(base.config)
    small.config.num_hidden_layers = 2
    one = shadow_peft.ShadowForCausalLM(shadow_peft.get_shadow_model(
        sharing(small), shadow_peft.ShadowConfig(), shadow_model=sharing(base)))
    one.to(base.device, base.dtype).eval().set_inference_mode('shadow_only')
    two = peft.get_peft_model(small, peft.ShadowConfig(
        task_type='CAUSAL_LM', shadow_num_hidden_layers=base.config.num_hidden_layers))
    two.base_model.shadow_backbone['default'].load_state_dict(
        base.model.state_dict(), strict=False)
    alone = two.base_model.unload_shadow()
    return {'shadow-peft': one, 'peft': alone.to(base.device, base.dtype).eval()}


def generating(model: Any, ids: torch.Tensor, new: int) -> Run:
    """Return a greedy generation of exactly so many tokens, cached; it returns its passes."""
    config = GenerationConfig(max_new_tokens=new, min_new_tokens=new, do_sample=False,
                              use_cache=True, pad_token_id=0)
    mask = torch.ones_like(ids)

    def run() -> int:
        made = model.generate(input_ids=ids, attention_mask=mask, generation_config=config)
        return int(made.shape[1] - ids.shape[1])

    return run

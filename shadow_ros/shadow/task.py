"""
Shadowed models as transformers knows models: `generate`, the Trainer, checkpoints.

    lm = ShadowedCausalLM(model, mode='attached', shadow='default')
    lm.generate(ids, attention_mask=mask, max_new_tokens=24, num_beams=3)
    cache = lm.model.empty_cache()       # a constant prefix is read once ...
    lm(prefix, past_key_values=cache)
    lm.generate(ids, past_key_values=cache)        # ... and `ids` begins with it
    Trainer(lm, ...).train(resume_from_checkpoint=True)

Their state is what learns: the backbone is in no checkpoint.
"""

from pathlib import Path
from typing import Any, Mapping, Optional, Union

from torch import Tensor
from transformers import Cache, GenerationMixin, PreTrainedModel

from shadow_ros.errors import ModelError
from shadow_ros.shadow.cache import PairCache
from shadow_ros.shadow.files import WEIGHTS_FILE, write_tensors
from shadow_ros.shadow.loss import Count
from shadow_ros.shadow.model import MODES, ShadowedModel, ShadowOutput


class _Task(PreTrainedModel):  # type: ignore[misc]
    """A ShadowedModel with one mode and one of its shadows chosen; both may be changed."""

    base_model_prefix = ''
    main_input_name = 'input_ids'
    supports_gradient_checkpointing = True
    _is_stateful = False
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_flex_attn = True
    _supports_attention_backend = True

    def __init__(self, model: ShadowedModel, mode: str = 'attached',
                 shadow: str = 'default') -> None:
        if mode not in MODES:
            raise ModelError(f'mode must be one of {", ".join(MODES)}, got {mode!r}')
        super().__init__(model.base.config)
        self.model = model
        self.mode = mode
        self.shadow = shadow
        for parameter in model.shadow(shadow).idle_parameters():
            parameter.requires_grad_(False)  # several GPUs wait for every gradient
        if getattr(model.base, 'generation_config', None) is not None:
            self.generation_config = model.base.generation_config

    def forward(self, input_ids: Tensor, attention_mask: Optional[Tensor] = None,
                position_ids: Optional[Tensor] = None, labels: Optional[Tensor] = None,
                past_key_values: Optional[Cache] = None, use_cache: Optional[bool] = None,
                logits_to_keep: int = 0, num_items_in_batch: Count = None,
                **unused: Any) -> ShadowOutput:
        """Return logits and, with labels, the joint loss; a cache makes the pass incremental."""
        out = self.model(
            input_ids, attention_mask, position_ids, labels, self.mode, self.shadow,
            self._pair(past_key_values, use_cache), logits_to_keep, shadow_logits=False,
            label_count=num_items_in_batch)
        out.shadow_logits = None
        return out

    def _pair(self, given: Optional[Cache], use_cache: Optional[bool]) -> Optional[PairCache]:
        """Return the pair of caches for a pass; generate's own empty cache gives way to one."""
        if isinstance(given, PairCache):
            return given
        if given is not None and given.get_seq_length():
            raise ModelError(f'a shadowed model needs a PairCache, got a {type(given).__name__} '
                             'that holds tokens; start with empty_cache()')
        return self.model.empty_cache(self.shadow) if use_cache or given is not None else None

    def get_input_embeddings(self) -> Any:
        """Return the backbone's token embeddings."""
        return self.model.base.get_input_embeddings()

    def get_output_embeddings(self) -> Any:
        """Return None: nothing here may be tied or resized."""
        return None

    def gradient_checkpointing_enable(self, *_: Any, **__: Any) -> None:
        """Trade time for memory, always in the form without reentry."""
        self.model.gradient_checkpointing_enable()

    def gradient_checkpointing_disable(self) -> None:
        """Keep activations again."""
        self.model.gradient_checkpointing_disable()

    # The names from transformers 5.23 on; those above go with its version 6.
    activation_checkpointing_enable = gradient_checkpointing_enable
    activation_checkpointing_disable = gradient_checkpointing_disable

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the shadows alone; the backbone is frozen and has its own folder."""
        state: dict[str, Any] = super().state_dict(*args, **kwargs)
        frozen = f'{kwargs.get("prefix", "")}model.base.'
        for name in [name for name in state if name.startswith(frozen)]:
            del state[name]
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True,
                        assign: bool = False) -> Any:
        """Load the shadows; tensors that are missing or unknown raise ModelError."""
        found = super().load_state_dict(state_dict, strict=False, assign=assign)
        missing = [n for n in found.missing_keys if not n.startswith('model.base.')]
        if missing or found.unexpected_keys:
            raise ModelError('the state must hold the shadows of this model: '
                             f'missing {missing[:3]}, unknown {found.unexpected_keys[:3]}')
        return type(found)([], [])

    def save_pretrained(self, save_directory: Union[str, Path], is_main_process: bool = True,
                        state_dict: Optional[Mapping[str, Any]] = None, **_: Any) -> None:
        """
        Write the adapter's files, and `model.safetensors` with all shadows.

        The Trainer resumes from the latter; `ShadowedModel.load` reads the former.
        """
        if not is_main_process:
            return
        folder = Path(save_directory)
        self.model.save_adapter(folder, self.shadow)
        write_tensors(folder / WEIGHTS_FILE, state_dict or self.state_dict())

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Any:
        """Refuse: an adapter needs its backbone."""
        raise ModelError('an adapter needs its backbone: '
                         f'{cls.__name__}(ShadowedModel.load(base, folder))')


class ShadowedCausalLM(_Task, GenerationMixin):
    """A shadowed causal LM; `generate` is exact in every mode, cached or not."""


class ShadowedClassifier(_Task):
    """A shadowed sequence classifier: logits [b, labels], attached or the shadow alone."""

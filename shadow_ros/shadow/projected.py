"""
ProjectedShadow: a small decoder stack, a projection, the large model's head; the edge model.

    model = ProjectedShadow.wrap(stack, head)         # a Qwen3Model, the backbone's lm_head
    model = ProjectedShadow.load(folder, dtype=torch.float32)
    out = model(input_ids, attention_mask=mask, labels=labels)      # .loss .logits
    out = model(input_ids, past_key_values=DynamicCache(), use_cache=True)
    model.generate(...)                               # as any transformers model
    model.save(folder, dtype=torch.float16)           # config.json, model.safetensors

The folder is that of the public shadow-peft checkpoints (`model_type:
causal_lm_with_hidden_projection`).
"""

from importlib import import_module
from pathlib import Path
from typing import Any, Optional, Union

from huggingface_hub.errors import StrictDataclassError
import torch
from torch import nn, Tensor
from transformers import Cache, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from shadow_ros.errors import ModelError
from shadow_ros.shadow.files import (
    check_weights, load_weights, read_json, WEIGHTS_FILE, write_tensors)
from shadow_ros.shadow.hub import model_folder
from shadow_ros.shadow.layout import hidden_size, trunk
from shadow_ros.shadow.loss import last_token, next_token_loss, sequence_loss
from shadow_ros.shadow.pack import dense

MODEL_TYPE = 'causal_lm_with_hidden_projection'

# What transformers' generate and cache read from the outer config.
_SHARED_KEYS = ('num_hidden_layers', 'num_attention_heads', 'num_key_value_heads', 'head_dim',
                'max_position_embeddings', 'layer_types', 'sliding_window')


class ProjectedConfig(PretrainedConfig):
    """The config of a projected shadow; its keys are those of the public checkpoints."""

    model_type = MODEL_TYPE

    def __init__(self, shadow_model_class: str = '', shadow_model_config_class: str = '',
                 shadow_model_config: Optional[dict[str, Any]] = None, base_hidden_size: int = 0,
                 vocab_size: int = 0, **kwargs: Any) -> None:
        self.shadow_model_class = shadow_model_class
        self.shadow_model_config_class = shadow_model_config_class
        self.shadow_model_config = dict(shadow_model_config or {})
        self.base_hidden_size = base_hidden_size
        self.vocab_size = vocab_size
        for key in _SHARED_KEYS:
            if key in self.shadow_model_config:
                kwargs.setdefault(key, self.shadow_model_config[key])
        kwargs['hidden_size'] = base_hidden_size
        kwargs['tie_word_embeddings'] = False
        super().__init__(**kwargs)

    def stack_config(self) -> PretrainedConfig:
        """Return the config of the small decoder stack."""
        cls = _transformers_class(self.shadow_model_config_class, PretrainedConfig)
        config = cls.from_dict(self.shadow_model_config)
        assert isinstance(config, PretrainedConfig)
        return config

    def build_stack(self) -> PreTrainedModel:
        """Return the small decoder stack, randomly initialised."""
        cls = _transformers_class(self.shadow_model_class, PreTrainedModel)
        config = self.stack_config()
        config._attn_implementation = getattr(self, '_attn_implementation', None) or 'sdpa'
        # A whole causal LM may be named; its decoder stack alone is wanted.
        return trunk(cls(config))


class ProjectedShadow(PreTrainedModel, GenerationMixin):
    """
    The detached shadow: decoder stack [d_small] -> projection [d_large] -> head [vocab].

    Not a copy of the large model in small: the projection and the head make its last hidden
    state speak the large model's vocabulary space, so the same state seeds the attached pass.
    """

    config_class = ProjectedConfig
    base_model_prefix = ''
    main_input_name = 'input_ids'
    _is_stateful = False
    _supports_sdpa = True

    def __init__(self, config: ProjectedConfig) -> None:
        super().__init__(config)
        if config.base_hidden_size < 1 or config.vocab_size < 1:
            raise ModelError('base_hidden_size and vocab_size of a projected shadow must be at '
                             f'least 1, got {config.base_hidden_size} and {config.vocab_size}')
        self.shadow_model = config.build_stack()
        small = hidden_size(self.shadow_model.config)
        self.shadow_hidden_projection = nn.Linear(small, config.base_hidden_size, bias=False)
        self.lm_head = nn.Linear(config.base_hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Leave every part as its own constructor made it."""

    def tie_weights(self, *args: Any, **kwargs: Any) -> None:
        """Never tie: embeddings and head may differ in size."""

    @classmethod
    def wrap(cls, stack: PreTrainedModel, head: nn.Module,
             projection: Optional[nn.Linear] = None,
             reference_head: Optional[nn.Module] = None,
             pools: bool = False) -> 'ProjectedShadow':
        """
        Return a projected shadow with copies of these weights.

        Without a projection it is the identity when the sizes are equal, else the least-squares
        solution of head @ projection = reference_head (the small model's own head), else random.
        With `pools` the head is a sequence classifier's, read at each row's last token.
        """
        stack = trunk(stack)
        weight: Any = dense(head.weight)  # type: ignore[arg-type]
        config = ProjectedConfig(
            shadow_model_class=_path_of(stack), shadow_model_config_class=_path_of(stack.config),
            shadow_model_config=stack.config.to_dict(), base_hidden_size=weight.shape[1],
            vocab_size=weight.shape[0], eos_token_id=stack.config.eos_token_id,
            bos_token_id=stack.config.bos_token_id, pad_token_id=stack.config.pad_token_id,
            **({'pools': True} if pools else {}))
        model = cls(config).to(device=weight.device, dtype=weight.dtype)
        model.shadow_model.load_state_dict(stack.state_dict())
        with torch.no_grad():
            model.lm_head.weight.copy_(weight)
            if projection is not None:
                model.shadow_hidden_projection.weight.copy_(projection.weight)
            elif reference_head is not None:
                reference: Any = reference_head.weight
                model.shadow_hidden_projection.weight.copy_(best_projection(weight, reference))
            elif weight.shape[1] == hidden_size(stack.config):
                nn.init.eye_(model.shadow_hidden_projection.weight)
        return model

    def get_input_embeddings(self) -> nn.Module:
        """Return the stack's token embeddings."""
        embeddings: nn.Module = self.shadow_model.get_input_embeddings()
        return embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the stack's token embeddings."""
        self.shadow_model.set_input_embeddings(value)

    def get_output_embeddings(self) -> nn.Module:
        """Return the head."""
        return self.lm_head

    def forward(self, input_ids: Optional[Tensor] = None, attention_mask: Optional[Tensor] = None,
                position_ids: Optional[Tensor] = None, inputs_embeds: Optional[Tensor] = None,
                labels: Optional[Tensor] = None, past_key_values: Optional[Cache] = None,
                use_cache: Optional[bool] = None, logits_to_keep: int = 0,
                **kwargs: Any) -> CausalLMOutputWithPast:
        """
        Return logits [b, t, vocab] of tokens [b, t] and, with labels, the next-token loss.

        A classifier's are [b, labels], and the loss is that of whole sequences.
        """
        kwargs.pop('return_dict', None)
        count = kwargs.pop('num_items_in_batch', None)
        out = self.shadow_model(
            input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
            inputs_embeds=inputs_embeds, past_key_values=past_key_values, use_cache=use_cache,
            **kwargs)
        state = out.last_hidden_state
        if getattr(self.config, 'pools', False):
            logits = self.lm_head(self.shadow_hidden_projection(last_token(state, attention_mask)))
            return CausalLMOutputWithPast(sequence_loss(logits, labels, count), logits)
        logits = self.lm_head(self.shadow_hidden_projection(state[:, -logits_to_keep:]))
        loss = next_token_loss(logits, labels, count)
        return CausalLMOutputWithPast(loss=loss, logits=logits,
                                      past_key_values=out.past_key_values)

    def save(self, folder: Union[str, Path], dtype: torch.dtype = torch.float16) -> None:
        """Write `config.json` and `model.safetensors`, the weights in `dtype`."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        config = ProjectedConfig.from_dict(
            {**self.config.to_dict(), 'dtype': str(dtype).removeprefix('torch.'),
             'architectures': ['AutoModelForCausalLMWithHiddenProjection']})
        config.to_json_file(Path(folder) / 'config.json', use_diff=False)
        write_tensors(Path(folder) / WEIGHTS_FILE,
                      {k: v.to(dtype) for k, v in self.state_dict().items()})

    @classmethod
    def load(cls, folder: Union[str, Path], dtype: torch.dtype = torch.float32,
             device: Union[str, torch.device] = 'cpu',
             revision: Optional[str] = None) -> 'ProjectedShadow':
        """Return the model of a folder or hub id, in evaluation mode, or raise ModelError."""
        folder = model_folder(folder, revision)
        path = folder / 'config.json'
        data = read_json(path)
        if data.get('model_type') != MODEL_TYPE:
            raise ModelError(f'{path} must have model_type {MODEL_TYPE}, '
                             f'got {data.get("model_type")!r}')
        with torch.device('meta'):  # no memory for a model that the weights do not fit
            check_weights(cls._described(data, path), folder)
        model = cls._described(data, path)
        load_weights(model, folder)
        return model.to(device=device, dtype=dtype).eval()

    @classmethod
    def _described(cls, data: dict[str, Any], path: Path) -> 'ProjectedShadow':
        """Return the model that the settings of a file describe, its weights random."""
        try:
            return cls(ProjectedConfig.from_dict(data))
        except (ModelError, StrictDataclassError, TypeError, ValueError, AttributeError,
                LookupError, RuntimeError, ArithmeticError) as error:
            raise ModelError(f'{path} does not describe a model: {error}') from error


def best_projection(head: Tensor, reference: Tensor) -> Tensor:
    """
    Return P [d_large, d_small] that minimises |head @ P - reference|.

    `head` [vocab, d_large] and `reference` [vocab, d_small] are the two models' heads; with P the
    small model behind the large head starts with the logits of its own.
    """
    best: Tensor = (torch.linalg.pinv(head.float()) @ reference.float()).to(head.dtype)
    return best


def _path_of(thing: object) -> str:
    """Return `module:Class` of an object, as the public checkpoints name classes."""
    return f'{type(thing).__module__}:{type(thing).__name__}'


def _transformers_class(path: str, kind: type) -> Any:
    """Return the class that a config names; only transformers' own models, never other code."""
    module, _, name = path.replace(':', '.').rpartition('.')
    if not module.startswith('transformers.models.'):
        raise ModelError('a projected shadow must name a class of transformers.models, '
                         f'got {path!r}')
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise ModelError(f'this version of transformers has no {path!r}') from None
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise ModelError(f'{path!r} must be a {kind.__name__}')
    return found

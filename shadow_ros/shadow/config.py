"""ShadowConfig: the settings of one shadow adapter, as `shadow_config.json` holds them."""

from dataclasses import asdict, dataclass, fields
import json
from pathlib import Path
from typing import Any, Mapping, Optional, Union

from shadow_ros.errors import did_you_mean, ModelError
from shadow_ros.shadow.files import read_json

CONFIG_FILE = 'shadow_config.json'

SAVEABLE = ('lm_head', 'shadow_lm_head', 'classifier_head', 'shadow_classifier_head')
"""The heads that may be trained and saved with an adapter (`modules_to_save`)."""

LOSS_WEIGHT = 0.05
"""The weight of the shadow's loss where a folder does not name one."""

VARIANTS = ('shadow-peft', 'peft')
"""Whose maths: adapter.py is shadow-peft's, adapter_peft.py PEFT's."""

# What shadow-peft does not know is left out of its file where it has its default.
_OURS = ('variant', 'shadow_hidden_size', 'share_embeddings', 'adapted_blocks')


@dataclass(frozen=True)
class ShadowConfig:
    """
    Settings of a shadow adapter; names and defaults are those of shadow-peft 0.1.1.

    `injection_hidden_size` is the rank r of W_down and W_up, `gate_hidden_size` the width of the
    update MLPs, `alpha` the strength of the injection. `num_shadow_layers` and the `shadow_*`
    sizes shape an implicit shadow (the backbone's architecture, made smaller); None keeps the
    backbone's value.

    The rest is for PEFT's `variant`: the hidden size of an implicit shadow (another than the
    backbone's brings embeddings and a projection of its own), whether it is fed the backbone's
    embeddings, and the adapted blocks, which must follow each other (None: all).
    """

    num_shadow_layers: int = 1
    injection_hidden_size: int = 16
    gate_hidden_size: int = 10
    alpha: float = 0.1
    dropout: float = 0.2
    shadow_intermediate_size: Optional[int] = None
    shadow_num_attention_heads: Optional[int] = None
    shadow_num_key_value_heads: Optional[int] = None
    shadow_head_dim: Optional[int] = None
    modules_to_save: tuple[str, ...] = ()
    variant: str = 'shadow-peft'
    shadow_hidden_size: Optional[int] = None
    share_embeddings: bool = True
    adapted_blocks: Optional[tuple[int, ...]] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, 'modules_to_save',
                           _listed('modules_to_save', self.modules_to_save, str))
        if self.adapted_blocks is not None:
            object.__setattr__(self, 'adapted_blocks',
                               _listed('adapted_blocks', self.adapted_blocks, int))
        if not isinstance(self.share_embeddings, bool):
            raise ModelError('share_embeddings must be true or false, '
                             f'got {self.share_embeddings!r}')
        if self.variant not in VARIANTS:
            raise ModelError(f'variant must be one of {", ".join(VARIANTS)}, got {self.variant!r}')
        self._check_blocks()
        self._check_numbers()
        for name in self.modules_to_save:
            if name not in SAVEABLE:
                raise ModelError(f'modules_to_save can hold {", ".join(SAVEABLE)}, '
                                 f'got {name!r}{did_you_mean(str(name), SAVEABLE)}')

    def _check_blocks(self) -> None:
        """Raise ModelError unless the adapted blocks follow each other."""
        if self.adapted_blocks is None:
            return
        found = self.adapted_blocks
        if self.variant != 'peft' or not found \
                or found != tuple(range(found[0], found[0] + len(found))):
            raise ModelError("adapted_blocks must follow each other and belong to the variant "
                             f"'peft', got {found} of {self.variant!r}")

    def _check_numbers(self) -> None:
        """Raise ModelError unless every number is in its range."""
        for name, least in (('num_shadow_layers', 1), ('injection_hidden_size', 1),
                            ('gate_hidden_size', 1 if self.variant == 'peft' else 2)):
            _at_least(name, getattr(self, name), least)
        for name in ('shadow_intermediate_size', 'shadow_num_attention_heads',
                     'shadow_num_key_value_heads', 'shadow_head_dim', 'shadow_hidden_size'):
            if getattr(self, name) is not None:
                _at_least(name, getattr(self, name), 1)
        if not is_number(self.alpha):
            raise ModelError(f'alpha must be a number, got {self.alpha!r}')
        if not is_number(self.dropout) or not 0.0 <= self.dropout < 1.0:
            raise ModelError(f'dropout must be in [0, 1), got {self.dropout!r}')

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        data = {**asdict(self), 'modules_to_save': list(self.modules_to_save)}
        defaults = {f.name: f.default for f in fields(self)}
        return {k: v for k, v in data.items() if k not in _OURS or v != defaults[k]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'ShadowConfig':
        """Return the config of a JSON object; an unknown key is an error, not a silent default."""
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                raise ModelError(f'unknown key {key!r}' + did_you_mean(str(key), known))
        return cls(**data)

    def save(self, folder: Union[str, Path]) -> None:
        """Write `shadow_config.json` into the folder, which is made when missing."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.to_dict(), indent=2, sort_keys=True) + '\n'
        (Path(folder) / CONFIG_FILE).write_text(text, encoding='utf-8')

    @classmethod
    def load(cls, folder: Union[str, Path]) -> 'ShadowConfig':
        """Return the config of an adapter folder, or raise ModelError."""
        path = Path(folder) / CONFIG_FILE
        data = read_json(path)
        try:
            return cls.from_dict(data)
        except ModelError as error:
            raise ModelError(f'{path}: {error}') from error


def is_number(value: object) -> bool:
    """Return whether the value is an int or float; a bool is not a number here."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _listed(name: str, value: object, kind: type) -> tuple[Any, ...]:
    """Return a list of things of one kind as a tuple, or raise ModelError."""
    if not isinstance(value, (list, tuple)) or any(type(item) is not kind for item in value):
        raise ModelError(f'{name} must be a list of {kind.__name__}, got {value!r}')
    return tuple(value)


def _at_least(name: str, value: object, least: int) -> None:
    """Raise ModelError unless the value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ModelError(f'{name} must be a whole number of at least {least}, got {value!r}')

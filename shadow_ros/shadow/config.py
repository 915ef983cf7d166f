"""ShadowConfig: the settings of one shadow adapter, as `shadow_config.json` holds them."""

from dataclasses import asdict, dataclass, fields
import json
from pathlib import Path
from typing import Any, Mapping, Optional, Union

from shadow_ros.errors import did_you_mean, ModelError
from shadow_ros.shadow.files import read_json

CONFIG_FILE = 'shadow_config.json'

SAVEABLE = ('lm_head', 'shadow_lm_head')
"""The heads that may be trained and saved with an adapter (`modules_to_save`)."""


@dataclass(frozen=True)
class ShadowConfig:
    """
    Settings of a shadow adapter; names and defaults are those of shadow-peft 0.1.1.

    `injection_hidden_size` is the rank r of W_down and W_up, `gate_hidden_size` the width of the
    update MLPs, `alpha` the strength of the injection. `num_shadow_layers` and the `shadow_*`
    sizes shape an implicit shadow (the backbone's architecture, made smaller); None keeps the
    backbone's value.
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

    def __post_init__(self) -> None:
        object.__setattr__(self, 'modules_to_save', tuple(self.modules_to_save))
        for name, least in (('num_shadow_layers', 1), ('injection_hidden_size', 1),
                            ('gate_hidden_size', 2)):
            _at_least(name, getattr(self, name), least)
        for name in ('shadow_intermediate_size', 'shadow_num_attention_heads',
                     'shadow_num_key_value_heads', 'shadow_head_dim'):
            if getattr(self, name) is not None:
                _at_least(name, getattr(self, name), 1)
        if not _is_number(self.alpha):
            raise ModelError(f'alpha must be a number, got {self.alpha!r}')
        if not _is_number(self.dropout) or not 0.0 <= self.dropout < 1.0:
            raise ModelError(f'dropout must be in [0, 1), got {self.dropout!r}')
        for name in self.modules_to_save:
            if name not in SAVEABLE:
                raise ModelError(f'modules_to_save can hold {" and ".join(SAVEABLE)}, '
                                 f'got {name!r}{did_you_mean(str(name), SAVEABLE)}')

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {**asdict(self), 'modules_to_save': list(self.modules_to_save)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'ShadowConfig':
        """Return the config of a JSON object; an unknown key is an error, not a silent default."""
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                raise ModelError(f'{CONFIG_FILE} holds the unknown key {key!r}'
                                 + did_you_mean(str(key), known))
        return cls(**data)

    def save(self, folder: Union[str, Path]) -> None:
        """Write `shadow_config.json` into the folder, which is made when missing."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.to_dict(), indent=2, sort_keys=True) + '\n'
        (Path(folder) / CONFIG_FILE).write_text(text, encoding='utf-8')

    @classmethod
    def load(cls, folder: Union[str, Path]) -> 'ShadowConfig':
        """Return the config of an adapter folder, or raise ModelError."""
        return cls.from_dict(read_json(Path(folder) / CONFIG_FILE))


def _is_number(value: object) -> bool:
    """Return whether the value is an int or float; a bool is not a number here."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _at_least(name: str, value: object, least: int) -> None:
    """Raise ModelError unless the value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ModelError(f'{name} must be a whole number of at least {least}, got {value!r}')

"""Recipe: everything that a training run depends on; saved beside the weights it made."""

from dataclasses import asdict, dataclass, fields, replace
import json
from pathlib import Path
from typing import Any, Mapping, Union

from shadow_ros.errors import ConfigError, did_you_mean

RECIPE_FILE = 'recipe.json'


@dataclass(frozen=True)
class Recipe:
    """
    Data, sizes and steps of a run.

    The small model of `shadow_layers` layers learns most and becomes the shadow's stack.
    `backbone_layers` names for each layer of the backbone the small layer that it starts from.
    Steps are of `batch` examples; `sequences` weighs examples of several clauses, and one in
    `negatives_every` public negatives is used. `distil` weighs the shadow's distance from the
    backbone in the align stage, `loss_weight` the shadow's own loss in the joint stage: high,
    because the robot runs the shadow alone. `start_from` is a finished run whose tokenizer and
    small model this one goes on with.
    """

    name: str = 'tiny'
    seed: int = 1
    examples: int = 150_000
    sequences: float = 1.0
    vocabulary: int = 3000
    hidden: int = 192
    intermediate: int = 512
    heads: int = 6
    key_value_heads: int = 2
    shadow_layers: int = 4
    backbone_layers: tuple[int, ...] = (0, 0, 1, 1, 2, 2, 3, 3)
    batch: int = 64
    small_steps: int = 2400
    backbone_steps: int = 300
    align_steps: int = 150
    joint_steps: int = 500
    small_rate: float = 2.5e-3
    backbone_rate: float = 6e-4
    align_rate: float = 4e-4
    joint_rate: float = 5e-4
    distil: float = 0.5
    loss_weight: float = 2.0
    start_from: str = ''
    negatives: str = ''
    negatives_every: int = 1
    precision: str = 'no'

    def __post_init__(self) -> None:
        object.__setattr__(self, 'backbone_layers', tuple(self.backbone_layers))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> 'Recipe':
        """Return the recipe of a JSON object, or raise ConfigError for an unknown key."""
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                raise ConfigError(f'a recipe has no {key!r}{did_you_mean(str(key), known)}')
        return cls(**data)

    def save(self, folder: Union[str, Path]) -> None:
        """Write `recipe.json` into the run folder."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / RECIPE_FILE).write_text(
            json.dumps(asdict(self), indent=2) + '\n', encoding='utf-8')

    @classmethod
    def load(cls, folder: Union[str, Path]) -> 'Recipe':
        """Return the recipe of a run folder."""
        return cls.from_dict(json.loads(
            (Path(folder) / RECIPE_FILE).read_text(encoding='utf-8')))


PRESETS: Mapping[str, Recipe] = {
    'tiny': Recipe(),
    # Minutes on one core, to see that the whole chain works; its weights are of little use.
    'smoke': replace(
        Recipe(), name='smoke', examples=400, hidden=32, intermediate=64, heads=2,
        key_value_heads=1, shadow_layers=2, backbone_layers=(0, 1, 1), batch=16, vocabulary=800,
        small_steps=6, backbone_steps=4, align_steps=4, joint_steps=4),
}


def preset(name: str) -> Recipe:
    """Return a preset, or raise ConfigError with the nearest name."""
    if name not in PRESETS:
        raise ConfigError(f'unknown preset {name!r}{did_you_mean(name, PRESETS)}')
    return PRESETS[name]

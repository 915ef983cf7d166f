"""Recipe: all that a training run depends on; saved in the run folder and with the model."""

from dataclasses import asdict, dataclass, fields, replace
import json
from pathlib import Path
from typing import Any, Mapping, Union

from shadow_ros.errors import ConfigError, did_you_mean

RECIPE_FILE = 'recipe.json'
METHODS = ('shadow', 'lora', 'dora', 'full')


@dataclass(frozen=True)
class Recipe:
    """
    Data, models, sizes and steps of a run. A step sees `batch` examples, in `accumulate` parts.

    Models: with neither `backbone` nor `shadow` (hub ids or folders) a small model of
    `shadow_layers` layers learns first and becomes the shadow's stack, and the backbone grows
    from it: `backbone_layers` names for each of its layers the small one that it starts from. A
    `shadow` alone is tuned alone. A `backbone` alone gets a random shadow of `shadow_layers` of
    its own layers. `start_from` is a finished run or a shipped edge model whose tokenizer and
    small model this run goes on with, `backbone_from` a folder whose backbone it goes on with. A
    stage of no steps is left out. A shadow made here keeps its own head and learns it
    (`own_head`), or speaks through the backbone's, as a given one does.

    Method: `shadow` is ShadowPEFT; `lora`, `dora` and `full` adapt the backbone alone, the first
    two with about `budget` parameters (0: as many as the shadow would have).

    Data: `sequences` weighs examples of several clauses, `beyond` is the share of examples that
    only the attached model can carry out, one in `negatives_every` public negatives is used. The
    file `own` joins the composed ones; nothing of the files of `keep_out` is learned.

    Losses: `distil` weighs the shadow's distance from the backbone in the align stage,
    `loss_weight` the shadow's own loss in the joint stage: high, because the robot runs the
    shadow alone. `shadow_rate` multiplies the joint rate for the shadow's stack; 0 freezes it.
    """

    name: str = 'tiny'
    method: str = 'shadow'
    seed: int = 1
    backbone: str = ''
    shadow: str = ''
    start_from: str = ''
    backbone_from: str = ''
    examples: int = 400_000
    sequences: float = 1.5
    beyond: float = 0.15
    negatives: str = ''
    negatives_every: int = 2
    own: str = ''
    keep_out: tuple[str, ...] = ()
    vocabulary: int = 4800
    hidden: int = 256
    intermediate: int = 704
    heads: int = 8
    key_value_heads: int = 2
    shadow_layers: int = 4
    backbone_layers: tuple[int, ...] = (0, 0, 1, 1, 2, 2, 3, 3)
    injection_rank: int = 16
    update_width: int = 10
    dropout: float = 0.05
    own_head: bool = True
    budget: int = 0
    batch: int = 96
    accumulate: int = 1
    longest: int = 128
    small_steps: int = 9000
    backbone_steps: int = 300
    align_steps: int = 150
    joint_steps: int = 500
    tune_steps: int = 1000
    small_rate: float = 1.8e-3
    backbone_rate: float = 6e-4
    align_rate: float = 4e-4
    joint_rate: float = 5e-4
    tune_rate: float = 5e-4
    shadow_rate: float = 1.0
    distil: float = 0.5
    loss_weight: float = 2.0
    precision: str = 'no'
    checkpointing: bool = False

    def __post_init__(self) -> None:
        for name in ('backbone_layers', 'keep_out'):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.method not in METHODS:
            raise ConfigError(f'method must be one of {", ".join(METHODS)}, got {self.method!r}')
        if self.batch % self.accumulate:
            raise ConfigError('batch must be a multiple of accumulate, got '
                              f'{self.batch} and {self.accumulate}')
        if self.method != 'shadow' and self.shadow and not self.backbone:
            raise ConfigError(f'the method {self.method} adapts a backbone; name one, or leave '
                              'the shadow out')

    @property
    def grows(self) -> bool:
        """Return whether small model and backbone are made here."""
        return not (self.backbone or self.shadow)

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


# The published shadow of 0.6 B parameters, which speaks the vocabulary of Qwen3-8B.
_QWEN3 = replace(
    Recipe(), shadow='shadow-llm/Qwen3-0.6B-H8B', precision='bf16', batch=64, accumulate=4,
    tune_steps=3000, tune_rate=2e-5, negatives_every=2)

PRESETS: Mapping[str, Recipe] = {
    'tiny': Recipe(),
    'qwen3-0.6b': replace(_QWEN3, name='qwen3-0.6b'),
    'qwen3-8b': replace(
        _QWEN3, name='qwen3-8b', backbone='Qwen/Qwen3-8B', accumulate=16, align_steps=0,
        joint_steps=3000, joint_rate=2e-4, shadow_rate=0.1, checkpointing=True),
    # Minutes on one core, to see that the whole chain works; its weights are of little use.
    'smoke': replace(
        Recipe(), name='smoke', examples=400, hidden=32, intermediate=64, heads=2,
        key_value_heads=1, shadow_layers=2, backbone_layers=(0, 1, 1), batch=16, vocabulary=800,
        small_steps=6, backbone_steps=4, align_steps=4, joint_steps=4, tune_steps=4),
}


def preset(name: str) -> Recipe:
    """Return a preset, or raise ConfigError with the nearest name."""
    if name not in PRESETS:
        raise ConfigError(f'unknown preset {name!r}{did_you_mean(name, PRESETS)}')
    return PRESETS[name]

"""IntentCard: what a model folder says about itself in `shadow_intent.json`."""

from dataclasses import asdict, dataclass, field, fields
import json
import math
from pathlib import Path
from typing import Any, Mapping, Optional, Union

from shadow_ros.actions import TABLE_VERSION
from shadow_ros.errors import did_you_mean, ModelError
from shadow_ros.intent.prompt import MAX_TURNS, PROMPT_VERSION
from shadow_ros.shadow.files import read_json

CARD_FILE = 'shadow_intent.json'


@dataclass(frozen=True)
class IntentCard:
    """
    Name, fitness and origin of a model that turns text into plans.

    Below `threshold` the robot asks back instead of acting; `temperature` divides the logits
    before the confidence is taken, so that 0.9 means right nine times in ten. Acrobatic plans
    need at least `bold`. `scores` are measured on held-out data, `data` maps each training file
    to its SHA-256, `parent` names the model that this one was trained from. `turns` is how many
    earlier turns it learnt to read.
    """

    name: str
    languages: tuple[str, ...] = ('en', 'zh')
    threshold: float = 0.5
    temperature: float = 1.0
    scores: Mapping[str, float] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    parent: str = ''
    table_version: int = TABLE_VERSION
    prompt_version: int = PROMPT_VERSION
    created: str = ''
    notes: str = ''
    turns: int = 0
    bold: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, 'languages', tuple(self.languages))
        for key, low, high in (('threshold', 0.0, 1.0), ('temperature', 0.01, 100.0),
                               ('bold', 0.0, 1.0)):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, (int, float)) \
                    or not math.isfinite(value) or not low <= value <= high:
                raise ModelError(f'{key} of {CARD_FILE} must be a number from {low} to {high}, '
                                 f'got {value!r}')
        if not isinstance(self.turns, int) or not 0 <= self.turns <= MAX_TURNS:
            raise ModelError(f'turns of {CARD_FILE} must be a whole number from 0 to {MAX_TURNS}, '
                             f'got {self.turns!r}')
        if not isinstance(self.name, str) or not self.name:
            raise ModelError(f'name of {CARD_FILE} must be a text, got {self.name!r}')

    def save(self, folder: Union[str, Path]) -> None:
        """Write `shadow_intent.json` into the folder, which is made when missing."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + '\n'
        (Path(folder) / CARD_FILE).write_text(text, encoding='utf-8')

    @classmethod
    def load(cls, folder: Union[str, Path]) -> 'IntentCard':
        """Return the card of a model folder that fits this version, or raise ModelError."""
        path = Path(folder) / CARD_FILE
        card = cls._from_dict(read_json(path), path)
        for key, ours in (('table_version', TABLE_VERSION), ('prompt_version', PROMPT_VERSION)):
            if getattr(card, key) != ours:
                raise ModelError(f'{path} must have {key} {ours}, got {getattr(card, key)}; '
                                 'train the model again for this version')
        return card

    @classmethod
    def _from_dict(cls, data: Mapping[str, Any], path: Path) -> 'IntentCard':
        known = [f.name for f in fields(cls)]
        unknown: Optional[str] = next((key for key in data if key not in known), None)
        if unknown is not None:
            raise ModelError(f'{path} holds the unknown key {unknown!r}'
                             + did_you_mean(unknown, known))
        try:
            return cls(**data)
        except TypeError as error:
            raise ModelError(f'{path} is incomplete: {error}') from None

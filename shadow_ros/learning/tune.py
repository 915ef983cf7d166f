"""
A trained model learns new words and nothing else.

    model = load_attached('models/backbone')        # edge and attached learn together; or
    model = ProjectedShadow.load('models/edge')     # the edge alone
    rows = make_room(model, codec, words)
    tune(model, codec, rows, examples, Tuning(steps=200), run)
    model.detach().save(folder)
"""

from dataclasses import dataclass
from pathlib import Path
import random
from typing import Sequence, TypeVar, Union

from shadow_ros.errors import ConfigError
from shadow_ros.intent.tokens import Codec
from shadow_ros.learning.batches import Pair
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import encode
from shadow_ros.learning.fit import fit, Loop, Stage
from shadow_ros.learning.objectives import JointObjective, ShadowObjective
from shadow_ros.learning.taught import Model, only_rows, tables_of
from shadow_ros.shadow.model import ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

Tunable = TypeVar('Tunable', bound=Union[ShadowedModel, ProjectedShadow])


@dataclass(frozen=True)
class Tuning:
    """How much is learned: steps of `batch` pairs; the rate in units of the embeddings' spread."""

    steps: int = 400
    batch: int = 32
    rate: float = 0.1
    seed: int = 1
    precision: str = 'no'
    cpu: bool = False
    save_every: int = 20


def tune(model: Tunable, codec: Codec, rows: Sequence[int], examples: Sequence[Example],
         settings: Tuning, run: Path) -> Tunable:
    """Teach these rows of the embeddings, or finish what was begun; return the model."""
    run.mkdir(parents=True, exist_ok=True)
    stage = _stage(model, rows, settings)
    pairs = drawn([pair for pair in encode(examples, codec) if stage.wants(pair)],
                  settings.steps * settings.batch, settings.seed)
    loop = Loop(settings.batch, codec.pad_id, settings.seed, precision=settings.precision,
                cpu=settings.cpu, save_every=settings.save_every)
    fit(stage, pairs, run, loop)
    return model


def drawn(pairs: Sequence[Pair], count: int, seed: int) -> list[Pair]:
    """Return so many of the pairs in random order, each as often as any other but for one."""
    if not pairs:
        raise ConfigError('expected new examples to learn from, got none')
    rng = random.Random(seed)
    times, rest = divmod(count, len(pairs))
    found = [*pairs] * times + rng.sample(list(pairs), rest)
    rng.shuffle(found)
    return found


def _stage(model: Model, rows: Sequence[int], settings: Tuning) -> Stage:
    """Return the one stage of a tuning, in which nothing but the rows learns."""
    model.requires_grad_(False)
    for table in tables_of(model):
        only_rows(table, rows)
    alone = isinstance(model, ProjectedShadow)
    return Stage(
        'tuned', model, ShadowObjective(model) if alone else JointObjective(model),
        settings.steps, settings.rate, wants=lambda pair: pair.edge or not alone, decay=0.0,
        rates={name: float(table.detach().std()) for name, table in model.named_parameters()
               if table.requires_grad})

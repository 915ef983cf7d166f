"""
A trained model learns something new without forgetting the rest.

    model = load_attached('models/backbone')        # edge and attached learn together; or
    model = ProjectedShadow.load('models/edge')     # the edge alone
    tune(model, codec, own, replay, Tuning(steps=200), run)
    model.detach().save(folder)

Each step holds a share of new examples and one of replayed old ones, so a few dozen corrections
neither drown nor drown the rest. The backbone stays as it is.
"""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
import random
from typing import Sequence, TypeVar, Union

import torch
from torch import nn

from shadow_ros.errors import ConfigError
from shadow_ros.intent.tokens import Codec
from shadow_ros.learning.batches import Pair
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import encode
from shadow_ros.learning.fit import fit, Loop, Stage
from shadow_ros.learning.objectives import JointObjective, KeepingObjective, ShadowObjective
from shadow_ros.shadow.model import ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

_EMBEDDINGS = 'shadow_model.embed_tokens.weight'
_OFTEN, _RATIO = 0.01, 3.0  # share of the own prompts that a new word is in, at least, and times
# as often as in those that are replayed
_STOP, _SPELT = '[STOP]', 0.03  # share of the stops from which on a token is one of theirs

Tunable = TypeVar('Tunable', bound=Union[ShadowedModel, ProjectedShadow])


@dataclass(frozen=True)
class Tuning:
    """
    How much is learned: steps of `batch` pairs, of which the share `new` are new examples.

    `keep` weighs how far a shadow alone may go from what it was where it was right. With a
    `word_rate` a shadow's embeddings stay as they are but for the new words', which learn at this
    rate.
    """

    steps: int = 200
    batch: int = 32
    rate: float = 2e-4
    new: float = 0.5
    seed: int = 1
    precision: str = 'no'
    cpu: bool = False
    save_every: int = 50
    keep: float = 0.0
    word_rate: float = 0.0


def tune(model: Tunable, codec: Codec, own: Sequence[Example], replay: Sequence[Example],
         settings: Tuning, run: Path) -> Tunable:
    """Train the model on, or finish what was begun in the run folder; return it."""
    run.mkdir(parents=True, exist_ok=True)
    stage = _stage(model, settings)
    fresh, old = ([pair for pair in encode(some, codec) if stage.wants(pair)]
                  for some in (own, replay))
    if stage.rates:
        _free_words(model.get_parameter(*stage.rates), _words(fresh, old, codec.plan(_STOP)[0]))
    pairs = mix(fresh, old, settings)
    loop = Loop(settings.batch, codec.pad_id, settings.seed, precision=settings.precision,
                cpu=settings.cpu, save_every=settings.save_every)
    fit(stage, pairs, run, loop)
    return model


def mix(own: Sequence[Pair], replay: Sequence[Pair], settings: Tuning) -> list[Pair]:
    """Return as many pairs as the steps will see, in the wanted shares; seeded."""
    if not own:
        raise ConfigError('expected new examples to learn from, got none')
    rng = random.Random(settings.seed)
    total = settings.steps * settings.batch
    fresh = round(total * (settings.new if replay else 1.0))
    pairs = [*_drawn(own, fresh, rng), *_drawn(replay, total - fresh, rng)]
    rng.shuffle(pairs)
    return pairs


def _drawn(pairs: Sequence[Pair], count: int, rng: random.Random) -> list[Pair]:
    """Return so many of the pairs, each as often as any other, give or take one."""
    if not count:
        return []
    times, rest = divmod(count, len(pairs))
    return [*pairs] * times + rng.sample(list(pairs), rest)


def _words(own: Sequence[Pair], replay: Sequence[Pair], stop: int) -> list[int]:
    """
    Return the tokens that are far more usual in the own prompts than in the replayed ones.

    What stops are spelt with, misspelt ones too ("stoop"), keeps its meaning.
    """
    ours, theirs = (_usual(pairs) for pairs in (own, replay))
    stops = _usual([pair for pair in replay if pair.ids[pair.prompt] == stop])
    return [token for token, share in ours.items()
            if share >= _OFTEN and share >= _RATIO * theirs.get(token, 0.0)
            and stops.get(token, 0.0) < _SPELT]


def _usual(pairs: Sequence[Pair]) -> dict[int, float]:
    """Return the share of the prompts that a token is in."""
    counts = Counter(token for pair in pairs for token in set(pair.ids[:pair.prompt]))
    return {token: count / len(pairs) for token, count in counts.items()}


def _free_words(weight: nn.Parameter, words: Sequence[int]) -> None:
    """Let only these rows of the embeddings learn."""
    free = torch.zeros(weight.shape[0], 1)
    free[list(words)] = 1.0
    weight.register_hook(lambda gradient: gradient * free.to(gradient.device))


def _rates(model: nn.Module, settings: Tuning) -> dict[str, float]:
    """Return the name of the shadow's own embeddings, if it has some, and how much faster."""
    names = [name for name, _ in model.named_parameters() if name.endswith(_EMBEDDINGS)]
    return {names[0]: settings.word_rate / settings.rate} if settings.word_rate and names else {}


def _stage(model: Union[ShadowedModel, ProjectedShadow], settings: Tuning) -> Stage:
    """Return the one stage of a tuning."""
    if isinstance(model, ProjectedShadow):
        objective = KeepingObjective(model, deepcopy(model), settings.keep) \
            if settings.keep else ShadowObjective(model)
        model.lm_head.requires_grad_(False)
        return Stage('tuned', model, objective, settings.steps, settings.rate,
                     wants=lambda pair: pair.edge, decay=0.0, rates=_rates(model, settings))
    for parameter in model.shadow().idle_parameters():
        parameter.requires_grad_(False)
    return Stage('tuned', model, JointObjective(model), settings.steps, settings.rate, decay=0.0,
                 rates=_rates(model, settings))

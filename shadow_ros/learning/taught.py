"""
Taught words, and the rows of a model's embeddings that hold what they mean.

    words = words_of(lessons, knows, usual)     # what the model must be told
    codec = Codec.load(folder).with_words(words)
    rows = make_room(model, codec, words)       # they begin as what the words were read as
    tune(model, codec, rows, examples, Tuning(), run)

Nothing but these rows learns, so what holds none of the words is answered as before. It is how
textual inversion teaches an image model a new thing (Gal et al. 2022, "An image is worth one
word").
"""

from typing import Any, Callable, Iterable, Sequence, Union

import torch
from torch import nn

from shadow_ros.intent.tokens import Codec
from shadow_ros.intent.words import spelling
from shadow_ros.learning.lessons.lesson import Lesson
from shadow_ros.learning.practice import cores
from shadow_ros.shadow.config import SAVEABLE
from shadow_ros.shadow.layout import head_of
from shadow_ros.shadow.model import ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

Model = Union[ProjectedShadow, ShadowedModel]
Knows = Callable[[str, str], bool]
"""Whether a text leads to a plan already."""


def words_of(lessons: Sequence[Lesson], knows: Knows, usual: str) -> list[str]:
    """
    Return the words and phrases that the lessons teach and the model does not know.

    The command inside a lesson becomes a word, so that it is understood in every frame: one of the
    household's own, which recurs, even if the model guesses it now and then. A lesson that has no
    such command, or a `usual` and known one in a frame that is not known, becomes a word as a
    whole.
    """
    groups: dict[tuple[str, str], list[Lesson]] = {}
    for lesson, clause in cores(lessons):
        groups.setdefault((clause.text, clause.tags), []).append(lesson)
    found = []
    for (text, plan), some in groups.items():
        known = [knows(said, plan) for said in (text, *(lesson.text for lesson in some))]
        own = spelling(text) not in usual
        if own and len(some) > 1 or not all(known) and (own or 2 * sum(known) <= len(known)):
            found.append(spelling(text))
    whole = [spelling(lesson.text) for lesson in lessons
             if not any(word in spelling(lesson.text) for word in found)
             and not knows(lesson.text, lesson.plan)]
    return [word for word in dict.fromkeys([*found, *whole]) if word]


def make_room(model: Model, codec: Codec, words: Iterable[str]) -> list[int]:
    """Give the model a row for each token of the codec; return those of the words."""
    rows = {word: codec.words.ids[spelling(word)] for word in words}
    _lengthen(model, codec.size)
    for table in tables_of(model):
        with torch.no_grad():
            for word, row in rows.items():
                table.weight[row] = table.weight[codec.text_ids(f' {word}')].mean(0)
    return list(rows.values())


def tables_of(model: Model) -> list[nn.Embedding]:
    """Return the token embeddings of a shadow, or of a backbone and its shadow."""
    if isinstance(model, ProjectedShadow):
        parts = [model.shadow_model]
    else:
        shadow = model.shadow()
        parts = [model.base, *([] if shadow.shares_embeddings else [shadow.shadow_model])]
    found = [part.get_input_embeddings() for part in parts]
    assert all(isinstance(table, nn.Embedding) for table in found)
    return found


def only_rows(table: nn.Embedding, rows: Sequence[int]) -> None:
    """Let nothing of the embeddings learn but these rows."""
    free = torch.zeros(table.weight.shape[0], 1)
    free[list(rows)] = 1.0
    table.weight.requires_grad_(True)
    table.weight.register_hook(lambda gradient: gradient * free.to(gradient.device))


def _lengthen(model: Model, size: int) -> None:
    """Make the tables of embeddings and the heads at least so many rows long."""
    tables = {id(table.weight): table for table in tables_of(model)}
    for table in tables.values():
        table.weight = _longer(table.weight, size)
        table.num_embeddings = len(table.weight)
    for head in _heads(model):
        tied = tables.get(id(head.weight))
        head.weight = tied.weight if tied else _longer(head.weight, size)
        head.out_features = len(head.weight)
    for config in _configs(model):
        config.vocab_size = max(size, config.vocab_size)
    if isinstance(model, ProjectedShadow):
        model.config.shadow_model_config['vocab_size'] = model.shadow_model.config.vocab_size


def _longer(weight: nn.Parameter, size: int) -> nn.Parameter:
    """Return the weight with rows of zeros up to the size: no plan can hold their tokens."""
    more = weight.new_zeros(max(0, size - len(weight)), weight.shape[1])
    return nn.Parameter(torch.cat([weight.detach(), more]), weight.requires_grad)


def _heads(model: Model) -> list[Any]:
    if isinstance(model, ProjectedShadow):
        return [model.lm_head]
    own = (getattr(model.shadow(), name) for name in SAVEABLE)
    return [head_of(model.base), *(head for head in own if head is not None)]


def _configs(model: Model) -> list[Any]:
    if isinstance(model, ProjectedShadow):
        return [model.config, model.shadow_model.config]
    return [model.base.config, model.shadow().shadow_model.config]

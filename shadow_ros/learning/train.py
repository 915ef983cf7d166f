"""
Training: small model, backbone, the projected shadow between them, ShadowPEFT's joint loss.

    made = train(preset('tiny'), Path('runs/tiny'))
    ship(made, Path('runs/tiny'))           # ship.py: runs/tiny/edge and runs/tiny/backbone

The run folder holds recipe, examples, tokenizer, log, curves and what each stage learned; the
same call goes on where a run was broken off, and a folder with a recipe alone makes it all again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence, Union

from accelerate import PartialState
from torch import nn
from transformers import PreTrainedModel

from shadow_ros.intent.tokens import Codec
from shadow_ros.learning.adapt import adapt, as_shadow, merged, shadow_config
from shadow_ros.learning.corpus.beyond import reading
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import compose, encode, negatives, read_examples, write_examples
from shadow_ros.learning.fit import fit, Loop, seed_all, Stage
from shadow_ros.learning.given import given_backbone, given_codec, given_shadow
from shadow_ros.learning.grow import build_backbone, build_shadow, build_small
from shadow_ros.learning.objectives import JointObjective, ShadowObjective, TokenObjective
from shadow_ros.learning.recipe import Recipe
from shadow_ros.learning.rounds import begin
from shadow_ros.shadow.folder import load_backbone
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

EXAMPLES_FILE = 'examples.jsonl'


@dataclass
class Made:
    """What a run has made: a shadow alone, and the backbone that it is attached to, if any."""

    recipe: Recipe
    codec: Codec
    edge: ProjectedShadow
    attached: Optional[ShadowedModel] = None


def train(recipe: Recipe, run: Path, cpu: bool = False) -> Made:
    """Train by the recipe, or finish what was begun."""
    processes = PartialState(cpu=cpu)
    with processes.main_process_first():  # it makes what the others read
        if processes.is_main_process:
            recipe.save(run)
            begin(run, recipe)
        examples = _examples(run, recipe)
        codec = _codec(run, recipe, [f'{e.text}\n{e.plan}' for e in examples])
    pairs = encode(examples, codec, recipe.longest)
    processes.print(f'{len(examples)} examples, {len(pairs)} token sequences, '
                    f'{codec.size} tokens', flush=True)
    loop = Loop(recipe.batch, codec.pad_id, recipe.seed, recipe.accumulate, recipe.precision, cpu)
    module: Optional[nn.Module] = None
    for stage in stages(recipe, codec):
        fit(stage, pairs, run, loop)
        seed_all(recipe.seed, 'after', stage.name)  # what is built next, whether it learned or not
        module = stage.module
    return _made(recipe, codec, module)


def stages(recipe: Recipe, codec: Codec) -> Iterator[Stage]:
    """Yield the stages in order; each starts from what the one before has learned."""
    seed_all(recipe.seed, 'build')
    if recipe.shadow and not recipe.backbone:
        yield _tune_shadow(recipe, given_shadow(recipe, codec))
    elif recipe.grows:
        yield from _grown(recipe, codec)
    else:
        base = given_backbone(recipe, codec)
        if recipe.method != 'shadow':
            yield _tune_backbone(recipe, base)
        elif recipe.shadow:
            yield from _tied(recipe, base, given_shadow(recipe, codec, base))
        else:
            yield _joint(recipe, base, Shadow.implicit(base, shadow_config(recipe)))


def _grown(recipe: Recipe, codec: Codec) -> Iterator[Stage]:
    """Yield the stages of a recipe that makes its models itself."""
    small = build_small(recipe, codec)
    if recipe.small_steps:
        yield Stage('small', small, TokenObjective(small, 'edge'), recipe.small_steps,
                    recipe.small_rate, wants=lambda pair: pair.edge)
    base: PreTrainedModel = (load_backbone(recipe.backbone_from) if recipe.backbone_from
                             else build_backbone(recipe, codec, small))
    if recipe.backbone_steps:
        yield Stage('backbone', base, TokenObjective(base, 'cloud'), recipe.backbone_steps,
                    recipe.backbone_rate, wants=lambda pair: pair.cloud)
    if recipe.method == 'shadow':
        yield from _tied(recipe, base, build_shadow(recipe, small, base))
    else:
        yield _tune_backbone(recipe, base)


def _tied(recipe: Recipe, base: PreTrainedModel, shadow: ProjectedShadow) -> Iterator[Stage]:
    """Yield alignment, if there is any, and the joint stage of a projected shadow."""
    base.requires_grad_(False)
    if recipe.align_steps:
        yield Stage('aligned', shadow, ShadowObjective(shadow, base, recipe.distil),
                    recipe.align_steps, recipe.align_rate, wants=lambda pair: pair.edge)
    tied = Shadow.explicit(base, shadow_config(recipe), shadow)
    if tied.shadow_lm_head is not None:
        tied.shadow_lm_head.load_state_dict(shadow.lm_head.state_dict())
    yield _joint(recipe, base, tied)


def _joint(recipe: Recipe, base: PreTrainedModel, shadow: Shadow) -> Stage:
    """Return the stage in which the shadow learns to work attached and detached."""
    model = ShadowedModel(base, shadow, recipe.loss_weight)
    for parameter in shadow.idle_parameters():
        parameter.requires_grad_(False)
    if recipe.checkpointing:
        model.gradient_checkpointing_enable()
    parts = ('model', 'hidden_projection', 'lm_head')
    return Stage('joint', model, JointObjective(model), recipe.joint_steps, recipe.joint_rate,
                 rates={f'shadows.default.shadow_{part}': recipe.shadow_rate for part in parts})


def _tune_shadow(recipe: Recipe, shadow: ProjectedShadow) -> Stage:
    """Return the stage of a shadow that learns alone; its head stays its backbone's."""
    shadow.lm_head.requires_grad_(False)
    return Stage('tuned', shadow, ShadowObjective(shadow), recipe.tune_steps, recipe.tune_rate,
                 wants=lambda pair: pair.edge)


def _tune_backbone(recipe: Recipe, base: PreTrainedModel) -> Stage:
    """Return the stage of another method: the backbone itself is adapted."""
    model = adapt(base, recipe)
    return Stage(recipe.method, model, TokenObjective(model, 'edge'), recipe.tune_steps,
                 recipe.tune_rate, wants=lambda pair: pair.edge)


def _made(recipe: Recipe, codec: Codec, module: Any) -> Made:
    """Return what the last stage's module makes."""
    if isinstance(module, ShadowedModel):
        return Made(recipe, codec, module.detach().eval(), module.eval())
    if isinstance(module, ProjectedShadow):
        return Made(recipe, codec, module.eval())
    return Made(recipe, codec, as_shadow(merged(module)).eval())


def _examples(run: Path, recipe: Recipe) -> list[Example]:
    """Return the run's examples, composed once: a resumed run must see the same."""
    path = run / EXAMPLES_FILE
    if not path.is_file():
        public = negatives(recipe.negatives) if recipe.negatives else []
        if not public:
            print('training without public negatives; give --negatives FILE to use some')
        forbidden = [example for name in recipe.keep_out for example in read_examples(name)]
        kept_out = set(map(reading, forbidden))
        own = [example for example in (read_examples(recipe.own) if recipe.own else ())
               if reading(example) not in kept_out]
        found = compose(recipe.examples, recipe.seed, forbidden, public, recipe.negatives_every,
                        recipe.sequences, recipe.beyond)
        write_examples(path, [*found, *own])
    return read_examples(path)


def _codec(run: Path, recipe: Recipe, lines: Sequence[str]) -> Codec:
    """Return the run's tokenizer, made once."""
    if not (run / 'tokenizer.json').is_file():
        where: Union[str, Path] = recipe.start_from or recipe.backbone_from
        if not recipe.grows:
            codec = given_codec(recipe)
        elif where:
            codec = Codec.load(where)
        else:
            codec = Codec.train(lines, size=recipe.vocabulary)
        codec.save(run)
    return Codec.load(run)

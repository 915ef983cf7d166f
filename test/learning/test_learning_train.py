"""Training end to end with random tiny models: stages, resuming, shipping, tuning."""

from dataclasses import replace
import json
import os
from pathlib import Path
import subprocess
import sys

import pytest
from safetensors.torch import load_file, save_file
import torch

from shadow_ros.errors import ConfigError, ModelError
from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.tokens import Codec
from shadow_ros.learning import fit as loop
from shadow_ros.learning.batches import Batches
from shadow_ros.learning.corpus.beyond import reading
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import read_examples, write_examples
from shadow_ros.learning.grow import build_backbone, build_shadow, build_small, load_small
from shadow_ros.learning.progress import cost, draw_curves, read_log
from shadow_ros.learning.recipe import preset, Recipe
from shadow_ros.learning.rounds import rounds, Spent
from shadow_ros.learning.ship import ship
from shadow_ros.learning.train import train
from shadow_ros.shadow.folder import load_attached
from shadow_ros.shadow.projected import ProjectedShadow

SMOKE = replace(preset('smoke'), examples=120)
IDS = torch.tensor([[1, 5, 9, 30, 2]])
OWN = [Example('spin like a top', '[TURN yaw=720]', 'en', 'own'),
       Example('show time', '[REMOTE]', 'en', 'own', '[DANCE][SIT]', (('hi', ''),))]

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """Return the run folder of one smoke training and what it made."""
    run = tmp_path_factory.mktemp('run')
    write_examples(run / 'own.jsonl', OWN)
    found = train(replace(SMOKE, own=str(run / 'own.jsonl')), run, cpu=True)
    ship(found, run)
    return run, found


def same(one, other) -> bool:
    """Return whether two modules have the same bits."""
    pairs = zip(one.state_dict().values(), other.state_dict().values())
    return all(torch.equal(a, b) for a, b in pairs)


def test_a_trained_shadow_ships_as_a_model_folder_that_the_engine_loads(made):
    engine = EdgeEngine.load(made[0] / 'edge', 'cpu')
    assert 0.0 <= engine.think('walk forward two meters').confidence <= 1.0
    assert Recipe.load(made[0] / 'edge') == replace(SMOKE, own='own.jsonl')


def test_what_was_measured_stays_while_the_weights_do(made, tmp_path):
    folder, *_ = ship(made[1], made[0], tmp_path / 'edge', tmp_path / 'backbone')
    replace(IntentCard.load(folder), threshold=0.7).save(folder)
    ship(made[1], made[0], tmp_path / 'edge', tmp_path / 'backbone')
    assert IntentCard.load(folder).threshold == 0.7
    other = train(replace(SMOKE, seed=9), tmp_path / 'other', cpu=True)
    ship(other, tmp_path / 'other', tmp_path / 'edge', tmp_path / 'backbone')
    assert IntentCard.load(folder).threshold == 0.5


def test_the_detached_shadow_is_that_of_the_attached_folder(made):
    attached, alone = load_attached(made[0] / 'backbone'), ProjectedShadow.load(made[0] / 'edge')
    with torch.no_grad():
        assert torch.allclose(attached(IDS, mode='detached').logits, alone(IDS).logits, atol=1e-4)
        assert torch.allclose(attached(IDS).logits, made[1].attached(IDS).logits, atol=0.02)


def test_every_stage_leaves_its_weights_a_log_and_curves(made):
    names = ('small', 'backbone', 'aligned', 'joint')
    assert all((made[0] / f'{name}.safetensors').is_file() for name in names)
    rows = read_log(made[0])
    assert list(dict.fromkeys(row['stage'] for row in rows)) == list(names)
    assert [row['step'] for row in rows if row['stage'] == 'small'] == [1, 2, 3, 4, 5, 6]
    assert draw_curves(made[0]).read_bytes().startswith(b'\x89PNG')
    assert 0 < cost(made[0]) < 1


def test_own_examples_join_the_composed_ones(made):
    assert read_examples(made[0] / 'examples.jsonl')[-2:] == OWN


def test_the_backbone_is_frozen_while_the_shadow_learns(made):
    backbone = build_backbone(SMOKE, made[1].codec, build_small(SMOKE, made[1].codec))
    from shadow_ros.learning.saved import load_learned
    load_learned(backbone, made[0] / 'backbone.safetensors')
    assert same(backbone, made[1].attached.base)


def broken_off(monkeypatch, recipe, run, step):
    """Train until the data of a step cannot be had."""
    parts = Batches.parts

    def failing(self, now, *rest):
        if now == step:
            raise KeyboardInterrupt
        return parts(self, now, *rest)

    monkeypatch.setattr(Batches, 'parts', failing)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, run, cpu=True)
    monkeypatch.setattr(Batches, 'parts', parts)


@pytest.mark.parametrize('changes, step', [
    ({'small_steps': 4}, 3),
    ({'small_steps': 2, 'backbone_steps': 2, 'align_steps': 0, 'joint_steps': 4}, 3),
], ids=['in the first stage', 'in the joint stage, with dropout'])
def test_a_broken_off_run_ends_with_the_same_bits(tmp_path, monkeypatch, changes, step):
    monkeypatch.setattr(loop, 'SAVE_EVERY', 2)
    recipe = replace(SMOKE, **changes)
    whole = train(recipe, tmp_path / 'whole', cpu=True)
    broken_off(monkeypatch, recipe, tmp_path / 'broken', step)
    assert same(whole.attached, train(recipe, tmp_path / 'broken', cpu=True).attached)


def test_a_folder_with_a_recipe_alone_makes_the_run_again(made, tmp_path):
    (tmp_path / 'recipe.json').write_bytes((made[0] / 'recipe.json').read_bytes())
    again = train(Recipe.load(tmp_path), tmp_path, cpu=True)
    assert same(again.attached, made[1].attached)


def test_nothing_that_is_kept_out_is_learned_not_even_from_own_examples(made, tmp_path):
    """What a development set holds is left out by the recipe alone."""
    kept_out = [*read_examples(made[0] / 'examples.jsonl')[:20], OWN[0]]
    write_examples(tmp_path / 'dev.jsonl', kept_out)
    recipe = replace(SMOKE, own=str(made[0] / 'own.jsonl'), small_steps=0, backbone_steps=0,
                     align_steps=0, joint_steps=1, keep_out=(str(tmp_path / 'dev.jsonl'),))
    train(recipe, tmp_path / 'run', cpu=True)
    learned = {reading(e) for e in read_examples(tmp_path / 'run/examples.jsonl')}
    assert not learned & set(map(reading, kept_out))
    assert reading(OWN[1]) in learned


def test_a_model_knows_the_rounds_that_it_has_been_through(made, tmp_path):
    recipe = replace(SMOKE, start_from=str(made[0]), backbone_from=str(made[0] / 'backbone'),
                     seed=2, small_steps=2, backbone_steps=0, align_steps=0, joint_steps=1)
    found = train(recipe, tmp_path, cpu=True)
    for folder in ship(found, tmp_path):
        first, second = rounds(folder)
        assert (first.recipe.own, first.recipe.start_from) == ('own.jsonl', '')
        assert second.recipe == replace(recipe, start_from=made[0].name, backbone_from='backbone')
        assert {k: v.steps for k, v in first.stages.items()} == {
            'small': 6, 'backbone': 4, 'aligned': 4, 'joint': 4}
        assert {k: v.steps for k, v in second.stages.items()} == {'small': 2, 'joint': 1}
    assert rounds(tmp_path) == rounds(tmp_path / 'edge')
    assert rounds(tmp_path / 'nothing') == []


def test_parts_of_a_step_add_up_to_the_step(tmp_path):
    """In half the memory; the sums differ in their last bits only."""
    recipe = replace(SMOKE, small_steps=2, backbone_steps=1, align_steps=1, joint_steps=1,
                     dropout=0.0)
    whole = train(recipe, tmp_path / 'whole', cpu=True)
    parts = train(replace(recipe, accumulate=4), tmp_path / 'parts', cpu=True)
    for one, other in zip(whole.edge.state_dict().values(), parts.edge.state_dict().values()):
        assert torch.allclose(one, other, atol=2e-4)


def test_the_grown_backbone_starts_as_the_small_model(made):
    small = build_small(SMOKE, made[1].codec).eval()
    backbone = build_backbone(SMOKE, made[1].codec, small).eval()
    with torch.no_grad():
        assert torch.allclose(small(IDS).logits, backbone(IDS).logits, atol=1e-5)
    assert len(backbone.model.layers) > len(small.model.layers)


def test_a_run_goes_on_from_a_run_or_from_a_shipped_shadow(made, tmp_path):
    small = build_small(replace(SMOKE, start_from=str(made[0] / 'edge')), made[1].codec).eval()
    with torch.no_grad():
        assert torch.allclose(small(IDS).logits, made[1].edge(IDS).logits, atol=0.02)
    load_small(small, made[0])
    recipe = replace(SMOKE, start_from=str(made[0] / 'edge'), seed=2, small_steps=1,
                     backbone_steps=1, align_steps=1, joint_steps=1)
    train(recipe, tmp_path, cpu=True)
    assert (tmp_path / 'tokenizer.json').read_bytes() == \
        (made[0] / 'tokenizer.json').read_bytes()


def test_a_run_goes_on_from_one_that_was_broken_off(made, tmp_path):
    """It counts with the steps whose weights are kept, not with all that were made."""
    SMOKE.save(tmp_path)
    weights = load_file(made[0] / 'small.safetensors')
    save_file({f'model.{name}': weight for name, weight in weights.items()},
              tmp_path / 'checkpoint.safetensors', metadata={'stage': 'small', 'step': '4'})
    (tmp_path / 'log.jsonl').write_text(''.join(
        json.dumps({'stage': 'small', 'step': step, 'cpu_seconds': 36 * step}) + '\n'
        for step in (2, 4, 6)))
    assert rounds(tmp_path)[0].stages == {'small': Spent(4, 0.04)}
    small = build_small(replace(SMOKE, start_from=str(tmp_path)), made[1].codec)
    assert same(small, build_small(replace(SMOKE, start_from=str(made[0])), made[1].codec))


@pytest.mark.parametrize('own', [True, False], ids=['own head', "the backbone's head"])
def test_a_shadow_starts_as_good_as_the_small_model(made, own):
    """Behind a head of its own at once; behind another by the best projection."""
    recipe = replace(SMOKE, own_head=own)
    small = build_small(recipe, made[1].codec).eval()
    backbone = build_backbone(recipe, made[1].codec, small)
    shadow = build_shadow(recipe, small, backbone).eval()
    with torch.no_grad():
        assert torch.allclose(shadow(IDS).logits, small(IDS).logits, atol=1e-3)
    assert shadow.lm_head.weight.requires_grad is own


def test_a_shadow_that_is_frozen_leaves_the_edge_as_it_was(made, tmp_path):
    recipe = replace(SMOKE, start_from=str(made[0] / 'edge'), small_steps=0, backbone_steps=0,
                     align_steps=0, joint_steps=2, shadow_rate=0.0,
                     backbone_from=str(made[0] / 'backbone'))
    found = train(recipe, tmp_path, cpu=True)
    before = build_small(recipe, made[1].codec).eval()
    with torch.no_grad():
        assert torch.allclose(found.edge(IDS).logits, before(IDS).logits, atol=1e-4)
        assert not torch.equal(found.attached(IDS).logits,
                               found.attached(IDS, mode='plain').logits)


def test_a_grown_backbone_can_be_kept(made, tmp_path):
    recipe = replace(SMOKE, start_from=str(made[0] / 'edge'), small_steps=0, backbone_steps=0,
                     align_steps=1, joint_steps=1, backbone_from=str(made[0] / 'backbone'))
    found = train(recipe, tmp_path, cpu=True)
    assert same(found.attached.base, load_attached(made[0] / 'backbone').base)
    assert not (tmp_path / 'backbone.safetensors').exists()


@pytest.mark.parametrize('method', ['lora', 'dora', 'full'])
def test_the_other_methods_make_a_model_that_the_engine_loads(made, tmp_path, method):
    base = str(made[0] / 'backbone')
    found = train(replace(SMOKE, method=method, backbone=base), tmp_path, cpu=True)
    ship(found, tmp_path)
    EdgeEngine.load(tmp_path / 'edge', 'cpu').think('坐下')
    with torch.no_grad():
        before = load_attached(base)(IDS, mode='plain').logits
        assert not torch.allclose(found.edge(IDS).logits, before, atol=1e-3)


def test_a_random_shadow_of_a_given_backbone(made, tmp_path):
    recipe = replace(SMOKE, backbone=str(made[0] / 'backbone'), shadow_layers=1)
    found = train(recipe, tmp_path, cpu=True)
    ship(found, tmp_path)
    assert not (tmp_path / 'backbone/model.safetensors').exists()
    with torch.no_grad():
        assert torch.allclose(load_attached(tmp_path / 'backbone')(IDS).logits,
                              found.attached(IDS).logits, atol=0.02)


def test_weights_of_another_run_are_refused(made, tmp_path):
    other = replace(SMOKE, hidden=64)
    for name in ('examples.jsonl', 'tokenizer.json', 'small.safetensors'):
        (tmp_path / name).write_bytes((made[0] / name).read_bytes())
    with pytest.raises(ModelError, match='another run folder'):
        train(other, tmp_path, cpu=True)


def test_the_command_trains_and_keeps_to_the_folders_recipe(made, tmp_path):
    def run(*words):
        return subprocess.run(
            [sys.executable, '-m', 'shadow_ros.cli', 'train', *words], capture_output=True,
            text=True, timeout=100)
    small = ('--set', 'examples=60', '--set', 'small_steps=1', '--set', 'backbone_steps=1',
             '--set', 'align_steps=0', '--set', 'joint_steps=1')
    done = run('--preset', 'smoke', '--run', str(tmp_path), '--cpu', '--seed', '3', *small)
    assert done.returncode == 0, done.stderr
    assert f'wrote {tmp_path}/edge' in done.stdout
    assert json.loads((tmp_path / 'recipe.json').read_text())['seed'] == 3
    refused = run('--run', str(tmp_path), '--seed', '4')
    assert refused.returncode == 2 and 'another seed' in refused.stderr


def test_two_processes_learn_what_one_learns(tmp_path):
    """Each takes its half of every batch; the first alone writes."""
    recipe = replace(SMOKE, examples=60, small_steps=2, backbone_steps=1, align_steps=0,
                     joint_steps=1, dropout=0.0)
    alone = train(recipe, tmp_path / 'one', cpu=True)
    recipe.save(tmp_path / 'two')
    program = tmp_path / 'program.py'
    program.write_text('import sys\nfrom shadow_ros.cli import main\n'
                       f'main(["train", "--cpu", "--run", {str(tmp_path / "two")!r}])\n')
    done = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2',
         str(program)], capture_output=True, text=True, timeout=110,
        env={**os.environ, 'ACCELERATE_USE_CPU': '1', 'OMP_NUM_THREADS': '1',
             'PYTHONPATH': str(Path(__file__).parents[2])})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('wrote') == 2
    shared = ProjectedShadow.load(tmp_path / 'two/edge')
    for one, other in zip(alone.edge.state_dict().values(), shared.state_dict().values()):
        assert torch.allclose(one, other, atol=2e-3)  # the other was rounded to float16


def test_unknown_recipe_keys_and_presets_are_errors():
    with pytest.raises(ConfigError, match='did you mean seed'):
        Recipe.from_dict({'sead': 1})
    with pytest.raises(ConfigError, match='did you mean tiny'):
        preset('tini')
    with pytest.raises(ConfigError, match='must be one of shadow'):
        Recipe.from_dict({'method': 'prefix'})
    with pytest.raises(ConfigError, match='multiple of accumulate'):
        Recipe.from_dict({'batch': 10, 'accumulate': 3})


def test_a_tokenizer_comes_with_the_run(made):
    assert Codec.load(made[0]).size == made[1].codec.size

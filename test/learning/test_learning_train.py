"""Training end to end with random tiny models: stages, resuming, shipping, data."""

from dataclasses import replace
import json
from pathlib import Path

import pytest

from shadow_ros.errors import ConfigError
from shadow_ros.learning.data import Batches, encode, negatives, Pair
from shadow_ros.learning.recipe import preset, Recipe

SMOKE = replace(preset('smoke'), examples=120)


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Return the run folder and the model folder of one smoke training."""
    from shadow_ros.learning.train import ship, train
    folder = tmp_path_factory.mktemp('run')
    model, codec = train(SMOKE, folder)
    ship(model, codec, SMOKE, folder / 'shipped')
    return folder, model


def test_a_trained_shadow_ships_as_a_model_folder_that_the_engine_loads(run):
    from shadow_ros.intent.engine import EdgeEngine
    engine = EdgeEngine.load(run[0] / 'shipped', 'cpu')
    thought = engine.think('walk forward two meters')
    assert 0.0 <= thought.confidence <= 1.0
    recipe = json.loads((run[0] / 'shipped' / 'recipe.json').read_text())
    assert Recipe.from_dict(recipe) == SMOKE


def test_the_detached_shadow_is_the_shadow_of_the_joint_model(run):
    import torch
    from shadow_ros.shadow.projected import ProjectedShadow
    folder, model = run
    shipped = ProjectedShadow.load(folder / 'shipped')
    ids = torch.tensor([[1, 5, 9, 30, 2]])
    with torch.no_grad():
        together = model(ids, mode='detached').logits
        alone = shipped(ids).logits
    assert torch.allclose(together, alone, atol=0.02)


def test_every_stage_leaves_its_weights_and_a_log(run):
    names = ('small', 'backbone', 'aligned', 'joint')
    assert all((run[0] / f'{name}.safetensors').is_file() for name in names)
    log = [json.loads(line) for line in (run[0] / 'log.jsonl').read_text().splitlines()]
    assert {line['stage'] for line in log} == set(names)


def test_a_broken_off_run_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    import torch
    from shadow_ros.learning import train as module
    recipe = replace(SMOKE, small_steps=4)
    whole, _ = module.train(recipe, tmp_path / 'whole')

    monkeypatch.setattr(module, 'SAVE_EVERY', 2)
    log, calls = module._log, []

    def broken(*args, **values):
        calls.append(values)
        log(*args, **values)

    monkeypatch.setattr(module, '_log', broken)
    at = Batches.at

    def failing(self, step):
        if step == 3:
            raise KeyboardInterrupt
        return at(self, step)

    monkeypatch.setattr(Batches, 'at', failing)
    with pytest.raises(KeyboardInterrupt):
        module.train(recipe, tmp_path / 'broken')
    monkeypatch.setattr(Batches, 'at', at)
    resumed, _ = module.train(recipe, tmp_path / 'broken')
    for one, other in zip(whole.state_dict().values(), resumed.state_dict().values()):
        assert torch.allclose(one, other, atol=1e-5)


def test_the_grown_backbone_starts_as_the_small_model(run):
    import torch
    from shadow_ros.intent.tokens import Codec
    from shadow_ros.learning.train import build_backbone, build_small
    codec = Codec.load(run[0])
    small = build_small(SMOKE, codec).eval()
    backbone = build_backbone(SMOKE, codec, small).eval()
    ids = torch.tensor([[1, 5, 9, 30, 2]])
    with torch.no_grad():
        assert torch.allclose(small(ids).logits, backbone(ids).logits, atol=1e-5)
    assert len(backbone.model.layers) > len(small.model.layers)


def test_a_run_goes_on_from_another_with_its_tokenizer(run, tmp_path):
    from shadow_ros.learning.train import train
    recipe = replace(SMOKE, start_from=str(run[0]), seed=2, small_steps=1, backbone_steps=1,
                     align_steps=1, joint_steps=1)
    train(recipe, tmp_path)
    assert (tmp_path / 'tokenizer.json').read_bytes() == (run[0] / 'tokenizer.json').read_bytes()


def test_only_the_plan_is_learned():
    batches = Batches([Pair((1, 2, 3, 4), 2), Pair((1, 5, 6), 2)], 2, pad=0, seed=1)
    ids, labels = batches.at(0)
    rows = sorted(zip(ids.tolist(), labels.tolist()))
    assert rows == [([1, 2, 3, 4], [-100, -100, 3, 4]), ([1, 5, 6, 0], [-100, -100, 6, -100])]


def test_too_few_examples_are_an_error():
    with pytest.raises(ConfigError, match='needs as many examples'):
        Batches([], 2, pad=0, seed=1)


def test_negatives_are_split_by_their_text(tmp_path):
    path = tmp_path / 'negatives.jsonl'
    rows = [{'text': f'question {i}', 'route': 'REMOTE' if i % 2 else 'NONE', 'lang': 'en'}
            for i in range(200)]
    path.write_text('\n'.join(map(json.dumps, rows)), encoding='utf-8')
    kept, held = negatives(path), negatives(path, held_out=True)
    assert len(kept) + len(held) == 200 and 5 <= len(held) <= 45
    assert {e.text for e in kept}.isdisjoint(e.text for e in held)
    assert {e.plan.startswith('[REMOTE]') for e in kept} == {True, False}


def test_missing_negatives_are_a_sentence():
    with pytest.raises(ConfigError, match='cannot be read'):
        negatives(Path('/nowhere/negatives.jsonl'))


def test_unknown_recipe_keys_and_presets_are_errors():
    with pytest.raises(ConfigError, match='did you mean seed'):
        Recipe.from_dict({'sead': 1})
    with pytest.raises(ConfigError, match='did you mean tiny'):
        preset('tini')


def test_long_examples_are_left_out(run):
    from shadow_ros.intent.tokens import Codec
    from shadow_ros.learning.corpus.compose import Example
    codec = Codec.load(run[0])
    long = Example('坐' * 200, '[SIT]', 'zh', 'single')
    assert encode([long, Example('坐', '[SIT]', 'zh', 'single')], codec, 96)[0].prompt == 3

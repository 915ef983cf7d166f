"""
ShadowPEFT beside LoRA, DoRA and full training, at equal trainable parameters, on this task.

    python benchmarks/bench_methods.py runs/methods [--seeds 1 2 3] [--only lora]
    python benchmarks/make_results.py                        # docs/results.md from what it found

One backbone learns the language first: texts of commands and texts of plans, each by itself, so
it knows the words and not what they ask for. Then each method adapts it to the task with the
same examples and steps, at the learning rate that was best for it in a short sweep. Everything
is kept under the folder, so the same command goes on where it was broken off; what came out is
written to `benchmarks/results/methods.json`.
"""

import argparse
from dataclasses import dataclass, replace
import json
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

import numpy as np
from scored import development, fingerprint, METHODS as PAGE, store
import torch
from torch import nn
from transformers import PreTrainedModel

from shadow_ros.intent.card import IntentCard
from shadow_ros.intent.decode import Decoder
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.grammar import Grammar
from shadow_ros.intent.tokens import Codec
from shadow_ros.learning.adapt import adapt, as_shadow, merged, shadow_budget, shadow_config
from shadow_ros.learning.batches import Pair
from shadow_ros.learning.compare import interval
from shadow_ros.learning.data import compose, read_examples, write_examples
from shadow_ros.learning.evaluate import judge
from shadow_ros.learning.fit import fit, Loop, seed_all, Stage
from shadow_ros.learning.grow import build_small
from shadow_ros.learning.objectives import JointObjective, TokenObjective
from shadow_ros.learning.progress import cost, read_log
from shadow_ros.learning.recipe import Recipe
from shadow_ros.learning.train import EXAMPLES_FILE
from shadow_ros.shadow.attached import AttachedRuntime
from shadow_ros.shadow.folder import load_backbone, save_backbone
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.runtime import runtime_for

RATES = (2e-3, 4e-3, 8e-3, 16e-3)
SIZES = Recipe(backbone='language', hidden=96, intermediate=256, heads=4, key_value_heads=2,
               shadow_layers=4, vocabulary=1500, dropout=0.05)
METHODS = ('shadow', 'lora', 'dora', 'full')
_EXAMPLES, _BATCH, _LANGUAGE_STEPS, _SWEEP_STEPS = 40_000, 64, 700, 60


@dataclass(frozen=True)
class Bench:
    """Folder, examples, tokenizer and steps of the comparison."""

    folder: Path
    codec: Codec
    pairs: Sequence[Pair]
    steps: int

    def loop(self, seed: int) -> Loop:
        """Return how steps are made."""
        return Loop(_BATCH, self.codec.pad_id, seed, cpu=True)

    def backbone(self) -> PreTrainedModel:
        """Return the backbone that knows the language and not the task."""
        return load_backbone(self.folder / 'language')

    def stage(self, method: str, rate: float, steps: int) -> tuple[Stage, Any]:
        """Return the stage of a method and the model that it changes."""
        base = self.backbone().train()
        recipe = replace(SIZES, method=method, shadow_layers=1)
        if method == 'shadow':
            model = ShadowedModel(base, Shadow.implicit(base, shadow_config(recipe)), 0.05)
            for parameter in model.shadow().idle_parameters():
                parameter.requires_grad_(False)
            return Stage(method, model, JointObjective(model), steps, rate), model
        model = adapt(base, replace(recipe, budget=shadow_budget(base, recipe)))
        return Stage(method, model, TokenObjective(model, 'edge'), steps, rate), model


def prepare(folder: Path, steps: int) -> Bench:
    """Return the comparison, its backbone trained or read."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / EXAMPLES_FILE).is_file():
        write_examples(folder / EXAMPLES_FILE, compose(_EXAMPLES, 1, development()))
    examples = read_examples(folder / EXAMPLES_FILE)
    if not (folder / 'tokenizer.json').is_file():
        Codec.train([f'{e.text}\n{e.plan}' for e in examples], SIZES.vocabulary).save(folder)
    codec = Codec.load(folder)
    prompts = [(codec.command(e.text), codec.plan(e.plan)) for e in examples]
    bench = Bench(folder, codec, [Pair((*p, *q), len(p)) for p, q in prompts], steps)
    if not (folder / 'language/model.safetensors').is_file():
        seed_all(1, 'language')
        model = build_small(SIZES, codec)
        apart = [Pair((*p[:-1], codec.end_id), 1) for p, _ in prompts]
        apart += [Pair((codec.plan_id, *q), 1) for _, q in prompts]
        fit(Stage('language', model, TokenObjective(model, 'edge'), _LANGUAGE_STEPS, 2e-3),
            apart, folder, bench.loop(1))
        save_backbone(model, folder / 'language', torch.float32)
    return bench


def best_rate(bench: Bench, method: str) -> float:
    """Return the rate with the least held-out loss after a short training."""
    losses = {}
    for rate in RATES:
        run = bench.folder / f'sweep-{method}-{rate}'
        run.mkdir(exist_ok=True)
        seed_all(0, method)
        stage, _ = bench.stage(method, rate, _SWEEP_STEPS)
        fit(stage, bench.pairs, run, bench.loop(0))
        losses[rate] = read_log(run)[-1]['held_out']
    return min(losses, key=lambda rate: losses[rate])


def score(bench: Bench, method: str, seed: int) -> dict[str, Any]:
    """Return the scores of a method with a seed, trained or read."""
    run = bench.folder / f'{method}-{seed}'
    path = run / 'scores.json'
    if not path.is_file():
        run.mkdir(exist_ok=True)
        rate = best_rate(bench, method)
        seed_all(seed, method)
        stage, model = bench.stage(method, rate, bench.steps)
        learned = sum(p.numel() for p in model.parameters() if p.requires_grad)
        fit(stage, bench.pairs, run, bench.loop(seed))
        scores = {'rate': rate, 'parameters': learned, 'held_out': read_log(run)[-1]['held_out'],
                  **_judge(bench, model)}
        path.write_text(json.dumps(scores))
    last = read_log(run)[-1]
    return {**json.loads(path.read_text()), 'step_seconds': last['cpu_seconds'] / last['step']}


def _judge(bench: Bench, model: nn.Module) -> dict[str, list[int]]:
    """Return what a model has exact, attached and alone if it can be both."""
    if isinstance(model, ShadowedModel):
        model.eval()
        alone = _exact(bench, runtime_for(model.detach().eval(), 256))
        return {'exact': _exact(bench, AttachedRuntime(model, 256)), 'detached': alone}
    assert isinstance(model, PreTrainedModel)
    return {'exact': _exact(bench, runtime_for(as_shadow(merged(model)).eval(), 256))}


def _exact(bench: Bench, runtime: Any) -> list[int]:
    """Return 1 for each example whose plan is exact and 0 for the others, without threshold."""
    engine = EdgeEngine(bench.codec, Decoder(runtime, Grammar(bench.codec)),
                        IntentCard('bench', threshold=0.0), threads=1)
    return [int(r.exact) for r in judge(engine, development(), threshold=0.0)]


def rows(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """
    Return a line for each method, and one for the shadow alone.

    Each has its gap to the attached shadow with a 95 percent interval: an example counts with
    its mean over the seeds, and examples are resampled in pairs.
    """
    right = {name: [s['exact'] for s in seeds] for name, seeds in found.items()}
    right['shadow, detached'] = [s['detached'] for s in found['shadow']]
    shadow = np.mean(right['shadow'], axis=0)
    return [{'method': name,
             **{key: found[name.split(',')[0]][0][key]
                for key in ('parameters', 'rate', 'step_seconds')},
             'exact': [round(float(np.mean(seed)), 4) for seed in seeds],
             'gap': interval(np.stack([np.mean(seeds, axis=0), shadow], axis=1))}
            for name, seeds in right.items()]


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('--seeds', type=int, nargs='+', default=[1, 2, 3])
    parser.add_argument('--steps', type=int, default=300)
    parser.add_argument('--only', choices=METHODS)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    bench = prepare(given.folder, given.steps)
    methods = [given.only] if given.only else METHODS
    found: dict[str, list[dict[str, Any]]] = {method: [] for method in methods}
    for seed in given.seeds:
        for method in methods:
            found[method].append(score(bench, method, seed))
    if not given.only:
        hours = sum(map(cost, [given.folder, *filter(Path.is_dir, given.folder.iterdir())]))
        store(PAGE, {
            'examples': _EXAMPLES, 'steps': given.steps, 'batch': _BATCH, 'seeds': given.seeds,
            'backbone': sum(p.numel() for p in bench.backbone().parameters()),
            'measured': len(development()), 'sets': fingerprint(),
            'cpu_hours': round(hours, 2), 'rows': rows(found)})


if __name__ == '__main__':
    main()

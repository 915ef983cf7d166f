"""
ShadowPEFT beside LoRA, DoRA and full training, at equal trainable parameters, on this task.

    python benchmarks/bench_methods.py runs/methods [--seeds 1 2 3] [--only lora]

One backbone learns the language first: texts of commands and texts of plans, each by itself, so
it knows the words and not what they ask for. Then each method adapts it to the task with the
same examples and steps, at the learning rate that was best for it in a short sweep. Everything
is kept under the folder; the same command goes on, and prints what is there.
"""

import argparse
from dataclasses import dataclass, replace
import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Optional, Sequence

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
from shadow_ros.learning.data import compose, read_examples
from shadow_ros.learning.evaluate import judge, report
from shadow_ros.learning.fit import fit, Loop, seed_all, Stage
from shadow_ros.learning.grow import build_small
from shadow_ros.learning.objectives import JointObjective, TokenObjective
from shadow_ros.learning.progress import read_log
from shadow_ros.learning.recipe import Recipe
from shadow_ros.shadow.folder import load_backbone, save_backbone
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.runtime import AttachedRuntime, runtime_for

DEV = Path(__file__).parents[1] / 'test/data/dev_commands.jsonl'
RATES = (1e-3, 2e-3, 4e-3, 8e-3)
SIZES = Recipe(backbone='language', hidden=128, intermediate=344, heads=4, key_value_heads=2,
               shadow_layers=6, vocabulary=2000, dropout=0.05)
METHODS = ('shadow', 'lora', 'dora', 'full')
_EXAMPLES, _LANGUAGE_STEPS, _SWEEP_STEPS = 40_000, 800, 100


@dataclass(frozen=True)
class Bench:
    """Folder, examples, tokenizer and steps of the comparison."""

    folder: Path
    codec: Codec
    pairs: Sequence[Pair]
    steps: int

    def loop(self, seed: int) -> Loop:
        """Return how steps are made."""
        return Loop(64, self.codec.pad_id, seed, cpu=True)

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
    examples = compose(_EXAMPLES, 1, read_examples(DEV))
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
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _judge(bench: Bench, model: nn.Module) -> dict[str, float]:
    """Return the scores of a model on the development set, alone and attached if it can be."""
    if isinstance(model, ShadowedModel):
        model.eval()
        alone = _exact(bench, runtime_for(model.detach().eval(), 256))
        return {'exact': _exact(bench, AttachedRuntime(model, 256)), 'detached': alone}
    assert isinstance(model, PreTrainedModel)
    return {'exact': _exact(bench, runtime_for(as_shadow(merged(model)).eval(), 256))}


def _exact(bench: Bench, runtime: Any) -> float:
    """Return the share of exact plans, no threshold applied."""
    engine = EdgeEngine(bench.codec, Decoder(runtime, Grammar(bench.codec)),
                        IntentCard('bench', threshold=0.0), threads=1)
    found: float = report(judge(engine, read_examples(DEV), threshold=0.0))['exact']
    return found


def _spread(values: Sequence[float]) -> str:
    """Return mean and standard deviation as percentages."""
    spread = f' ± {100 * stdev(values):.1f}' if len(values) > 1 else ''
    return f'{100 * mean(values):.1f}{spread}'


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('--seeds', type=int, nargs='+', default=[1, 2, 3])
    parser.add_argument('--steps', type=int, default=400)
    parser.add_argument('--only', choices=METHODS)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    bench = prepare(given.folder, given.steps)
    print('| method | learned parameters | rate | exact, % | detached, % | held-out loss |')
    for method in [given.only] if given.only else METHODS:
        found = [score(bench, method, seed) for seed in given.seeds]
        alone = _spread([f['detached'] for f in found]) if 'detached' in found[0] else ''
        print(f'| {method} | {found[0]["parameters"]:,} | {found[0]["rate"]:g} '
              f'| {_spread([f["exact"] for f in found])} | {alone} '
              f'| {mean(f["held_out"] for f in found):.4f} |', flush=True)


if __name__ == '__main__':
    main()

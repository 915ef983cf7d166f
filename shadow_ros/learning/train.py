"""
Training: a small model, a backbone, the projected shadow between them, ShadowPEFT's joint loss.

    python -m shadow_ros.learning.train --preset tiny --run runs/tiny --model models/NAME

The run folder holds the recipe, the log, the tokenizer, the weights of each stage and a
checkpoint; the same command goes on where a run was broken off.
"""

import argparse
from contextlib import contextmanager
from dataclasses import dataclass, replace
import json
from pathlib import Path
import time
from typing import Any, Callable, Iterator, Optional, Sequence

from accelerate import Accelerator
from accelerate.utils import set_seed
from safetensors import safe_open
from safetensors.torch import load_file, save_file
import torch
from torch import nn, Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from shadow_ros.intent.tokens import Codec
from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.data import (
    Batches, compose, corpus_hashes, encode, negatives, read_examples)
from shadow_ros.learning.recipe import preset, Recipe, RECIPE_FILE
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.files import load_exactly
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.projected import ProjectedShadow

Loss = Callable[[Tensor, Tensor], Tensor]
CHECKPOINT = 'checkpoint.safetensors'
SAVE_EVERY, LOG_EVERY = 500, 50


@dataclass
class Stage:
    """One part of the training: what learns, by which loss of (ids, labels), how long."""

    name: str
    module: nn.Module
    loss: Loss
    steps: int
    rate: float


def build_small(recipe: Recipe, codec: Codec) -> LlamaForCausalLM:
    """Return the random small model, whose decoder stack becomes the shadow."""
    return LlamaForCausalLM(_config(recipe, codec, recipe.shadow_layers))


def build_backbone(recipe: Recipe, codec: Codec, small: LlamaForCausalLM) -> LlamaForCausalLM:
    """
    Return the backbone, grown from the small model so that it starts as good as that.

    `backbone_layers` names the small layer that each layer copies; a second copy begins as the
    identity, because what it adds to the residual stream is zero.
    """
    backbone = LlamaForCausalLM(_config(recipe, codec, len(recipe.backbone_layers)))
    backbone.model.embed_tokens.load_state_dict(small.model.embed_tokens.state_dict())
    backbone.model.norm.load_state_dict(small.model.norm.state_dict())
    backbone.lm_head.load_state_dict(small.lm_head.state_dict())
    copied: set[int] = set()
    for layer, source in zip(backbone.model.layers, recipe.backbone_layers):
        layer.load_state_dict(small.model.layers[source].state_dict())
        if source in copied:
            nn.init.zeros_(layer.self_attn.o_proj.weight)
            nn.init.zeros_(layer.mlp.down_proj.weight)
        copied.add(source)
    return backbone


def build_shadow(small: LlamaForCausalLM, backbone: LlamaForCausalLM) -> ProjectedShadow:
    """Return the small model's stack projected to the backbone's head, which stays as it is."""
    shadow = ProjectedShadow.wrap(small.model, backbone.lm_head, reference_head=None)
    shadow.lm_head.requires_grad_(False)
    return shadow


def _config(recipe: Recipe, codec: Codec, layers: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=codec.size, hidden_size=recipe.hidden, intermediate_size=recipe.intermediate,
        num_hidden_layers=layers, num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.key_value_heads, max_position_embeddings=512,
        tie_word_embeddings=False, pad_token_id=codec.pad_id, eos_token_id=codec.end_id,
        bos_token_id=codec.user_id)


def _plan_states(states: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the states [n, d] before the tokens that are learned, and these tokens [n]."""
    learned = labels[:, 1:] != -100
    return states[:, :-1][learned], labels[:, 1:][learned]


def token_loss(model: PreTrainedModel) -> Loss:
    """Return the next-token loss of a causal LM, its head used only where something is learned."""
    def loss(ids: Tensor, labels: Tensor) -> Tensor:
        states, wanted = _plan_states(model.model(input_ids=ids).last_hidden_state, labels)
        return cross_entropy(model.lm_head(states).float(), wanted)
    return loss


def align_loss(shadow: ProjectedShadow, backbone: PreTrainedModel, weight: float) -> Loss:
    """Return the shadow's own loss plus `weight` times its distance from the backbone."""
    def loss(ids: Tensor, labels: Tensor) -> Tensor:
        states, wanted = _plan_states(
            shadow.shadow_model(input_ids=ids).last_hidden_state, labels)
        logits = shadow.lm_head(shadow.shadow_hidden_projection(states)).float()
        with torch.no_grad():
            known, _ = _plan_states(backbone.model(input_ids=ids).last_hidden_state, labels)
            teacher = softmax(backbone.lm_head(known).float(), -1)
        far = kl_div(log_softmax(logits, -1), teacher, reduction='batchmean')
        return cross_entropy(logits, wanted) + weight * far
    return loss


def joint_loss(model: ShadowedModel) -> Loss:
    """Return ShadowPEFT's loss: the attached model's plus `loss_weight` times the shadow's."""
    def loss(ids: Tensor, labels: Tensor) -> Tensor:
        found = model(ids, labels=labels).loss
        assert isinstance(found, Tensor)
        return found
    return loss


def fit(stage: Stage, batches: Batches, run: Path, accelerator: Accelerator) -> None:
    """Train one stage, or go on with it; afterwards the run folder holds its weights."""
    done = run / f'{stage.name}.safetensors'
    if done.is_file():
        load_exactly(stage.module, load_file(done), done)
        return
    learning = [p for p in stage.module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=stage.rate, betas=(0.9, 0.98), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _rates(stage.steps))
    start = _resume(stage, optimizer, schedule, run)
    optimizer = accelerator.prepare(optimizer)
    stage.module.train()
    began, total = time.monotonic(), torch.zeros(())
    for step in range(start, stage.steps):
        ids, labels = (t.to(accelerator.device) for t in batches.at(step))
        with accelerator.autocast():
            loss = stage.loss(ids, labels)
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        total += loss.detach().cpu()
        if (step + 1) % LOG_EVERY == 0 or step + 1 == stage.steps:
            seen = (step + 1 - start) * ids.shape[0] / (time.monotonic() - began)
            _log(run, stage=stage.name, step=step + 1, rate=schedule.get_last_lr()[0],
                 loss=total.item() / ((step % LOG_EVERY) + 1), examples_per_second=round(seen, 1))
            total.zero_()
        if (step + 1) % SAVE_EVERY == 0 and step + 1 < stage.steps:
            _checkpoint(stage, optimizer, step + 1, run)
    stage.module.eval()
    save_file({k: v.contiguous() for k, v in stage.module.state_dict().items()}, done)
    (run / CHECKPOINT).unlink(missing_ok=True)


def _rates(steps: int) -> Callable[[int], float]:
    """Return the learning rate's factor: a short warm-up, then a line down to zero."""
    warm = max(1, min(200, steps // 10))
    return lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))


def _checkpoint(stage: Stage, optimizer: Any, step: int, run: Path) -> None:
    """Write weights and optimizer state of an unfinished stage, as safetensors."""
    tensors = {f'model.{k}': v for k, v in stage.module.state_dict().items()}
    for i, state in optimizer.state_dict()['state'].items():
        tensors |= {f'optimizer.{i}.{k}': v for k, v in state.items()}
    save_file({k: v.contiguous() for k, v in tensors.items()}, run / f'{CHECKPOINT}.new',
              metadata={'stage': stage.name, 'step': str(step)})
    (run / f'{CHECKPOINT}.new').replace(run / CHECKPOINT)


def _resume(stage: Stage, optimizer: Any, schedule: Any, run: Path) -> int:
    """Load the checkpoint if it is this stage's; return the step to go on with."""
    path = run / CHECKPOINT
    if not path.is_file():
        return 0
    with safe_open(path, 'pt') as file:
        metadata = file.metadata()
    if metadata['stage'] != stage.name:
        return 0
    tensors, step = load_file(path), int(metadata['step'])
    load_exactly(stage.module, {k.removeprefix('model.'): v for k, v in tensors.items()
                                if k.startswith('model.')}, path)
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith('optimizer.'):
            _, i, name = key.split('.')
            state.setdefault(int(i), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), 'state': state})
    schedule.last_epoch = step
    for group in optimizer.param_groups:
        group['lr'] = stage.rate * _rates(stage.steps)(step)
    return step


def _log(run: Path, **values: Any) -> None:
    """Print one line and add it to the run's log."""
    line = {k: round(v, 6) if isinstance(v, float) else v for k, v in values.items()}
    print('  '.join(f'{k} {v}' for k, v in line.items()), flush=True)
    with open(run / 'log.jsonl', 'a', encoding='utf-8') as file:
        file.write(json.dumps(line) + '\n')


def stages(recipe: Recipe, codec: Codec) -> Iterator[Stage]:
    """Yield the stages in order; each starts from what the one before has learned."""
    small = build_small(recipe, codec)
    if recipe.start_from:
        before = Path(recipe.start_from) / 'small.safetensors'
        load_exactly(small, load_file(before), before)
    yield Stage('small', small, token_loss(small), recipe.small_steps, recipe.small_rate)
    backbone = build_backbone(recipe, codec, small)
    yield Stage('backbone', backbone, token_loss(backbone), recipe.backbone_steps,
                recipe.backbone_rate)
    backbone.requires_grad_(False)
    shadow = build_shadow(small, backbone)
    yield Stage('aligned', shadow, align_loss(shadow, backbone, recipe.distil),
                recipe.align_steps, recipe.align_rate)
    adapter = Shadow.explicit(backbone, ShadowConfig(dropout=0.05), shadow)
    model = ShadowedModel(backbone, adapter, loss_weight=recipe.loss_weight)
    yield Stage('joint', model, joint_loss(model), recipe.joint_steps, recipe.joint_rate)


def train(recipe: Recipe, run: Path, forbidden: Sequence[str] = ()) -> tuple[ShadowedModel, Codec]:
    """Train by the recipe, or finish what was begun; return the shadowed model and its codec."""
    run.mkdir(parents=True, exist_ok=True)
    recipe.save(run)
    set_seed(recipe.seed)
    accelerator = Accelerator(mixed_precision=recipe.precision)
    examples = _examples(run, recipe, forbidden)
    codec = _codec(run, recipe, [f'{e.text}\n{e.plan}' for e in examples])
    batches = Batches(encode(examples, codec), recipe.batch, codec.pad_id, recipe.seed)
    print(f'{len(batches.pairs)} examples, {batches.per_epoch} steps an epoch, '
          f'{codec.size} tokens', flush=True)
    model: Optional[nn.Module] = None
    for stage in stages(recipe, codec):
        model = stage.module.to(accelerator.device)
        with _without_denormals():
            fit(stage, batches, run, accelerator)
    assert isinstance(model, ShadowedModel)
    return model.eval(), codec


@contextmanager
def _without_denormals() -> Iterator[None]:
    """Take the tiniest numbers for zero meanwhile: they slow a CPU down tenfold."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _examples(run: Path, recipe: Recipe, forbidden: Sequence[str]) -> list[Example]:
    """Return the run's examples, composed once: a resumed run must see the same."""
    path = run / 'examples.jsonl'
    if not path.is_file():
        public = negatives(recipe.negatives) if recipe.negatives else []
        if not public:
            print('training without public negatives; give --negatives FILE to use some')
        found = compose(recipe.examples, recipe.seed, forbidden, public, recipe.negatives_every,
                        recipe.sequences)
        path.write_text(''.join(json.dumps(vars(e), ensure_ascii=False) + '\n' for e in found),
                        encoding='utf-8')
    return read_examples(path)


def _codec(run: Path, recipe: Recipe, lines: Sequence[str]) -> Codec:
    """Return the run's tokenizer, trained once."""
    if recipe.start_from:
        Codec.load(recipe.start_from).save(run)
    if not (run / 'tokenizer.json').is_file():
        Codec.train(lines, size=recipe.vocabulary).save(run)
    return Codec.load(run)


def ship(model: ShadowedModel, codec: Codec, recipe: Recipe, folder: Path) -> None:
    """Write the detached shadow as a model folder; scores and threshold are evaluate's part."""
    from shadow_ros.intent.card import IntentCard
    model.detach().save(folder)
    codec.save(folder)
    # Paths are this machine's business; names are enough to find the parts again.
    replace(recipe, negatives=Path(recipe.negatives).name,
            start_from=Path(recipe.start_from).name).save(folder)
    IntentCard(name=folder.name, data=corpus_hashes(recipe.negatives or None),
               created=time.strftime('%Y-%m-%d')).save(folder)


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0].strip())
    parser.add_argument('--preset', default='tiny')
    parser.add_argument('--run', type=Path, required=True, help='run folder; made or continued')
    parser.add_argument('--model', type=Path, help='write the detached shadow into this folder')
    parser.add_argument('--negatives', default='', help='JSON lines of public requests')
    parser.add_argument('--dev', type=Path, help='JSON lines that must not be trained on')
    parser.add_argument('--set', action='append', default=[], metavar='KEY=VALUE',
                        help='change a field of the recipe')
    given = parser.parse_args(arguments)
    changes = {k: json.loads(v) for k, _, v in (pair.partition('=') for pair in given.set)}
    if (given.run / RECIPE_FILE).is_file():
        recipe = Recipe.load(given.run)
    else:
        recipe = Recipe.from_dict({**vars(preset(given.preset)), 'negatives': given.negatives,
                                   **changes})
    forbidden = [json.loads(line)['text'] for line in
                 given.dev.read_text(encoding='utf-8').splitlines()] if given.dev else []
    model, codec = train(recipe, given.run, forbidden)
    if given.model:
        ship(model, codec, recipe, given.model)


if __name__ == '__main__':
    main()

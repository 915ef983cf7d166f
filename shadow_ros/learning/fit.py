"""
The training loop: one stage, step by step, on whatever devices Accelerate finds.

    fit(Stage('joint', model, JointObjective(model), steps=500, rate=5e-4), batches, run)

What is random in a step depends on seed, stage and step alone, and a checkpoint holds weights and
optimizer to the bit: a run that was broken off ends with the weights of one that was not.
"""

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
import hashlib
from pathlib import Path
from typing import Any, Callable, Iterator, Optional, Sequence

from accelerate import Accelerator
from accelerate.state import AcceleratorState
import torch
from torch import nn, Tensor

from shadow_ros.errors import ConfigError
from shadow_ros.learning.batches import Batches, Pair
from shadow_ros.learning.progress import Progress
from shadow_ros.learning.saved import Checkpoint, load_learned, save_learned

SAVE_EVERY, LOG_EVERY = 500, 50
_CLIP, _BETAS, _DECAY = 1.0, (0.9, 0.98), 0.05
_HELD_OUT = 100  # one in so many examples only measures
_MEASURED = 4  # batches of them


@dataclass
class Stage:
    """
    One part of the training: what learns, by which loss of a Batch, how long.

    `wants` chooses the pairs that the stage learns from. `rates` multiplies the rate of the
    parameters whose name begins so (0: they stay as they are). `decay` draws matrices to zero.
    """

    name: str
    module: nn.Module
    objective: nn.Module
    steps: int
    rate: float
    wants: Callable[[Pair], bool] = lambda pair: True
    rates: dict[str, float] = field(default_factory=dict)
    decay: float = _DECAY


@dataclass(frozen=True)
class Loop:
    """
    How steps are made: `batch` pairs in `accumulate` parts, from a seed.

    A checkpoint is written every `save_every` steps.
    """

    batch: int
    pad: int
    seed: int = 1
    accumulate: int = 1
    precision: str = 'no'
    cpu: bool = False
    save_every: int = SAVE_EVERY

    def accelerator(self) -> Accelerator:
        """Return what places tensors and adds up gradients."""
        AcceleratorState._reset_state()  # else a process has one precision for all its life
        found = Accelerator(mixed_precision=self.precision, cpu=self.cpu)
        if self.batch % (self.accumulate * found.num_processes):
            raise ConfigError(f'a batch of {self.batch} must be a multiple of accumulate '
                              f'({self.accumulate}) times processes ({found.num_processes})')
        return found


def fit(stage: Stage, pairs: Sequence[Pair], run: Path, loop: Loop) -> None:
    """Train one stage, or go on with it; afterwards the run folder holds what it learned."""
    done = run / f'{stage.name}.safetensors'
    accelerator = loop.accelerator()
    stage.module.to(accelerator.device)
    optimizer = torch.optim.AdamW(_groups(stage), betas=_BETAS)
    if done.is_file():
        load_learned(stage.module, done)
        return
    checkpoint = Checkpoint(run, stage.name, stage.module, optimizer)
    start = checkpoint.resume()
    progress = Progress(run, stage.name, stage.steps, start, accelerator.is_main_process)
    stage.objective.train()
    with _without_denormals(), progress:
        for step, loss, held_out in _steps(stage, pairs, loop, accelerator, optimizer, start):
            progress.step(step, loss, optimizer.param_groups[0]['lr'], loop.batch)
            if step % log_every(stage.steps) == 0 or step == stage.steps:
                progress.log(held_out)
            if step % loop.save_every == 0 and step < stage.steps and accelerator.is_main_process:
                checkpoint.save(step)
    stage.objective.eval()
    if accelerator.is_main_process:
        save_learned(stage.module, done)
        checkpoint.remove()
    accelerator.wait_for_everyone()


def _steps(stage: Stage, pairs: Sequence[Pair], loop: Loop, accelerator: Accelerator,
           optimizer: torch.optim.Optimizer, start: int,
           ) -> Iterator[tuple[int, Tensor, Optional[float]]]:
    """Yield after each step its number, its loss and, now and then, that of held-out pairs."""
    learned, measured = _split([pair for pair in pairs if stage.wants(pair)], loop)
    objective, prepared = accelerator.prepare(stage.objective, optimizer)
    parameters = [p for group in optimizer.param_groups for p in group['params']]
    for step in range(start, stage.steps):
        seed_all(loop.seed, stage.name, step, accelerator.process_index)
        for group in optimizer.param_groups:
            group['lr'] = group['rate'] * rate_factor(step, stage.steps)
        loss = _gradients(objective, learned, step, loop, accelerator)
        accelerator.clip_grad_norm_(parameters, _CLIP)
        prepared.step()
        prepared.zero_grad(set_to_none=True)
        now = (step + 1) % SAVE_EVERY == 0 or step + 1 == stage.steps
        yield step + 1, loss, _measure(stage, measured) if now else None


def _gradients(objective: nn.Module, batches: Batches, step: int, loop: Loop,
               accelerator: Accelerator) -> Tensor:
    """Add up the gradients of one step; return its loss."""
    world = accelerator.num_processes
    total = torch.zeros((), device=accelerator.device)
    parts = batches.parts(step, loop.accumulate, accelerator.process_index, world)
    for i, part in enumerate(parts):
        last = i + 1 == loop.accumulate
        with nullcontext() if last else accelerator.no_sync(objective):
            loss = objective(part.to(accelerator.device))
            accelerator.backward(loss * world)  # processes average their gradients
        total += loss.detach()
    summed: Tensor = accelerator.reduce(total, 'sum')
    return summed


def log_every(steps: int) -> int:
    """Return after how many steps a stage writes into the log: often enough for a curve."""
    return max(1, min(LOG_EVERY, steps // 10))


def rate_factor(step: int, steps: int) -> float:
    """Return the learning rate's factor: a short warm-up, then a line down to zero."""
    warm = max(1, min(200, steps // 10))
    return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))


def seed_all(*parts: object) -> None:
    """Seed torch with what the parts spell."""
    digest = hashlib.sha256(' '.join(map(str, parts)).encode()).digest()
    torch.manual_seed(int.from_bytes(digest[:7], 'big'))


def _groups(stage: Stage) -> list[dict[str, Any]]:
    """Return the optimizer's groups by rate; vectors (norms, biases) get no weight decay."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in stage.module.named_parameters():
        times = next((v for k, v in stage.rates.items() if name.startswith(k)), 1.0)
        if not times:
            parameter.requires_grad_(False)
        if parameter.requires_grad:
            key = (stage.rate * times, stage.decay if parameter.dim() > 1 else 0.0)
            groups.setdefault(key, []).append(parameter)
    return [{'params': parameters, 'lr': rate, 'rate': rate, 'weight_decay': decay}
            for (rate, decay), parameters in groups.items()]


def _split(pairs: Sequence[Pair], loop: Loop) -> tuple[Batches, Optional[Batches]]:
    """Return the batches to learn from and, if there are enough, those that only measure."""
    held = [pair for pair in pairs if _bucket(pair) == 0]
    if len(held) < loop.batch:
        return Batches(pairs, loop.batch, loop.pad, loop.seed), None
    rest = [pair for pair in pairs if _bucket(pair)]
    return (Batches(rest, loop.batch, loop.pad, loop.seed),
            Batches(held, loop.batch, loop.pad, 0))


def _bucket(pair: Pair) -> int:
    """Return which hundredth a prompt belongs to, the same in every run."""
    prompt = ','.join(map(str, pair.ids[:pair.prompt]))
    return int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:4], 'big') % _HELD_OUT


def _measure(stage: Stage, batches: Optional[Batches]) -> Optional[float]:
    """Return the mean loss of a few batches that are never learned from."""
    if batches is None:
        return None
    where = next(stage.module.parameters()).device
    count = min(_MEASURED, batches.per_epoch)
    stage.objective.eval()
    with torch.no_grad():
        losses = [float(stage.objective(batches.at(i).to(where))) for i in range(count)]
    stage.objective.train()
    return sum(losses) / count


@contextmanager
def _without_denormals() -> Iterator[None]:
    """Take the tiniest numbers for zero meanwhile: they slow a CPU down tenfold."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)

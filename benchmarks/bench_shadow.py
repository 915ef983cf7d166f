"""
Time ShadowPEFT here against shadow-peft, PEFT and transformers: medians, ratios, passes.

    python -m benchmarks.bench_shadow [--qwen3-0.6b] [--repeat 5] [--parts generate attached ...]
                                      [--device cuda --precision bfloat16]

All contenders have the same random weights and prompt and take turns in one process. A command is
a constant prompt of 48 tokens, 12 of the user and a plan of 10; here the constant part is read
once, and grammar, amounts, earlier replies and the shadow's drafts spare passes. The plan is fixed
by steering the logits, as random weights have none; so is the draft, which is right or wrong.
`floors` is the time over that of reading all weights once a pass. llama.cpp takes part, its
constant prompt read once too, where `pip install cyllama gguf` has been done.
"""

import argparse

import torch
from transformers import Qwen3ForCausalLM
from transformers.utils import logging

from benchmarks.contest import bandwidth, contest, Run
from benchmarks.shadow_command import commands, PLAN, PREFIX, USER, vocabulary
from benchmarks.shadow_contenders import (
    backbone, generating, ours, QWEN3, sharing, SMALL, their_detached, theirs)
from benchmarks.shadow_llama import llama_runs
from benchmarks.shadow_memory import memory
from shadow_ros.shadow.attached import AttachedRuntime
from shadow_ros.shadow.projected import ProjectedShadow
from shadow_ros.shadow.runtime import PRECISIONS, runtime_for
from shadow_ros.shadow.task import ShadowedCausalLM

PARTS = ('generate', 'attached', 'detached', 'memory')
PLACES = 128


def main() -> None:
    """Print a table for each part."""
    options = _options()
    logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    base = backbone(QWEN3 if options.qwen3 else SMALL)
    base.to(options.device, PRECISIONS[options.precision])
    with torch.inference_mode():
        bench = Bench(base, options)
        for part in options.parts:
            if part != 'memory':
                getattr(bench, part)()
    if 'memory' in options.parts:
        memory(base)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or '').split('\n')[1])
    parser.add_argument('--qwen3-0.6b', dest='qwen3', action='store_true',
                        help='the shape of Qwen3-0.6B (10 GB of memory) instead of a small one')
    parser.add_argument('--repeat', type=int, default=5, help='times each contender runs')
    parser.add_argument('--threads', type=int, default=1, help='threads of torch')
    parser.add_argument('--parts', nargs='+', choices=PARTS, default=PARTS)
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--precision', choices=PRECISIONS, default='float32')
    return parser.parse_args()


class Bench:
    """One backbone and how it is measured."""

    def __init__(self, base: Qwen3ForCausalLM, options: argparse.Namespace) -> None:
        self.base = base
        self.repeat = options.repeat
        self.threads = options.threads
        self.on_cpu = options.device == 'cpu'
        self.by_cpu = self.on_cpu and options.threads == 1
        size = sum(p.nbytes for p in base.parameters())
        read = bandwidth(options.device, self.by_cpu)
        self.floor = size / read
        print(f'{base.config.num_hidden_layers} blocks of {base.config.hidden_size}, '
              f'{size / 1e6:.0f} MB of weights in {options.precision} on {options.device}, '
              f'{options.threads} thread(s); memory is read at {read / 1e6:.1f} GB/s, all weights '
              f'in {self.floor:.1f} ms; ratios are of '
              f'{"CPU" if self.by_cpu else "wall"} time, medians of {self.repeat}')

    def generate(self) -> None:
        """Time plain generation with the shadow attached, after a prompt of 64 tokens."""
        ids = self.prompt(64)
        models = {'shadow_ros': ShadowedCausalLM(ours(self.base, 2)), **theirs(self.base, 2)}
        for new in (24, 128):
            self.contest(f'attached, {new} new tokens after 64', {
                name: generating(model, ids, new) for name, model in models.items()})

    def attached(self) -> None:
        """Time a whole command with the shadow attached."""
        ids = self.prompt(PREFIX + USER)
        runtime = AttachedRuntime(ours(self.base, 2), PLACES)
        runs = commands(runtime, vocabulary(self.base.config.vocab_size))
        runs['transformers, no shadow'] = generating(sharing(self.base), ids, PLAN)
        for name, other in theirs(self.base, 2).items():
            runs[name] = generating(other, ids, PLAN)
        self.contest('a command, attached', runs)

    def detached(self) -> None:
        """Time a whole command of the shadow alone, which has the shape of the backbone."""
        ids = self.prompt(PREFIX + USER)
        shadow = ProjectedShadow.wrap(self.base.model, self.base.lm_head)
        codec = vocabulary(self.base.config.vocab_size)
        runs = commands(runtime_for(shadow, PLACES), codec)
        if self.on_cpu:
            runs |= commands(runtime_for(shadow, PLACES, 'int8'), codec, 'shadow_ros int8')
        del shadow
        runs['transformers'] = generating(sharing(self.base), ids, PLAN)
        for name, other in their_detached(self.base).items():
            runs[name] = generating(other, ids, PLAN)
        if self.on_cpu:
            runs |= llama_runs(self.base, ids, self.threads)
        self.contest('a command, detached', runs)

    def prompt(self, length: int) -> torch.Tensor:
        """Return random tokens [1, length]."""
        return torch.randint(1, 3000, (1, length), device=self.base.device)

    def contest(self, title: str, runs: dict[str, Run]) -> None:
        """Let the contenders take turns and print their times."""
        contest(title, runs, self.repeat, self.by_cpu, self.floor)


if __name__ == '__main__':
    main()

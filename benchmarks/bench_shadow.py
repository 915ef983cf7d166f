#!/usr/bin/env python3
"""
Time ShadowPEFT here against shadow-peft, PEFT and transformers: medians, ratios, passes.

    python benchmarks/bench_shadow.py [--qwen3-0.6b] [--repeat 5] [--threads 1]
                                      [--parts generate attached detached memory]

All contenders have the same random weights and prompt and take turns in one process. A command is
a constant prompt of 48 tokens, 12 of the user and a plan of 10; here the constant part is read
once and the grammar, amounts of the command and earlier replies spare passes. `new reply`: the
reply was never said before. The plan is fixed by steering the logits, as random weights have none.
"""

import argparse
from copy import deepcopy
import json
from pathlib import Path
import statistics
import sys
import tempfile
import time
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tokenizers import Tokenizer  # noqa: E402
import torch  # noqa: E402
from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM  # noqa: E402

from shadow_ros.intent.decode import Decoder  # noqa: E402
from shadow_ros.intent.grammar import Grammar  # noqa: E402
from shadow_ros.intent.tokens import Codec  # noqa: E402
from shadow_ros.shadow.attached import AttachedRuntime  # noqa: E402
from shadow_ros.shadow.config import ShadowConfig  # noqa: E402
from shadow_ros.shadow.model import Shadow, ShadowedModel  # noqa: E402
from shadow_ros.shadow.pack import pack  # noqa: E402
from shadow_ros.shadow.projected import ProjectedShadow  # noqa: E402
from shadow_ros.shadow.runtime import Runtime, runtime_for  # noqa: E402
from shadow_ros.shadow.task import ShadowedCausalLM  # noqa: E402

PREFIX, USER, PLAN = 48, 12, 10
SMALL = {'hidden_size': 512, 'intermediate_size': 1536, 'num_hidden_layers': 12,
         'num_attention_heads': 8, 'num_key_value_heads': 4, 'head_dim': 64, 'vocab_size': 8192}
QWEN3 = {'hidden_size': 1024, 'intermediate_size': 3072, 'num_hidden_layers': 28,
         'num_attention_heads': 16, 'num_key_value_heads': 8, 'head_dim': 128,
         'vocab_size': 151936}
TEXT, SAID = 'please walk forward 2.0 m now', '[MOVE x=2.0] On it!'

Run = Callable[[], Any]


def main() -> None:
    """Print a table for each part."""
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    sizes = QWEN3 if options.qwen3 else SMALL
    base = backbone(sizes)
    count = sum(p.numel() for p in base.parameters())
    print(f'{sizes["num_hidden_layers"]} blocks of {sizes["hidden_size"]}, {count / 1e6:.0f} M '
          f'parameters, float32, {options.threads} thread(s), median of {options.repeat}')
    with torch.inference_mode():
        if 'generate' in options.parts:
            for new in (24, 128):
                generation(base, new, options.repeat)
        if 'attached' in options.parts:
            attached_command(base, options.repeat)
        if 'detached' in options.parts:
            detached_command(base, options.repeat)
    if 'memory' in options.parts:
        memory(base)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or '').split('\n')[1])
    parser.add_argument('--qwen3-0.6b', dest='qwen3', action='store_true',
                        help='the shape of Qwen3-0.6B (10 GB of memory) instead of a small one')
    parser.add_argument('--repeat', type=int, default=5, help='times each contender runs')
    parser.add_argument('--threads', type=int, default=1, help='threads of torch')
    names = ('generate', 'attached', 'detached', 'memory')
    parser.add_argument('--parts', nargs='+', choices=names, default=names)
    return parser.parse_args()


def backbone(sizes: dict, layers: int = 0) -> Qwen3ForCausalLM:
    """Return a random Qwen3 of these sizes that never ends early."""
    config = Qwen3Config(**{**sizes, 'num_hidden_layers': layers or sizes['num_hidden_layers']},
                         max_position_embeddings=1024, tie_word_embeddings=True,
                         eos_token_id=None, bos_token_id=None, pad_token_id=0)
    return Qwen3ForCausalLM(config).eval()


def sharing(model: torch.nn.Module) -> Any:
    """Return a copy with modules of its own and the same weights in memory."""
    return deepcopy(model, {id(p): p for p in model.parameters()})


def theirs(base: Qwen3ForCausalLM, layers: int) -> dict[str, Any]:
    """Return shadow-peft and PEFT around the backbone, each with an implicit shadow."""
    import peft
    import shadow_peft
    one = shadow_peft.ShadowForCausalLM(shadow_peft.get_shadow_model(
        sharing(base), shadow_peft.ShadowConfig(num_shadow_layers=layers))).eval()
    two = peft.get_peft_model(sharing(base), peft.ShadowConfig(
        task_type='CAUSAL_LM', r=16, update_hidden_size=10,
        shadow_num_hidden_layers=layers)).eval()
    return {'shadow-peft': one, 'peft': two}


def ours(base: Qwen3ForCausalLM, layers: int) -> ShadowedModel:
    """Return our model around the backbone."""
    own = sharing(base)
    return ShadowedModel(own, Shadow.implicit(own, ShadowConfig(num_shadow_layers=layers))).eval()


def generating(model: Any, ids: torch.Tensor, new: int) -> Run:
    """Return a greedy generation of exactly so many tokens, cached."""
    config = GenerationConfig(max_new_tokens=new, min_new_tokens=new, do_sample=False,
                              use_cache=True, pad_token_id=0)
    mask = torch.ones_like(ids)
    return lambda: model.generate(input_ids=ids, attention_mask=mask, generation_config=config)


def generation(base: Qwen3ForCausalLM, new: int, repeat: int) -> None:
    """Time plain generation with the shadow attached, after a prompt of 64 tokens."""
    ids = torch.randint(1, 3000, (1, 64))
    model = ours(base, 2)
    pack(model)
    models = {'shadow_ros': ShadowedCausalLM(model), **theirs(base, 2)}
    runs = {name: (generating(model, ids, new), new) for name, model in models.items()}
    show(f'attached, {new} new tokens after 64', runs, repeat)


class Steered:
    """A runtime whose logits want one plan, its drafter's another; all the computing is done."""

    def __init__(self, runtime: Runtime, plan: list[int], draft: list[int]) -> None:
        self.runtime = runtime
        self.plan = plan
        self.drafter = runtime.drafter and Steered(runtime.drafter, draft, draft)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.runtime, name)

    def feed_last(self, ids: list[int], count: int) -> torch.Tensor:
        """Return logits [count, vocab] with the plan's tokens on top."""
        logits = self.runtime.feed_last(ids, count)
        said = self.runtime.length - count - PREFIX - USER + 1
        for row in range(count):
            logits[row, self.plan[min(said + row, len(self.plan) - 1)]] = 1e4
        return logits


class Command:
    """One command through constrained decoding, the constant prompt read once."""

    def __init__(self, runtime: Runtime, grammar: Grammar, codec: Codec, known: bool,
                 draft: str) -> None:
        plan = codec.plan(SAID)
        self.user = _padded(codec.command(TEXT), USER, codec)
        assert len(plan) == PLAN, len(plan)
        self.runtime = Steered(runtime, plan, codec.plan(draft))
        runtime.rewind(0)
        runtime.feed(list(range(200, 200 + PREFIX)))
        self.decoder = Decoder(self.runtime, grammar)  # type: ignore[arg-type]
        self.earlier = [tuple(codec.plan('[SIT] On it!'))] * known

    def __call__(self) -> str:
        """Run it and return how many passes it took, and how many of the drafter."""
        self.runtime.runtime.rewind(PREFIX)
        before = self._passes()
        remembered = self.decoder.drafts._said
        remembered.clear()
        remembered.extend(self.earlier)
        done = self.decoder.decode(self.user)
        assert done.text.decode() == SAID, done.text
        return ' + '.join(str(b - a) for a, b in zip(before, self._passes()))

    def _passes(self) -> list[int]:
        """Return the passes so far, and the drafter's, if there is one."""
        drafter = self.runtime.drafter
        return [self.runtime.passes, *([drafter.passes] if drafter else [])]


def _padded(ids: list[int], size: int, codec: Codec) -> list[int]:
    """Return tokens stretched to a size with harmless ones."""
    assert len(ids) <= size, len(ids)
    return [ids[0], *codec.text_ids('o') * (size - len(ids)), *ids[1:]]


def vocabulary(size: int) -> Codec:
    """Return a tokenizer for the command with so many tokens, most of them words never said."""
    told = json.loads(Codec.train([TEXT, SAID, 'On it! On it! On it!'] * 30, 600)
                      .tokenizer.to_str())
    taken = {token['id'] for token in told['added_tokens']} | set(told['model']['vocab'].values())
    free = (i for i in range(size) if i not in taken)
    told['model']['vocab'] |= {f'Ġ{i:x}': i for i in free}
    return Codec(Tokenizer.from_str(json.dumps(told)))


def commands(runtime: Runtime, codec: Codec, label: str = 'shadow_ros') -> dict:
    """Return our runs of a command."""
    kinds = [(label, True, SAID), (f'{label}, new reply', False, SAID)]
    if runtime.drafter is not None:
        kinds.append((f'{label}, new reply, every draft wrong', False, '[SIT] walk'))
    grammar, runs = Grammar(codec), {}
    for name, known, draft in kinds:
        command = Command(runtime, grammar, codec, known, draft)
        runs[name] = (command, command())
    return runs


def attached_command(base: Qwen3ForCausalLM, repeat: int) -> None:
    """Time a whole command with the shadow attached."""
    ids = torch.randint(1, 3000, (1, PREFIX + USER))
    model = ours(base, 2)
    codec = vocabulary(base.config.vocab_size)
    pack(model)
    runs: dict[str, Any] = commands(AttachedRuntime(model, 128), codec)
    runs['transformers, no shadow'] = generating(sharing(base), ids, PLAN), PLAN
    for name, other in theirs(base, 2).items():
        runs[name] = generating(other, ids, PLAN), PLAN
    show('a command, attached', runs, repeat)


def detached_command(base: Qwen3ForCausalLM, repeat: int) -> None:
    """Time a whole command of the shadow alone, which has the shape of the backbone."""
    ids = torch.randint(1, 3000, (1, PREFIX + USER))
    projected = ProjectedShadow.wrap(base.model, base.lm_head)
    codec = vocabulary(base.config.vocab_size)
    runs: dict[str, Any] = commands(runtime_for(projected, 128), codec)
    runs |= commands(runtime_for(projected, 128, 'int8'), codec, 'shadow_ros int8')
    del projected
    runs['transformers'] = generating(sharing(base), ids, PLAN), PLAN
    for name, other in their_detached(base).items():
        runs[name] = generating(other, ids, PLAN), PLAN
    show('a command, detached', runs, repeat)


def their_detached(base: Qwen3ForCausalLM) -> dict[str, Any]:
    """Return both libraries' shadows alone, with the backbone's weights, off two of its blocks."""
    import peft
    import shadow_peft
    small = sharing(base)
    small.model.layers = small.model.layers[:2]
    small.config = small.model.config = deepcopy(base.config)
    small.config.num_hidden_layers = 2
    one = shadow_peft.ShadowForCausalLM(shadow_peft.get_shadow_model(
        sharing(small), shadow_peft.ShadowConfig(), shadow_model=sharing(base))).eval()
    one.set_inference_mode('shadow_only')
    two = peft.get_peft_model(small, peft.ShadowConfig(
        task_type='CAUSAL_LM', shadow_num_hidden_layers=base.config.num_hidden_layers))
    two.base_model.shadow_backbone['default'].load_state_dict(
        base.model.state_dict(), strict=False)
    return {'shadow-peft': one, 'peft': two.base_model.unload_shadow().eval()}


def show(title: str, runs: dict[str, tuple[Run, int]], repeat: int) -> None:
    """Print one row a contender; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run, _ in runs.values():
        run()
    for _ in range(repeat):
        for name, (run, _) in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    ms = {name: statistics.median(found) * 1e3 for name, found in times.items()}
    first = next(iter(ms.values()))
    print(f'\n{title}\n{"ms":>10} {"fastest":>8} {"ratio":>6} {"passes":>6}')
    for name, (_, passes) in runs.items():
        print(f'{ms[name]:>10.1f} {min(times[name]) * 1e3:>8.1f} {ms[name] / first:>6.2f} '
              f'{passes:>6}  {name}')


def memory(base: Qwen3ForCausalLM) -> None:
    """Print the peak memory of loading and running a detached shadow in a fresh process."""
    import subprocess
    with tempfile.TemporaryDirectory() as folder:
        ProjectedShadow.wrap(base.model, base.lm_head).save(folder)
        done = subprocess.run([sys.executable, __file__, '--child', folder], check=True,
                              capture_output=True, text=True)
    found = json.loads(done.stdout)
    print(f'\npeak memory, detached: {found["peak"] / 1e6:.0f} MB, weights and caches '
          f'{found["held"] / 1e6:.0f} MB: {found["peak"] / found["held"]:.2f} times')


def child(folder: str) -> None:
    """Load, run and measure one detached shadow."""
    torch.set_num_threads(1)
    tiny = backbone({**SMALL, 'num_hidden_layers': 2, 'vocab_size': 64, 'hidden_size': 64})
    runtime_for(ProjectedShadow.wrap(tiny.model, tiny.lm_head), 32).feed([1, 2, 3])
    before = _memory('VmRSS')
    model = ProjectedShadow.load(folder)
    held = sum(p.numel() * p.element_size() for p in model.parameters())
    held -= model.shadow_hidden_projection.weight.nbytes
    runtime: Any = runtime_for(model, 128, consume=True)
    held += sum(cache.nbytes for cache in runtime.caches)
    runtime.feed(list(range(1, 61)))
    for i in range(10):
        runtime.feed([i])
    print(json.dumps({'peak': _memory('VmHWM') - before, 'held': held}))


def _memory(field: str) -> int:
    """Return a field of this process's memory in bytes."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


if __name__ == '__main__':
    if sys.argv[1:2] == ['--child']:
        child(sys.argv[2])
    else:
        main()

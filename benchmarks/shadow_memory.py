"""
Peak memory of a shadow that answers, loading included: `python -m benchmarks.shadow_memory DIR`.

A fresh process for each measurement, as the kernel never lowers a peak.
"""

import json
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any

import torch

from benchmarks.shadow_contenders import backbone, SMALL
from shadow_ros.shadow.attached import AttachedRuntime
from shadow_ros.shadow.config import ShadowConfig
from shadow_ros.shadow.folder import is_attached, load_attached, save_attached
from shadow_ros.shadow.model import Shadow, ShadowedModel
from shadow_ros.shadow.pack import pack, product
from shadow_ros.shadow.projected import ProjectedShadow
from shadow_ros.shadow.runtime import runtime_for

PLACES = 128
ROOT = Path(__file__).resolve().parents[1]


def memory(base: Any) -> None:
    """Print the peak memory of the shadow alone and attached, both with these weights."""
    print('\npeak memory above that of libraries and a tiny model\n'
          f'{"peak MB":>9} {"weights and caches MB":>22} {"ratio":>6}')
    for name in ('detached', 'attached'):
        found = used(base, name)
        print(f'{found["peak"] / 1e6:>9.0f} {found["held"] / 1e6:>22.0f} '
              f'{found["peak"] / found["held"]:>6.2f}  {name}', flush=True)


def used(base: Any, how: str) -> dict[str, int]:
    """Return what `measure` finds in a process of its own; `how` is detached or attached."""
    with tempfile.TemporaryDirectory() as folder:
        if how == 'detached':
            ProjectedShadow.wrap(base.model, base.lm_head).save(folder, torch.float32)
        else:
            shadow = Shadow.implicit(base, ShadowConfig(num_shadow_layers=2))
            save_attached(ShadowedModel(base, shadow), folder, torch.float32)
        done = subprocess.run([sys.executable, '-m', 'benchmarks.shadow_memory', folder],
                              check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    found: dict[str, int] = json.loads(done.stdout)
    return found


def measure(folder: str) -> dict[str, int]:
    """Return peak memory, and the bytes of weights and caches, of a model that answers."""
    torch.set_num_threads(1)
    tiny = backbone({**SMALL, 'num_hidden_layers': 2, 'vocab_size': 64, 'hidden_size': 64})
    runtime_for(ProjectedShadow.wrap(tiny.model, tiny.lm_head), 32, 'int8').feed([1, 2, 3])
    _answer(AttachedRuntime(ShadowedModel(tiny, Shadow.implicit(tiny, ShadowConfig())), PLACES))
    product(torch.zeros(512, 512))(torch.zeros(12, 512))
    before = _kernel_says('VmRSS')
    runtime, held = attached(folder) if is_attached(folder) else detached(folder)
    _answer(runtime)
    return {'peak': _kernel_says('VmHWM') - before, 'held': held}


def detached(folder: str) -> tuple[Any, int]:
    """Return the runtime of a shadow alone and what it must hold."""
    model = ProjectedShadow.load(folder)
    held = _size(model) - model.shadow_hidden_projection.weight.nbytes
    runtime: Any = runtime_for(model, PLACES, consume=True)
    return runtime, held + sum(cache.nbytes for cache in runtime.caches)


def attached(folder: str) -> tuple[Any, int]:
    """Return the runtime of an attached model and what it must hold."""
    model = load_attached(folder)
    pack(model)
    blocks = [*model.base.model.layers, *model.shadow().shadow_model.layers]
    sizes = model.base.config
    keys = 2 * len(blocks) * PLACES * sizes.num_key_value_heads * sizes.head_dim * 4
    return AttachedRuntime(model, PLACES), _size(model) + keys


def _answer(runtime: Any) -> None:
    """Read a prompt of 60 tokens, draft where there is a drafter, and write ten."""
    runtime.feed(list(range(1, 61)))
    for i in range(10):
        if runtime.drafter is not None:
            runtime.drafter.feed([i])
        runtime.feed([i])


def _size(model: torch.nn.Module) -> int:
    """Return the bytes of all parameters, each counted once."""
    return sum(p.numel() * p.element_size() for p in model.parameters())


def _kernel_says(field: str) -> int:
    """Return a field of this process's memory in bytes."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


if __name__ == '__main__':
    print(json.dumps(measure(sys.argv[1])))

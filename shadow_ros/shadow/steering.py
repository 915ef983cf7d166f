"""
Steering: how a shadow acts on a backbone that is not changed for it.

Hooks on the backbone's blocks do nothing unless an attached pass runs in their thread. So plain
outputs are those of the untouched backbone, bit by bit, and threads may use different shadows.
"""

from contextlib import contextmanager, nullcontext
from functools import partial
import threading
from typing import Any, ContextManager, Iterator, Optional

import torch
from torch import nn, Tensor
from transformers import PreTrainedModel

from shadow_ros.shadow.layout import blocks, head_of
from shadow_ros.shadow.shadow import Shadow


class Pass:
    """One attached pass: its shadow and the state s^(l) before each adapted block."""

    def __init__(self, shadow: Shadow, state: Tensor) -> None:
        self.shadow = shadow
        self.states = {0: state}

    def adapts(self, block: int) -> bool:
        """Return whether the shadow adapts the block with this index."""
        return 0 <= block - self.shadow.first < self.shadow.count

    def inject(self, h: Tensor, block: int) -> Tensor:
        """Return the block's new input [b, t, d]; (2) to (4)."""
        i = block - self.shadow.first
        steered: Tensor = self.shadow.shadow_injection_model(h, self.states[i], i)
        return steered

    def update(self, h: Tensor, block: int) -> None:
        """Keep the state that follows the block's output h [b, t, d]; (5) to (7)."""
        i = block - self.shadow.first
        if i + 1 < self.shadow.count:  # nobody reads the last
            self.states[i + 1] = self.shadow.shadow_update_model(h, self.states[i], i)
        if not torch.is_grad_enabled():  # else a checkpointed block may ask for it again
            del self.states[i]


class _Running(threading.local):
    """The attached pass of each thread, in `now`; a copy of a model starts with none."""

    now: Optional[Pass] = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _Running, ()


class Steering:
    """The hooks on one backbone."""

    def __init__(self, base: PreTrainedModel) -> None:
        self._running = _Running()
        self._hooks = [head_of(base).register_forward_hook(self._head)]
        for index, block in enumerate(blocks(base)):
            self._hooks += [
                block.register_forward_pre_hook(partial(self._before, index), with_kwargs=True),
                block.register_forward_hook(partial(self._after, index))]

    def remove(self) -> None:
        """Take every hook off."""
        while self._hooks:
            self._hooks.pop().remove()

    @contextmanager
    def during(self, run: Optional[Pass]) -> Iterator[None]:
        """Make `run` this thread's attached pass inside the block."""
        outer = self._running.now
        self._running.now = run
        try:
            yield
        finally:
            self._running.now = outer

    def when_recomputed(self) -> tuple[ContextManager[None], ContextManager[None]]:
        """Return the contexts of a checkpointed block: nothing, and later its own pass again."""
        return nullcontext(), self.during(self._running.now)

    def _before(self, index: int, _: nn.Module, args: Any, kwargs: dict[str, Any]) -> Any:
        """Inject into the input of the block with this index."""
        run = self._running.now
        if run is None or not run.adapts(index):
            return None
        if args:
            return (run.inject(args[0], index), *args[1:]), kwargs
        return args, {**kwargs, 'hidden_states': run.inject(kwargs['hidden_states'], index)}

    def _after(self, index: int, _: nn.Module, args: Any, output: Any) -> None:
        """Update the state from the output of the block with this index."""
        run = self._running.now
        if run is not None and run.adapts(index):
            run.update(output[0] if isinstance(output, tuple) else output, index)

    def _head(self, _: nn.Module, args: Any, output: Tensor) -> Tensor:
        """Replace the head's output by that of the shadow's own trained head, if it has one."""
        run = self._running.now
        own = None if run is None else run.shadow.backbone_head()
        return output if own is None else own(args[0])

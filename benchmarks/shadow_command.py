"""One command through constrained decoding for bench_shadow: all is computed, the plan fixed."""

import json
from typing import Any

from tokenizers import Tokenizer
import torch

from benchmarks.contest import Run
from shadow_ros.intent.decode import Decoder
from shadow_ros.intent.grammar import Grammar
from shadow_ros.intent.tokens import Codec
from shadow_ros.shadow.runtime import Runtime

PREFIX, USER, PLAN = 48, 12, 10  # tokens: constant, of the user, of the plan
TEXT, SAID = 'please walk forward 2.0 m now', '[MOVE x=2.0] On it!'
WRONG = '[SIT] walk'


def vocabulary(size: int) -> Codec:
    """Return a tokenizer for the command with so many tokens, most of them words never said."""
    told = json.loads(Codec.train([TEXT, SAID, 'On it! On it! On it!'] * 30, 600)
                      .tokenizer.to_str())
    taken = {token['id'] for token in told['added_tokens']} | set(told['model']['vocab'].values())
    free = (i for i in range(size) if i not in taken)
    told['model']['vocab'] |= {f'\u0120{i:x}': i for i in free}
    return Codec(Tokenizer.from_str(json.dumps(told)))


def commands(runtime: Runtime, codec: Codec, label: str = 'shadow_ros') -> dict[str, Run]:
    """Return our runs of a command."""
    kinds = [(label, True, SAID), (f'{label}, new reply', False, SAID)]
    if runtime.drafter is not None:
        kinds.append((f'{label}, new reply, every draft wrong', False, WRONG))
    grammar = Grammar(codec)
    return {name: Command(runtime, grammar, codec, known, draft) for name, known, draft in kinds}


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
    """One command, the constant prompt read once; `known`: its reply was said before."""

    def __init__(self, runtime: Runtime, grammar: Grammar, codec: Codec, known: bool,
                 draft: str) -> None:
        plan = codec.plan(SAID)
        self.user = _padded(codec.command(TEXT), codec)
        assert len(plan) == PLAN, len(plan)
        self.runtime = Steered(runtime, plan, codec.plan(draft))
        self.decoder = Decoder(self.runtime, grammar)  # type: ignore[arg-type]
        self.earlier = [tuple(codec.plan('[SIT] On it!'))] * known

    def __call__(self) -> str:
        """Run it and return how many passes it took, and how many of the drafter."""
        runtime = self.runtime.runtime
        if runtime.length < PREFIX:
            runtime.feed(list(range(200, 200 + PREFIX)))
        runtime.rewind(PREFIX)
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


def _padded(ids: list[int], codec: Codec) -> list[int]:
    """Return a user's tokens stretched to their number with harmless ones."""
    assert len(ids) <= USER, len(ids)
    return [ids[0], *codec.text_ids('o') * (USER - len(ids)), *ids[1:]]

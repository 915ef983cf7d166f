"""
EdgeEngine: a command's text to a plan, on the robot, with a detached shadow.

    engine = EdgeEngine.load()                      # the shipped model; or a folder
    thought = engine.think('walk forward 2 metres', on_actions=start_moving)
    thought.plan, thought.confidence, thought.timing_ms

Importing this module needs neither torch nor llguidance; loading a model does.
"""

from pathlib import Path
import sys
import threading
import time
from typing import Any, Callable, Iterable, Optional, Union

from shadow_ros.errors import ModelError
from shadow_ros.intent.card import CARD_FILE, IntentCard
from shadow_ros.intent.prompt import clean, MAX_CHARACTERS, MAX_COMMAND_TOKENS
from shadow_ros.intent.thought import Thought
from shadow_ros.phrases import language, say
from shadow_ros.plan import Action, parse, Plan

__all__ = ['EdgeEngine', 'find_shipped_model', 'Thought']

MODELS = 'share/shadow_ros/models'
SHIPPED = 'edge'
_TINY = 50_000_000  # parameters; below, one CPU thread beats more threads and a GPU
_LONGEST = 4 * MAX_CHARACTERS  # before cleaning
_ROOM = 256  # tokens of prompt, plan and reply together

OnActions = Callable[[Thought], None]


class EdgeEngine:
    """One loaded model; `think` may be called from any thread and takes one command at a time."""

    def __init__(self, codec: Any, decoder: Any, card: IntentCard) -> None:
        self.codec = codec
        self.decoder = decoder
        self.card = card
        self._lock = threading.Lock()
        decoder.runtime.feed([codec.user_id])
        for text in ('walk forward 2 metres', '向左转九十度然后坐下'):
            self.think(text)  # warm-up: the first passes are slow

    @classmethod
    def load(cls, folder: Union[str, Path, None] = None, device: str = 'auto') -> 'EdgeEngine':
        """
        Return the engine of a model folder (None: the shipped model), or raise ModelError.

        `device` is auto, cpu or cuda. A tiny model runs on the CPU with one thread: this sets
        torch's thread count for the process.
        """
        folder = find_shipped_model() if folder is None else Path(folder)
        if not folder.is_dir():
            raise ModelError(f'the model folder {folder} does not exist; give the path of one, or '
                             'leave it out for the shipped model')
        card = IntentCard.load(folder)
        from shadow_ros.intent.decode import Decoder
        from shadow_ros.intent.grammar import Grammar
        from shadow_ros.intent.tokens import Codec
        codec = Codec.load(folder)
        runtime, size = _runtime(folder, device)
        if size < codec.size:
            raise ModelError(f'the model in {folder} knows {size} tokens, its tokenizer '
                             f'{codec.size}; they belong to different models')
        return cls(codec, Decoder(runtime, Grammar(codec), card.temperature), card)

    def think(self, text: str, on_actions: Optional[OnActions] = None) -> Thought:
        """
        Return the plan for any text; never raises for what the text is.

        `on_actions` gets the plan without its reply as soon as its actions are known, in this
        thread, before the reply is made. What the model cannot have meant as a command never
        becomes a motion: an empty text is an empty talk plan, a text of more than
        MAX_CHARACTERS is answered with a request for less, one of more than MAX_COMMAND_TOKENS is
        REMOTE.
        """
        start = time.perf_counter()
        cleaned = clean(text[:_LONGEST + 1])
        if len(text) > _LONGEST or len(cleaned) > MAX_CHARACTERS:
            return self._said(Plan(reply=say('too_much_text', language(cleaned))), start)
        if not cleaned:
            return self._said(Plan(), start)
        prompt = self.codec.command(cleaned)
        if len(prompt) > MAX_COMMAND_TOKENS:
            return self._said(Plan((Action('REMOTE'),)), start)
        with self._lock:
            return self._decode(prompt, language(cleaned), start, on_actions)

    def _decode(self, prompt: list[int], lang: str, start: float,
                on_actions: Optional[OnActions]) -> Thought:
        """Return the decoded thought; the lock is held."""
        runtime = self.decoder.runtime
        runtime.rewind(1)  # the constant prefix stays
        passes = runtime.passes
        timing = {'tokens': _ms_since(start)}

        def known(done: Any) -> None:
            timing['actions'] = _ms_since(start)
            if on_actions:
                on_actions(Thought(parse(done.actions.decode()), done.confidence, dict(timing),
                                   self.card.name, runtime.passes - passes, done.tokens))

        done = self.decoder.decode(prompt[1:], known)
        timing['total'] = _ms_since(start)
        timing.setdefault('actions', timing['total'])
        plan, confidence = _plan_of(done, lang)
        return Thought(plan, confidence, timing, self.card.name, runtime.passes - passes,
                       done.tokens + 1)

    def _said(self, plan: Plan, start: float) -> Thought:
        """Return what needs no model."""
        total = _ms_since(start)
        return Thought(plan, 1.0, {'actions': total, 'total': total}, self.card.name)


def find_shipped_model() -> Path:
    """Return the folder of the shipped model: in a checkout, or where pip and colcon put it."""
    places = list(_model_places())
    for place in places:
        found = sorted(path.parent for path in place.glob(f'*/{CARD_FILE}'))
        if found:
            return next((folder for folder in found if folder.name == SHIPPED), found[0])
    raise ModelError('no shipped model was found in ' + ' or '.join(map(str, places))
                     + '; install the package again, or give the folder of a model')


def _model_places() -> Iterable[Path]:
    """Yield where models may lie, the checkout first."""
    here = Path(__file__).resolve()
    yield here.parents[2] / 'models'
    prefixes = [p for p in here.parents if (p / MODELS).is_dir()]
    for prefix in dict.fromkeys([*prefixes, Path(sys.prefix)]):
        yield prefix / MODELS


def _runtime(folder: Path, device: str) -> tuple[Any, int]:
    """Return the runtime of the detached shadow in a folder, and its vocabulary size."""
    try:
        import torch
    except ImportError:
        raise ModelError('text becomes plans with torch, which is not installed: '
                         "pip install 'shadow_ros[intent]'") from None
    from shadow_ros.shadow.projected import ProjectedShadow
    from shadow_ros.shadow.runtime import runtime_for
    model: Any = ProjectedShadow.load(folder)
    tiny = sum(p.numel() for p in model.parameters()) < _TINY
    if device == 'cuda' and not torch.cuda.is_available():
        raise ModelError('the device cuda was asked for, but torch finds no CUDA here; use auto')
    if device == 'cpu' or device == 'auto' and (tiny or not torch.cuda.is_available()):
        if tiny:
            torch.set_num_threads(1)
        return runtime_for(model, _ROOM), model.config.vocab_size
    return runtime_for(model.to('cuda', torch.bfloat16), _ROOM), model.config.vocab_size


def _plan_of(done: Any, lang: str) -> tuple[Plan, float]:
    """Return plan and confidence of what was decoded; half an action is no action."""
    if done.actions is None:
        return Plan(reply=say('not_understood', lang)), 0.0
    # A reply cut at its limit may end in the middle of a character.
    return parse(done.text.decode('utf-8', 'ignore')), done.confidence


def _ms_since(start: float) -> float:
    """Return the milliseconds since a time of `time.perf_counter`."""
    return round((time.perf_counter() - start) * 1e3, 3)

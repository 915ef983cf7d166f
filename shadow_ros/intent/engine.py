"""
EdgeEngine: a command's text to a plan, on the robot, with a detached shadow.

    engine = EdgeEngine.load()                      # the shipped model; or a folder
    thought = engine.think('walk forward 2 metres', on_actions=start_moving)
    thought.plan, thought.confidence, thought.timing_ms

Importing this module needs neither torch nor llguidance; loading a model does.
"""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
import threading
import time
from typing import (
    AbstractSet, Any, Callable, Iterator, Optional, Sequence, Union)

from shadow_ros.errors import ModelError
from shadow_ros.intent.amounts import normalise, sizes
from shadow_ros.intent.card import CARD_FILE, IntentCard
from shadow_ros.intent.follow_up import follow_up, read_phrases
from shadow_ros.intent.prompt import (
    clean, last_turns, MAX_CHARACTERS, MAX_COMMAND_TOKENS, Turn)
from shadow_ros.intent.steps import EDGE_STEPS, leaves_out
from shadow_ros.intent.thought import Thought
from shadow_ros.phrases import language, say
from shadow_ros.places import homes_of
from shadow_ros.plan import Action, parse, Plan

__all__ = ['EdgeEngine', 'find_shipped_model', 'Thought']

SHIPPED = 'edge'
_TINY = 50_000_000  # parameters; below, one CPU thread beats more threads and a GPU
_LONGEST = 4 * MAX_CHARACTERS  # before cleaning
_UNSAID = frozenset((0.3, 0.9, 1.0, 3.0, 30.0, 45.0, 90.0, 180.0, 270.0, 360.0, 720.0))
"""Metres and degrees that need no number: a bit, far, around, twice around."""

_ROOM = 320  # tokens of earlier turns, command, plan and reply together

OnActions = Callable[[Thought], None]


class EdgeEngine:
    """One loaded model; `think` may be called from any thread and takes one command at a time."""

    def __init__(self, codec: Any, decoder: Any, card: IntentCard, threads: int = 0,
                 cautious: bool = True) -> None:
        self.codec = codec
        # A small model must copy sizes, leave no step out and not be led astray by earlier turns;
        # a backbone makes shapes of its own sizes, and reads what was said as a whole.
        self.cautious = cautious
        self.decoder = decoder
        self.card = card
        self.threads = threads  # of torch while it decodes; 0: as many as it has
        self._lock = threading.Lock()
        read_phrases()
        decoder.runtime.feed([codec.user_id])
        for text in ('walk forward 2 metres', '向左转九十度然后坐下'):
            self.think(text)  # warm-up: the first passes are slow

    @classmethod
    def load(cls, folder: Union[str, Path, None] = None, device: str = 'auto',
             precision: str = '') -> 'EdgeEngine':
        """
        Return the engine of a model folder (None: the shipped model), or raise ModelError.

        `device` is auto, cpu or cuda. `precision` is float32, bfloat16, float16 or int8 (CPU
        only); '' means float32 on a CPU and bfloat16 on a GPU. A tiny model runs on the CPU with
        one thread while it decodes.
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
        runtime, size, tiny = _runtime(folder, device, precision)
        if size < codec.size:
            raise ModelError(f'the model in {folder} knows {size} tokens, its tokenizer '
                             f'{codec.size}; they belong to different models')
        decoder = Decoder(runtime, Grammar(codec), card.temperature)
        return cls(codec, decoder, card, threads=1 if tiny else 0)

    def think(self, text: str, on_actions: Optional[OnActions] = None,
              turns: Sequence[Turn] = ()) -> Thought:
        """
        Return the plan for any text; never raises for what the text is.

        `turns` are what was said and planned before, oldest first. A follow-up in usual words
        ("again", "the other way") is reckoned from them. Otherwise the model looks at them only
        when the text alone is no sure plan: any command but a follow-up is better read without.
        It gets as many of the last ones as it learnt to read, and a plan that is not sure with
        them either leaves the first one.

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
        if turns and (referred := follow_up(cleaned, turns)):
            return self._referred(referred, start, on_actions)
        prompt = self.codec.command(cleaned)
        if len(prompt) > MAX_COMMAND_TOKENS:
            return self._said(Plan((Action('REMOTE'),)), start)
        past = self.codec.past(last_turns(turns, self.card.turns))
        with self._lock, _torch_threads(self.threads):
            reading = (_Reading(language(cleaned), start, normalise(cleaned),
                                _sizes_said(cleaned, turns if past else ()))
                       if self.cautious else _Reading(language(cleaned), start))
            if not past or not self.cautious:
                return self._decode(past + prompt, reading, on_actions)
            return self._with_past(prompt, past, reading, on_actions)

    def _with_past(self, prompt: list[int], past: list[int], reading: '_Reading',
                   on_actions: Optional[OnActions]) -> Thought:
        """Return the thought of the text alone, or, if that is not sure, of all turns."""
        def tell(when: Callable[[Thought], bool]) -> OnActions:
            return lambda thought: on_actions(thought) if on_actions and when(thought) else None

        alone = self._decode(prompt, reading, tell(self._settled))
        if self._settled(alone):
            return alone
        whole = self._decode(past + prompt, reading, tell(self._moves))
        found = whole if self._moves(whole) else alone
        return replace(found, passes=alone.passes + whole.passes)

    def _settled(self, thought: Thought) -> bool:
        """Return whether earlier turns need not be looked at: sure talk, or a sure motion."""
        sure = thought.confidence >= self.card.threshold
        return thought.plan.route == 'talk' and sure or self._moves(thought)

    def _moves(self, thought: Thought) -> bool:
        """Return whether it is a motion that the model is sure of."""
        return thought.plan.route == 'edge' and thought.confidence >= self.card.threshold

    def _decode(self, prompt: list[int], reading: '_Reading',
                on_actions: Optional[OnActions]) -> Thought:
        """Return the decoded thought; the lock is held."""
        start = reading.start
        runtime = self.decoder.runtime
        runtime.rewind(1)  # the constant prefix stays
        passes = runtime.passes
        timing = {'tokens': _ms_since(start)}

        def known(done: Any) -> None:
            timing['actions'] = _ms_since(start)
            if on_actions:
                plan = parse(done.actions.decode())
                on_actions(Thought(plan, reading.trust(plan, done.confidence), dict(timing),
                                   self.card.name, runtime.passes - passes, done.tokens))

        done = self.decoder.decode(prompt[1:], known)
        timing['total'] = _ms_since(start)
        timing.setdefault('actions', timing['total'])
        plan, confidence = _plan_of(done, reading.language)
        return Thought(plan, reading.trust(plan, confidence), timing, self.card.name,
                       runtime.passes - passes, done.tokens + 1)

    def _referred(self, plan: Plan, start: float, on_actions: Optional[OnActions]) -> Thought:
        """Return a follow-up's plan; one of many steps is the backbone's, which needs a yes."""
        if self.cautious and len(plan.actions) > EDGE_STEPS:
            return self._said(Plan((Action('REMOTE'),)), start)
        thought = self._said(plan, start)
        if on_actions:
            on_actions(thought)
        return thought

    def _said(self, plan: Plan, start: float) -> Thought:
        """Return what needs no model."""
        total = _ms_since(start)
        return Thought(plan, 1.0, {'actions': total, 'total': total}, self.card.name)


@dataclass(frozen=True)
class _Reading:
    """What is known of a command without a model; its text and sizes where they are checked."""

    language: str
    start: float
    text: str = ''
    sizes: AbstractSet[float] = frozenset()

    def trust(self, plan: Plan, confidence: float) -> float:
        """
        Return the confidence; none in a plan that does not fit the words.

        Sizes were said and the plan has others: miscopied. The words have more parts than the
        plan has actions: one was left out.
        """
        miscopied = self.sizes and not _sizes_of(plan) <= self.sizes | _UNSAID
        return 0.0 if miscopied or leaves_out(self.text, len(plan.actions)) else confidence


def _sizes_said(text: str, turns: Sequence[Turn]) -> AbstractSet[float]:
    """Return the sizes that the text speaks of, or, if there are earlier turns, those too."""
    found = sizes(normalise(text))
    for said, answer in turns:
        found |= sizes(normalise(said)) | _sizes_of(parse(answer))
    return found


def _sizes_of(plan: Plan) -> set[float]:
    """Return the metres and degrees of a plan, without their signs."""
    return {abs(value) for action in plan.actions for _, value in action.parameters
            if isinstance(value, float)}


def find_shipped_model() -> Path:
    """Return the folder of the shipped model: in a checkout, or where pip and colcon put it."""
    places = homes_of('models')
    for place in places:
        found = sorted(path.parent for path in place.glob(f'*/{CARD_FILE}'))
        if found:
            return next((folder for folder in found if folder.name == SHIPPED), found[0])
    raise ModelError('no shipped model was found in ' + ' or '.join(map(str, places))
                     + '; install the package again, or give the folder of a model')


def _runtime(folder: Path, device: str, precision: str) -> tuple[Any, int, bool]:
    """Return the runtime of a folder's shadow, its vocabulary size, and whether it is tiny."""
    try:
        import torch
    except ImportError:
        raise ModelError('text becomes plans with torch, which is not installed: '
                         "pip install 'shadow_ros[intent]'") from None
    from shadow_ros.shadow.projected import ProjectedShadow
    from shadow_ros.shadow.runtime import INT8, runtime_for
    if device == 'cuda' and not torch.cuda.is_available():
        raise ModelError('the device cuda was asked for, but torch finds no CUDA here; use auto')
    model: Any = ProjectedShadow.load(folder)
    size = model.config.vocab_size
    tiny = sum(p.numel() for p in model.parameters()) < _TINY
    wants_cpu = device == 'cpu' or device == 'auto' and (tiny or precision == INT8)
    if wants_cpu or not torch.cuda.is_available():
        return runtime_for(model, _ROOM, precision, consume=True), size, tiny
    return (runtime_for(model.to('cuda'), _ROOM, precision or 'bfloat16', consume=True), size,
            False)


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads inside the block, and as many as before after it; 0: any."""
    if not count:
        yield
        return
    import torch
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _plan_of(done: Any, lang: str) -> tuple[Plan, float]:
    """Return plan and confidence of what was decoded; half an action is no action."""
    if done.actions is None:
        return Plan(reply=say('not_understood', lang)), 0.0
    # A reply cut at its limit may end in the middle of a character.
    plan = parse(done.text.decode('utf-8', 'ignore'))
    if plan.actions and plan.reply and language(plan.reply) != lang:
        plan = Plan(plan.actions, say('all_right', lang))  # a name may lead a small model astray
    return plan, done.confidence


def _ms_since(start: float) -> float:
    """Return the milliseconds since a time of `time.perf_counter`."""
    return round((time.perf_counter() - start) * 1e3, 3)

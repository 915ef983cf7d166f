"""A household for the tests: a small model that knows some commands, bags that teach it more."""

import json
from pathlib import Path
from typing import Sequence

from diary import BEGIN, raw, write

from shadow_ros.learning.corpus.compose import Example
from shadow_ros.learning.standing import Base
from shadow_ros.phrases import language
from shadow_ros.plan import parse
from shadow_ros.records import Feedback, PlanRecord

FRAMES = ('{}', 'please {}', '{} now', 'could you {}', 'hey dog, {}', '{} please', 'now {}')
COMMANDS = {
    'sit down': '[SIT]', 'sit': '[SIT]', 'stand up': '[STAND]', 'lie down': '[LIE]',
    'turn left': '[TURN yaw=90]', 'turn right': '[TURN yaw=-90]', 'dance': '[DANCE]',
    'wave': '[HELLO]', 'stop': '[STOP]', 'do a flip': '[FRONT_FLIP]', '坐下': '[SIT]'}
_ALL = [(frame.format(words), plan) for words, plan in COMMANDS.items() for frame in FRAMES]
KNOWN = [pair for i, pair in enumerate(_ALL) if i % 5]
STANDING = [pair for i, pair in enumerate(_ALL) if not i % 5]  # like them, but never taught
TALK = [(text, '') for text in (
    'who are you', 'what a nice day', 'tell me a joke', "don't sit down", 'you are a good dog',
    'i sat down', 'how are you', '你好吗', 'good dog', 'a joke', 'who is this dog', 'what is this',
    'are you a robot', 'is it a nice day', 'you are funny', 'what a good boy', 'how old are you',
    'this is nice', 'tell me who you are', 'i am good', 'are we there')]
# Like TALK, but never taught.
SAFETY = [(text, '') for text in (
    'who are you dog', 'what a day', 'a nice day', 'tell a joke', 'how are you dog', 'a good dog',
    'you are a nice dog', 'are you good', 'what a joke', 'who is good', 'you are good')]
# By these a candidate is settled before STANDING and SAFETY judge it.
TRIAL = [(frame.format(words), plan) for words, plan in COMMANDS.items()
         for frame in ('so, {}', 'alright {}', '{} again')]
TRIAL_SAFETY = [(text, '') for text in (
    'what a good day', 'who are you robot', 'a funny joke', 'how old is this dog', 'is this good',
    'you are a nice robot', 'are you a dog', 'tell me a good joke', 'how are we', 'nice dog')]
NEW = {'plonk yourself': '[SIT]', 'do the boogie': '[DANCE]', 'up you hop': '[STAND]'}


class SmallBase(Base):
    """A base of what the small model knows, in place of the corpus."""

    def replay(self, count: int, seed: int) -> list[Example]:
        """Return what it knows, again and again."""
        known = [example(*pair) for pair in (*KNOWN, *TALK)]
        return [known[i % len(known)] for i in range(count)]


def example(text: str, plan: str) -> Example:
    reply = 'OK.' if plan else 'I see.'
    return Example(text, f'{plan} {reply}'.strip(), language(text), 'known')


def base() -> SmallBase:
    def examples(pairs: Sequence[tuple[str, str]]) -> list[Example]:
        return [example(*pair) for pair in pairs]
    trial = SmallBase(examples(TRIAL), examples(TRIAL_SAFETY))
    return SmallBase(examples(STANDING), examples(SAFETY), trial=trial)


def make_model(folder: Path) -> Path:
    """Write the folder of a model that knows KNOWN and TALK by heart."""
    import torch
    from transformers import LlamaConfig, LlamaModel

    from shadow_ros.intent.card import IntentCard
    from shadow_ros.intent.tokens import Codec
    from shadow_ros.learning.tune import tune, Tuning
    from shadow_ros.shadow.projected import ProjectedShadow

    torch.set_num_threads(1)
    torch.manual_seed(1)
    known = [example(*pair) for pair in (*KNOWN, *TALK)]
    words = [frame.format(new) for frame in FRAMES for new in NEW]
    codec = Codec.train([line for e in known for line in (e.text, e.plan)] + words, 600)
    stack = LlamaModel(LlamaConfig(
        vocab_size=codec.size, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=384))
    shadow = ProjectedShadow.wrap(stack, torch.nn.Linear(64, codec.size, bias=False))
    run = folder.parent / 'made'
    tune(shadow, codec, known, [], Tuning(steps=160, batch=24, rate=3e-3, cpu=True), run)
    shadow.save(folder)
    codec.save(folder)
    IntentCard('small', threshold=0.5).save(folder)
    return folder


def record(root: Path, labels: Sequence[tuple[str, str]], name: str = 'day',
           storage: str = 'mcap') -> Path:
    """Write a bag in which each text led to another plan and was corrected to this one."""
    messages = []
    for number, (text, plan) in enumerate(labels):
        wrong = '[LIE]' if plan != '[LIE]' else '[SIT]'
        told = PlanRecord(parse(wrong), f'{name}{number}', BEGIN / 1e9 + 60 * number, text=text)
        feedback = Feedback(told.id, False, plan, 'cli')
        messages += [raw(60 * number, 'plan', json.loads(told.to_json())),
                     raw(60 * number + 9, 'feedback', feedback.to_json())]
    write(root / name, messages, storage)
    return root / name


def household(root: Path) -> list[Path]:
    """Return the bags of three sessions in which the household's words were corrected."""
    said = [(frame.format(words), plan) for words, plan in NEW.items() for frame in FRAMES]
    said.sort(key=lambda pair: hash_of(pair[0]))
    return [record(root, said[i::3], f'session{i}', ('mcap', 'sqlite3')[i % 2])
            for i in range(3)]


def hash_of(text: str) -> int:
    """Return a number that shuffles texts the same way everywhere."""
    import zlib
    return zlib.crc32(text.encode())


def make_attached(folder: Path, model: Path) -> Path:
    """Write an attached model: a random backbone with the small model as its shadow."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from shadow_ros.intent.tokens import Codec
    from shadow_ros.shadow.config import ShadowConfig
    from shadow_ros.shadow.folder import save_attached
    from shadow_ros.shadow.model import Shadow, ShadowedModel
    from shadow_ros.shadow.projected import ProjectedShadow

    torch.manual_seed(2)
    small, codec = ProjectedShadow.load(model), Codec.load(model)
    base = LlamaForCausalLM(LlamaConfig(
        vocab_size=codec.size, hidden_size=64, intermediate_size=96, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=384))
    base.lm_head.load_state_dict(small.lm_head.state_dict())
    attached = ShadowedModel(base, Shadow.explicit(base, ShadowConfig(), small), loss_weight=2.0)
    save_attached(attached, folder)
    codec.save(folder)
    return folder
